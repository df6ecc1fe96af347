"""The list of calls with what was found in them: columns, filters, orders, views, pages."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.console.conftest import Gateway, Visit, served
from tests.support.varied_calls import fail_again, play_call, play_calls, result_of

READ, WRITE, DELETE = "calls:read", "calls:write", "calls:delete"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
COUNT = 230  # more than the list shows on one page


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with served(tmp_path_factory.mktemp("gateway")) as gateway:
        list(play_calls(gateway.store, COUNT, tenant="many"))
        list(play_calls(gateway.store, 12, tenant="few"))
        yield gateway


def query_of(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(page.url.partition("?")[2]).items()}


def column(page: Page, number: int) -> list[str]:
    """What the cells of a column say; the checkbox is no column of readers."""
    return [text.strip() for text in page.locator(f"tbody tr td:nth-child({number})").all_inner_texts()]


def opened(visit: Visit, tenant: str, query: str = "", scopes: tuple[str, ...] = (READ,)) -> Page:
    visit.sign_in(*scopes, tenant=tenant)
    visit.page.goto(f"{visit.gateway.url}/#/calls{query}")
    visit.page.locator("tbody tr, .notice").first.wait_for()
    return visit.page


def row_of(page: Page, name: str) -> Locator:
    return page.locator("tbody tr", has_text=name)


def test_row_shows_what_was_found(visit: Visit, gateway: Gateway) -> None:
    result = result_of(random.Random(4))
    result["contact_summary"] |= {"topic": "return_exchange", "issue": "shoes <b>too small</b>"}
    result["communication_quality"] |= {"overall": 71.6, "judged_criteria": 5}
    result["flags"] = [
        {"code": code, "message": ""} for code in ("truncated", "low_snr", "clipping", "dc_offset")
    ]
    play_call(gateway.store, result, "row", agent_id="kim", queue="support", external_id="FC-1")
    page = opened(visit, "row")
    row = row_of(page, "FC-1")
    for words in (
        "kim",
        "support",
        "return exchange",
        "shoes <b>too small</b>",
        "72",
        "/5",
        "clipping",
        "low snr",
        "+1",
    ):
        expect(row).to_contain_text(words)
    spark = row.locator("svg.spark")
    expect(spark).to_have_attribute("aria-label", re.compile("gets better|stays|gets worse"))
    assert spark.locator("polyline").get_attribute("points")
    assert page.locator("[style]").count() == 0


def test_redacted_words_are_not_in_the_list(visit: Visit, gateway: Gateway) -> None:
    """The list has the words of the result; a redacted result has marks where the names were."""
    result = result_of(random.Random(4))
    result["contact_summary"]["issue"] = "[NAME] wants to move to [ADDRESS]"
    play_call(gateway.store, result, "redacted")
    expect(opened(visit, "redacted").locator("td.issue")).to_have_text("[NAME] wants to move to [ADDRESS]")


def test_heads_sort_and_the_address_holds_the_order(visit: Visit) -> None:
    page = opened(visit, "few")
    expect(page.get_by_role("columnheader", name="Date")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("columnheader", name="Quality").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Quality")).to_have_attribute("aria-sort", "ascending")
    expect(page.get_by_role("columnheader", name="Date")).not_to_have_attribute("aria-sort", re.compile(".*"))
    assert query_of(page) == {"sort": "quality"}
    page.wait_for_function("() => document.querySelector('table.calls').getAttribute('aria-busy') !== 'true'")
    visit.page.wait_for_timeout(500)
    scores = [int(text.split()[0]) for text in column(page, 9) if text]
    assert len(scores) > 3
    assert scores == sorted(scores)
    page.get_by_role("columnheader", name="Quality").get_by_role("link").press("Enter")
    expect(page.get_by_role("columnheader", name="Quality")).to_have_attribute("aria-sort", "descending")
    page.go_back()
    expect(page.get_by_role("columnheader", name="Quality")).to_have_attribute("aria-sort", "ascending")


def test_filters_are_in_the_address_and_the_address_is_the_view(visit: Visit) -> None:
    page = opened(visit, "many")
    page.get_by_label("Agent", exact=True).fill("lee")
    page.keyboard.press("Enter")
    page.get_by_label("Topic").select_option("refund")
    page.get_by_label("Mood at the end").select_option("NEGATIVE")
    page.locator("summary", has_text="More filters").click()
    page.get_by_label("Quality below").fill("70")
    page.keyboard.press("Tab")
    expect(page.locator("h1 small")).not_to_have_text(str(COUNT))
    wanted = {"agent": "lee", "topic": "refund", "mood": "NEGATIVE", "quality_before": "70"}
    assert query_of(page) == wanted
    page.reload()
    page.locator("tbody tr, .notice").first.wait_for()
    expect(page.get_by_label("Agent", exact=True)).to_have_value("lee")
    expect(page.get_by_label("Quality below")).to_have_value("70")
    assert set(column(page, 4)) <= {"lee"}
    assert set(column(page, 6)) <= {"refund"}


def test_days_are_those_of_the_reader(visit: Visit) -> None:
    page = opened(visit, "many")
    page.get_by_label("From", exact=True).fill("2026-03-10")
    page.get_by_label("To", exact=True).fill("2026-03-10")
    expect(page.locator("h1 small")).not_to_have_text(str(COUNT))
    expect(page.get_by_label("To", exact=True)).to_have_value("2026-03-10")
    page.locator("tbody tr").first.wait_for()
    visit.page.wait_for_timeout(500)
    days = column(page, 1)
    assert days
    assert all("10 Mar 2026" in day for day in days), days


def test_filter_without_a_field_can_be_taken_away(visit: Visit) -> None:
    page = opened(visit, "many", "?without=topic&findings=ANY&duration_before_s=600")
    expect(page.locator(".others .chip")).to_have_count(3)
    page.get_by_role("button", name="Take the filter away: Without topic").click()
    expect(page.locator(".others .chip")).to_have_count(2)
    assert query_of(page) == {"findings": "ANY", "duration_before_s": "600"}


def test_refused_filter_is_told_in_the_words_of_the_server(visit: Visit) -> None:
    page = opened(visit, "few", "?mood=SAD")
    expect(page.get_by_role("status")).to_contain_text("NEGATIVE")


def test_nothing_says_whether_a_filter_is_why(visit: Visit) -> None:
    page = opened(visit, "none")
    expect(page.locator(".notice")).to_contain_text("No calls yet")
    page.goto(f"{visit.gateway.url}/#/calls?topic=refund")
    expect(page.locator(".notice")).to_contain_text("No call matches")
    page.get_by_role("link", name="Clear the filters").click()
    expect(page.locator(".notice")).to_contain_text("No calls yet")


def test_views_are_named_kept_opened_and_removed(visit: Visit) -> None:
    page = opened(visit, "few", "?topic=refund&sort=-quality")
    page.locator("summary", has_text="Views").click()
    page.get_by_label("Name of this view").fill("Refunds <b>")
    page.keyboard.press("Enter")
    page.locator("summary", has_text="Views (1)").wait_for()  # it is kept before the page is left
    page.goto(f"{visit.gateway.url}/#/calls")
    page.reload()
    page.locator("summary", has_text="Views (1)").click()
    page.get_by_role("link", name="Refunds <b>").click()
    expect(page.get_by_label("Topic")).to_have_value("refund")
    assert query_of(page) == {"topic": "refund", "sort": "-quality"}
    page.get_by_role("button", name="Delete: Refunds <b>").click()
    expect(page.locator("summary", has_text="Views (1)")).to_have_count(0)


def test_view_is_shared_with_the_tenant_by_editors_only(visit: Visit) -> None:
    page = opened(visit, "few", "?topic=refund", (READ, WRITE))
    page.locator("summary", has_text="Views").click()
    page.get_by_label("Name of this view").fill("for all")
    page.get_by_label("For everyone here").check()
    page.keyboard.press("Enter")
    page.get_by_label("Name of this view").press("Enter")
    page.locator("summary", has_text="Views (1)").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.locator("#key").wait_for()
    opened(visit, "few")
    page.locator("summary", has_text="Views (1)").click()
    expect(page.locator(".views li")).to_contain_text("shared by another")
    expect(page.get_by_label("For everyone here")).to_have_count(0)
    expect(page.get_by_role("button", name="Delete: for all")).to_have_count(0)
    page.get_by_role("link", name="for all").click()
    expect(page.get_by_label("Topic")).to_have_value("refund")
    for view in visit.gateway.store.list_views("few", ""):
        visit.gateway.store.delete_view("few", view.id, view.owner, True)


def test_views_that_the_browser_kept_are_moved_once(visit: Visit) -> None:
    """Those of an earlier version, which had them in this browser only."""
    page = opened(visit, "moved")
    session = page.evaluate("fetch('/v1/sessions/current').then((answer) => answer.json())")
    key = f"views {session['tenant']} {session['id']}"
    page.evaluate(
        "([key, views]) => localStorage.setItem(key, JSON.stringify(views))",
        [key, [{"name": "mine", "query": {"topic": "refund", "sort": ""}}]],
    )
    page.reload()
    page.locator("summary", has_text="Views (1)").click()
    assert page.evaluate("(key) => localStorage.getItem(key)", key) is None
    (view,) = visit.gateway.store.list_views("moved", session["id"])
    assert (view.name, dict(view.query), view.is_shared) == ("mine", {"topic": "refund"}, False)


def test_views_of_another_key_are_not_shown(visit: Visit) -> None:
    page = opened(visit, "few", "?topic=refund")
    page.locator("summary", has_text="Views").click()
    page.get_by_label("Name of this view").fill("mine")
    page.keyboard.press("Enter")
    page.locator("summary", has_text="Views (1)").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.locator("#key").wait_for()
    visit.sign_in(READ, WRITE, tenant="few")
    page.locator("tbody tr").first.wait_for()
    expect(page.locator("summary", has_text="Views (1)")).to_have_count(0)


def test_every_call_can_be_reached_by_pages(visit: Visit) -> None:
    page = opened(visit, "many")
    for shown in (50, 100, 150, 200):
        expect(page.locator("tbody tr")).to_have_count(shown)
        if shown < 200:
            page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("link", name="Next page").click()
    expect(page.locator("tbody tr")).to_have_count(COUNT - 200)
    expect(page.get_by_role("link", name="Next page")).to_have_count(0)
    page.get_by_role("link", name="First page").click()
    expect(page.locator("tbody tr")).to_have_count(50)


def test_result_of_an_earlier_run_is_marked(visit: Visit, gateway: Gateway) -> None:
    played = play_call(gateway.store, result_of(random.Random(2)), "earlier")
    page = opened(visit, "earlier")
    expect(page.locator("tbody tr")).to_contain_text("done")
    expect(page.get_by_text("earlier result")).to_have_count(0)
    fail_again(gateway.store, played.call_id)
    page.reload()
    expect(page.locator("tbody .status")).to_contain_text("failed")
    expect(page.locator("tbody .status")).to_contain_text("earlier result")


def test_progress_and_findings_come_by_themselves(visit: Visit, gateway: Gateway) -> None:
    from tests.store.samples import new_call
    from tests.support.varied_calls import finish_with

    call_id = gateway.store.create_call(new_call(deduplicate=False, tenant="live")).call.id
    page = opened(visit, "live")
    expect(page.locator("tbody progress")).to_have_count(1)
    result = result_of(random.Random(2))
    result["contact_summary"]["issue"] = "comes late"
    finish_with(gateway.store, call_id, result)
    expect(page.locator("td.issue")).to_have_text("comes late")
    expect(page.locator("tbody progress")).to_have_count(0)


def test_chosen_calls_are_analysed_again(visit: Visit, gateway: Gateway) -> None:
    played = [
        play_call(gateway.store, result_of(random.Random(number)), "again", external_id=f"FC-{number}")
        for number in range(3)
    ]
    page = opened(visit, "again", scopes=(READ, WRITE))
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_role("group", name="1 selected")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Delete"))).to_have_count(0)  # these may not
    page.get_by_label("Select all that are shown").check()
    expect(page.get_by_role("group", name="3 selected")).to_be_visible()
    page.get_by_role("button", name="Analyse again").click()
    expect(page.locator("tbody tr", has_text="waiting")).to_have_count(3)
    expect(page.get_by_role("button", name="Analyse again")).to_have_count(0)
    for one in played:  # the tests after this one find no call that waits
        gateway.store.cancel_call(one.call_id)


def test_flag_is_chosen_by_its_name(visit: Visit, gateway: Gateway) -> None:
    for number, codes in enumerate((["low_snr"], ["clipping", "low_snr"], [])):
        result = result_of(random.Random(number))
        result["flags"] = [{"code": code, "message": ""} for code in codes]
        play_call(gateway.store, result, "flags", external_id=f"FC-{number}")
    page = opened(visit, "flags")
    page.locator("summary", has_text="More filters").click()
    page.get_by_label("Remark").select_option("low snr")
    expect(page.locator("tbody tr")).to_have_count(2)
    assert query_of(page) == {"flag": "low_snr"}


def test_chosen_calls_are_deleted(visit: Visit, gateway: Gateway) -> None:
    for external_id in ("one", "two", "three"):
        play_call(gateway.store, result_of(random.Random(2)), "bulk", external_id=external_id)
    page = opened(visit, "bulk", scopes=(READ, DELETE))
    page.get_by_role("checkbox", name="selected: one").check()
    page.get_by_role("checkbox", name="selected: three").check()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete (2)").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("two")


@pytest.mark.parametrize(
    ("said", "q", "marked"),
    [
        ("다음 주 휴일이 언제예요", "휴일을", "휴일"),
        ("I want my refund today", "refund", "refund"),
        ("배송 환불 정책을 확인했어요", '"환불 정책"', "환불"),
    ],
)
def test_hit_is_marked_and_leads_to_the_second(
    visit: Visit, gateway: Gateway, said: str, q: str, marked: str
) -> None:
    result = result_of(random.Random(2))
    tenant = f"hit{len(said)}"
    result["transcript"][1] |= {"content": said, "begin_offset_ms": 3200}
    play_call(gateway.store, result, tenant)
    page = opened(visit, tenant)
    page.get_by_role("searchbox").fill(q)
    expect(page.locator(".match mark").first).to_have_text(marked)
    assert "at=3.2" in (page.locator(".match").first.get_attribute("href") or "")
    assert query_of(page)["q"] == q


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("visit", ["en-GB", "ko-KR"], indirect=True)
def test_full_screens_have_no_serious_barrier(visit: Visit, gateway: Gateway, scheme: str) -> None:
    """WCAG 2.2 AA, as far as axe sees, with figures in all places."""
    visit.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page = opened(visit, "many", "?findings=ANY&mood_direction=WORSE", (READ, WRITE, DELETE))
    page.locator("tbody tr").first.wait_for()
    page.locator("details.views summary").click()
    options = {"runOnly": {"type": "tag", "values": WCAG}}
    found = Axe().run(page, options=options).response["violations"]
    page.goto(f"{gateway.url}/#/overview?first_day=2026-03-02&last_day=2026-03-21")
    page.locator(".cards").wait_for()
    found += Axe().run(page, options=options).response["violations"]
    serious = [
        f"{one['id']}: {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []


@pytest.mark.parametrize("width", [360, 3840])
def test_full_screens_fit(visit: Visit, gateway: Gateway, width: int, tmp_path: Path) -> None:
    visit.page.set_viewport_size({"width": width, "height": 800})
    page = opened(visit, "many", "?findings=ANY", (READ, WRITE, DELETE))
    page.locator("tbody tr").first.wait_for()
    page.locator("summary", has_text="More filters").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"{gateway.url}/#/overview?first_day=2026-03-02&last_day=2026-03-21")
    page.locator(".cards").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
