"""What every answer has, whichever of the middlewares gives it: a request id, security headers, leave for a web page of
an allowed origin to read it; a problem with OpenAI's ``error``; and what is left, where the key was valid."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from callytics.api import Services, create_app
from callytics.errors import UnavailableError
from callytics.store import CallStore
from tests.api.raw import FORM, JSON, ask, bearer, hang
from tests.support.played_store import play

pytestmark = pytest.mark.anyio

ORIGIN = "https://desk.example.org"
ALWAYS = {
    "x-request-id",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "content-security-policy",
    "cache-control",
    "access-control-allow-origin",
}
QUOTAS = {"ratelimit", "ratelimit-policy", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"}
TOO_LARGE = {**JSON, "Content-Length": "1048577"}


@pytest.fixture
def open_to_pages(services: Services) -> Services:
    settings = services.settings.model_copy(update={"cors_origins": (ORIGIN,), "body_timeout_s": 0.1})
    return replace(services, settings=settings)


async def whole() -> AsyncIterator[bytes]:
    yield b"{"


@pytest.mark.parametrize(
    ("status", "method", "path", "headers", "parts"),
    [
        (404, "GET", "/v1/calls/x", {}, None),
        (404, "GET", "/nothing", {}, None),
        (405, "PUT", "/v1/calls", {}, None),
        (408, "POST", "/v1/calls", FORM, lambda: hang(b"--x\r\n")),
        (408, "POST", "/v1/audio/translations", FORM, lambda: hang(b"--x\r\n")),
        (413, "POST", "/v1/calls/x/reprocess", TOO_LARGE, None),
        (422, "POST", "/v1/calls/x/reprocess", JSON, whole),
        (500, "GET", "/v1/calls", {}, None),
        (503, "GET", "/v1/audit-events", {}, None),
    ],
)  # fmt: skip
async def test_error_has_what_every_answer_has(
    open_to_pages: Services,
    store: CallStore,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    method: str,
    path: str,
    headers: dict[str, str],
    parts: object,
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("nobody foresaw it")

    async def away(*_: object, **__: object) -> None:
        raise UnavailableError("database_unavailable", "away")

    if status == 500:
        play(monkeypatch, open_to_pages.store, CallStore.list_calls, broken)
    play(monkeypatch, open_to_pages.store, CallStore.audit_events, away)
    key = store.create_api_key("every", ["admin"]).secret
    sent = {"Origin": ORIGIN, **headers, **bearer(key)}
    arriving = parts() if parts is not None else None  # type: ignore[operator]
    answer, _ = await ask(create_app(open_to_pages), method, path, sent, arriving)
    assert answer.status == status, answer.body
    on_page = ALWAYS if path.startswith("/v1/") else ALWAYS - {"cache-control"}
    assert on_page | QUOTAS <= set(answer.headers)
    told = json.loads(answer.body)
    assert answer.code() == told["error"]["code"]
    assert told["error"]["message"] == told["detail"]
    assert ("retry-after" in answer.headers) == (status == 503)


@pytest.mark.parametrize(("secret", "status"), [(None, 401), ("cly_" + "x" * 43, 401)])
async def test_stranger_gets_what_every_answer_has(
    open_to_pages: Services, secret: str | None, status: int
) -> None:
    sent = {"Origin": ORIGIN, **(bearer(secret) if secret else {})}
    answer, _ = await ask(create_app(open_to_pages), "GET", "/v1/calls", sent)
    assert answer.status == status
    assert set(answer.headers) >= ALWAYS
    assert not QUOTAS & set(answer.headers)  # it has no limit of its own to tell of
    assert json.loads(answer.body)["error"]["code"] == answer.code()


async def test_unexpected_error_is_logged_once_and_ends_the_connection(
    open_to_pages: Services, key: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("nobody foresaw it")

    monkeypatch.setattr("callytics.api.submission._check_queue", broken)
    app = create_app(open_to_pages)
    with caplog.at_level(logging.INFO):
        answer, client = await ask(app, "POST", "/v1/calls", {**FORM, **bearer(key)})
    assert (answer.status, answer.code(), client.asked) == (500, "internal_error", 0)
    assert answer.headers["connection"] == "close"
    (line,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert line.exc_info is not None
    assert "nobody foresaw it" in str(line.exc_info[1])
    assert "nobody foresaw it" not in answer.body.decode()
