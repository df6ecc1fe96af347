"""The screen of a call: how it looks and how it is heard. How it is fixed: test_call_corrections.py."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from playwright.sync_api import Locator, Route, expect

from tests.console.conftest import READ, RESULT, Gateway, Visit, result_with

SEEK_TOLERANCE_S = 0.15
LENGTH_S = RESULT["media"]["duration_ms"] / 1000


def settled(visit: Visit) -> None:
    visit.page.wait_for_function("() => !document.querySelector('audio').seeking")


def colours(canvas: Locator) -> list[list[int]]:
    """The painted pixels of a canvas, row by row: [row, column, r, g, b] of every one that is not clear."""
    found: list[list[int]] = canvas.evaluate(
        """(canvas) => {
            const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const found = [];
            for (let i = 0; i < width * height; i += 1) {
                const [r, g, b, alpha] = data.slice(4 * i, 4 * i + 4);
                if (alpha > 200) found.push([Math.floor(i / width), i % width, r, g, b]);
            }
            return found;
        }"""
    )
    return found


def test_waveform_of_each_party_is_drawn_from_the_servers_peaks(visit: Visit, gateway: Gateway) -> None:
    """The height of the painted part of a column follows the peak of its channel there."""
    visit.sign_in(READ)
    with visit.page.expect_response("**/waveform?*") as answer:
        visit.open_call(gateway.add_call())
    outline = answer.value.json()
    visit.page.wait_for_function(
        """() => {
            const canvas = document.querySelector(".lanes canvas");
            return canvas.width > 300 && canvas.height === 88;
        }"""
    )
    deadline_s = time.monotonic() + 30  # the lanes are there before the waveform is painted
    while (likeness := min(painted_like(visit, outline, channel) for channel in (0, 1))) < 0.9:
        assert time.monotonic() < deadline_s, likeness
        visit.page.wait_for_timeout(200)


def painted_like(visit: Visit, outline: dict[str, Any], channel: int) -> float:
    """Correlation of the painted heights of a lane with the peaks of its channel, column by column."""
    canvas = visit.page.locator(".lanes canvas")
    width = canvas.evaluate("(canvas) => canvas.width")
    heights = np.zeros(width)
    for row, column, *_ in colours(canvas):
        heights[column] += 44 * channel <= row < 44 * channel + 40  # without the bar for both at once
    bucket_s = outline["samples_per_pixel"] / outline["sample_rate"]
    peaks = np.abs(np.array(outline["data"]).reshape(-1, 2, 2)[:, channel]).max(axis=1)
    columns = np.minimum((np.arange(len(peaks)) * bucket_s / LENGTH_S * width).astype(int), width - 1)
    expected = np.zeros(width)
    np.maximum.at(expected, columns, peaks)
    return float(np.corrcoef(heights, expected)[0, 1])


def test_without_a_waveform_the_lanes_are_there(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in(READ)
    visit.page.route(
        "**/waveform?*", lambda route: route.fulfill(status=503, json={"code": "stage_unavailable"})
    )
    visit.open_call(gateway.add_call())
    visit.page.wait_for_function("() => document.querySelector('.lanes canvas').width > 300")
    assert len(colours(visit.page.locator(".lanes canvas"))) > 1000


def test_waveform_is_a_slider_for_pointer_and_keyboard(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in(READ)
    visit.open_call(gateway.add_call())
    lanes = visit.page.get_by_role("slider", name="Who speaks when")
    box = lanes.bounding_box()
    assert box is not None
    lanes.click(position={"x": box["width"] / 2, "y": 20})
    settled(visit)
    assert abs(visit.current_time_s() - LENGTH_S / 2) < 0.5
    box = lanes.bounding_box()  # the transcript may have scrolled
    assert box is not None
    visit.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 20, steps=5)
    visit.page.mouse.up()
    settled(visit)
    assert abs(visit.current_time_s() - LENGTH_S / 4) < 0.5
    lanes.focus()
    visit.page.keyboard.press("Home")
    settled(visit)
    assert visit.current_time_s() == 0
    visit.page.keyboard.press("PageDown")
    settled(visit)
    assert abs(visit.current_time_s() - min(30, LENGTH_S)) < SEEK_TOLERANCE_S
    visit.page.keyboard.press("ArrowLeft")
    settled(visit)
    assert abs(visit.current_time_s() - min(25, LENGTH_S - 5)) < SEEK_TOLERANCE_S
    expect(lanes).to_have_attribute("aria-valuenow", str(round(min(25, LENGTH_S - 5))))


def test_lines_and_their_table_say_the_same(visit: Visit, gateway: Gateway) -> None:
    result = result_with()
    result["transcript"][1] |= {
        "voice": {
            "pitch_hz": 200.0, "pitch_range_semitones": 3.0, "pitch_change_semitones": 4.2, "loudness_change_db": -3.1,
        },
        "sentiment_scores": {"positive": 0.0, "neutral": 0.1, "negative": 0.9}, "interruption": True, "overlap": True,
    }  # fmt: skip
    gap = {"begin_offset_ms": 100, "end_offset_ms": 4100, "duration_ms": 4000}
    result["conversation_characteristics"]["non_talk_time"]["instances"] = [gap]
    visit.sign_in(READ)
    visit.open_call(gateway.add_call(result))
    lines = visit.page.get_by_role("region", name="Mood, pitch and loudness")
    expect(lines.locator("canvas")).to_have_count(3)
    visit.page.wait_for_function("() => document.querySelector('.strip canvas').width > 300")
    width = lines.locator("canvas").first.evaluate("(canvas) => canvas.width")
    turn = result["transcript"][1]
    middle = round((turn["begin_offset_ms"] + turn["end_offset_ms"]) / 2000 / LENGTH_S * width)
    rows = [row for row, column, *_ in colours(lines.locator("canvas").first) if column == middle]
    assert max(rows) > 30, "a mood of -4.5 is near the lower edge"
    lines.get_by_text("As a table").click()
    row = lines.locator("tbody tr", has_text="-4.5")
    expect(row).to_contain_text("+4.2")
    expect(row).to_contain_text("-3.1")
    expect(row).to_contain_text("both at once, interruption")
    expect(lines.locator("tbody tr", has_text="silence 4.0 s")).to_be_visible()
    row.get_by_role("button").click()
    settled(visit)
    assert abs(visit.current_time_s() - turn["begin_offset_ms"] / 1000) < SEEK_TOLERANCE_S
    lines.get_by_role("checkbox", name="Pitch").uncheck()
    expect(lines.locator("canvas")).to_have_count(2)


def test_redacted_part_is_a_bar_over_all_lanes_and_words(visit: Visit, gateway: Gateway) -> None:
    result = result_with()
    turn = result["transcript"][1]
    middle_ms = (turn["begin_offset_ms"] + turn["end_offset_ms"]) // 2
    turn["redactions"] = [
        {"kind": "PHONE", "begin_offset_ms": middle_ms - 300, "end_offset_ms": middle_ms + 300}
    ]
    turn["items"][0]["content"] = "[PHONE]"
    visit.sign_in(READ)
    visit.open_call(gateway.add_call(result))
    visit.page.wait_for_function("() => document.querySelector('.lanes canvas').width > 300")
    canvas = visit.page.locator(".lanes canvas")
    width = canvas.evaluate("(canvas) => canvas.width")
    column = round(middle_ms / 1000 / LENGTH_S * width)
    painted = {row for row, found, r, g, b in colours(canvas) if found == column and max(r, g, b) < 60}
    assert {5, 30, 50, 80} <= painted
    expect(visit.page.locator("#turn-t2 .redacted")).to_have_count(1)


def test_turn_is_repeated_until_told_otherwise(visit: Visit, gateway: Gateway) -> None:
    result = result_with()
    visit.sign_in(READ)
    visit.open_call(gateway.add_call(result))
    turn = result["transcript"][1]
    begin_s, end_s = turn["begin_offset_ms"] / 1000, turn["end_offset_ms"] / 1000
    visit.page.keyboard.press("j")
    settled(visit)
    visit.page.keyboard.press("l")
    expect(visit.page.locator(".lanes .loop")).to_be_visible()
    visit.page.evaluate("(s) => { document.querySelector('audio').currentTime = s; }", end_s - 0.4)
    settled(visit)
    visit.page.keyboard.press("Space")
    visit.page.wait_for_function(
        """([begin, end]) => {
            const now = document.querySelector("audio").currentTime;
            return now >= begin && now < end - 0.5;
        }""",
        arg=[begin_s - 0.3, end_s],
    )
    visit.page.keyboard.press("l")
    visit.page.evaluate("(s) => { document.querySelector('audio').currentTime = s; }", end_s - 0.2)
    visit.page.wait_for_function(
        "(end) => document.querySelector('audio').currentTime > end + 0.2", arg=end_s
    )


def test_silence_is_skipped(visit: Visit, gateway: Gateway) -> None:
    result = result_with()
    first, last = result["transcript"][0], result["transcript"][-1]
    result["transcript"] = [first, last]
    visit.sign_in(READ)
    visit.open_call(gateway.add_call(result))
    visit.page.keyboard.press("s")
    visit.page.evaluate(
        "(s) => { document.querySelector('audio').currentTime = s; }", first["end_offset_ms"] / 1000
    )
    settled(visit)
    visit.page.keyboard.press("Space")
    visit.page.wait_for_function(
        "(begin) => document.querySelector('audio').currentTime >= begin - 0.3",
        arg=last["begin_offset_ms"] / 1000,
    )


def test_link_has_the_second_that_was_asked_for_while_the_sound_is_on_its_way(
    visit: Visit, gateway: Gateway
) -> None:
    """Where nothing of the sound has arrived, its time is still 0 when the link is copied."""
    held: list[Route] = []
    visit.sign_in(READ)
    visit.page.route("**/audio?*", lambda route, _: held.append(route))
    visit.page.goto(f"{gateway.url}/#/calls/{gateway.add_call()}")
    word = visit.page.locator("#turn-t2 [data-at]").first
    word.click()
    # A browser that has not reached the place yet tells the time of before.
    visit.page.evaluate("document.querySelector('audio').dispatchEvent(new Event('pause'))")
    visit.page.keyboard.press("c")
    visit.page.wait_for_function("() => location.hash.includes('at=')")
    wanted_s = int(word.get_attribute("data-at") or -1) / 1000
    assert visit.page.url.endswith(f"at={wanted_s:.1f}")
    for route in held:
        route.continue_()
    settled(visit)
    visit.page.wait_for_function(
        "(s) => Math.abs(document.querySelector('audio').currentTime - s) < 0.2", arg=wanted_s
    )


def test_turn_of_the_address_is_seen_below_the_player(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in(READ)
    visit.open_call(gateway.add_call(), "?at=33.2")
    visit.page.wait_for_function(
        """() => {
            const turn = document.querySelector(".turn[aria-current]")?.getBoundingClientRect();
            const player = document.querySelector(".player").getBoundingClientRect();
            return turn && turn.top >= player.bottom - 1 && turn.bottom <= innerHeight;
        }"""
    )


def test_every_term_leads_to_each_of_its_turns(visit: Visit, gateway: Gateway) -> None:
    result = result_with()
    ids = [result["transcript"][1]["id"], result["transcript"][3]["id"]]
    result["word_analysis"]["negative"] = [{"term": "refund", "count": 2, "turn_ids": ids}]
    visit.sign_in(READ)
    visit.open_call(gateway.add_call(result))
    term = visit.page.locator(".term.negative", has_text="refund")
    for turn_id in (*ids, ids[0]):
        term.click()
        expect(visit.page.locator(f"#turn-{turn_id}")).to_have_attribute("aria-current", "true")


def test_dropped_speech_says_why_and_can_be_heard(visit: Visit, gateway: Gateway) -> None:
    dropped = {
        "begin_offset_ms": 12_000,
        "end_offset_ms": 13_000,
        "content": "Thank you for watching.",
        "reason": "set_phrase",
    }
    visit.sign_in(READ)
    visit.open_call(gateway.add_call(result_with(dropped_speech=[dropped])))
    line = visit.page.locator(".findings li", has_text="Thank you for watching.")
    expect(line).to_contain_text("a usual phrase for silence or music")
    line.get_by_role("button").click()
    settled(visit)
    assert abs(visit.current_time_s() - 12.0) < SEEK_TOLERANCE_S
