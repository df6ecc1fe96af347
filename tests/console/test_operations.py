"""Operations, keys, webhooks and audit, used as people use them; and what each role sees and may do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from callytics.api import ApiSettings
from callytics.api.roles import ROLES
from callytics.domain import StageRun, StageStatus
from callytics.store import AlertNotice, AlertStatus, JobStatus
from tests.console.conftest import RESULT, Gateway, Visit, served
from tests.store.samples import new_call
from tests.support.identity_server import IdentityServer, identity_server

SCREENS = {"operations": "Operations", "keys": "API keys", "webhooks": "Webhooks", "audit": "Audit"}


def run_of(application: str, duration_s: float) -> StageRun:
    return StageRun(
        "llm-analyzer",
        StageStatus.COMPLETED,
        1,
        duration_s,
        application,
        "an:Engine",
        "model",
        "r1",
        application,
    )


def add_versions(gateway: Gateway, calls: int = 25) -> None:
    """Two versions of a stage that worked on the same calls; the second is twice as fast."""
    for _ in range(calls):
        call_id = gateway.store.create_call(new_call(deduplicate=False, tenant="alpha")).call.id
        lease = gateway.store.lease("worker", 60.0)
        assert lease is not None
        gateway.store.record_stage(call_id, lease.token, run_of("llm-analyzer", 2.0), "key", None)
        gateway.store.record_shadow(call_id, run_of("llm-analyzer-v2", 1.0), None)
        gateway.store.complete(call_id, lease.token, JobStatus.COMPLETED, json.dumps(RESULT).encode())


def add_alert(gateway: Gateway) -> None:
    notice = AlertNotice(
        fingerprint="1d8a0c4f6a2b3e57",
        status=AlertStatus.FIRING,
        started_at_ms=round(datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp() * 1000),
        ended_at_ms=None,
        labels={"alertname": "CallyticsStageDown", "severity": "page"},
        annotations={"summary": "llm-analyzer is down <img src=x>", "runbook_url": "javascript:alert(1)"},
    )
    gateway.store.record_alerts([notice])


# ---------------------------------------------------------------- roles


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


# ---------------------------------------------------------------- operations


def test_operations_show_the_graph_and_say_what_is_not_there(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in("admin")
    page = visit.page
    page.get_by_role("link", name="Operations").click()
    expect(page.locator("tr", has_text="speech-recognizer")).to_contain_text("whisper-base")
    expect(page.locator(".tiles")).to_contain_text("Grafana: not configured")
    expect(page.get_by_text("No alert in the last 90 days")).to_be_visible()
    expect(page.get_by_text("No batch yet")).to_be_visible()
    expect(page.get_by_text("No stage has two versions")).to_be_visible()


def test_alerts_batches_and_a_comparison_are_shown(visit: Visit, gateway: Gateway) -> None:
    add_alert(gateway)
    add_versions(gateway)
    batch_id = gateway.store.begin_batch("calls/2026", 40)
    gateway.store.tell_batch(batch_id, {"COMPLETED": 9, "FAILED": 1}, 600.0)
    ended = gateway.store.begin_batch("calls/2025", 4)
    gateway.store.tell_batch(
        ended, {"COMPLETED": 1}, 60.0, has_ended=True, error="TimeoutError: not finished"
    )
    visit.sign_in("admin")
    page = visit.page
    page.goto(f"{gateway.url}/#/operations")
    alert = page.locator("tr", has_text="CallyticsStageDown")
    expect(alert).to_contain_text("firing")
    expect(alert).to_contain_text("<img src=x>")
    assert alert.get_by_role("link").count() == 0, "a runbook is linked through https only"
    batch = page.locator("tr", has_text="calls/2026")
    expect(batch).to_contain_text("25%")
    expect(batch).to_contain_text("10/40")
    expect(page.locator("tr", has_text="calls/2025")).to_contain_text("ended early")

    page.get_by_label("In use").select_option("llm-analyzer llm-analyzer-v2")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("Recommendation:")).to_contain_text("not enough data", timeout=60_000)
    expect(page.locator("tr", has_text="time").filter(has_text="better")).to_be_visible()


def test_timeline_of_a_call_is_found_by_its_id(visit: Visit, gateway: Gateway) -> None:
    call_id = gateway.add_call(tenant="times")
    visit.sign_in("calls:read", tenant="times")
    page = visit.page
    page.goto(f"{gateway.url}/#/operations")
    page.get_by_label("Id of the call").fill(call_id)
    page.keyboard.press("Enter")
    expect(page.locator("table.timeline tbody tr")).not_to_have_count(0)
    assert call_id in page.url
    assert page.locator(".tiles").count() == 0, "figures over all tenants are the operator's"
    page.get_by_label("Id of the call").fill("0" * 26)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").last).to_contain_text("There is no call")


def test_text_stays_while_answers_come(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in("calls:read", tenant="default")
    page = visit.page
    page.goto(f"{gateway.url}/#/operations")
    field = page.get_by_label("Id of the call")
    field.fill("01ABC")
    for _ in range(2):  # the figures are asked for every few seconds, and drawn again
        with page.expect_response("**/v1/operations"):
            pass
    expect(field).to_have_value("01ABC")


# ---------------------------------------------------------------- keys, webhooks, audit


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


# ---------------------------------------------------------------- all of them


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("visit", ["en-GB", "ko-KR"], indirect=True)
def test_screens_have_no_serious_barrier_and_fit(visit: Visit, gateway: Gateway, scheme: str) -> None:
    visit.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    add_alert(gateway)
    gateway.store.tell_batch(gateway.store.begin_batch("calls/" + "x" * 80, 4), {"COMPLETED": 1}, 5.0)
    gateway.store.create_webhook("default", "https://hooks.example.org/" + "x" * 80, ["call.completed"])
    call_id = gateway.add_call()
    options = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
    visit.sign_in("admin")
    found = {}
    for screen in (f"operations?call={call_id}", "keys", "webhooks", "audit"):
        visit.page.set_viewport_size({"width": 1280, "height": 900})
        visit.page.goto(f"{gateway.url}/#/{screen}")
        visit.page.locator("tbody tr").first.wait_for()
        if screen.startswith("operations"):
            visit.page.locator("table.timeline tbody tr").first.wait_for()
        found[screen] = Axe().run(visit.page, options=options).response["violations"]
        visit.page.set_viewport_size({"width": 360, "height": 800})
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 360, screen
    serious = {
        f"{screen}: {one['id']}: {one['nodes'][0]['html'][:200]}"
        for screen, all_found in found.items()
        for one in all_found
        if one["impact"] in ("serious", "critical")
    }
    assert serious == set()
    for webhook in gateway.store.list_webhooks("default"):
        gateway.store.delete_webhook(webhook.id, "default")


def test_navigation_is_used_by_keyboard_alone(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in("admin")
    page = visit.page
    for screen, heading in SCREENS.items():
        link = page.get_by_role("navigation").get_by_role("link", name=heading)
        for _ in range(20):
            if link.evaluate("element => element === document.activeElement"):
                break
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        assert page.url.endswith(f"#/{screen}")
        expect(link).to_have_attribute("aria-current", "page")
        page.evaluate("document.activeElement.blur()")


@pytest.mark.parametrize("visit", ["ko-KR"], indirect=True)
def test_screens_speak_korean(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in("admin")
    for screen, heading in {
        "operations": "운영",
        "keys": "API 키",
        "webhooks": "웹훅",
        "audit": "감사 기록",
    }.items():
        visit.page.goto(f"{gateway.url}/#/{screen}")
        expect(visit.page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        words = visit.page.locator("main").inner_text()
        assert not re.search(r"\b(Loading|Create|More|Status|Rights)\b", words), screen


# ---------------------------------------------------------------- an issuer


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
