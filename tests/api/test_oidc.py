"""Bearer tokens of an issuer, whose keys a server on the loopback publishes."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from callytics.api import Services, create_app
from callytics.api.oidc import TokenReader
from callytics.api.services import OidcSettings
from callytics.errors import UnauthorizedError, UnavailableError
from callytics.store import CallStore
from tests.store.samples import new_call
from tests.support.loopback import running
from tests.support.problems import assert_problem

pytestmark = pytest.mark.anyio

ISSUER, AUDIENCE = "https://login.example.org", "callytics"
SIGNING_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def jwks_url() -> Iterator[str]:
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(SIGNING_KEY.public_key()))
    document = json.dumps({"keys": [{**public, "kid": "k1", "use": "sig", "alg": "ES256"}]}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: object) -> None:
            pass

    with running(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield f"{url}/jwks"


def token(key: Any = SIGNING_KEY, algorithm: str = "ES256", **changes: Any) -> str:
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "kim",
        "exp": time.time() + 60,
        "scope": "openid calls:read",
    }
    claims = {
        name: value for name, value in {**claims, "org": "alpha", **changes}.items() if value is not None
    }
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "k1"})


async def ask(services: Services, jwks_url: str, bearer: str, method: str = "GET") -> httpx.Response:
    oidc = OidcSettings(issuer=ISSUER, audience=AUDIENCE, jwks_url=jwks_url, tenant_claim="org")
    settings = services.settings.model_copy(update={"oidc": oidc})
    transport = httpx.ASGITransport(create_app(replace(services, settings=settings)))
    headers = {"Authorization": f"Bearer {bearer}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        return await client.request(method, "/v1/calls")


async def test_token_opens_what_its_scopes_and_tenant_say(
    services: Services, store: CallStore, jwks_url: str, key: str
) -> None:
    own = store.create_call(new_call(tenant="alpha")).call.id
    store.create_call(new_call("b" * 64, tenant="beta"))
    listed = await ask(services, jwks_url, token())
    assert [call["call_id"] for call in listed.json()["calls"]] == [own]
    assert_problem(await ask(services, jwks_url, token(), "POST"), 403, "scope_missing")
    assert_problem(await ask(services, jwks_url, token(scope="openid root")), 403, "scope_missing")
    assert (await ask(services, jwks_url, token(scope=["calls:read"]))).status_code == 200
    assert (await ask(services, jwks_url, key)).status_code == 200  # API keys go on to work


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example.org"},
        {"aud": "another-service"},
        {"exp": time.time() - 3600},
        {"exp": None},
        {"sub": None},
        {"nbf": time.time() + 3600},
        {"key": OTHER_KEY},
        {"key": "x" * 32, "algorithm": "HS256"},
        {"key": None, "algorithm": "none"},
    ],
    ids=lambda wrong: "-".join(wrong),
)
async def test_wrong_tokens_are_refused(services: Services, jwks_url: str, wrong: dict[str, Any]) -> None:
    bearer = token(**wrong)
    response = await ask(services, jwks_url, bearer)
    assert_problem(response, 401, "token_invalid")
    assert bearer.split(".")[1] not in response.text


async def test_tokens_of_no_tenant_and_words_that_are_no_tokens(services: Services, jwks_url: str) -> None:
    assert_problem(await ask(services, jwks_url, token(org=None)), 401, "token_without_tenant")
    assert_problem(await ask(services, jwks_url, "a.b.c"), 401, "token_invalid")


async def test_issuer_that_does_not_answer_is_a_503(services: Services) -> None:
    response = await ask(services, "http://127.0.0.1:9/jwks", token())
    assert_problem(response, 503, "issuer_unavailable")


def test_keys_of_the_issuer_come_through_tls() -> None:
    with pytest.raises(ValueError, match="jwks_url"):
        OidcSettings(issuer=ISSUER, audience=AUDIENCE, jwks_url="http://login.example.org/jwks")
    with pytest.raises(ValueError, match="algorithms"):
        OidcSettings(issuer=ISSUER, audience=AUDIENCE, jwks_url="https://x/", algorithms=("HS256",))  # type: ignore[arg-type]


async def test_tokens_of_unknown_keys_delay_nobody(jwks_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each makes the gateway ask the issuer, who does not answer; tokens of known keys and threads are free all the
    while, and the number of waiting requests is limited."""
    reader = TokenReader(OidcSettings(issuer=ISSUER, audience=AUDIENCE, jwks_url=jwks_url))
    assert (await reader.read(token()))["sub"] == "kim"
    answers, fetch = threading.Event(), reader._keys.fetch_data

    def hangs() -> Any:
        answers.wait(60)
        return fetch()

    monkeypatch.setattr(reader._keys, "fetch_data", hangs)
    monkeypatch.setattr(reader._keys, "_last_successful_fetch", None)  # long ago
    unknown = jwt.encode({"sub": "x"}, OTHER_KEY, algorithm="ES256", headers={"kid": "nobody's"})
    waiting = [asyncio.create_task(reader.read(unknown)) for _ in range(100)]
    refused = 100 - 4 - 64
    async with asyncio.timeout(30):  # half of the time that the issuer takes
        while sum(task.done() for task in waiting) < refused:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    assert sum(task.done() for task in waiting) == refused
    async with asyncio.timeout(20):
        assert (await reader.read(token()))["sub"] == "kim"
        assert await asyncio.to_thread(int, "1") == 1
    answers.set()
    errors = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(error) for error in errors} == {UnauthorizedError, UnavailableError}


async def test_token_that_is_nested_deeply_is_refused(services: Services, jwks_url: str) -> None:
    nested = b'{"alg": "ES256", "kid": ' + b"[" * 20_000
    deep = base64.urlsafe_b64encode(nested + b"]" * 20_000 + b"}").decode().rstrip("=")
    assert_problem(await ask(services, jwks_url, f"{deep}.e30.AAAA"), 401, "token_invalid")
