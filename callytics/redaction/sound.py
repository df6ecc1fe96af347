"""Where a recording has to be covered so that what was redacted from its transcript cannot be heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MARGIN_S = 0.2
"""On both sides: the word times of Whisper, taken from its attention, are off by a tenth or two of a second."""


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
