"""One line a request: who asked for what, and what was answered. Never a key, a query or a text.

Fields of their own (``extra``) for a formatter that writes JSON, the most important ones also in the message. The
path is given as its template: a path that nothing answers to may hold anything.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callytics.api.errors import unexpected_error
from callytics.api.failures import is_disconnect

ACCESS_LOGGER = "callytics.access"
logger = logging.getLogger(ACCESS_LOGGER)

REQUEST_ID = "X-Request-ID"
CLIENT_WENT_AWAY = 499
"""As nginx writes it to its log; no client gets this answer."""

_CONVERTOR = re.compile(r":\w+(?=\})")
"""The convertor of a parameter that takes slashes, {model_id:path}; the OpenAPI document leaves it out as well."""

NO_ROUTE = "(none)"
MAX_USER_AGENT = 80
_SANE_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_OBJECTS = ("call_id", "webhook_id")
_ID_PARAMETER = re.compile(r"[0-9a-z]{26}")
_ADDRESSES = re.compile(r"[0-9A-Fa-f:., ]{1,200}")


class AccessLog:
    """
    Args:
        answer_request_id: send ``X-Request-ID`` with every answer. False where what stands in front does that.
    """

    def __init__(self, app: ASGIApp, answer_request_id: bool = True) -> None:
        self._app = app
        self._answer_request_id = answer_request_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        exchange = _Exchange(scope, receive, send, self._answer_request_id)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception as error:
            if is_disconnect(error):
                exchange.log(CLIENT_WENT_AWAY)
                return
            if exchange.status is None:  # of a middleware; those of routes are answered in failures.py
                response = await unexpected_error(Request(scope), error)
                await response(scope, receive, exchange.send)
                exchange.log(
                    500, error
                )  # with its traceback, once: to raise it on would have it logged again
                return
            exchange.log(500)
            raise  # the answer has begun: only cutting it off tells the client
        except BaseException:  # cancelled: the client is gone
            exchange.log(CLIENT_WENT_AWAY)
            raise
        is_answered = exchange.is_complete and not exchange.client_went_away
        exchange.log(exchange.status if is_answered else CLIENT_WENT_AWAY)


class _Exchange:
    """A request and its answer, as they pass."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, answer_request_id: bool) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._answer_request_id = answer_request_id
        self._headers = Headers(scope=scope)
        self._start_s = time.perf_counter()
        self._bytes_in = self._bytes_out = 0
        sent = self._headers.get(REQUEST_ID, "")
        self._request_id = sent if _SANE_ID.fullmatch(sent) else uuid.uuid4().hex
        self.status: int | None = None
        self.is_complete = self.client_went_away = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._bytes_in += len(message.get("body", b""))
        if message["type"] == "http.disconnect" and not self.is_complete:
            self.client_went_away = True
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self._answer_request_id:
                MutableHeaders(scope=message)[REQUEST_ID] = self._request_id
        elif not message.get("more_body", False):
            self.is_complete = True  # before it is sent: a client that has all may be gone at once
        self._bytes_out += len(message.get("body", b""))
        await self._send(message)

    def log(self, status: int | None, error: BaseException | None = None) -> None:
        error = error or self._scope["state"].get("failure")
        level = logging.ERROR if status is None or status >= 500 else logging.INFO
        fields = self._fields(status)
        message = "%(method)s %(route)s %(status)s %(duration_ms).1f ms key=%(key_id)s tenant=%(tenant)s"
        problem: Mapping[str, Any] = self._scope["state"].get("problem", {})
        if "code" in problem:
            fields["code"] = problem["code"]
            message += " %(code)s"
        if level >= logging.ERROR and "message" in problem:
            fields["problem"] = problem["message"]
            message += ": %(problem)s"
        logger.log(level, message, fields, extra=fields, exc_info=error)

    def _fields(self, status: int | None) -> dict[str, Any]:
        scope, principal = self._scope, self._scope["state"].get("principal")
        made = {"call_id": scope["state"].get("call_id", "")}  # by this request
        parameters: Mapping[str, Any] = {**made, **scope.get("path_params", {})}
        forwarded = self._headers.get("X-Forwarded-For", "")
        user_agent = re.sub(r"[^\x20-\x7e]", "?", self._headers.get("User-Agent", ""))
        return {
            "method": scope["method"],
            "route": _CONVERTOR.sub("", getattr(scope.get("route"), "path", NO_ROUTE)),
            "status": status,
            "duration_ms": round((time.perf_counter() - self._start_s) * 1000, 1),
            "bytes_in": self._bytes_in,
            "bytes_out": self._bytes_out,
            "request_id": self._request_id,
            "key_id": getattr(principal, "id", None),
            "tenant": getattr(principal, "tenant", None),
            "client": scope["client"][0] if scope.get("client") else None,
            "forwarded_for": forwarded if _ADDRESSES.fullmatch(forwarded) else None,
            "user_agent": user_agent[:MAX_USER_AGENT],
            **{
                name: parameters[name]
                for name in _OBJECTS
                if _ID_PARAMETER.fullmatch(parameters.get(name, ""))
            },
        }
