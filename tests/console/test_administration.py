"""Keys, webhooks and the audit, used as people use them."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.conftest import Gateway, Visit


def test_key_is_made_shown_once_and_revoked(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in("admin", tenant="keyring")
    page = visit.page
    page.get_by_role("link", name="API keys").click()
    page.get_by_label("Name").fill("crm import")
    page.get_by_label("Ends").fill("2099-01-01T00:00")
    page.get_by_label("Role").select_option("editor")
    page.get_by_role("button", name="Create").click()
    secret = page.locator(".secret code").inner_text()
    assert secret.startswith("cly_")
    made = next(key for key in gateway.store.list_api_keys("keyring") if key.name == "crm import")
    assert made.scopes == ("calls:read", "calls:write")
    assert made.expires_at_ms is not None
    page.get_by_role("button", name="I have kept it").click()
    page.reload()
    row = page.locator("tr", has_text="crm import")
    expect(row).to_contain_text("in force")
    assert secret not in page.content()
    page.on("dialog", lambda dialog: dialog.accept())
    row.get_by_role("button", name="Revoke").click()
    expect(row).to_contain_text("revoked")
    assert (
        next(k for k in gateway.store.list_api_keys("keyring") if k.id == made.id).revoked_at_ms is not None
    )


def test_webhook_is_made_tried_disabled_given_a_new_secret_and_deleted(
    visit: Visit, gateway: Gateway
) -> None:
    visit.sign_in("admin", tenant="hooks")
    page = visit.page
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("link", name="Webhooks").click()
    page.get_by_label("Address").fill("http://127.0.0.1:9/hook")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("alert").first).to_be_visible()  # an address inside is refused, and says so
    assert gateway.store.list_webhooks("hooks") == ()
    webhook = gateway.store.create_webhook("hooks", "http://127.0.0.1:9/hook", ["call.completed"])
    page.reload()
    row = page.locator("tr", has_text="127.0.0.1:9")
    row.get_by_role("button", name="Test").click()
    expect(page.get_by_role("status").first).to_contain_text("did not arrive")
    row.get_by_role("button", name="Deliveries").click()
    sent = page.get_by_role("region", name="Deliveries").locator("tbody tr").last
    expect(sent).to_contain_text("test")
    expect(sent).to_contain_text("failed")
    row.first.get_by_role("button", name="Disable").click()
    expect(row.first).to_contain_text("by hand")
    row.first.get_by_role("button", name="Enable").click()
    expect(row.first).to_contain_text("in force")
    row.first.get_by_role("button", name="New secret").click()
    assert page.locator(".secret code").inner_text() not in ("", webhook.secret)
    row.first.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No webhook yet")).to_be_visible()


def test_audit_tells_who_listened_and_is_filtered(visit: Visit, gateway: Gateway) -> None:
    call_id = gateway.add_call(tenant="listened")
    visit.sign_in("admin", tenant="listened")
    page = visit.page
    visit.open_call(call_id)
    page.get_by_role("link", name="Audit").click()
    for _ in range(40):
        if page.locator("tr", has_text="call.audio_read").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    listened = page.locator("tr", has_text="call.audio_read")
    expect(listened).to_have_count(1)
    expect(listened).to_contain_text("listened:admin")
    expect(listened.get_by_role("link", name=call_id)).to_have_attribute("href", f"#/calls/{call_id}")
    page.get_by_label("What").select_option("call.audio_read")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert "action=call.audio_read" in page.url
    page.get_by_label("From").fill("2099-01-01T00:00")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No entry matches")).to_be_visible()


def test_audit_is_read_page_by_page(visit: Visit, gateway: Gateway) -> None:
    for number in range(130):
        gateway.store.record_audit("someone", "call.submitted", f"call-{number}", {}, "pages")
    visit.sign_in("admin", tenant="pages")
    page = visit.page
    page.goto(f"{gateway.url}/#/audit?action=call.submitted")
    expect(page.locator("tbody tr")).to_have_count(100)
    page.get_by_role("button", name="More").click()
    expect(page.locator("tbody tr")).to_have_count(130)
    assert page.get_by_role("button", name="More").count() == 0
