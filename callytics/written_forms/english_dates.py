"""English dates, years and times of day."""

from __future__ import annotations

import re
from collections.abc import Sequence

from callytics.written_forms.english_amounts import CURRENCIES
from callytics.written_forms.english_numbers import (
    DIGIT_WORDS,
    NUMBER_WORDS,
    REPEATS,
    UNITS,
    below_hundred,
    ordinal,
    with_suffix,
    year,
)
from callytics.written_forms.english_words import (
    Made,
    Word,
    is_joined,
    number_run,
    texts,
    word_after,
    word_before,
)

MONTHS = frozenset(
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ]
)


WEEKDAYS = frozenset(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])


_AT = frozenset({"at", "by", "until", "till", "around", "before", "after"})


_NOT_AFTER_A_TIME = (
    {"each", "a", "an", "per", "apiece", "dollars", "pounds", "euros", "bucks", "percent", "off", "for"}
    | NUMBER_WORDS
    | DIGIT_WORDS.keys()
    | REPEATS.keys()
)


_TIME_ZERO = frozenset({"oh", "o"})


def ordinals(text: str, words: Sequence[Word], index: int) -> Made | None:
    """ "the ninth of june" -> the 9th of june; "friday the eighth"; "twenty second"."""
    for used in (2, 1):
        if index + used > len(words) or (used == 2 and not is_joined(text, words[index], words[index + 1])):
            continue
        value = ordinal(texts(words[index : index + used]))
        if value is None:
            continue
        follows = texts(words[index + used : index + used + 2])
        of_month = (follows[:1] == ["of"] and follows[1:2] != [] and follows[1] in MONTHS) or (
            follows[:1] != [] and follows[0] in MONTHS
        )
        of_weekday = word_before(words, index) == "the" and word_before(words, index, 2) in WEEKDAYS
        if of_month or of_weekday:
            return with_suffix(value), used
        last = words[index + used - 1].text
        if value >= 10 and (last != "second" or word_before(words, index) == "the"):
            return with_suffix(value), used
        return None
    return None


def month_day(text: str, words: Sequence[Word], index: int) -> Made | None:
    """ "march fourteenth" -> march 14, "july the thirtieth"; then a year."""
    place = index + 1
    if place < len(words) and words[place].text == "the":
        place += 1
    if place >= len(words) or not is_joined(text, words[place - 1], words[place]):
        return None
    for used in (2, 1):
        if place + used > len(words) or (used == 2 and not is_joined(text, words[place], words[place + 1])):
            continue
        spoken = texts(words[place : place + used])
        value = ordinal(spoken)
        if value is None and words[index].text not in ("may", "march"):
            plain = below_hundred(spoken)
            following = word_after(text, words, place + used)
            value = (
                plain
                if plain and following not in NUMBER_WORDS | REPEATS.keys() | DIGIT_WORDS.keys()
                else None
            )
        if value is None or not 1 <= value <= 31:
            continue
        month = text[words[index].start : words[index].end]
        shown, end = f"{month} {value}", place + used
        if end < len(words) and text[words[end - 1].end : words[end].start] in (" ", ", "):
            run = number_run(text, words, end, _TIME_ZERO)
            if run and (of_year := year(run)):
                return f"{shown}, {of_year}", end + len(run) - index
        return shown, end - index
    return None


def time_of_day(text: str, words: Sequence[Word], index: int) -> Made | None:
    """ "at seven forty" -> 7:40, "seven forty am" -> 7:40 am, "nine a.m." -> 9 a.m., "five o'clock" -> 5 o'clock."""
    hour = UNITS.get(words[index].text)
    if hour is None or not 1 <= hour <= 12:
        return None
    follows = word_after(text, words, index + 1)
    if follows == "o'clock" or _is_half_of_day(text, words, index + 1):
        return str(hour), 1
    minute, used = _minute(text, words, index + 1)
    if minute is None:
        return None
    end = index + 1 + used
    if _is_half_of_day(text, words, end):
        return f"{hour}:{minute:02}", 1 + used
    if word_before(words, index) in _AT and word_after(text, words, end) not in _NOT_AFTER_A_TIME:
        return f"{hour}:{minute:02}", 1 + used
    return None


def _minute(text: str, words: Sequence[Word], index: int) -> tuple[int | None, int]:
    if not word_after(text, words, index):
        return None, 0
    if words[index].text in _TIME_ZERO and 1 <= UNITS.get(word_after(text, words, index + 1), 0) <= 9:
        return UNITS[words[index + 1].text], 2
    for used in (2, 1):
        if index + used <= len(words) and (used == 1 or word_after(text, words, index + 1)):
            value = below_hundred(texts(words[index : index + used]))
            if value is not None and 10 <= value <= 59:
                return value, used
    return None, 0


def _is_half_of_day(text: str, words: Sequence[Word], index: int) -> bool:
    """am, pm, a.m., a m."""
    if index >= len(words) or not text[words[index - 1].end : words[index].start].isspace():
        return False
    return bool(re.match(r"[ap]\.?\s?m\b", text[words[index].start :], re.IGNORECASE))


def clock_phrase(text: str, words: Sequence[Word], index: int) -> Made | None:
    """ "half past seven" -> 7:30, "quarter to nine" -> 8:45."""
    if index + 2 >= len(words) or words[index + 1].text not in ("past", "to", "after"):
        return None
    if not (
        is_joined(text, words[index], words[index + 1])
        and is_joined(text, words[index + 1], words[index + 2])
    ):
        return None
    hour = UNITS.get(words[index + 2].text)
    if hour is None or not 1 <= hour <= 12 or word_after(text, words, index + 3) in NUMBER_WORDS:
        return None
    minute = 30 if words[index].text == "half" else 15
    if words[index + 1].text == "to":
        if minute == 30:
            return None
        hour, minute = (hour - 1) or 12, 45
    return f"{hour}:{minute}", 3


def year_after(text: str, words: Sequence[Word], index: int) -> Made | None:
    """After in, since, of, year or a date: "nineteen ninety one" -> 1991."""
    before = word_before(words, index)
    if before not in {"in", "since", "year", "late", "early", "of"} | MONTHS:
        return None
    run = number_run(text, words, index, _TIME_ZERO)
    if len(run) < 2:
        return None
    value = year(run)
    if value is None or word_after(text, words, index + len(run)) in CURRENCIES:
        return None
    return str(value), len(run)
