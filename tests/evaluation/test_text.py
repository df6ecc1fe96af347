from __future__ import annotations

import pytest

from evaluation.text import BoundaryScore, boundary_score, passages

ROWS = [
    {"unpunctuated": "안녕하세요 반갑습니다", "punctuated": "안녕하세요! 반갑습니다."},
    {"unpunctuated": "12배가 된다", "punctuated": "1.2배가 된다"},
]


def test_ends_inside_a_row_count_and_decimal_points_do_not() -> None:
    (passage,) = passages(ROWS)
    assert passage.text == "안녕하세요 반갑습니다 12배가 된다"
    assert passage.boundaries == {5, 10, 16}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["안녕하세요!", "반갑습니다.", "12배가 된다."], BoundaryScore(3, 0, 0)),
        (["안녕하세요 반갑습니다", "12배가", "된다"], BoundaryScore(2, 1, 1)),
        (["안녕하세요 반갑습니다 12배가 된다"], BoundaryScore(1, 0, 2)),
    ],
)
def test_boundaries_are_scored(parts: list[str], expected: BoundaryScore) -> None:
    assert boundary_score(passages(ROWS), lambda text: parts) == expected


def test_f1_is_computed() -> None:
    score = BoundaryScore(6, 2, 4)
    assert (score.precision, score.recall) == (0.75, 0.6)
    assert score.f1 == pytest.approx(2 / 3)
