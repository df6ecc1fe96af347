"""Written forms of English numbers.

A run of number words is converted if it is one number and either at least ten or before a unit. Two numbers beside each
other ("five fifty", "twenty thirty") stay, unless the words around them say what they are: an amount, a time, a year.
"""

from __future__ import annotations

from collections.abc import Sequence

from callytics.written_forms.english_amounts import _amount, decimal, halves, money, percent
from callytics.written_forms.english_dates import (
    MONTHS,
    clock_phrase,
    month_day,
    ordinals,
    time_of_day,
    year_after,
)
from callytics.written_forms.english_digits import digits_in_a_row
from callytics.written_forms.english_numbers import (
    DIGIT_WORDS,
    NUMBER_WORDS,
    ORDINAL_TENS,
    ORDINAL_UNITS,
    REPEATS,
    UNITS,
)
from callytics.written_forms.english_words import Made, Word, number_run, split, word_after, word_before


def written_english(text: str) -> str:
    """``text`` with English numbers in written form."""
    words = split(text)
    pieces: list[str] = []
    place = index = 0
    while index < len(words):
        made = _convert(text, words, index)
        if made is None:
            index += 1
            continue
        replacement, used = made
        pieces += [text[place : words[index].start], replacement]
        place = words[index + used - 1].end
        index += used
    return "".join([*pieces, text[place:]])


def _convert(text: str, words: Sequence[Word], index: int) -> Made | None:
    word = words[index].text
    if word in MONTHS:
        return month_day(text, words, index)
    if word in ("half", "quarter"):
        return clock_phrase(text, words, index)
    is_number = word in NUMBER_WORDS or word in DIGIT_WORDS or word in REPEATS
    if not (is_number or word in ORDINAL_UNITS or word in ORDINAL_TENS or word == "a"):
        return None
    if index and text[words[index - 1].end : words[index].start] == "-" and word not in DIGIT_WORDS:
        return None  # "mid-twenties", "half-seven"
    for rule in (
        time_of_day,
        digits_in_a_row,
        ordinals,
        money,
        year_after,
        percent,
        decimal,
        halves,
        _number,
    ):
        made = rule(text, words, index)
        if made is not None:
            return made
    if is_number and word != "a":  # the whole run stays: its parts would mislead
        run = number_run(text, words, index)
        kept = max(1, len(run))
        last = words[index + kept - 1]
        return text[words[index].start : last.end], kept
    return None


def _number(text: str, words: Sequence[Word], index: int) -> Made | None:
    """One number of ten or more. Round words with "a" stay: a hundred times, a million thanks."""
    run = number_run(text, words, index)
    value = _amount(run)
    if value is None or value < 10:
        return None
    if (run[0] == "a" or run[0] in ("hundred", "thousand", "million")) and len(run) < 3:
        return None
    if word_after(text, words, index + len(run)) in DIGIT_WORDS.keys() | REPEATS.keys() | {
        "something",
        "odd",
    }:
        return None
    if _is_part_of_a_phrase(text, words, index, index + len(run), value):
        return None
    is_year = 1900 <= value <= 2099
    return f"{value:,}" if value >= 1000 and not is_year else str(value), len(run)


def _is_part_of_a_phrase(text: str, words: Sequence[Word], index: int, end: int, value: int) -> bool:
    """ "ten to twelve", "half ten", "zero to ten", "fifty and something"."""
    before, follows = word_before(words, index), word_after(text, words, end)
    if before == "half" or (follows == "and" and word_after(text, words, end + 1) == "something"):
        return True
    clock = follows in ("to", "past") and word_after(text, words, end + 1) in UNITS and value in (10, 20, 25)
    other = word_before(words, index, 2)
    is_kept = UNITS.get(other, 10) < 10 or (other in ("ten", "twenty") and before != "or")
    of_small = before in ("to", "or", "past") and is_kept and value <= 12
    return clock or of_small
