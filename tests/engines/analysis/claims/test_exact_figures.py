"""A phrase has one value; a row of numbers keeps its readings."""

from __future__ import annotations

import pytest

from callytics.engines.analysis.claims.exact_figures import figures_of, missing_figures, readings_of

PHRASES = [
    ("twenty-six thousand gallons", {26_000.0}),
    ("a hundred and forty-eight", {148.0}),
    ("three lakhs", {300_000.0}),
    ("on the nineteenth", {19.0}),
    ("half past eight", {8.5}),
    ("an hour and a half, twice", {2.0}),
    ("the second payment of 106", {106.0}),
    ("one of them", set()),
    ("삼만삼천 원짜리", {33_000.0}),
    ("이십일만 원", {210_000.0}),
    ("스물세 번", {23.0}),
    ("열흘 뒤", {10.0}),
    ("십오 일 안에", {15.0}),
    ("300만 원", {3_000_000.0}),
    ("이번에 일을 이사에게", set()),
]


@pytest.mark.parametrize(("text", "values"), PHRASES)
def test_phrase_has_one_value(text: str, values: set[float]) -> None:
    assert figures_of(text) == values


READINGS = [
    ("score is six forty", 640.0),
    ("one forty seven plus tax", 147.0),
    ("twenty-seven pounds forty", 27.4),
    ("twenty-one point nine", 21.9),
    ("within a fortnight", 2.0),
    ("일억 일천", 100_000_000.0),
]


@pytest.mark.parametrize(("said", "value"), READINGS)
def test_row_of_numbers_can_be_read_as_one(said: str, value: float) -> None:
    assert value in readings_of(said)


MISSING = [
    ("The gas bill was 180.", "eight hundred", {180.0}),
    ("The meter recorded 16,000 gallons.", "twenty-six thousand gallons", {16_000.0}),
    ("Her score is 640.", "six forty", set()),
    ("They pay up to 1,480만 원.", "1,480까지 됩니다", set()),
    ("연봉은 사천삼백이다.", "연봉 삼천사백", {4_300.0}),
    ("쿠폰은 한 달 지났다.", "나흘 지났더라고요", {1.0}),
    ("다음 진료는 10일 뒤이다.", "다음 진료가 열흘 뒤인데", set()),
]


@pytest.mark.parametrize(("claim", "said", "missing"), MISSING)
def test_changed_figure_is_missing(claim: str, said: str, missing: set[float]) -> None:
    assert missing_figures(claim, said)[1] == missing
