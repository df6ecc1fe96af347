"""The tables beside this file: spoken and written form, and what must stay as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from callytics.written_forms import written
from callytics.written_forms.english_numbers import cardinal, ordinal, year
from callytics.written_forms.korean_numbers import native_value, sino_value

FOLDER = Path(__file__).parent


def lines(name: str) -> list[str]:
    return (FOLDER / name).read_text(encoding="utf-8").splitlines()


FORMS = [tuple(line.split("\t")) for name in ("korean.tsv", "english.tsv") for line in lines(name)]
UNCHANGED = [*lines("korean_unchanged.tsv"), *lines("english_unchanged.tsv")]


@pytest.mark.parametrize(("spoken", "expected"), FORMS, ids=[spoken for spoken, _ in FORMS])
def test_spoken_form_is_written(spoken: str, expected: str) -> None:
    assert written(spoken) == expected
    assert written(expected) == expected


@pytest.mark.parametrize("text", UNCHANGED)
def test_words_that_are_no_numbers_stay(text: str) -> None:
    assert written(text) == text


def test_there_are_enough_forms_of_both_languages() -> None:
    korean, english = (len(lines(name)) for name in ("korean.tsv", "english.tsv"))
    assert min(korean, english) >= 100
    assert len({spoken for spoken, _ in FORMS}) == korean + english
