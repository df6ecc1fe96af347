"""The value of English number words: "two hundred and five", "eighteen hundred", "thirty-second"."""

from __future__ import annotations

from collections.abc import Sequence

UNITS = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
        ]
    )
} | {"fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19}
TENS = {
    word: 10 * value
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
SCALES = {"thousand": 1000, "million": 10**6, "billion": 10**9}
DIGIT_WORDS = {word: str(value) for word, value in UNITS.items() if value < 10} | {
    "oh": "0",
    "o": "0",
    "nought": "0",
}
REPEATS = {"double": 2, "triple": 3, "treble": 3}
ORDINAL_UNITS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16,
    "seventeenth": 17, "eighteenth": 18, "nineteenth": 19,
}  # fmt: skip
ORDINAL_TENS = {
    "twentieth": 20, "thirtieth": 30, "fortieth": 40, "fiftieth": 50, "sixtieth": 60, "seventieth": 70,
    "eightieth": 80, "ninetieth": 90,
}  # fmt: skip
NUMBER_WORDS = frozenset({*UNITS, *TENS, *SCALES, "hundred"})


def cardinal(words: Sequence[str]) -> int | None:
    """The value of the words if together they are one well-formed number, else None.

    "and" may stand after hundred or thousand. "twenty thirty" and "five fifty" are two numbers, so None.
    """
    total = 0
    last_scale = 10**12
    section: list[str] = []
    for index, word in enumerate(words):
        if word in SCALES:
            if SCALES[word] >= last_scale or (not section and index):
                return None
            value = _below_thousand(section) if section else 1
            if value is None:
                return None
            total += value * SCALES[word]
            last_scale, section = SCALES[word], []
        elif word == "and" and not section and index:
            if index == len(words) - 1:
                return None
        else:
            section.append(word)
    if not section:
        return total if words and words[-1] != "and" else None
    rest = _below_thousand(section)
    if rest is None or (total and rest >= last_scale):
        return None
    return total + rest


def _below_thousand(words: Sequence[str]) -> int | None:
    """Up to 9999 in the form "eighteen hundred and fifty"."""
    if "hundred" in words:
        place = words.index("hundred")
        head, tail = list(words[:place]), list(words[place + 1 :])
        hundreds = 1 if head in ([], ["a"]) else below_hundred(head)
        if hundreds is None or hundreds == 0 or (hundreds % 10 == 0 and hundreds >= 10):
            return None
        if tail[:1] == ["and"]:
            tail = tail[1:]
            if not tail:
                return None
        rest = below_hundred(tail) if tail else 0
        return None if rest is None else hundreds * 100 + rest
    return 1 if list(words) == ["a"] else below_hundred(words)


def below_hundred(words: Sequence[str]) -> int | None:
    match list(words):
        case [word] if word in UNITS:
            return UNITS[word]
        case [word] if word in TENS:
            return TENS[word]
        case [tens, unit] if tens in TENS and 1 <= UNITS.get(unit, 0) <= 9:
            return TENS[tens] + UNITS[unit]
    return None


def ordinal(words: Sequence[str]) -> int | None:
    """The value of an ordinal below 100: "twenty second" -> 22."""
    match list(words):
        case [word] if word in ORDINAL_UNITS or word in ORDINAL_TENS:
            return ORDINAL_UNITS.get(word) or ORDINAL_TENS[word]
        case [tens, unit] if tens in TENS and 1 <= ORDINAL_UNITS.get(unit, 0) <= 9:
            return TENS[tens] + ORDINAL_UNITS[unit]
    return None


def with_suffix(value: int) -> str:
    suffix = "th" if 10 <= value % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return f"{value}{suffix}"


def year(words: Sequence[str]) -> int | None:
    """ "nineteen ninety one", "twenty twenty six", "two thousand and nineteen", "nineteen oh five"."""
    words = list(words)
    value = cardinal(words)
    if value is not None:
        return value if 1900 <= value <= 2099 else None
    if words[0] not in ("nineteen", "twenty") or len(words) < 2:
        return None
    century = 1900 if words[0] == "nineteen" else 2000
    if words[1] in ("oh", "o") and len(words) == 3 and 1 <= UNITS.get(words[2], 0) <= 9:
        return century + UNITS[words[2]]
    rest = below_hundred(words[1:])
    return century + rest if rest is not None and rest >= 10 else None
