"""A small OpenID Connect issuer on loopback: codes with PKCE, refresh tokens that are used once, keys. Tests set what
is wrong with its answers."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from callytics.api.services import OidcSettings
from tests.support.loopback import running

ISSUER, AUDIENCE, CLIENT_ID = "https://login.example.org", "callytics-api", "callytics-console"


@dataclass
class IdentityServer:
    """``scope`` and ``roles`` are what the person has now; ``id_claims`` and ``access_claims`` change the tokens."""

    url: str = ""
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    signing_key: Any = None
    scope: str = "calls:read"
    roles: tuple[str, ...] = ()
    tenant: str = "default"
    token_lasts_s: float = 3600.0
    id_claims: dict[str, Any] = field(default_factory=dict)
    access_claims: dict[str, Any] = field(default_factory=dict)
    gives_refresh_tokens: bool = True
    is_away: bool = False
    forgives_replays: bool = False
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    refresh_tokens: set[str] = field(default_factory=set)
    asked: list[dict[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def settings(self, **changes: Any) -> OidcSettings:
        told = {
            "issuer": ISSUER,
            "audience": AUDIENCE,
            "jwks_url": f"{self.url}/jwks",
            "tenant_claim": "org",
            "roles_claim": "realm.roles",
            "client_id": CLIENT_ID,
            "authorization_url": f"{self.url}/authorize",
            "token_url": f"{self.url}/token",
        }
        return OidcSettings(**{**told, **changes})

    def approve(self, location: str) -> dict[str, str]:
        """What the issuer appends to the callback when the person has signed in: a visit of ``location``."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": ISSUER, "session_state": "x"}

    def jwks(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": "k1", "use": "sig", "alg": "ES256"}]}

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        with self.lock:
            self.asked.append(form)
            if self.is_away:
                return 503, {}
            if form["grant_type"] == "refresh_token":
                return self._refreshed(form)
            asked = (
                self.codes.get(form["code"]) if self.forgives_replays else self.codes.pop(form["code"], None)
            )
            challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            is_right = (
                asked is not None
                and form["client_id"] == asked["client_id"] == CLIENT_ID
                and form["redirect_uri"] == asked["redirect_uri"]
                and base64.urlsafe_b64encode(challenge).decode().rstrip("=") == asked["code_challenge"]
            )
            if not is_right or asked is None:
                return 400, {"error": "invalid_grant"}
            return 200, {"id_token": self._sign(self._id_claims(asked["nonce"])), **self._granted()}

    def _refreshed(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if form["refresh_token"] not in self.refresh_tokens:
            self.refresh_tokens.clear()  # one was used twice: none counts any more
            return 400, {"error": "invalid_grant"}
        self.refresh_tokens.discard(form["refresh_token"])
        return 200, self._granted()

    def _granted(self) -> dict[str, Any]:
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "kim",
            "exp": time.time() + self.token_lasts_s,
            "scope": f"openid {self.scope}",
            "realm": {"roles": list(self.roles)},
            "org": self.tenant,
        }
        answer: dict[str, Any] = {
            "access_token": self._sign({**claims, **self.access_claims}),
            "token_type": "Bearer",
        }
        if self.gives_refresh_tokens:
            token = secrets.token_urlsafe(16)
            self.refresh_tokens.add(token)
            answer["refresh_token"] = token
        return answer

    def _id_claims(self, nonce: str) -> dict[str, Any]:
        claims = {"iss": ISSUER, "aud": CLIENT_ID, "sub": "kim", "exp": time.time() + 300, "nonce": nonce}
        return {**claims, **self.id_claims}

    def _sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.signing_key or self.key, algorithm="ES256", headers={"kid": "k1"})


@contextmanager
def identity_server() -> Iterator[IdentityServer]:
    issuer = IdentityServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            where = urlsplit(self.path)
            if where.path == "/authorize":  # who comes here is known already
                asked = {name: values[0] for name, values in parse_qs(where.query).items()}
                answer = "&".join(f"{name}={value}" for name, value in issuer.approve(self.path).items())
                self.send_response(302)
                self.send_header("Location", f"{asked['redirect_uri']}?{answer}")
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self._answer(200, issuer.jwks())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(*issuer.token({name: values[0] for name, values in parse_qs(body).items()}))

        def _answer(self, status: int, document: dict[str, Any]) -> None:
            data = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with running(server) as issuer.url:
        yield issuer
