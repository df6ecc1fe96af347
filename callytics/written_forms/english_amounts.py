"""English amounts of money, percentages and decimals."""

from __future__ import annotations

import re
from collections.abc import Sequence

from callytics.written_forms.english_numbers import DIGIT_WORDS, NUMBER_WORDS, below_hundred, cardinal
from callytics.written_forms.english_words import Made, Word, is_joined, number_run, texts, word_after

CURRENCIES = {
    "dollar": "$", "dollars": "$", "bucks": "$", "pound": "£", "pounds": "£", "euro": "€", "euros": "€",
}  # fmt: skip


CENTS = frozenset({"cent", "cents", "penny", "pence", "p"})


_WEIGHT = re.compile(r"\b(?:weigh\w*|weight|lbs?|kilos?|lose|lost|luggage|heavy)\b", re.IGNORECASE)


_UNITS_OF_TIME = {
    *("second", "minute", "hour", "day", "week", "month", "year", "percent", "pages", "miles"),
    *("seconds", "minutes", "hours", "days", "weeks", "months", "years"),
}


def money(text: str, words: Sequence[Word], index: int) -> Made | None:
    """ "four dollars and twelve cents" -> $4.12, "five dollars eighty one" -> $5.81, "fifty cents" -> 50 cents."""
    run = number_run(text, words, index)
    value = _amount(run)
    if value is None:
        return None
    end = index + len(run)
    unit = word_after(text, words, end)
    if unit in CENTS and unit != "p":
        return f"{value}", len(run)
    if unit not in CURRENCIES:
        return None
    is_weight = text[words[end - 1].end : words[end].start] == "-" or _WEIGHT.search(text)
    if unit in ("pound", "pounds") and is_weight:
        return f"{value:,}", len(run)
    sign = CURRENCIES[unit]
    place = end + 1
    if word_after(text, words, place) == "and" and place + 1 < len(words):
        place += 1
    cents, used = small_number(text, words, place)
    has_cents_word = word_after(text, words, place + used) in CENTS if used else False
    if used and (
        has_cents_word or (place == end + 1 and cents >= 10 and _ends_amount(text, words, place + used))
    ):
        total = place + used + (1 if has_cents_word else 0)
        return f"{sign}{value:,}.{cents:02}", total - index
    return f"{sign}{value:,}", end + 1 - index


def _amount(run: Sequence[str]) -> int | None:
    return cardinal(run) if run else None


def small_number(text: str, words: Sequence[Word], index: int) -> tuple[int, int]:
    """A number below 100 and how many words it has; (0, 0) if there is none."""
    if not word_after(text, words, index):
        return 0, 0
    for used in (2, 1):
        if index + used <= len(words) and (used == 1 or word_after(text, words, index + 1)):
            value = below_hundred(texts(words[index : index + used]))
            if value is not None:
                return value, used
    return 0, 0


def _ends_amount(text: str, words: Sequence[Word], index: int) -> bool:
    """No unit follows: "five dollars twenty days" is an amount and a time."""
    return word_after(text, words, index) not in _UNITS_OF_TIME | NUMBER_WORDS | CURRENCIES.keys()


def percent(text: str, words: Sequence[Word], index: int) -> Made | None:
    run = number_run(text, words, index)
    value = _amount(run)
    if value is None:
        return None
    end = index + len(run)
    if word_after(text, words, end) == "percent":
        return f"{value:,}%", len(run) + 1
    if word_after(text, words, end) == "per" and word_after(text, words, end + 1) == "cent":
        return f"{value:,}%", len(run) + 2
    return None


def decimal(text: str, words: Sequence[Word], index: int) -> Made | None:
    """ "four point nine nine percent" -> 4.99%."""
    run = number_run(text, words, index)
    value = _amount(run)
    place = index + len(run)
    if value is None or word_after(text, words, place) != "point":
        return None
    digits = ""
    place += 1
    while (word := word_after(text, words, place)) in DIGIT_WORDS:
        digits += DIGIT_WORDS[word]
        place += 1
    if not digits:
        rest, used = small_number(text, words, place)
        if not used:
            return None
        digits, place = str(rest), place + used
    if word_after(text, words, place) == "percent":
        return f"{value}.{digits}%", place + 1 - index
    return f"{value}.{digits}", place - index


def halves(text: str, words: Sequence[Word], index: int) -> Made | None:
    """ "two and a half hours" -> 2.5 hours, "eight and a half thousand" -> 8,500."""
    value, used = small_number(text, words, index) if index else (below_hundred([words[0].text]), 1)
    if not value or texts(words[index + used : index + used + 3]) not in (["and", "a", "half"],):
        return None
    end = index + used + 3
    if any(not is_joined(text, words[place - 1], words[place]) for place in range(index + used, end)):
        return None
    if word_after(text, words, end) == "thousand":
        return f"{value * 1000 + 500:,}", end + 1 - index
    if word_after(text, words, end) == "percent":
        return f"{value}.5%", end + 1 - index
    return f"{value}.5", end - index
