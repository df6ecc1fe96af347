"""The console before a live graph: from a recording to its report, a correction, and where the correction is seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import SAMPLE, Graph
from tests.support.browser import chromium

__all__ = ["chromium"]

ANALYSED_MS = 180_000
CORRECTED_MS = 15_000


@pytest.fixture
def page(graph: Graph, chromium: Browser) -> Iterator[Page]:
    """Signed in by the link that `callytics up` prints."""
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    requests: list[str] = []
    page.on("request", lambda sent: requests.append(sent.url))
    link = graph.http.post("/v1/sessions/links").json()["path"]
    page.goto(graph.run.url + link)
    page.locator("header.bar").wait_for()
    yield page
    context.close()
    assert [url for url in requests if not url.startswith(graph.run.url)] == []


def test_recording_becomes_a_report_that_is_heard_corrected_and_found(graph: Graph, page: Page) -> None:
    page.goto(f"{graph.run.url}/#/calls")
    page.set_input_files("input[type=file]", SAMPLE)
    uploaded = page.locator(".uploads a")
    uploaded.wait_for(timeout=30_000)
    call_id = (uploaded.get_attribute("href") or "").rpartition("/")[2]
    uploaded.click()
    page.locator(".turn [data-at]").first.wait_for(timeout=ANALYSED_MS)
    expect(page.locator(".findings")).to_contain_text("Resolved")
    page.wait_for_function("() => document.querySelector('audio').readyState >= 1")
    word = page.locator("[data-at]").nth(12)
    word.click()
    page.wait_for_function("() => !document.querySelector('audio').seeking")
    wanted_s = int(word.get_attribute("data-at") or -1) / 1000
    assert abs(page.evaluate("document.querySelector('audio').currentTime") - wanted_s) <= 0.15

    page.locator("#turn-t2").hover()
    page.locator("#turn-t2 .edit").click()
    page.get_by_role("textbox", name="Correct").fill("Hello, the zeppelin invoice came twice.")
    page.keyboard.press("Enter")
    expect(page.locator("#turn-t2 p")).to_contain_text("zeppelin", timeout=CORRECTED_MS)
    exported = page.request.get(f"{graph.run.url}/v1/calls/{call_id}/transcript?format=srt").text()
    assert "zeppelin" in exported
    page.goto(f"{graph.run.url}/#/calls?q=zeppelin")
    expect(page.locator(".match mark").first).to_have_text("zeppelin")


def test_call_is_seen_and_its_turns_and_summary_are_fixed(graph: Graph, page: Page) -> None:
    """A call of its own, so that others find the sample as it was recognised."""
    call_id = graph.submit(deduplicate="false")
    graph.wait(call_id)
    before = graph.result(call_id)
    with page.expect_response("**/waveform?*") as answer:
        page.goto(f"{graph.run.url}/#/calls/{call_id}")
    outline = answer.value.json()
    seconds = outline["length"] * outline["samples_per_pixel"] / outline["sample_rate"]
    assert abs(seconds - before["media"]["duration_ms"] / 1000) < 0.2
    assert (outline["channels"], max(outline["data"]) > 30) == (2, True)

    page.locator("#turn-t2").hover()
    page.locator("#turn-t2 .edit").click()
    page.get_by_role("button", name="Split").click()
    page.locator(".splitter .term").nth(1).click()
    items = before["transcript"][1]["items"]
    expect(page.locator("#turn-t3 p")).to_have_text(
        " ".join(item["content"] for item in items[2:]), timeout=CORRECTED_MS
    )
    exported = page.request.get(f"{graph.run.url}/v1/calls/{call_id}/transcript?format=json").json()
    assert [turn["id"] for turn in exported["transcript"]] == [
        f"t{number}" for number in range(1, len(before["transcript"]) + 2)
    ]

    page.get_by_role("button", name="Correct the summary").click()
    page.locator(".summary form").get_by_label("Outcome").fill("A zeppelin by Friday.")
    page.locator(".summary form").get_by_role("button", name="Save").click()
    shown = page.locator(".summary dd", has_text="A zeppelin by Friday.")
    expect(shown).to_be_visible(timeout=CORRECTED_MS)
    events = graph.http.get(f"/v1/calls/{call_id}/events").text.rsplit("event: call.corrected", 1)[1]
    assert "stage.completed" not in events, "no engine reads what a person says of the summary"
    assert [each["status"] for each in graph.result(call_id)["corrections"]] == ["APPLIED", "APPLIED"]
    page.keyboard.press("z")
    expect(shown).to_have_count(0, timeout=CORRECTED_MS)


def test_stages_of_the_graph_are_shown(graph: Graph, page: Page) -> None:
    page.goto(f"{graph.run.url}/#/stages")
    expect(page.locator("tbody tr", has_text="speech-recognizer")).to_contain_text("healthy")
