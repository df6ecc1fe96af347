"""An unexpected error becomes a 500 inside the middlewares, so that it has the headers of every answer: a web
page of an allowed origin can read it, no cache keeps it, and an unread body ends the connection."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callytics.api.errors import unexpected_error


class Failures:
    """The error is left at ``request.state.failure``: the access log writes it, with its traceback, once."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except Exception as error:
            if has_begun or is_disconnect(error):
                raise  # nothing can be answered, or the client has gone
            request = Request(scope)
            request.state.failure = error
            response = await unexpected_error(request, error)
            await response(scope, receive, send)


def is_disconnect(error: BaseException | None) -> bool:
    """Or caused by one: Starlette says so of an answer that had begun."""
    while error is not None and not isinstance(error, ClientDisconnect):
        error = error.__cause__
    return error is not None
