"""One line a request: what is in it, at which level, and what is never in it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from callytics.api import Services, create_app
from callytics.api.access_log import ACCESS_LOGGER, CLIENT_WENT_AWAY, AccessLog
from callytics.errors import UnavailableError
from callytics.store import CallStore
from deployments.replica import logs
from tests.api.conftest import submit, wav_bytes

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def lines(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [record for record in caplog.records if record.name == ACCESS_LOGGER]


async def test_line_says_who_asked_for_what(
    client: httpx.AsyncClient, store: CallStore, caplog: pytest.LogCaptureFixture
) -> None:
    call_id = (await submit(client)).json()["call_id"]
    headers = {"User-Agent": "crm/2.1 " + "x" * 200, "X-Forwarded-For": "203.0.113.7, 10.0.0.1"}
    answer = await client.get(f"/v1/calls/{call_id}", headers=headers)
    sent, read = lines(caplog)
    (key,) = store.list_api_keys()
    assert (sent.method, sent.route, sent.status, sent.levelname) == ("POST", "/v1/calls", 202, "INFO")
    assert sent.bytes_in > len(wav_bytes())
    assert (read.method, read.route, read.call_id) == ("GET", "/v1/calls/{call_id}", call_id)
    assert (read.key_id, read.tenant) == (key.id, "default")
    assert read.bytes_out == len(answer.content)
    assert read.duration_ms > 0
    assert (read.client, read.forwarded_for) == ("127.0.0.1", "203.0.113.7, 10.0.0.1")
    assert len(read.user_agent) == 80
    assert read.request_id == answer.headers["X-Request-ID"]
    assert read.request_id != sent.request_id
    for field in (
        "GET /v1/calls/{call_id} 200",
        f"key={key.id}",
        "tenant=default",
    ):  # also where only the text is kept
        assert field in read.getMessage()


async def test_the_clients_own_request_id_is_kept_if_it_is_one(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    own = await client.get("/healthz", headers={"X-Request-ID": "crm-2026/11:28_7"})
    assert own.headers["X-Request-ID"] == lines(caplog)[0].request_id == "crm-2026/11:28_7"
    for hostile in ("a b", "x" * 129, 'id" level="ERROR', "é"):
        answer = await client.get("/healthz", headers=[(b"x-request-id", hostile.encode())])
        assert answer.headers["X-Request-ID"] == lines(caplog)[-1].request_id
        assert len(answer.headers["X-Request-ID"]) == 32


async def test_proxy_may_answer_the_request_id_itself(services: Services) -> None:
    app = create_app(services, answer_request_id=False)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        assert "X-Request-ID" not in (await client.get("/healthz")).headers


@pytest.mark.parametrize("word", ["refundword", "환불"])
async def test_neither_query_nor_path_nor_key_nor_text_is_in_a_line(
    client: httpx.AsyncClient, key: str, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    await client.get("/v1/calls", params={"q": word})
    await client.get(f"/v1/{word}", params={"q": word})
    await client.get(f"/v1/calls/{word}")
    await client.patch(f"/v1/calls/{'0' * 26}", json={"metadata": {"custom": {"x": word}}})
    await client.patch(f"/v1/calls/{'0' * 26}", json={word: word})
    await client.get("/v1/calls", headers={"Authorization": f"Bearer {word.encode().hex()}"})
    assert [line.status for line in lines(caplog)] == [200, 404, 404, 404, 422, 401]
    records = [record for record in caplog.records if record.name != "httpx"]  # the client's own
    written = "".join(f"{vars(record)} {record.getMessage()}" for record in records)
    for secret in (word, word.encode().hex(), key):
        assert secret not in written


async def test_client_errors_are_no_faults_and_name_their_code(
    client: httpx.AsyncClient, store: CallStore, caplog: pytest.LogCaptureFixture
) -> None:
    limited = store.create_api_key("l", ["calls:read"], tenant="t2", limits={"requests_per_minute": 1})
    ours = {"Authorization": f"Bearer {limited.secret}"}
    await client.get("/v1/calls/" + "0" * 26)
    await client.get("/v1/api-keys")
    await client.get("/v1/calls", headers={"Authorization": "Bearer cly_wrong"})
    await client.put("/v1/calls")
    await client.get("/nothing")
    await client.get("/v1/calls", headers=ours)
    await client.get("/v1/calls", headers=ours)
    found = [(line.status, getattr(line, "code", "")) for line in lines(caplog)]
    assert found == [
        (404, "call_not_found"),
        (403, "scope_missing"),
        (401, "api_key_invalid"),
        (405, "method_not_allowed"),
        (404, "not_found"),
        (200, ""),
        (429, found[-1][1]),
    ]
    assert {record.levelname for record in caplog.records if record.levelno >= logging.INFO} == {"INFO"}
    last = lines(caplog)[-1]
    assert (last.key_id, last.tenant) == (limited.key.id, "t2")
    assert lines(caplog)[2].key_id is None


async def test_every_route_is_logged_as_the_document_names_it(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    for path, operations in paths.items():
        for method in operations:
            before = len(lines(caplog))
            await client.request(method, path)  # the names of the parameters for their values
            assert lines(caplog)[before].route == path


async def test_fault_is_one_line_with_its_traceback(
    services: Services, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        async def stages(self) -> Any:
            raise RuntimeError("the inside")

    class Away:
        async def stages(self) -> Any:
            raise UnavailableError("stage_unavailable", "monitoring does not answer; try again later.")

    for health in (Broken(), Away()):
        transport = httpx.ASGITransport(
            create_app(replace(services, health=health))
        )  # a raise would end the test
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            answer = await client.get("/v1/stages")
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert "inside" not in answer.text
    broken, away = faults = [line for line in lines(caplog) if line.levelno >= logging.ERROR]
    assert faults == [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert (broken.status, away.status) == (500, 503)
    assert broken.exc_info[0] is RuntimeError
    assert away.exc_info is None
    assert "stage_unavailable: monitoring does not answer" in away.getMessage()


async def sse_like(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x", "more_body": True})
    await asyncio.sleep(30)


async def listening(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    assert (await receive())["type"] == "http.disconnect"


async def disconnected(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise RuntimeError("the answer had begun") from ClientDisconnect()


async def broken_meanwhile(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    raise ZeroDivisionError


SCOPE: Scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": ("::1", 1)}


async def test_client_that_goes_away_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        pass

    cancelled = asyncio.create_task(AccessLog(sse_like)(dict(SCOPE), receive, send))
    await asyncio.sleep(0.01)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    await AccessLog(listening)(dict(SCOPE), receive, send)
    await AccessLog(disconnected)(dict(SCOPE), receive, send)
    assert [(line.status, line.levelname) for line in lines(caplog)] == [(CLIENT_WENT_AWAY, "INFO")] * 3
    await AccessLog(broken_meanwhile)(dict(SCOPE), receive, send)  # a fault all the same
    assert lines(caplog)[-1].exc_info[0] is ZeroDivisionError


def test_serve_is_told_by_the_same_name() -> None:
    assert logs.ACCESS_LOGGER == ACCESS_LOGGER
