"""How soon the screen of a call of an hour is there: in seconds of the clock, and of the processor."""

from __future__ import annotations

import os
from typing import Any

import pytest
from playwright.sync_api import Browser

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


def test_call_of_an_hour_is_there_within_two_seconds(chromium: Browser, gateway: Gateway) -> None:
    call_id = gateway.add_call(hour_long())
    context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    signing_in = Visit(context.new_page(), gateway, [], [])
    signing_in.sign_in("calls:read")
    walls_s, works_s = [], []
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
        found = {one["name"]: one["value"] for one in counters.send("Performance.getMetrics")["metrics"]}
        print(
            f"first paint {first_s:.2f} s, transcript {shown_s:.2f} s, main thread {found['TaskDuration']:.2f} s"
            f" (scripts {found['ScriptDuration']:.2f} s); load {os.getloadavg()[0]:.1f}"
        )
        assert first_s <= shown_s
        walls_s.append(shown_s)
        works_s.append(found["TaskDuration"])
        page.close()
    context.close()
    assert min(works_s) < WITHIN_S, "of the processor, in the page"
    if os.getloadavg()[0] < (os.cpu_count() or 1):  # else the clock counts the work of others
        assert min(walls_s) < WITHIN_S
