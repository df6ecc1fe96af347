"""Who asks: an API key, as ``Authorization: Bearer cly_...`` (what OpenAI's clients send) or ``X-API-Key: cly_...``;
the session of a browser, a cookie (sessions.py); or, where an issuer is configured, a bearer token of it (oidc.py).
Identified from the headers (authentication.py), before the body is read; what the principal may do is checked here,
route by route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from callytics.api.key_lookups import KeyLookups
from callytics.api.oidc import TokenReader
from callytics.api.oidc_sign_in import IssuerClient
from callytics.api.renewal import Renewals
from callytics.api.services import Services
from callytics.errors import CallyticsError, ForbiddenError, UnauthorizedError
from callytics.store import DEFAULT_TENANT, ApiKeyRecord, CallStore, SignedIn, hash_secret
from callytics.store.keys import KEY_PREFIX

COOKIE = "callytics_session"

RIGHT_CHECKED_EVERY_S = 3.0
"""An answer that lasts ends this long after its key, session or right does, at the latest."""

_bearer = HTTPBearer(auto_error=False, description="An API key: `callytics keys create`")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same API key")


@dataclass(frozen=True)
class Principal:
    """Who asks. ``id`` is that of the API key, "oidc:" and the subject of a token, or "anonymous" where
    authentication is off; of calls and keys, only those of the ``tenant`` are there."""

    id: str
    scopes: frozenset[str]
    tenant: str = DEFAULT_TENANT
    limits: Mapping[str, int] = field(default_factory=dict)

    def may(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes


class Gate:
    """What knows who may come in."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tokens = TokenReader(services.settings.oidc) if services.settings.oidc else None
        self._keys = KeyLookups(services.store, CallStore.authenticate)
        self._sessions = KeyLookups(services.store, CallStore.authenticate_session)
        self.issuer = self._issuer_of_people()
        self._renewals = Renewals(services.store, self.issuer) if self.issuer else None

    def _issuer_of_people(self) -> IssuerClient | None:
        settings = self._services.settings
        if self._tokens is None or settings.oidc is None or not settings.oidc.client_id:
            return None
        return IssuerClient(settings.oidc, self._tokens, settings.public_url)

    async def identify(self, bearer: str | None, header: str | None, cookie: str | None = None) -> Principal:
        """
        Raises:
            UnauthorizedError: ``api_key_missing``, ``api_key_invalid``, ``session_invalid``, ``token_invalid``.
            UnavailableError: ``authentication_busy``, ``database_unavailable``, ``issuer_unavailable``.
        """
        if not self._services.settings.auth_enabled:
            return Principal("anonymous", frozenset({"admin"}))
        secret = bearer or header
        if not secret and cookie:
            return await self._identify_session(cookie)
        if not secret:
            raise UnauthorizedError(
                "api_key_missing",
                "Send an API key as 'Authorization: Bearer cly_...'; callytics keys create makes one.",
            )
        if self._tokens is not None and bearer and not bearer.startswith(KEY_PREFIX):
            claims = await self._tokens.read(bearer)
            return Principal(
                f"oidc:{claims['sub']}", self._tokens.scopes(claims), self._tokens.tenant(claims)
            )
        key = await self.known_key(secret)
        if key is None:
            raise UnauthorizedError(
                "api_key_invalid", "This API key is unknown, was revoked, or has expired."
            )
        return _principal_of(key)

    async def known_key(self, secret: str) -> ApiKeyRecord | None:
        """The valid key with this secret."""
        return await self._keys.find(hash_secret(secret))

    async def _identify_session(self, cookie: str) -> Principal:
        who = await self._sessions.find(hash_secret(cookie))
        is_of_issuer = who is not None and who.renew_at_ms is not None
        if who is None or (is_of_issuer and self._renewals is None):
            raise UnauthorizedError("session_invalid", "This session has ended. Sign in again.")
        if is_of_issuer and self._renewals is not None:
            who = await self._renewals.current(who, cookie)
        return _principal_of(who)


def _principal_of(key: ApiKeyRecord | SignedIn) -> Principal:
    return Principal(key.id, frozenset(key.scopes), key.tenant, key.limits)


async def still_may(request: Request, scope: str) -> bool:
    """Whether who asked is still let in, to the same tenant and with this scope: for answers that last."""
    asked: Principal = request.state.principal
    try:
        principal: Principal = await request.state.identify()
    except CallyticsError:  # also where it cannot be said now: the client comes again
        return False
    return principal.may(scope) and (principal.id, principal.tenant) == (asked.id, asked.tenant)


def gate_of(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate


async def _principal(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    header: Annotated[str | None, Security(_header)],
) -> Principal:
    """Who the middleware found; bearer and header are here for the API document, which says how to send a key."""
    principal: Principal = request.state.principal  # not there: the path is public, and must not ask
    return principal


def allowed(*scopes: str) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency: the principal, who must have one of the scopes."""

    async def check(principal: Annotated[Principal, Depends(_principal)]) -> Principal:
        if not any(principal.may(scope) for scope in scopes):
            raise ForbiddenError("scope_missing", f"This API key lacks the scope {' or '.join(scopes)}.")
        return principal

    return check


Reader = Annotated[Principal, Depends(allowed("calls:read"))]
Writer = Annotated[Principal, Depends(allowed("calls:write"))]
Deleter = Annotated[Principal, Depends(allowed("calls:delete"))]
Scraper = Annotated[Principal, Depends(allowed("metrics:read", "calls:read"))]
Operator = Annotated[Principal, Depends(allowed("metrics:read"))]
AlertReporter = Annotated[Principal, Depends(allowed("alerts:write"))]
Admin = Annotated[Principal, Depends(allowed("admin"))]
