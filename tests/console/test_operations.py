"""Operations, used as people use it; and what the screens of operators have in common."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from callytics.domain import StageRun, StageStatus
from callytics.store import AlertNotice, AlertStatus, JobStatus
from tests.console.conftest import RESULT, SCREENS, Gateway, Visit
from tests.store.samples import new_call


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
