"""Who asks, before a byte of the body is read: from the headers, at every path that is not public."""

from __future__ import annotations

from functools import partial

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from callytics.api.auth import COOKIE, Gate
from callytics.api.errors import error_response
from callytics.api.paths import is_public
from callytics.errors import CallyticsError, ForbiddenError
from callytics.store.keys import KEY_PREFIX

CONSOLE_HEADER = "x-callytics-console"
"""Only scripts of our own pages can send it: to another site's, a browser refuses it."""

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class Authentication:
    """Puts the principal at ``request.state.principal``, where the dependencies of auth.py find it."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_public(scope):
            headers = Headers(scope=scope)
            try:
                bearer, header = _bearer(headers), headers.get("x-api-key")
                cookie = None if bearer or header else Request(scope).cookies.get(COOKIE)
                if cookie:
                    _check_same_site(scope["method"], headers)
                identify = partial(self._gate.identify, bearer, header, cookie)
                principal = await identify()
            except CallyticsError as error:
                await error_response(Request(scope), error)(scope, receive, send)
                return
            scope["state"] = {**scope.get("state", {}), "principal": principal, "identify": identify}
        await self._app(scope, receive, send)


def _check_same_site(method: str, headers: Headers) -> None:
    """
    Raises:
        ForbiddenError: ``cross_site``: the browser sends its cookie for another site.
    """
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForbiddenError("cross_site", "This request comes from another site.")
    if method not in _SAFE_METHODS and CONSOLE_HEADER not in headers:
        raise ForbiddenError(
            "cross_site", f"With a session, a request that changes something has the header {CONSOLE_HEADER}."
        )


def _bearer(headers: Headers) -> str | None:
    """Also a key as Deepgram's clients send it (``Token cly_...``) and as AssemblyAI's do (``cly_...``); nothing else
    is taken so: what a token of an issuer is, its scheme says."""
    sent = headers.get("authorization", "").strip()
    scheme, _, credentials = sent.partition(" ")
    secret = credentials.strip()
    match scheme.lower():
        case "bearer":
            return secret or None
        case "token" if secret.startswith(KEY_PREFIX):
            return secret
        case _:
            return sent if sent.startswith(KEY_PREFIX) else None
