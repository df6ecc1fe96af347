"""Finds the parts of a recording to cover, so that speech redacted from the transcript is inaudible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MARGIN_S = 0.2
"""Margin on both sides: Whisper's word times, which come from its attention, are off by 0.1 to 0.2 s."""


def covered_intervals(result: Mapping[str, Any]) -> tuple[tuple[float, float], ...]:
    """(start, end) in seconds of every part of the recording to cover, in order, without overlaps.

    Args:
        result: the JSON of result.md.
    """
    wanted = sorted(
        (max(0.0, part["begin_offset_ms"] / 1000 - MARGIN_S), part["end_offset_ms"] / 1000 + MARGIN_S)
        for turn in result["transcript"]
        for part in turn.get("redactions", [])
    )
    intervals: list[tuple[float, float]] = []
    for start_s, end_s in wanted:
        if intervals and start_s <= intervals[-1][1]:
            intervals[-1] = (intervals[-1][0], max(intervals[-1][1], end_s))
        else:
            intervals.append((start_s, end_s))
    return tuple(intervals)
