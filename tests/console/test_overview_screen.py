"""The overview: every number that it shows leads to a list of as many calls."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.conftest import Gateway, Visit, served
from tests.support.varied_calls import play_calls

READ = "calls:read"
PERIOD = "first_day=2026-03-12&last_day=2026-03-21"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with served(tmp_path_factory.mktemp("gateway")) as gateway:
        list(play_calls(gateway.store, 60, tenant="played"))
        yield gateway


def opened(visit: Visit, query: str = PERIOD, tenant: str = "played") -> Page:
    visit.sign_in(READ, tenant=tenant)
    visit.page.goto(f"{visit.gateway.url}/#/overview?{query}")
    visit.page.locator(".cards, .notice:has(a)").first.wait_for()
    return visit.page


def test_every_shown_number_leads_to_as_many_calls(visit: Visit) -> None:
    """Each link of the page, asked of the API as the list asks; a few are followed by clicks."""
    page = opened(visit)
    links: list[list[str]] = page.locator(".cards a[href^='#/calls?']").evaluate_all(
        "all => all.map((one) => [one.getAttribute('href'), one.getAttribute('aria-label') || one.textContent])"
    )
    assert len(links) > 60
    totals: list[int] = page.evaluate(
        """async (links) => Promise.all(links.map(async ([href]) => {
            const answer = await fetch(`/v1/calls?${href.split("?")[1]}&total=true&limit=1`);
            return (await answer.json()).total;
        }))""",
        links,
    )
    shown = [int(text.rsplit(":", 1)[-1]) for _, text in links]
    assert totals == shown
    assert max(shown) > 10


@pytest.mark.parametrize("section", ["Calls", "Length", "Mood", "Reasons for calls", "By agent", "By queue"])
def test_clicked_number_opens_the_list_of_its_calls(visit: Visit, section: str) -> None:
    page = opened(visit)
    heading = page.get_by_role("heading", name=section, exact=True, level=2)
    links = page.locator("section", has=heading).locator("a[href^='#/calls?']")
    number = next(link for link in links.all() if int(link.inner_text()) > 0)
    count = number.inner_text()
    number.click()
    page.locator("table.calls").wait_for()
    expect(page.locator("h1 small")).to_have_text(count)
    expect(page.locator("tbody tr")).to_have_count(int(count))


def test_bar_of_a_day_opens_its_calls_by_keyboard(visit: Visit) -> None:
    page = opened(visit)
    expect(page.locator(".days a")).to_have_count(10)
    bar = next(
        bar
        for bar in page.locator(".days a").all()
        if not (bar.get_attribute("aria-label") or "").endswith(" 0")
    )
    label = bar.get_attribute("aria-label") or ""
    bar.press("Enter")
    page.locator("table.calls").wait_for()
    expect(page.locator("h1 small")).to_have_text(label.rsplit(" ", 1)[1])


def test_few_calls_are_marked_and_the_method_is_named(visit: Visit) -> None:
    page = opened(visit)
    agents = page.locator("section", has=page.get_by_role("heading", name="By agent"))
    expect(agents.locator(".chip").first).to_have_text("few calls")
    expect(page.locator("p.hint")).to_contain_text(re.compile("Student.*Wilson.*Newcombe.*fewer than 30"))


def test_period_and_filters_are_in_the_address(visit: Visit) -> None:
    page = opened(visit)
    before = page.locator(".figure").inner_text()
    page.get_by_label("Queue", exact=True).fill("support")
    page.keyboard.press("Enter")
    expect(page.locator(".figure")).not_to_have_text(before)
    assert "queue=support" in page.url
    page.get_by_label("From", exact=True).fill("2026-03-02")
    expect(page.locator(".days a")).to_have_count(20)
    assert "last_day=2026-03-21" in page.url
    page.reload()
    expect(page.get_by_label("Queue", exact=True)).to_have_value("support")
    expect(page.locator(".days a")).to_have_count(20)


def test_period_without_calls_says_so(visit: Visit) -> None:
    page = opened(visit, "first_day=2001-03-01&last_day=2001-03-02")
    expect(page.locator(".notice")).to_contain_text("No calls in this period")


def test_refused_period_is_told_in_the_words_of_the_server(visit: Visit) -> None:
    visit.sign_in(READ, tenant="played")
    visit.page.goto(f"{visit.gateway.url}/#/overview?first_day=2020-01-01&last_day=2026-03-02")
    expect(visit.page.get_by_role("status")).to_contain_text("1 to 366 days")


def test_server_without_time_zones_shows_days_of_utc(visit: Visit) -> None:
    def refuse(route: Route) -> None:
        if "time_zone=UTC" in route.request.url:
            route.continue_()
        else:
            route.fulfill(status=400, json={"code": "time_zone_unknown", "detail": "There is none."})

    visit.page.route("**/v1/overview?*", refuse)
    page = opened(visit)
    expect(page.locator("p.hint")).to_contain_text("UTC")


def test_tenants_see_figures_of_their_own_calls_only(visit: Visit) -> None:
    expect(opened(visit, tenant="empty").locator(".notice")).to_contain_text("No calls in this period")
