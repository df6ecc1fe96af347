"""What clients get instead of the texts of Serve's proxy; and what of Ray this relies on."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from ray.serve._private import constants, http_util
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from callytics.api.errors import Problem
from deployments.operations.edge import _COMMANDS, IMPORT_PATH, IMPORT_PATH_VARIABLE, Edge

pytestmark = pytest.mark.anyio
PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def ask(app: Any, path: str = "/v1/calls", headers: Any = None) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Edge(app)), base_url="http://test") as client:
        return await client.get(path, headers=headers)


def serve_answers(error: BaseException) -> Any:
    """What Serve's proxy sends when a request fails so, with Serve's own functions."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        status = http_util.get_http_response_status(error, 1.0, "id")
        for message in http_util.send_http_response_on_exception(status, response_started=False):
            await send(message)

    return app


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BackPressureError(num_queued_requests=1, max_queued_requests=1), 503, "gateway_busy"),
        (DeploymentUnavailableError(None), 503, "gateway_busy"),  # type: ignore[arg-type]
        (TimeoutError(), 408, "request_timeout"),
        (RuntimeError("the replica is gone"), 503, "gateway_lost"),
    ],
)
async def test_text_answer_of_serve_becomes_a_problem(error: BaseException, status: int, code: str) -> None:
    answer = await ask(serve_answers(error))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    found = Problem.model_validate_json(answer.content)
    assert (found.status, found.code, found.instance) == (status, code, "/v1/calls")
    assert ("retry-after" in answer.headers) is (status == 503)
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_the_gateways_own_answers_pass() -> None:
    for own in (
        JSONResponse({"code": "x"}, 404, media_type="application/problem+json"),
        PlainTextResponse("ok"),
    ):
        assert (await ask(own)).content == own.body


async def test_serves_own_routes_are_left_alone() -> None:
    assert (await ask(PlainTextResponse("unhealthy", 503), "/-/healthz")).text == "unhealthy"


async def test_answer_that_breaks_off_is_not_begun_again() -> None:
    sent: list[Message] = []

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Message) -> None:
        sent.append(message)

    await Edge(broken)({"type": "http", "path": "/", "headers": []}, asyncio.Event().wait, send)  # type: ignore[arg-type]
    assert [message["type"] for message in sent] == ["http.response.start"]


async def test_headers_that_command_the_proxy_are_dropped() -> None:
    seen: dict[str, str] = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.update({name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]})
        await PlainTextResponse("ok")(scope, receive, send)

    commands = {
        "x-request-timeout-seconds": "1",
        "X-Request-Disconnect-Disabled": "?1",
        "serve_multiplexed_model_id": "m",
        "x_session_id": "s",
        "x-request-id": "two words",
    }
    await ask(app, headers={**commands, "x-other": "kept"})
    assert not {name.lower() for name in commands} & set(seen)
    assert seen["x-other"] == "kept"
    await ask(app, headers={"x-request-id": "0a-b"})
    assert seen["x-request-id"] == "0a-b"


def test_ray_names_them_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that a client can tell Serve's proxy by a header."""
    names = {
        constants.SERVE_HTTP_REQUEST_TIMEOUT_S_HEADER,
        constants.SERVE_HTTP_REQUEST_DISCONNECT_DISABLED_HEADER,
        constants.SERVE_SESSION_ID,
        constants.SERVE_MULTIPLEXED_MODEL_ID,
    }
    assert {name.replace("_", "-").encode() for name in names} == _COMMANDS
    assert constants.SERVE_HTTP_REQUEST_ID_HEADER == "x-request-id"
    assert hasattr(constants, IMPORT_PATH_VARIABLE)
    monkeypatch.setattr(http_util, IMPORT_PATH_VARIABLE, IMPORT_PATH)
    options = http_util.configure_http_middlewares(http_util.HTTPOptions())
    assert [middleware.cls for middleware in options.middlewares] == [Edge]


def test_header_that_the_environment_renames_is_dropped() -> None:
    code = (
        "from ray.serve._private.constants import SERVE_SESSION_ID as name\n"
        "from deployments.operations.edge import _is_command\n"
        "assert name == 'My_Session', name\n"
        "assert _is_command(b'my-session', b'1') and _is_command(b'MY_SESSION', b'1')\n"
        "assert not _is_command(b'x-session-id', b'1')\n"
    )
    environment = os.environ | {"RAY_SERVE_SESSION_ID_HEADER_KEY": "My_Session"}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PROJECT, env=environment)


@pytest.mark.parametrize("path", ["kubernetes/Dockerfile", "tools/cluster_node.sh"])
def test_every_head_has_it(path: str) -> None:
    """One that `callytics up` starts: tests/attacks/test_starvation.py."""
    assert f"{IMPORT_PATH_VARIABLE}={IMPORT_PATH}" in (PROJECT / path).read_text(encoding="utf-8")


async def test_commands_of_a_websocket_are_dropped() -> None:
    seen: list[bytes] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend(name for name, _ in scope["headers"])

    headers = [
        (b"x-request-disconnect-disabled", b"?1"),
        (b"x-request-timeout-seconds", b"0"),
        (b"host", b"h"),
    ]
    scope = {"type": "websocket", "path": "/", "headers": headers}
    await Edge(app)(scope, asyncio.Event().wait, asyncio.Event().wait)  # type: ignore[arg-type]
    assert seen == [b"host"]


async def test_command_that_comes_twice_is_dropped_twice() -> None:
    """Ray reads the last of several with one name, so no first one may hide it."""
    seen: list[bytes] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend(name for name, _ in scope["headers"])
        await PlainTextResponse("ok")(scope, receive, send)

    name = "X-Request-Timeout-Seconds"
    await ask(app, headers=[(name, "1"), (name.lower(), "0.001"), ("x-other", "kept")])
    assert b"x-other" in seen
    assert name.lower().encode() not in seen
