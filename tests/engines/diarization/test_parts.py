"""Voices of parts, linked: directions in a plane stand for embeddings."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from callytics.engines.diarization.parts import SAME_VOICE, Voice, in_parts, linked


def voice(degrees: float, start_s: float, length_s: float = 10.0) -> Voice:
    radians = math.radians(degrees)
    return Voice(((start_s, start_s + length_s),), np.array([math.cos(radians), math.sin(radians)]) * 7.0)


def starts(found: list[list[tuple[float, float]]]) -> list[list[float]]:
    return [[start_s for start_s, _ in spans] for spans in found]


def test_four_hours_are_eight_parts_of_half_an_hour() -> None:
    parts = in_parts(4 * 3600.0, 1800.0)
    assert len(parts) == 8
    assert (parts[0][0], parts[-1][1]) == (0.0, 4 * 3600.0)
    assert all(before[1] == after[0] for before, after in pairwise(parts))


def test_short_call_is_one_part() -> None:
    assert in_parts(1800.0, 1800.0) == [(0.0, 1800.0)]


def test_voices_are_found_again_in_whatever_order_a_part_names_them() -> None:
    parts = [[voice(0, 0), voice(90, 20)], [voice(95, 100), voice(5, 120)], [voice(-4, 200)]]
    assert starts(linked(parts, max_voices=6)) == [[0, 120, 200], [20, 100]]


def test_new_voice_in_a_later_part_is_a_new_speaker() -> None:
    parts = [[voice(0, 0)], [voice(0, 100), voice(120, 120)], [voice(120, 200)]]
    assert starts(linked(parts, max_voices=6)) == [[0, 100], [120, 200]]


def test_two_voices_of_one_part_are_two_speakers_though_both_sound_like_one_known() -> None:
    parts = [[voice(0, 0)], [voice(3, 100), voice(20, 120)]]
    assert starts(linked(parts, max_voices=6)) == [[0, 100], [120]]


def test_there_are_no_more_speakers_than_asked_for() -> None:
    parts = [[voice(0, 0), voice(170, 20)], [voice(75, 100)]]
    assert math.cos(math.radians(75)) < SAME_VOICE
    assert starts(linked(parts, max_voices=2)) == [[0, 100], [20]]


@pytest.mark.parametrize("embedding", [np.zeros(2), np.full(2, np.nan)], ids=["zeros", "nan"])
def test_voice_without_an_embedding_is_kept(embedding: np.ndarray) -> None:
    parts = [[voice(0, 0)], [Voice(((100.0, 101.0),), embedding)], [voice(0, 200)]]
    assert starts(linked(parts, max_voices=6)) == [[0, 200], [100]]
    assert starts(linked(parts, max_voices=1)) == [[0, 100, 200]]


def test_silent_parts_have_no_voices() -> None:
    assert linked([[], []], max_voices=6) == []
