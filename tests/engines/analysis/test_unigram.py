"""Words become the most probable pieces."""

from __future__ import annotations

from callytics.engines.analysis.unigram import Unigram


def test_most_probable_pieces_are_chosen() -> None:
    split = Unigram(
        ["", "", "", "", "▁", "a", "b", "▁ab", "▁a"], [0, 0, 0, 0, -3, -2, -2, -4.5, -3], unknown=3
    )
    assert split("ab") == [7]
    assert split("ba  ｂ") == [4, 6, 5, 4, 6]
    assert split("a!") == [8, 3]
