"""Around Serve's HTTP proxy: what it would answer as text becomes problem+json, and it obeys no client.

Ray calls :func:`middlewares` in every proxy where RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH names it. A proxy answers
by itself while no replica of the gateway takes the request, or when the one that worked on it is lost; and headers of
any client tell it when to give up, to go on after the client has left, and to which replica to go.

The proxy is one process for all requests: nothing heavy is imported here, callytics.api least of all.
"""

from __future__ import annotations

import json
import os
import re

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callytics.errors import problem_details

IMPORT_PATH_VARIABLE = "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH"
IMPORT_PATH = "deployments.operations.edge:middlewares"

RETRY_S = "5"
_OF_SERVE = "/-/"  # its own routes: not ours to change

_COMMANDS = frozenset(
    {
        b"x-request-timeout-seconds",
        b"x-request-disconnect-disabled",
        os.environ.get("RAY_SERVE_SESSION_ID_HEADER_KEY", "x-session-id").lower().replace("_", "-").encode(),
        b"serve-multiplexed-model-id",
    }
)
_REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")

_TEXTS = {
    404: ("gateway_not_deployed", "The gateway is not deployed; `callytics status` says more."),
    408: ("request_timeout", "The request took too long."),
    429: ("gateway_busy", "The service is at its limit; try again in a few seconds."),
    503: ("gateway_busy", "The service is at its limit, or just starting; try again in a few seconds."),
}
_LOST = (
    "gateway_lost",
    "The gateway was lost while it worked on this request, which may have been carried out or not. Repeat it, with "
    "its Idempotency-Key where it had one.",
)


def middlewares() -> list[Middleware]:
    return [Middleware(Edge)]


class Edge:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "headers" in scope:
            scope = {**scope, "headers": [header for header in scope["headers"] if not _is_command(*header)]}
        if scope["type"] != "http" or scope["path"].startswith(_OF_SERVE):
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        await self._app(scope, receive, answer.send)
        await answer.end()


def _is_command(name: bytes, value: bytes) -> bool:
    name = name.lower().replace(b"_", b"-")
    return name in _COMMANDS or (name == b"x-request-id" and not _REQUEST_ID.fullmatch(value))


class _Answer:
    """Passes on what the gateway says. Serve's own errors are text, the gateway's never."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._is_begun = False
        self._is_replaced = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._is_begun = True
            headers = Headers(raw=message["headers"])
            if message["status"] >= 400 and headers.get("content-type", "").startswith("text/plain"):
                self._is_replaced = True
                code, detail = _TEXTS.get(message["status"], ("internal_error", "Something went wrong."))
                await self._problem(message["status"], code, detail, headers.get("x-request-id"))
        if not self._is_replaced:
            await self._send(message)

    async def end(self) -> None:
        if not self._is_begun:
            await self._problem(503, *_LOST, None)

    async def _problem(self, status: int, code: str, detail: str, request_id: str | None) -> None:
        body = problem_details(status, code, detail, self._scope["path"])
        data = json.dumps(body).encode()
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(data)).encode()),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),  # the rest of the body is not a request
            (b"x-content-type-options", b"nosniff"),
        ]
        if status in (429, 503):
            headers.append((b"retry-after", RETRY_S.encode()))
        if request_id:
            headers.append((b"x-request-id", request_id.encode()))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": data})
