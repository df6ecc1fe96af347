"""The body of a request: no larger than it may be, and here in time, whatever its Content-Length says."""

from __future__ import annotations

import asyncio
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callytics.api.paths import is_upload
from callytics.api.services import ApiSettings
from callytics.api.uploads import FORM_OVERHEAD_BYTES

MAX_BODY_BYTES = 1 << 20
"""Limit for all requests but uploads."""


class Bodies:
    """An answer before the whole body was read closes the connection: the rest of the body is not a request."""

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        upload_bytes = self._settings.max_upload_bytes + FORM_OVERHEAD_BYTES
        body = _Body(scope, receive, upload_bytes if is_upload(scope) else MAX_BODY_BYTES, self._settings)

        async def send_closing(message: Message) -> None:
            if message["type"] == "http.response.start" and not body.is_complete:
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self._app(scope, body.receive, send_closing)


class _Body:
    """As mod_reqtimeout of Apache counts: a body has ``body_timeout_s`` to arrive, and a second more for every
    ``body_bytes_per_s`` that came; no pause is longer than ``body_timeout_s``. Only the time spent waiting for the
    client counts, not that in which a disk or a queue kept it waiting."""

    def __init__(self, scope: Scope, receive: Receive, limit_bytes: int, settings: ApiSettings) -> None:
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "")
        self.is_complete = declared in ("", "0") and "transfer-encoding" not in headers
        self._declared_bytes = int(declared) if declared.isdecimal() else 0
        self._receive = receive
        self._limit_bytes = limit_bytes
        self._settings = settings
        self._received_bytes = 0
        self._waited_s = 0.0

    async def receive(self) -> Message:
        """
        Raises:
            HTTPException: 413 too large; 408 too slow. FastAPI, which reads JSON bodies, lets no other error through.
        """
        if self.is_complete:  # what comes now is at most that the client left
            return await self._receive()
        if self._declared_bytes > self._limit_bytes:
            raise self._too_large()
        message = await self._in_time()
        self._received_bytes += len(message.get("body", b""))
        if self._received_bytes > self._limit_bytes:
            raise self._too_large()
        self.is_complete = not message.get("more_body", False)
        return message

    async def _in_time(self) -> Message:
        settings = self._settings
        earned_s = settings.body_timeout_s + self._received_bytes / settings.body_bytes_per_s
        start_s = time.monotonic()
        try:
            async with asyncio.timeout(min(settings.body_timeout_s, earned_s - self._waited_s)) as limit:
                return await self._receive()
        except TimeoutError:
            if not limit.expired():
                raise
            raise HTTPException(
                408,
                f"The body came too slowly: send at least {settings.body_bytes_per_s} bytes per second, without a "
                f"pause of more than {settings.body_timeout_s:g} s.",
            ) from None
        finally:
            self._waited_s += time.monotonic() - start_s

    def _too_large(self) -> HTTPException:
        return HTTPException(413, f"The body is larger than {self._limit_bytes} bytes.")
