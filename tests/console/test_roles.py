"""What each role sees and may do, on the screens and at the server."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from callytics.api.roles import ROLES
from tests.console.conftest import SCREENS, Gateway, Visit


def status_of(page: Page, method: str, path: str, body: Any = None) -> int:
    """What the server says to this browser, whatever the screen shows."""
    return int(
        page.evaluate(
            """async ([method, path, body]) => {
                const headers = { "X-Callytics-Console": "1", "Content-Type": "application/json" };
                const options = { method, headers, body: body === null ? undefined : JSON.stringify(body) };
                return (await fetch(path, options)).status;
            }""",
            [method, path, body],
        )
    )


@pytest.mark.parametrize("role", ROLES)
def test_role_sees_what_it_may_do_and_the_server_refuses_the_rest(
    visit: Visit, gateway: Gateway, role: str
) -> None:
    call_id = gateway.add_call()
    scopes = ROLES[role]
    visit.sign_in(*scopes)
    page, is_admin = visit.page, role == "admin"
    shown = page.get_by_role("navigation").get_by_role("link").all_inner_texts()
    assert {"Calls", "Operations"} <= set(shown)
    assert ({"API keys", "Webhooks", "Audit"} <= set(shown)) is is_admin
    page.locator("table.calls tbody tr").first.wait_for()

    may_write, may_delete = role in ("editor", "operator", "admin"), role in ("operator", "admin")
    assert (page.get_by_role("button", name="Upload").count() > 0) is may_write
    choose = page.get_by_role("checkbox", name="Selected: ")
    assert (choose.count() > 0) is may_write  # to have them analysed again
    if may_write:
        choose.first.check()
        bulk = page.get_by_role("group", name="1 selected")
        assert bulk.get_by_role("button", name="Delete").count() == int(may_delete)
        assert bulk.get_by_role("button", name="Analyse again").count() == 1
    patched = status_of(page, "PATCH", f"/v1/calls/{call_id}", {"metadata": {"queue": "x"}})
    assert patched == (200 if may_write else 403)
    visit.open_call(call_id)
    assert (page.locator(".edit").count() > 0) is may_write

    page.goto(f"{gateway.url}/#/operations")
    page.locator("tbody tr").first.wait_for()
    may_compare = role in ("operator", "admin")
    assert (page.get_by_role("heading", name="Versions side by side").count() > 0) is may_compare
    assert status_of(page, "GET", "/v1/comparisons") == (200 if may_compare else 403)

    for screen in ("keys", "webhooks", "audit"):
        page.goto(f"{gateway.url}/#/{screen}")
        if is_admin:
            expect(page.get_by_role("heading", name=SCREENS[screen], exact=True)).to_be_visible()
        else:
            expect(page.get_by_role("status")).to_contain_text("does not allow")
            assert page.locator("main button, main table").count() == 0
    for method, path, body in (
        ("GET", "/v1/api-keys", None),
        ("POST", "/v1/api-keys", {"name": "x", "scopes": ["admin"]}),
        ("GET", "/v1/webhooks", None),
        ("POST", "/v1/webhooks", {"url": "https://1.1.1.1/hook"}),
        ("GET", "/v1/audit-events", None),
    ):
        assert (status_of(page, method, path, body) < 300) is is_admin, path
    assert status_of(page, "DELETE", f"/v1/calls/{call_id}") == (204 if may_delete else 403)
