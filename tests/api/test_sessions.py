"""Browsers that are signed in: the cookie, what it opens, what ends it, and what another site can do with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie

import httpx
import pytest

from callytics.api import Services, create_app
from callytics.store import CallStore, hash_secret
from callytics.store.sessions import LINK_S, MAX_SESSION_S, SESSION_S
from tests.store.samples import fresh_database
from tests.support.clocks import Clock

pytestmark = pytest.mark.anyio

CONSOLE = {"X-Callytics-Console": "1"}


@pytest.fixture
async def browser(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """It keeps cookies, and has no key."""
    transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as browser:
        yield browser


async def sign_in(browser: httpx.AsyncClient, key: str) -> httpx.Response:
    response = await browser.post("/v1/sessions", json={"api_key": key})
    assert response.status_code == 200, response.text
    return response


async def test_session_opens_what_its_key_opens(browser: httpx.AsyncClient, store: CallStore) -> None:
    reader = store.create_api_key("reader", ["calls:read"])
    assert (await browser.get("/v1/calls")).json()["code"] == "api_key_missing"
    answer = (await sign_in(browser, reader.secret)).json()
    assert answer == {"id": reader.key.id, "tenant": "default", "scopes": ["calls:read"]}
    assert (await browser.get("/v1/sessions/current")).json() == answer
    assert (await browser.get("/v1/calls")).status_code == 200
    assert (await browser.get("/v1/api-keys")).json()["code"] == "scope_missing"


async def test_cookie_is_kept_from_scripts_and_other_sites(
    browser: httpx.AsyncClient, key: str, store: CallStore
) -> None:
    header = (await sign_in(browser, key)).headers["set-cookie"]
    cookie = SimpleCookie(header)["callytics_session"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "strict", "/")
    assert key not in header
    assert store.authenticate(hash_secret(cookie.value)) is None, "it is no API key"


async def test_cookie_is_secure_where_the_service_is_behind_tls(services: Services, key: str) -> None:
    object.__setattr__(services.settings, "public_url", "https://calls.example.org")
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="https://test") as browser:
        header = (await sign_in(browser, key)).headers["set-cookie"]
    assert SimpleCookie(header)["callytics_session"]["secure"] is True


async def test_changes_need_the_header_that_other_sites_cannot_send(
    browser: httpx.AsyncClient, key: str
) -> None:
    await sign_in(browser, key)
    refused = await browser.delete("/v1/calls/" + "0" * 26)
    assert (refused.status_code, refused.json()["code"]) == (403, "cross_site")
    assert (await browser.delete("/v1/calls/" + "0" * 26, headers=CONSOLE)).status_code == 404


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
async def test_browser_that_names_another_site_is_refused(
    browser: httpx.AsyncClient, key: str, site: str, status: int
) -> None:
    await sign_in(browser, key)
    assert (await browser.get("/v1/calls", headers={"Sec-Fetch-Site": site})).status_code == status


async def test_key_in_a_header_comes_before_the_cookie(browser: httpx.AsyncClient, key: str) -> None:
    """A script that sends a key is not bound to the rules of browsers, and a wrong key is not saved by a cookie."""
    await sign_in(browser, key)
    gone = "/v1/calls/" + "0" * 26
    assert (await browser.delete(gone, headers={"X-API-Key": key})).status_code == 404
    assert (await browser.delete(gone, headers={"X-API-Key": "cly_wrong", **CONSOLE})).status_code == 401


async def test_signing_out_ends_the_session_for_every_copy_of_its_cookie(
    browser: httpx.AsyncClient, key: str
) -> None:
    await sign_in(browser, key)
    copy = {"Cookie": f"callytics_session={browser.cookies['callytics_session']}"}
    assert (await browser.delete("/v1/sessions/current", headers=CONSOLE)).status_code == 204
    assert "callytics_session" not in browser.cookies
    assert (await browser.get("/v1/calls", headers=copy)).json()["code"] == "session_invalid"


async def test_session_ends_with_its_key(browser: httpx.AsyncClient, store: CallStore) -> None:
    issued = store.create_api_key("x", ["calls:read"])
    await sign_in(browser, issued.secret)
    store.revoke_api_key(issued.key.id)
    assert (await browser.get("/v1/calls")).status_code == 401


@pytest.mark.parametrize(
    "body", [{}, {"api_key": "cly_x", "link": "cll_x"}, {"api_key": ""}, {"key": "cly_x"}]
)
async def test_malformed_sign_in_is_rejected(browser: httpx.AsyncClient, body: dict[str, str]) -> None:
    assert (await browser.post("/v1/sessions", json=body)).status_code == 422


@pytest.mark.parametrize(
    ("body", "code"), [({"api_key": "cly_x"}, "api_key_invalid"), ({"link": "cll_x"}, "link_invalid")]
)
async def test_wrong_secret_sets_no_cookie(
    browser: httpx.AsyncClient, body: dict[str, str], code: str
) -> None:
    response = await browser.post("/v1/sessions", json=body)
    assert (response.status_code, response.json()["code"]) == (401, code)
    assert "set-cookie" not in response.headers


async def test_link_signs_in_once(browser: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    made = await client.post("/v1/sessions/links")
    link = made.json()["path"].removeprefix("/#/sign-in/")
    assert made.status_code == 201
    used_as_cookie = await browser.get("/v1/calls", headers={"Cookie": f"callytics_session={link}"})
    assert used_as_cookie.status_code == 401, "a link is no session"
    assert (await browser.post("/v1/sessions", json={"link": link})).status_code == 200
    assert (await browser.get("/v1/calls")).status_code == 200
    assert (await browser.post("/v1/sessions", json={"link": link})).json()["code"] == "link_invalid"


async def test_session_makes_no_link_for_what_is_no_key(services: Services) -> None:
    object.__setattr__(services.settings, "auth_enabled", False)
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as anyone:
        assert (await anyone.post("/v1/sessions/links")).json()["code"] == "key_required"
        assert (await anyone.get("/v1/sessions/current")).json()["scopes"] == ["admin"]


class TestTimes:
    """On the store, with a clock that is set."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def timed(self, tmp_path, clock: Clock):  # type: ignore[no-untyped-def]
        store = CallStore(fresh_database(tmp_path), clock)
        yield store
        store.close()

    def test_session_that_is_used_lasts_until_its_absolute_end(self, timed: CallStore, clock: Clock) -> None:
        issued = timed.begin_session(hash_secret(timed.create_api_key("x", ["calls:read"]).secret))
        assert issued is not None
        sha256 = hash_secret(issued.secret)
        for _ in range(MAX_SESSION_S // (SESSION_S // 2) - 1):
            clock.now_s += SESSION_S // 2
            assert timed.authenticate_session(sha256) is not None
        clock.now_s += SESSION_S // 2 + 1
        assert timed.authenticate_session(sha256) is None

    def test_session_that_is_not_used_ends(self, timed: CallStore, clock: Clock) -> None:
        issued = timed.begin_session(hash_secret(timed.create_api_key("x", ["calls:read"]).secret))
        assert issued is not None
        clock.now_s += SESSION_S + 1
        assert timed.authenticate_session(hash_secret(issued.secret)) is None

    def test_link_expires(self, timed: CallStore, clock: Clock) -> None:
        link = timed.create_sign_in_link(timed.create_api_key("x", ["calls:read"]).key.id)
        clock.now_s += LINK_S + 1
        assert timed.redeem_sign_in_link(hash_secret(link.secret)) is None
