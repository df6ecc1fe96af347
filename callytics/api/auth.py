"""API keys: ``Authorization: Bearer cly_...`` (what OpenAI's clients send) or ``X-API-Key: cly_...``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from callytics.api.services import ServicesDep
from callytics.errors import ForbiddenError, UnauthorizedError
from callytics.store import DEFAULT_TENANT, hash_secret

_bearer = HTTPBearer(auto_error=False, description="An API key: `callytics keys create`")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same API key")


@dataclass(frozen=True)
class Principal:
    """Who asks. ``id`` is that of the API key, or "anonymous" where authentication is off; of calls and keys, only
    those of the ``tenant`` are there."""

    id: str
    scopes: frozenset[str]
    tenant: str = DEFAULT_TENANT

    def may(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes


async def _principal(
    services: ServicesDep,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    header: Annotated[str | None, Security(_header)],
) -> Principal:
    if not services.settings.auth_enabled:
        return Principal("anonymous", frozenset({"admin"}))
    secret = bearer.credentials if bearer is not None else header
    if not secret:
        raise UnauthorizedError(
            "api_key_missing",
            "Send an API key as 'Authorization: Bearer cly_...'; callytics keys create makes one.",
        )
    key = await services.store.authenticate(hash_secret(secret))
    if key is None:
        raise UnauthorizedError("api_key_invalid", "This API key is unknown, was revoked, or has expired.")
    return Principal(key.id, frozenset(key.scopes), key.tenant)


def allowed(scope: str) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency: the principal, who must have the scope."""

    async def check(principal: Annotated[Principal, Depends(_principal)]) -> Principal:
        if not principal.may(scope):
            raise ForbiddenError("scope_missing", f"This API key lacks the scope {scope}.")
        return principal

    return check


Reader = Annotated[Principal, Depends(allowed("calls:read"))]
Writer = Annotated[Principal, Depends(allowed("calls:write"))]
Deleter = Annotated[Principal, Depends(allowed("calls:delete"))]
Admin = Annotated[Principal, Depends(allowed("admin"))]
