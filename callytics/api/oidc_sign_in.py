"""Signing a browser in at an OpenID Connect issuer: authorization code with PKCE (RFC 9700, section 2.1.1).

One random secret in a cookie of the browser is the flow: ``state``, ``nonce`` and PKCE's verifier are made of it, so
nothing is kept for browsers that only begin. The code's tokens are checked as bearer tokens are (oidc.py): the ID token
says who it is, the access token what they may do.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from callytics.api.lookup_turns import LookupTurns
from callytics.api.oidc import TokenReader
from callytics.api.services import OidcSettings
from callytics.errors import UnauthorizedError, UnavailableError
from callytics.store import Grant
from callytics.store.keys import tenant_name

FLOW_S = 600
RENEW_AFTER_S = 300
"""For this long the issuer's word counts; then it is asked again."""

TOKEN_TIMEOUT_S = 5.0
MAX_ANSWER_BYTES = 64 * 1024
AT_ONCE = 8
_OWN_PLACE = re.compile(r"#/[\w/?=&.%-]{0,500}", re.ASCII)


def own_place(wanted: str) -> str:
    """A screen of the console, or its beginning: never another site."""
    return wanted if _OWN_PLACE.fullmatch(wanted) else "#/"


@dataclass(frozen=True)
class Flow:
    """One try to sign in, of one browser. ``place``: the screen that it comes back to."""

    secret: str
    place: str

    @classmethod
    def new(cls, place: str) -> Flow:
        return cls(secrets.token_urlsafe(32), own_place(place))

    @classmethod
    def of_cookie(cls, cookie: str) -> Flow:
        secret, _, place = cookie.partition(".")
        try:
            decoded = base64.urlsafe_b64decode(place.encode()).decode()
        except ValueError:
            decoded = ""
        return cls(secret, own_place(decoded))

    @property
    def cookie(self) -> str:
        return f"{self.secret}.{base64.urlsafe_b64encode(self.place.encode()).decode()}"

    @property
    def state(self) -> str:
        return self._made_for("state")

    @property
    def nonce(self) -> str:
        return self._made_for("nonce")

    @property
    def verifier(self) -> str:
        return self._made_for("verifier")

    @property
    def challenge(self) -> str:
        return _base64(hashlib.sha256(self.verifier.encode()).digest())

    def _made_for(self, what: str) -> str:
        return _base64(hmac.digest(self.secret.encode(), what.encode(), "sha256"))


@dataclass(frozen=True)
class Granted:
    """What the issuer said: ``grant`` without its seal, and the refresh token that is to be sealed into it."""

    grant: Grant
    refresh_token: str


class IssuerClient:
    """Asks the issuer for tokens, and checks them."""

    def __init__(self, settings: OidcSettings, tokens: TokenReader, public_url: str) -> None:
        self._settings = settings
        self._tokens = tokens
        self._turns = LookupTurns(AT_ONCE)
        self.redirect_uri = f"{public_url.rstrip('/')}/v1/sessions/oidc/callback"

    def address(self, flow: Flow) -> str:
        """Where the browser signs in."""
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self._settings.sign_in_scope,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in self._settings.authorization_url else "?"
        return f"{self._settings.authorization_url}{joint}{urlencode(query)}"

    async def redeem(self, flow: Flow, code: str) -> Granted:
        """
        Raises:
            UnauthorizedError: ``code_refused``, ``token_invalid``, ``nonce_invalid``, ``subject_differs``,
                ``rights_missing``, ``token_without_tenant``.
            UnavailableError: ``issuer_unavailable``, ``authentication_busy``.
        """
        answer = await self._ask(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": flow.verifier,
            }
        )
        claims = await self._tokens.read(_text(answer, "id_token"), audience=self._settings.client_id)
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), flow.nonce.encode()):
            raise UnauthorizedError("nonce_invalid", "The issuer's answer belongs to another try to sign in.")
        if claims.get("azp", self._settings.client_id) != self._settings.client_id:
            raise UnauthorizedError("token_invalid", "The ID token was made for another client.")
        return await self._granted(answer, str(claims["sub"]), "")

    async def renew(self, refresh_token: str, subject: str) -> Granted:
        """What the issuer grants to the same person now.

        Raises:
            UnauthorizedError, UnavailableError: as above.
        """
        answer = await self._ask({"grant_type": "refresh_token", "refresh_token": refresh_token})
        return await self._granted(answer, subject, refresh_token)

    async def _granted(self, answer: dict[str, Any], subject: str, refresh_token: str) -> Granted:
        claims = await self._tokens.read(_text(answer, "access_token"))
        if claims["sub"] != subject:
            raise UnauthorizedError("subject_differs", "The issuer's tokens are of two people.")
        scopes = self._tokens.scopes(claims)
        if not scopes:
            raise UnauthorizedError("rights_missing", "The issuer grants this account no right in Callytics.")
        tenant = tenant_name(self._tokens.tenant(claims))
        until_ms = round(1000 * min(time.time() + RENEW_AFTER_S, float(claims["exp"])))
        renewing = answer.get("refresh_token") or refresh_token
        grant = Grant(subject, tenant, tuple(sorted(scopes)), until_ms)
        return Granted(grant, renewing if isinstance(renewing, str) else "")

    async def _ask(self, form: dict[str, str]) -> dict[str, Any]:
        secret = os.environ.get("OIDC_CLIENT_SECRET", "")
        auth = httpx.BasicAuth(self._settings.client_id, secret) if secret else None
        body = form if secret else {**form, "client_id": self._settings.client_id}
        try:
            async with (
                self._turns.turn(),
                httpx.AsyncClient(timeout=TOKEN_TIMEOUT_S, trust_env=False) as http,
            ):
                response = await http.post(
                    self._settings.token_url, data=body, auth=auth or httpx.USE_CLIENT_DEFAULT
                )
            answer = response.json() if len(response.content) <= MAX_ANSWER_BYTES else None
        except (httpx.HTTPError, ValueError) as error:  # the error names the address, never what was sent
            raise _away() from error
        if response.status_code >= 500 or response.status_code == 429 or not isinstance(answer, dict):
            raise _away()
        if response.status_code != 200:
            code = re.sub(r"[^\w-]", "", str(answer.get("error", "")))[:40]
            raise UnauthorizedError(
                "code_refused", f"The issuer refused ({code or response.status_code}). Sign in again."
            )
        return answer


class Seal:
    """Keeps a refresh token readable for the holder of the session's cookie only, and so not for a reader of the
    database."""

    def __init__(self, cookie: str) -> None:
        self._key = hashlib.sha256(b"callytics refresh token\0" + cookie.encode()).digest()

    def close(self, text: str) -> str:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(12)
        return _base64(nonce + AESGCM(self._key).encrypt(nonce, text.encode(), None))

    def open(self, sealed: str) -> str:
        """
        Raises:
            UnauthorizedError: ``session_invalid``: it was sealed for another cookie, or changed.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        data = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        try:
            return AESGCM(self._key).decrypt(data[:12], data[12:], None).decode()
        except InvalidTag:
            raise UnauthorizedError("session_invalid", "This session has ended. Sign in again.") from None


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _text(answer: dict[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise UnauthorizedError("token_invalid", f"The issuer's answer has no {name}.")
    return value


def _away() -> UnavailableError:
    return UnavailableError("issuer_unavailable", "The issuer does not answer as it should; try again later.")
