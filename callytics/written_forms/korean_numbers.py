"""The value of Korean numerals: Sino-Korean (이백삼십), native (스물세), and both beside Arabic digits (3만 5천)."""

from __future__ import annotations

import re

DIGITS = dict(zip("공영일이삼사오육륙칠팔구", "001234566789", strict=True))
SMALL_UNITS = {"십": 10, "백": 100, "천": 1000}
LARGE_UNITS = {"만": 10**4, "억": 10**8}

NATIVE_UNITS = {
    "한": 1, "하나": 1, "두": 2, "둘": 2, "세": 3, "셋": 3, "석": 3, "네": 4, "넷": 4, "넉": 4, "다섯": 5, "여섯": 6,
    "일곱": 7, "여덟": 8, "아홉": 9,
}  # fmt: skip
NATIVE_TENS = {
    "열": 10, "스물": 20, "스무": 20, "서른": 30, "마흔": 40, "쉰": 50, "예순": 60, "일흔": 70, "여든": 80, "아흔": 90,
}  # fmt: skip
_NATIVE = re.compile(rf"({'|'.join(NATIVE_TENS)})?({'|'.join(sorted(NATIVE_UNITS, key=len, reverse=True))})?")
_TOKEN = re.compile(r"\d[\d,]*|[가-힣]")


def sino_value(text: str) -> int | None:
    """The value of a Sino-Korean number, also with Arabic digits and spaces; None if it is not a well-formed one.

    Units descend: "이천 삼백" is one number, "이백 삼천" is none. A row of digits ("육이공오") is none either.
    """
    total = section = 0
    digit: int | None = None
    last_small, last_large = 10**4, 10**16
    for token in _TOKEN.findall(text):
        if token[0].isdecimal() or token in DIGITS:
            if digit is not None:
                return None
            digit = int(token.replace(",", "")) if token[0].isdecimal() else int(DIGITS[token])
            if digit == 0 and token in DIGITS and len(text.replace(" ", "")) > 1:
                return None
        elif token in SMALL_UNITS:
            unit = SMALL_UNITS[token]
            if unit >= last_small:
                return None
            section += (1 if digit is None else digit) * unit
            digit, last_small = None, unit
        elif token in LARGE_UNITS:
            unit = LARGE_UNITS[token]
            if unit >= last_large:
                return None
            section += digit or 0
            if section == 0 and total:
                return None
            total += (section or 1) * unit
            section, digit, last_small, last_large = 0, None, 10**4, unit
        else:
            return None
    if digit is not None and digit >= last_small and section:
        return None
    return total + section + (digit or 0)


def digit_row(text: str) -> str | None:
    """The digits of a row: "공일공" -> "010"; None if another syllable is in it."""
    syllables = text.replace(" ", "")
    if not syllables or not all(syllable in DIGITS for syllable in syllables):
        return None
    return "".join(DIGITS[syllable] for syllable in syllables)


def native_value(text: str) -> int | None:
    """The value of a native numeral from 1 to 99: "스물세" -> 23."""
    match = _NATIVE.fullmatch(text)
    if match is None or not text:
        return None
    tens, units = match.groups()
    return (NATIVE_TENS[tens] if tens else 0) + (NATIVE_UNITS[units] if units else 0)
