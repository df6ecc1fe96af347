"""What holds for every diarization."""

from __future__ import annotations

from itertools import pairwise

from callytics.domain import Diarization


def check_form(result: Diarization) -> None:
    assert list(result.segments) == sorted(result.segments, key=lambda segment: segment.start_s)
    assert {segment.speaker for segment in result.segments} <= {p.id for p in result.participants}
    for segment in result.segments:
        assert 0.0 <= segment.start_s < segment.end_s <= result.duration_s + 1e-6
    for participant in result.participants:
        own = [segment for segment in result.segments if segment.speaker == participant.id]
        assert all(a.end_s < b.start_s for a, b in pairwise(own)), "a speaker overlaps itself"
