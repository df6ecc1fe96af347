"""The tables beside this file: spoken and written form, and what must stay as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from callytics.written_forms import written
from callytics.written_forms.english_numbers import cardinal, ordinal, year
from callytics.written_forms.korean_numbers import native_value, sino_value
from evaluation.dialogues import read_dialogues

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


@pytest.mark.parametrize(
    ("spoken", "value"),
    [
        ("이천이십육", 2026),
        ("삼억 이천만", 320_000_000),
        ("3만 5천", 35_000),
        ("백", 100),
        ("이백 삼천", None),
        ("육이공오", None),
        ("영", 0),
    ],
)
def test_value_of_a_sino_korean_number(spoken: str, value: int | None) -> None:
    assert sino_value(spoken) == value


def test_value_of_a_native_number() -> None:
    assert [native_value(text) for text in ("스물세", "아흔아홉", "한", "열", "사람", "")] == [
        23,
        99,
        1,
        10,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("spoken", "value"),
    [
        ("two hundred and five", 205),
        ("eighteen hundred and fifty", 1850),
        ("nineteen thousand two hundred and six", 19_206),
        ("one million two hundred thousand", 1_200_000),
        ("five fifty", None),
        ("twenty thirty", None),
        ("thousand thousand", None),
        ("hundred and", None),
        ("ten hundred", None),
    ],
)
def test_value_of_an_english_number(spoken: str, value: int | None) -> None:
    assert cardinal(spoken.split()) == value


def test_ordinals_and_years() -> None:
    assert [ordinal(text.split()) for text in ("twenty second", "twelfth", "thirtieth", "twenty")] == [
        22,
        12,
        30,
        None,
    ]
    assert [year(text.split()) for text in ("nineteen oh five", "twenty twenty six", "twenty five", "two hundred")] == [
        1905, 2026, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize("language", ["ko", "en"])
def test_dialogues_are_written_in_one_go(language: str) -> None:
    """No text changes twice, and the words that are no numbers stay in their order."""
    changed = 0
    for call in (*read_dialogues("fit", language), *read_dialogues("choose", language)):
        for turn in call["turns"]:
            once = written(turn["text"])
            assert written(once) == once
            changed += once != turn["text"]
    assert changed > 200


def test_there_are_enough_forms_of_both_languages() -> None:
    korean, english = (len(lines(name)) for name in ("korean.tsv", "english.tsv"))
    assert min(korean, english) >= 100
    assert len({spoken for spoken, _ in FORMS}) == korean + english
