"""Signing in at an issuer: what it opens, what ends it, and what attackers try."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlmodel import Session, col, select, update

from callytics.api import ApiSettings, Services, create_app
from callytics.api.oidc_sign_in import Seal, own_place
from callytics.errors import UnauthorizedError
from callytics.store import CallStore
from callytics.store.tables.access import SessionRow
from tests.support.auditing import noted
from tests.support.identity_server import AUDIENCE, CLIENT_ID, IdentityServer, identity_server

pytestmark = pytest.mark.anyio

HOME = "http://test"
CONSOLE = {"X-Callytics-Console": "1"}
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def issuer() -> Iterator[IdentityServer]:
    with identity_server() as issuer:
        yield issuer


@pytest.fixture
async def browser(services: Services, issuer: IdentityServer) -> AsyncIterator[httpx.AsyncClient]:
    async with new_browser(services, issuer) as browser:
        yield browser


def new_browser(services: Services, issuer: IdentityServer, **changes: Any) -> httpx.AsyncClient:
    update = {"oidc": issuer.settings(**changes), "public_url": HOME}
    settings = services.settings.model_copy(update=update)
    transport = httpx.ASGITransport(
        create_app(replace(services, settings=settings)), raise_app_exceptions=False
    )
    return httpx.AsyncClient(transport=transport, base_url=HOME)


async def begin(browser: httpx.AsyncClient, place: str = "#/calls") -> str:
    """Where the browser is sent."""
    response = await browser.get("/v1/sessions/oidc", params={"place": place})
    assert response.status_code == 303, response.text
    return response.headers["location"]


async def come_back(browser: httpx.AsyncClient, answer: dict[str, str]) -> str:
    response = await browser.get("/v1/sessions/oidc/callback", params=answer)
    assert response.status_code == 303, response.text
    return response.headers["location"]


async def sign_in(browser: httpx.AsyncClient, issuer: IdentityServer, place: str = "#/calls") -> str:
    return await come_back(browser, issuer.approve(await begin(browser, place)))


def expire_rights(store: CallStore) -> None:
    """As if the minutes had passed for which the issuer's word counts. One statement: between a reading and a writing
    another request may write, which SQLite answers at once with "database is locked"."""
    with Session(store._engine) as session:
        session.exec(update(SessionRow).where(col(SessionRow.renew_at_ms) > 1).values(renew_at_ms=1))
        session.commit()


async def test_browser_that_comes_back_from_the_issuer_is_signed_in(
    browser: httpx.AsyncClient, issuer: IdentityServer, store: CallStore
) -> None:
    assert (await browser.get("/v1/sessions")).json() == {"api_key": True, "issuer": True}
    issuer.tenant = "alpha"
    assert await sign_in(browser, issuer, "#/calls/abc?at=3.5") == "/#/calls/abc?at=3.5"
    me = (await browser.get("/v1/sessions/current")).json()
    assert me == {"id": "oidc:kim", "tenant": "alpha", "scopes": ["calls:read"]}
    assert (await browser.get("/v1/calls")).status_code == 200
    assert (await browser.get("/v1/api-keys")).json()["code"] == "scope_missing"
    await noted(store, "calls.listed")
    assert [event.actor for event in store.audit_events("alpha")] == ["oidc:kim", "oidc:kim"]
    assert "code_verifier" in issuer.asked[0]
    assert (await browser.delete("/v1/sessions/current", headers=CONSOLE)).status_code == 204
    assert (await browser.get("/v1/calls")).status_code == 401
    actions = [event.action for event in store.audit_events("alpha")]
    assert actions == ["session.ended", "calls.listed", "session.begun"]


async def test_cookies_are_kept_from_scripts_and_other_sites(
    browser: httpx.AsyncClient, issuer: IdentityServer
) -> None:
    first = await browser.get("/v1/sessions/oidc")
    flow = SimpleCookie(first.headers["set-cookie"])["callytics_sign_in"]
    # Lax: the issuer is another site, and sends the browser back.
    assert (flow["httponly"], flow["samesite"], flow["path"]) == (True, "lax", "/v1/sessions/oidc")
    assert flow.value.partition(".")[0] not in first.headers["location"]
    answer = issuer.approve(first.headers["location"])
    second = await browser.get("/v1/sessions/oidc/callback", params=answer)
    made = [SimpleCookie(header) for header in second.headers.get_list("set-cookie")]
    session = next(cookie["callytics_session"] for cookie in made if "callytics_session" in cookie)
    assert (session["httponly"], session["samesite"], session["path"]) == (True, "strict", "/")
    assert "callytics_sign_in" not in browser.cookies


async def test_without_an_issuer_there_is_nothing(services: Services) -> None:
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url=HOME) as browser:
        assert (await browser.get("/v1/sessions")).json()["issuer"] is False
        assert (await browser.get("/v1/sessions/oidc")).status_code == 404
        assert (await browser.get("/v1/sessions/oidc/callback")).status_code == 404


def test_settings_that_cannot_work_are_refused(issuer: IdentityServer) -> None:
    with pytest.raises(ValueError, match="public_url"):
        ApiSettings(oidc=issuer.settings())
    with pytest.raises(ValueError, match="token_url"):
        issuer.settings(token_url="")
    with pytest.raises(ValueError, match="authorization_url"):
        issuer.settings(authorization_url="http://login.example.org/authorize")


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        ("reader", ["calls:read"]),
        ("editor", ["calls:read", "calls:write"]),
        ("operator", ["calls:delete", "calls:read", "calls:write", "metrics:read"]),
        ("admin", ["admin"]),
    ],
)
async def test_roles_of_the_issuer_are_scopes(
    browser: httpx.AsyncClient, issuer: IdentityServer, role: str, scopes: list[str]
) -> None:
    issuer.scope, issuer.roles = "", (role, "root")
    await sign_in(browser, issuer)
    assert (await browser.get("/v1/sessions/current")).json()["scopes"] == scopes


# ---------------------------------------------------------------- attacks


async def refused(
    browser: httpx.AsyncClient, answer: dict[str, str], caplog: pytest.LogCaptureFixture
) -> str:
    """The code that the browser is shown; there is no session, and a line in the log says why."""
    caplog.clear()
    with caplog.at_level(logging.WARNING, "callytics.api.issuer_sessions"):
        place = await come_back(browser, answer)
    assert place.startswith("/#/sign-in-failed/"), place
    assert "callytics_session" not in browser.cookies
    assert (await browser.get("/v1/sessions/current")).status_code == 401
    code = place.rpartition("/")[2]
    (line,) = [record.getMessage() for record in caplog.records]
    assert code in line
    assert answer.get("code", "-none-") not in line
    return code


@pytest.mark.parametrize("state", ["", "wrong", "x" * 43, "상태"])
async def test_wrong_state_is_refused(
    browser: httpx.AsyncClient, issuer: IdentityServer, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = issuer.approve(await begin(browser))
    assert await refused(browser, {**answer, "state": state}, caplog) == "state_invalid"
    assert issuer.asked == []


async def test_answer_of_another_browsers_flow_is_refused(
    browser: httpx.AsyncClient, issuer: IdentityServer, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    """Login CSRF: an attacker leads the victim's browser to the attacker's own answer."""
    async with new_browser(services, issuer) as attacker:
        answer = issuer.approve(await begin(attacker))
    assert await refused(browser, answer, caplog) == "state_invalid"  # the victim began nothing
    await begin(browser)
    assert await refused(browser, answer, caplog) == "state_invalid"


async def test_code_of_another_flow_is_refused(
    browser: httpx.AsyncClient, issuer: IdentityServer, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    """A stolen code, put into a flow of one's own: PKCE."""
    async with new_browser(services, issuer) as victim:
        stolen = issuer.approve(await begin(victim))["code"]
    answer = issuer.approve(await begin(browser))
    assert await refused(browser, {**answer, "code": stolen}, caplog) == "code_refused"


async def test_answer_counts_once(
    browser: httpx.AsyncClient, issuer: IdentityServer, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.forgives_replays = True
    location = await begin(browser)
    copied = {"Cookie": f"callytics_sign_in={browser.cookies['callytics_sign_in']}"}
    answer = issuer.approve(location)
    assert await come_back(browser, answer) == "/#/calls"
    async with new_browser(services, issuer) as thief:
        thief.headers.update(copied)
        assert await refused(thief, answer, caplog) == "flow_used"
        issuer.forgives_replays = False
        issuer.codes.clear()
        assert await refused(thief, answer, caplog) == "code_refused"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"id_claims": {"nonce": "of another flow"}}, "nonce_invalid"),
        ({"id_claims": {"nonce": None}}, "nonce_invalid"),
        ({"id_claims": {"aud": "another-client"}}, "token_invalid"),
        ({"id_claims": {"aud": AUDIENCE}}, "token_invalid"),
        ({"id_claims": {"aud": [CLIENT_ID, "x"], "azp": "x"}}, "token_invalid"),
        ({"id_claims": {"iss": "https://evil.example.org"}}, "token_invalid"),
        ({"id_claims": {"exp": 1}}, "token_invalid"),
        ({"access_claims": {"aud": "another-api"}}, "token_invalid"),
        ({"access_claims": {"aud": CLIENT_ID}}, "token_invalid"),
        ({"access_claims": {"iss": "https://evil.example.org"}}, "token_invalid"),
        ({"access_claims": {"sub": "lee"}}, "subject_differs"),
        ({"access_claims": {"org": None}}, "token_without_tenant"),
        ({"access_claims": {"org": "../alpha"}}, "tenant_invalid"),
        ({"scope": "root"}, "rights_missing"),
        ({"signing_key": OTHER_KEY}, "token_invalid"),
        ({"is_away": True}, "issuer_unavailable"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
async def test_wrong_answers_of_the_token_endpoint_open_nothing(
    browser: httpx.AsyncClient,
    issuer: IdentityServer,
    fault: dict[str, Any],
    code: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name, value in fault.items():
        setattr(issuer, name, value)
    assert await refused(browser, issuer.approve(await begin(browser)), caplog) == code


async def test_refusal_and_mix_up_of_issuers_are_refused(
    browser: httpx.AsyncClient, issuer: IdentityServer, caplog: pytest.LogCaptureFixture
) -> None:
    answer = issuer.approve(await begin(browser))
    evil = {**answer, "iss": "https://evil.example.org"}
    assert await refused(browser, evil, caplog) == "issuer_differs"
    answer = issuer.approve(await begin(browser))
    denied = {"state": answer["state"], "error": "access_denied", "error_description": "<b>no</b>"}
    assert await refused(browser, denied, caplog) == "issuer_refused"
    assert issuer.asked == []


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example.org", "//evil.example.org", "/\\evil.example.org", "#//evil\r\nSet-Cookie: a=b",
        "javascript:alert(1)", "\\\\evil", "#/calls#x", "#/<script>", "",
    ],
)  # fmt: skip
async def test_only_screens_of_the_console_are_led_to(
    browser: httpx.AsyncClient, issuer: IdentityServer, place: str
) -> None:
    assert await sign_in(browser, issuer, place) == "/#/"
    assert own_place("#/calls?q=a%20b&at=1.5") == "#/calls?q=a%20b&at=1.5"


async def test_session_of_a_person_is_bound_to_the_rules_of_browsers(
    browser: httpx.AsyncClient, issuer: IdentityServer
) -> None:
    """CSRF: as for a session of a key."""
    issuer.roles = ("admin",)
    await sign_in(browser, issuer)
    body = {"name": "x", "scopes": ["admin"]}
    assert (await browser.post("/v1/api-keys", json=body)).json()["code"] == "cross_site"
    elsewhere = {**CONSOLE, "Sec-Fetch-Site": "cross-site"}
    assert (await browser.post("/v1/api-keys", json=body, headers=elsewhere)).json()["code"] == "cross_site"
    assert (await browser.post("/v1/api-keys", json=body, headers=CONSOLE)).status_code == 201


# ---------------------------------------------------------------- the end of rights


async def test_withdrawn_right_ends_with_the_next_question(
    browser: httpx.AsyncClient, issuer: IdentityServer, store: CallStore
) -> None:
    issuer.roles = ("admin",)
    await sign_in(browser, issuer)
    assert (await browser.get("/v1/api-keys")).status_code == 200
    issuer.roles = ()
    expire_rights(store)
    assert (await browser.get("/v1/api-keys")).json()["code"] == "scope_missing"
    assert (await browser.get("/v1/calls")).status_code == 200
    changed = next(event for event in store.audit_events() if event.action == "session.rights_changed")
    assert changed.detail == {"scopes": ["calls:read"]}
    issuer.scope = ""
    expire_rights(store)
    assert (await browser.get("/v1/calls")).json()["code"] == "session_invalid"
    issuer.scope = "calls:read"
    assert (await browser.get("/v1/calls")).json()["code"] == "session_invalid", (
        "it does not come back to life"
    )


async def test_account_that_is_closed_ends_the_session(
    browser: httpx.AsyncClient, issuer: IdentityServer, store: CallStore
) -> None:
    await sign_in(browser, issuer)
    issuer.refresh_tokens.clear()
    assert (await browser.get("/v1/calls")).status_code == 200, "the issuer's word still counts"
    expire_rights(store)
    assert (await browser.get("/v1/calls")).json()["code"] == "session_invalid"


async def test_rights_are_renewed_once_for_many_requests(
    browser: httpx.AsyncClient, issuer: IdentityServer, services: Services, store: CallStore
) -> None:
    """The refresh token counts once: used by two requests, or by two replicas, it would end the session."""
    await sign_in(browser, issuer)
    async with new_browser(services, issuer) as replica:
        replica.cookies = browser.cookies
        for _ in range(3):
            expire_rights(store)
            before = len(issuer.asked)
            who: Callable[[int], httpx.AsyncClient] = lambda i: (browser, replica)[i % 2]  # noqa: E731
            answers = await asyncio.gather(*(who(i).get("/v1/calls") for i in range(8)))
            assert {answer.status_code for answer in answers} == {200}
            assert len(issuer.asked) == before + 1


async def test_issuer_that_is_away_grants_nothing_and_ends_nothing(
    browser: httpx.AsyncClient, issuer: IdentityServer, store: CallStore
) -> None:
    await sign_in(browser, issuer)
    expire_rights(store)
    issuer.is_away = True
    assert (await browser.get("/v1/calls")).json()["code"] == "issuer_unavailable"
    issuer.is_away = False
    assert (await browser.get("/v1/calls")).status_code == 200


async def test_session_without_a_refresh_token_ends_with_the_rights(
    browser: httpx.AsyncClient, issuer: IdentityServer, store: CallStore
) -> None:
    issuer.gives_refresh_tokens, issuer.token_lasts_s = False, 120.0
    await sign_in(browser, issuer)
    with Session(store._engine) as session:
        rows = [row for row in session.exec(select(SessionRow)) if row.subject]
        (ends_s,) = [row.expires_at_ms / 1000 for row in rows]
    assert ends_s <= time.time() + 120
    assert (await browser.get("/v1/calls")).status_code == 200


async def test_session_ends_where_the_issuer_is_configured_no_more(
    browser: httpx.AsyncClient, issuer: IdentityServer, services: Services
) -> None:
    await sign_in(browser, issuer)
    async with new_browser(services, issuer, client_id="") as later:
        later.cookies = browser.cookies
        assert (await later.get("/v1/calls")).json()["code"] == "session_invalid"


async def test_the_database_tells_no_refresh_token(
    browser: httpx.AsyncClient, issuer: IdentityServer, store: CallStore
) -> None:
    await sign_in(browser, issuer)
    cookie = browser.cookies["callytics_session"]
    with Session(store._engine) as session:
        (sealed,) = [row.sealed for row in session.exec(select(SessionRow)) if row.sealed]
    (token,) = issuer.refresh_tokens
    assert token not in sealed
    assert Seal(cookie).open(sealed) == token
    with pytest.raises(UnauthorizedError):
        Seal("cls_other").open(sealed)


async def test_person_makes_no_link_that_signs_in(browser: httpx.AsyncClient, issuer: IdentityServer) -> None:
    await sign_in(browser, issuer)
    assert (await browser.post("/v1/sessions/links", headers=CONSOLE)).json()["code"] == "key_required"
