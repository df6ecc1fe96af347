"""Bearer tokens of an OpenID Connect issuer, where the settings name one: JWTs that its published keys signed.

Checked as RFC 8725 asks: asymmetric algorithms only, whatever the token says of itself; issuer and audience must be
ours; it must expire. Keys are fetched from the issuer's JWKS and kept for a while.
"""

from __future__ import annotations

import asyncio
from typing import Any

from callytics.api.services import OidcSettings
from callytics.errors import UnauthorizedError, UnavailableError
from callytics.store import SCOPES

CLOCK_SKEW_S = 30
KEYS_LIFESPAN_S = 300
FETCH_TIMEOUT_S = 5


class TokenReader:
    """Turns a token into its claims, or refuses it. Safe to use concurrently."""

    def __init__(self, settings: OidcSettings) -> None:
        import jwt  # here, because monitoring imports this package without it

        self._settings = settings
        self._keys = jwt.PyJWKClient(
            settings.jwks_url, cache_jwk_set=True, lifespan=KEYS_LIFESPAN_S, timeout=FETCH_TIMEOUT_S
        )

    async def read(self, token: str) -> dict[str, Any]:
        """
        Raises:
            UnauthorizedError: ``token_invalid``.
            UnavailableError: ``issuer_unavailable``: the keys of the issuer cannot be fetched.
        """
        return await asyncio.to_thread(self._read, token)

    def _read(self, token: str) -> dict[str, Any]:
        import jwt

        try:
            key = self._keys.get_signing_key_from_jwt(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=list(self._settings.algorithms),
                audience=self._settings.audience,
                issuer=self._settings.issuer,
                leeway=CLOCK_SKEW_S,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWKClientConnectionError as error:
            raise UnavailableError(
                "issuer_unavailable", "The keys of the token's issuer cannot be fetched; try again later."
            ) from error
        except jwt.PyJWTError as error:  # its text says which claim, and never holds the token
            raise UnauthorizedError(
                "token_invalid", f"This token is not valid: {type(error).__name__}."
            ) from None
        return claims

    def scopes(self, claims: dict[str, Any]) -> frozenset[str]:
        """Those of ours that the token grants: words of a string (RFC 8693, section 4.2), or a list."""
        granted = claims.get(self._settings.scopes_claim) or ()
        words = granted.split() if isinstance(granted, str) else granted
        return frozenset(word for word in words if word in SCOPES) if isinstance(words, list) else frozenset()

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
