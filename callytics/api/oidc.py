"""Bearer tokens of an OpenID Connect issuer, where the settings name one: JWTs that its published keys signed.

Checked as RFC 8725 asks: asymmetric algorithms only, whatever the token says of itself; issuer and audience must be
ours; it must expire. Keys are fetched from the issuer's JWKS and kept for a while.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from callytics.api.lookup_turns import LookupTurns
from callytics.api.roles import scopes_of_roles
from callytics.api.services import OidcSettings
from callytics.errors import UnauthorizedError, UnavailableError
from callytics.store import SCOPES

CLOCK_SKEW_S = 30
KEYS_LIFESPAN_S = 300
FETCH_TIMEOUT_S = 5
STRANGERS_AT_ONCE, KNOWN_AT_ONCE = 4, 4
"""Tokens that are checked at once: by a key that may have to be fetched, and by one that is known."""


class TokenReader:
    """Turns a token into its claims, or refuses it. Safe to use concurrently."""

    def __init__(self, settings: OidcSettings) -> None:
        import jwt  # here, because monitoring imports this package without it

        self._settings = settings
        # Threads of its own: the issuer is asked for an unknown key, which may take FETCH_TIMEOUT_S, and the
        # threads of the process write uploads and find handles meanwhile.
        self._threads = ThreadPoolExecutor(STRANGERS_AT_ONCE + KNOWN_AT_ONCE, "oidc")
        self._stranger_turns, self._known_turns = LookupTurns(STRANGERS_AT_ONCE), LookupTurns(KNOWN_AT_ONCE)
        # By id, and until when. The client of the library locks all of its keys while it fetches one.
        self._known_keys: dict[str, tuple[Any, float]] = {}
        self._keys = jwt.PyJWKClient(
            settings.jwks_url, cache_jwk_set=True, lifespan=KEYS_LIFESPAN_S, timeout=FETCH_TIMEOUT_S
        )

    async def read(self, token: str, audience: str | None = None) -> dict[str, Any]:
        """The claims of a token that was made for ``audience``; None: for the API.

        Raises:
            UnauthorizedError: ``token_invalid``.
            UnavailableError: ``issuer_unavailable``: the keys of the issuer cannot be fetched;
                ``authentication_busy``: too many tokens wait.
        """
        key, until_s = self._known_keys.get(self._key_id(token), (None, 0.0))
        if until_s < time.monotonic():
            key = None
        async with (self._stranger_turns if key is None else self._known_turns).turn():
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, self._read, token, key, audience or self._settings.audience
            )

    def _key_id(self, token: str) -> str:
        """What the token says of itself: with which key it was signed."""
        import jwt

        try:
            return str(jwt.get_unverified_header(token).get("kid", ""))
        except (jwt.PyJWTError, RecursionError):  # the latter: JSON nested as deep as a header is long
            return ""

    def _read(self, token: str, known_key: Any, audience: str) -> dict[str, Any]:
        import jwt

        try:
            key = known_key or self._keys.get_signing_key_from_jwt(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=list(self._settings.algorithms),
                audience=audience,
                issuer=self._settings.issuer,
                leeway=CLOCK_SKEW_S,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWKClientConnectionError as error:
            raise UnavailableError(
                "issuer_unavailable", "The keys of the token's issuer cannot be fetched; try again later."
            ) from error
        except (
            jwt.PyJWTError,
            RecursionError,
        ) as error:  # its text says which claim, and never holds the token
            raise UnauthorizedError(
                "token_invalid", f"This token is not valid: {type(error).__name__}."
            ) from None
        if known_key is None:  # no more than the issuer has published
            self._known_keys[str(key.key_id)] = (key, time.monotonic() + KEYS_LIFESPAN_S)
        return claims

    def scopes(self, claims: dict[str, Any]) -> frozenset[str]:
        """Those of ours that the token grants, as scopes or, where the settings name a claim for them, as roles."""
        granted = frozenset(word for word in _words(claims, self._settings.scopes_claim) if word in SCOPES)
        if self._settings.roles_claim is None:
            return granted
        return granted | scopes_of_roles(_words(claims, self._settings.roles_claim))

    def tenant(self, claims: dict[str, Any]) -> str:
        """
        Raises:
            UnauthorizedError: ``token_without_tenant``.
        """
        if self._settings.tenant_claim is None:
            return self._settings.tenant
        tenant = claims.get(self._settings.tenant_claim)
        if not isinstance(tenant, str) or not tenant:
            raise UnauthorizedError(
                "token_without_tenant", f"This token lacks the claim {self._settings.tenant_claim}."
            )
        return tenant


def _words(claims: dict[str, Any], path: str) -> list[Any]:
    """Words of a string (RFC 8693, section 4.2), or a list; a path such as "realm_access.roles" leads inside."""
    value: Any = claims.get(path)
    if value is None:
        value = claims
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
    words = value.split() if isinstance(value, str) else value
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []
