"""Who was identified is let in, or told when to come back: limits (limits.py), their headers, and what is counted."""

from __future__ import annotations

from contextlib import ExitStack

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callytics.api.auth import Principal
from callytics.api.errors import error_response
from callytics.api.limits import Kind, RequestLimits, quota_headers
from callytics.api.paths import is_event_stream, is_upload
from callytics.api.usage_counter import UsageCounter
from callytics.errors import CallyticsError


class Admission:
    """Public paths, which have no principal, are always let in: liveness waits for nothing."""

    def __init__(self, app: ASGIApp, limits: RequestLimits, usage: UsageCounter) -> None:
        self._app = app
        self._limits = limits
        self._usage = usage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        principal: Principal | None = scope.get("state", {}).get("principal")
        if principal is None:
            await self._app(scope, receive, send)
            return
        who = (principal.id, principal.limits, principal.tenant)
        quotas = await self._limits.count(*who)
        headers = quota_headers(quotas)

        async def send_with_quotas(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        with ExitStack() as place:
            try:
                for quota in quotas:
                    quota.check()
                place.enter_context(self._limits.place(_kind(scope), *who))
            except CallyticsError as error:
                self._usage.count(principal.tenant, is_refused=True)
                await error_response(Request(scope), error)(scope, receive, send_with_quotas)
                return
            self._usage.count(principal.tenant)
            await self._app(scope, receive, send_with_quotas)


def _kind(scope: Scope) -> Kind:
    if is_upload(scope):
        return "uploads"
    return "event streams" if is_event_stream(scope) else "requests"
