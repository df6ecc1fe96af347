"""Every screen by the keyboard alone, and as a phone and a reader of Korean have it. No test here has a pointer."""

from __future__ import annotations

import random

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.conftest import Gateway, Visit, finish
from tests.support.varied_calls import play_call, result_of

FARTHEST = 80  # presses of Tab


def reach(page: Page, target: Locator) -> None:
    """Press Tab until the focus is there."""
    target.first.wait_for()
    for _ in range(FARTHEST):
        if target.first.evaluate("(element) => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{target} is not reached by {FARTHEST} presses of Tab")


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    reach(page, target)
    page.keyboard.press(key)


def enter(page: Page, target: Locator, text: str) -> None:
    reach(page, target)
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def go_to(page: Page, screen: str) -> None:
    press(page, page.get_by_role("navigation").get_by_role("link", name=screen, exact=True))
    expect(page.get_by_role("heading", name=screen, exact=True).first).to_be_visible()
    page.evaluate("document.activeElement.blur()")


def test_call_is_found_and_fixed_by_keyboard_alone(visit: Visit, gateway: Gateway) -> None:
    call_id = gateway.add_call(filename="by-keyboard.mp3")
    page = visit.page
    visit.sign_in("admin")  # by typing and Enter
    page.locator("tbody tr").first.wait_for()
    page.keyboard.press("/")
    page.keyboard.type("refund")
    page.locator(".match mark").first.wait_for()
    press(page, page.get_by_role("link", name="by-keyboard.mp3"))
    page.locator(".turn [data-at]").first.wait_for()
    page.keyboard.press("j")
    expect(page.locator("#turn-t2")).to_have_attribute("aria-current", "true")
    page.keyboard.press("e")
    expect(page.get_by_role("textbox", name="Correct")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".editor")).to_have_count(0)
    page.keyboard.press("e")
    press(page, page.locator(".editor").get_by_role("button", name="Split"))
    with page.expect_response(lambda answer: answer.request.method == "PATCH") as answer:
        press(page, page.locator(".splitter .term").nth(1))
    assert answer.value.request.post_data_json == {"splits": [{"turn_id": "t2", "word": 2}]}
    finish(gateway, call_id)
    with page.expect_response("**/undo"):
        page.get_by_role("progressbar").wait_for(state="detached")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("z")
    finish(gateway, call_id)
    page.get_by_role("progressbar").wait_for(state="detached")
    press(page, page.get_by_role("button", name="Correct the summary"))
    enter(page, page.locator(".summary form").get_by_label("Outcome"), "A refund by Friday.")
    with page.expect_response(lambda answer: answer.request.method == "PATCH") as answer:
        press(page, page.locator(".summary form").get_by_role("button", name="Save"))
    assert answer.value.request.post_data_json == {"summary": {"outcome": "A refund by Friday."}}
    finish(gateway, call_id)


def test_other_screens_are_used_by_keyboard_alone(visit: Visit, gateway: Gateway) -> None:
    gateway.add_call()
    page = visit.page
    visit.sign_in("admin")
    go_to(page, "Overview")
    press(page, page.locator(".cards a").first)
    expect(page.get_by_role("heading", name="Calls").first).to_be_visible()
    page.evaluate("document.activeElement.blur()")
    go_to(page, "Operations")
    enter(page, page.get_by_label("Id of the call"), "nothing")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="There is no call")).to_be_visible()
    page.evaluate("document.activeElement.blur()")
    go_to(page, "API keys")
    enter(page, page.get_by_label("Name"), "by keyboard")
    press(page, page.get_by_role("button", name="Create"))
    press(page, page.get_by_role("button", name="I have kept it"))
    expect(page.locator("tbody tr", has_text="by keyboard")).to_be_visible()
    go_to(page, "Webhooks")
    enter(page, page.get_by_label("Address"), "https://hooks.example.org/keyboard")
    press(page, page.get_by_role("button", name="Create"))
    press(page, page.get_by_role("button", name="I have kept it"))
    press(page, page.get_by_role("button", name="Disable: https://hooks.example.org/keyboard"))
    expect(page.locator("tbody tr", has_text="hooks.example.org/keyboard")).to_contain_text("by hand")
    go_to(page, "Audit")
    enter(page, page.get_by_label("Who"), "nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No entry matches.")).to_be_visible()
    press(page, page.get_by_role("button", name="Sign out"))
    expect(page.locator("#key")).to_be_focused()


def test_calls_are_cards_on_a_phone(visit: Visit, gateway: Gateway) -> None:
    play_call(
        gateway.store,
        result_of(random.Random(2)),
        "phone",
        agent_id="kim",
        queue="billing",
        external_id="FC-1",
    )
    page = visit.page
    page.set_viewport_size({"width": 360, "height": 800})
    visit.sign_in("calls:read", "calls:write", tenant="phone")
    page.locator("tbody tr").first.wait_for()
    wide = page.locator(".wide")
    assert wide.evaluate("(element) => element.scrollWidth <= element.clientWidth"), (
        "nothing is beside the screen"
    )
    cells = page.locator("tbody tr").first.locator("td")
    edges = cells.evaluate_all("(cells) => cells.map((cell) => cell.getBoundingClientRect().right)")
    assert max(edges) <= 360
    label = page.locator("td", has_text="billing").evaluate(
        "(cell) => getComputedStyle(cell, '::before').content"
    )
    assert "Queue" in label
    page.get_by_role("link", name="Length").press("Enter")
    page.wait_for_function("() => location.hash.includes('sort=-duration')")


@pytest.mark.parametrize("visit", ["ko-KR"], indirect=True)
def test_refusals_are_said_in_korean(visit: Visit) -> None:
    page = visit.page
    page.goto(visit.gateway.url)
    page.locator("#key").fill("cly_wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("API 키를 알 수 없거나, 폐기되었거나, 만료되었습니다.")
    visit.sign_in("calls:read", tenant="refusals")
    page.goto(f"{visit.gateway.url}/#/calls/none")
    expect(page.get_by_role("status")).to_contain_text("통화를 찾을 수 없습니다.")
    page.goto(f"{visit.gateway.url}/#/calls?mood=SAD")
    expect(page.get_by_role("status").filter(has_text="감정: 허용되지 않는 값입니다")).to_be_visible()
