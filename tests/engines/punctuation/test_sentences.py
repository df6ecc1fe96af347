from __future__ import annotations

import pytest

from callytics.domain import Word
from callytics.engines.punctuation.sentences import split_by_marks, split_mark


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("네,", ("네", ",")),
        ("뭐?!", ("뭐", "?")),
        ("그게...", ("그게", "…")),
        ("3.5", ("3.5", "")),
        ("a.com", ("a.com", "")),
        ("끝。", ("끝", ".")),
        ("...", ("...", "")),
    ],
)
def test_mark_is_split_from_its_word(word: str, expected: tuple[str, str]) -> None:
    assert split_mark(word) == expected


def test_text_without_marks_is_one_sentence() -> None:
    words = [Word("no", 0.0, 0.4, 1.0), Word("marks", 0.4, 1.0, 1.0)]
    (only,) = split_by_marks(words)
    assert (only.text, only.start_s, only.end_s) == ("no marks", 0.0, 1.0)
