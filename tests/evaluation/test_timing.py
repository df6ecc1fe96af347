from __future__ import annotations

import math

import pytest

from callytics.domain import Word
from evaluation.datasets import SpokenUtterance
from evaluation.timing import WordTimes, word_times

UTTERANCES = (
    SpokenUtterance(1.0, 3.0, "a", ("How can I help?",)),
    SpokenUtterance(10.0, 12.0, "a", ("One moment, please.",)),
)


def words(*items: tuple[str, float, float]) -> list[Word]:
    return [Word(text, start, end, 1.0) for text, start, end in items]


def test_edges_are_compared_with_first_and_last_words() -> None:
    spoken = words(
        ("How", 1.1, 1.4),
        ("can", 1.4, 1.6),
        ("I", 1.6, 1.7),
        ("help?", 1.8, 3.3),
        ("One", 9.9, 10.2),
        ("moment,", 10.2, 11.0),
        ("please.", 11.0, 12.0),
    )
    times = word_times(UTTERANCES, spoken)
    assert times.deviations_s == pytest.approx((0.1, 0.3, 0.1, 0.0))
    assert times.compared == 1.0
    assert times.inside == 1.0
    assert times.quantile_s(0.5) == pytest.approx(0.1)
    assert times.quantile_s(0.95) == pytest.approx(0.3)


def test_unrecognised_edge_is_not_compared() -> None:
    times = word_times(UTTERANCES, words(("can", 1.4, 1.6), ("I", 1.6, 1.7), ("help", 1.8, 3.0)))
    assert times.deviations_s == pytest.approx((0.0,))
    assert times.compared == 0.25


def test_words_in_a_pause_are_outside() -> None:
    times = word_times(UTTERANCES, words(("help", 1.8, 3.0), ("please", 6.0, 7.0)))
    assert (times.words_inside, times.words) == (1, 2)


def test_matching_form_is_used() -> None:
    spoken = [SpokenUtterance(0.0, 2.0, "a", ("2만 원", "이만 원"))]
    assert len(word_times(spoken, words(("이만", 0.0, 1.0), ("원", 1.0, 2.0))).deviations_s) == 2


def test_call_without_recognised_words_has_no_times() -> None:
    times = word_times(UTTERANCES, [])
    assert times.compared == 0.0
    assert math.isnan(times.quantile_s(0.5))
    assert (times + WordTimes()).edges == 4
