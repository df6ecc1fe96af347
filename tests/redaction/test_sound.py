from __future__ import annotations

from callytics.redaction.sound import MARGIN_S, covered_intervals


def turn(*parts: tuple[int, int]) -> dict[str, object]:
    return {"redactions": [{"kind": "PHONE", "begin_offset_ms": b, "end_offset_ms": e} for b, e in parts]}


def test_parts_get_a_margin_and_are_joined_where_they_touch() -> None:
    result = {"transcript": [turn((5000, 6000), (100, 500)), turn(), turn((6300, 7000))]}
    assert covered_intervals(result) == ((0.0, 0.5 + MARGIN_S), (5.0 - MARGIN_S, 7.0 + MARGIN_S))


def test_call_without_redactions_has_no_covered_intervals() -> None:
    assert covered_intervals({"transcript": [turn(), {}]}) == ()
