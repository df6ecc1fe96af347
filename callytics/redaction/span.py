"""A part of a text that identifies a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from callytics.domain import PiiKind


@dataclass(frozen=True, order=True)
class Span:
    """``start`` and ``end`` are code points, half-open."""

    start: int
    end: int
    kind: PiiKind


def joined(spans: Iterable[Span]) -> list[Span]:
    """Join overlapping spans; the joined span has the kind of the longest."""
    result: list[Span] = []
    longest = 0
    for span in sorted(spans):
        length = span.end - span.start
        if result and span.start < result[-1].end:
            last = result[-1]
            kind = span.kind if length > longest else last.kind
            result[-1] = Span(last.start, max(last.end, span.end), kind)
            longest = max(longest, length)
        else:
            result.append(span)
            longest = length
    return result
