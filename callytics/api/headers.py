"""Headers that keep browsers from doing with an answer what it is not for (OWASP Secure Headers Project)."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
# The pages of /docs bring their script inline; nothing comes from another server.
_PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
CONSOLE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""For the console: nothing inline, nothing from elsewhere. What was said in a call is never markup there; if it became
markup by a fault, it could run nothing and reach no other server."""
_YEAR_S = 365 * 24 * 3600


class SecurityHeaders:
    """Sets them where the application did not. ``https``: the API is only reached through TLS, from now on (HSTS)."""

    def __init__(self, app: ASGIApp, https: bool = False) -> None:
        self._app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_page = headers.get("content-type", "").startswith("text/html")
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("X-Frame-Options", "DENY")
                headers.setdefault("Referrer-Policy", "no-referrer")
                headers.setdefault("Content-Security-Policy", _PAGE_POLICY if is_page else _DATA_POLICY)
                if scope["path"].startswith("/v1/"):  # what was said in a call belongs into no cache
                    headers.setdefault("Cache-Control", "no-store")
                if self._https:
                    headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR_S}")
            await send(message)

        await self._app(scope, receive, send_with_headers)
