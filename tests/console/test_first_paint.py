"""How soon the screen of a call of an hour is there, and what it costs to follow the sound: in seconds of the clock,
and of the processor."""

from __future__ import annotations

import os
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, expect

from tests.console.conftest import RESULT, Gateway, Visit

pytestmark = pytest.mark.alone

HOUR_MS = 3_600_000
WITHIN_S = 2.0
WATCH = """
addEventListener("DOMContentLoaded", () => {
  const seen = new MutationObserver(() => {
    if (!document.querySelector(".turn [data-at]")) return;
    seen.disconnect();
    requestAnimationFrame(() => setTimeout(() => (window.transcriptShownMs = performance.now())));
  });
  seen.observe(document, { childList: true, subtree: true });
});
"""
"""Tells when the first words of the transcript have been painted."""
FRAMES = 20
FRAMES_WITHIN_S = 0.2  # 10 ms a frame, where one is shown for 16 ms
FOLLOW = """
async (frames) => {
  const audio = document.querySelector("audio");
  for (let frame = 0; frame < frames; frame += 1) {
    audio.currentTime = 1 + frame / 10;
    audio.dispatchEvent(new Event("seeked"));
    await new Promise(requestAnimationFrame);
  }
};
"""
"""What each frame does while the call plays."""


def hour_long() -> dict[str, Any]:
    """The result of the sample, again and again until it lasts an hour."""
    length_ms = RESULT["media"]["duration_ms"]
    turns = [
        {
            **turn,
            "id": f"t{copy * len(RESULT['transcript']) + number + 1}",
            "begin_offset_ms": turn["begin_offset_ms"] + copy * length_ms,
            "end_offset_ms": turn["end_offset_ms"] + copy * length_ms,
            "items": [
                {
                    **item,
                    "begin_offset_ms": item["begin_offset_ms"] + copy * length_ms,
                    "end_offset_ms": item["end_offset_ms"] + copy * length_ms,
                }
                for item in turn["items"]
            ],
        }
        for copy in range(-(-HOUR_MS // length_ms))
        for number, turn in enumerate(RESULT["transcript"])
    ]
    return {**RESULT, "transcript": turns, "media": {**RESULT["media"], "duration_ms": HOUR_MS}}


def metrics(counters: CDPSession) -> dict[str, float]:
    return {one["name"]: one["value"] for one in counters.send("Performance.getMetrics")["metrics"]}


def task_s(counters: CDPSession) -> float:
    return metrics(counters)["TaskDuration"]


def test_call_of_an_hour_is_there_within_two_seconds(chromium: Browser, gateway: Gateway) -> None:
    call_id = gateway.add_call(hour_long())
    context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    signing_in = Visit(context.new_page(), gateway, [], [])
    signing_in.sign_in("calls:read")
    walls_s, works_s, frames_s = [], [], []
    for _ in range(3):
        page = context.new_page()
        page.add_init_script(WATCH)
        counters = context.new_cdp_session(page)
        counters.send(
            "Performance.enable", {"timeDomain": "threadTicks"}
        )  # of the processor, not of the clock
        page.goto(f"{gateway.url}/#/calls/{call_id}")
        page.wait_for_function("() => window.transcriptShownMs", timeout=60_000)
        shown_s = page.evaluate("window.transcriptShownMs") / 1000
        paints = page.evaluate(
            "performance.getEntriesByType('paint').map(({name, startTime}) => [name, startTime])"
        )
        first_s = dict(paints)["first-contentful-paint"] / 1000
        found = metrics(counters)
        print(
            f"first paint {first_s:.2f} s, transcript {shown_s:.2f} s, main thread {found['TaskDuration']:.2f} s"
            f" (scripts {found['ScriptDuration']:.2f} s); load {os.getloadavg()[0]:.1f}"
        )
        assert first_s <= shown_s
        expect(page.locator(".turn")).to_have_count(len(hour_long()["transcript"]))
        frames_s.append(-task_s(counters))
        page.evaluate(FOLLOW, FRAMES)
        frames_s[-1] += task_s(counters)
        print(f"{FRAMES} frames of playing: {frames_s[-1]:.3f} s of the main thread")
        walls_s.append(shown_s)
        works_s.append(found["TaskDuration"])
        page.close()
    context.close()
    assert min(works_s) < WITHIN_S, "of the processor, in the page"
    assert min(frames_s) < FRAMES_WITHIN_S, "of the processor, in the page"
    if os.getloadavg()[0] < (os.cpu_count() or 1):  # else the clock counts the work of others
        assert min(walls_s) < WITHIN_S
