"""Signing in at an issuer of identities, in a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from callytics.api import ApiSettings
from tests.console.conftest import Gateway, served
from tests.support.identity_server import IdentityServer, identity_server


@pytest.fixture(scope="module")
def issuer() -> Iterator[IdentityServer]:
    with identity_server() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def with_issuer(tmp_path_factory: pytest.TempPathFactory, issuer: IdentityServer) -> Iterator[Gateway]:
    def settings(url: str) -> ApiSettings:
        return ApiSettings(webhook_poll_s=0, public_url=url, oidc=issuer.settings())

    with served(tmp_path_factory.mktemp("with-issuer"), settings) as gateway:
        yield gateway


@pytest.fixture
def page(chromium: Browser, with_issuer: Gateway) -> Iterator[Page]:
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


def test_person_signs_in_at_the_issuer_and_comes_back_to_the_same_screen(
    page: Page, with_issuer: Gateway, issuer: IdentityServer
) -> None:
    issuer.roles = ("admin",)
    page.goto(f"{with_issuer.url}/#/audit?action=session.begun")
    page.get_by_role("link", name="Sign in with your account").click()
    expect(page.get_by_role("heading", name="Audit")).to_be_visible()
    assert page.url == f"{with_issuer.url}/#/audit?action=session.begun"
    expect(page.locator("tbody tr").first).to_contain_text("oidc:kim")
    assert page.evaluate("document.cookie") == ""
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in with your account")).to_be_visible()


def test_person_without_rights_is_told_so(page: Page, with_issuer: Gateway, issuer: IdentityServer) -> None:
    issuer.roles, issuer.scope = (), ""
    page.goto(with_issuer.url)
    page.get_by_role("link", name="Sign in with your account").click()
    expect(page.get_by_role("alert")).to_contain_text("has no right here")
    issuer.scope = "calls:read"
    page.get_by_role("link", name="Sign in with your account").click()
    expect(page.get_by_role("heading", name="Calls")).to_be_visible()


def test_answer_of_a_stranger_is_refused_with_words(page: Page, with_issuer: Gateway) -> None:
    page.goto(f"{with_issuer.url}/v1/sessions/oidc/callback?code=x&state=y")
    expect(page.get_by_role("alert")).to_contain_text("belongs to another try")
    expect(page.get_by_role("alert")).to_contain_text("state_invalid")
