"""The numbers in a text, in digits or in words, English and Korean, for checking one text against another.

``numbers`` is lenient (speech can be read in several ways); ``digit_numbers`` is strict (the digits of a claim).
Numbers are compared by value: "49,900", "4만 9,900" and "사만 구천구백" are equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

_ENGLISH_UNITS_TEXT = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen
"""
_ENGLISH = {word: value for value, word in enumerate(_ENGLISH_UNITS_TEXT.split())}
_ENGLISH |= {
    word: value
    for value, word in zip(
        range(20, 100, 10),
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
        strict=True,
    )
}
_ENGLISH_ORDINALS_TEXT = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
)
_ENGLISH |= {word: value for value, word in enumerate(_ENGLISH_ORDINALS_TEXT.split(), start=1)}
_ENGLISH |= {"once": 1, "twice": 2, "double": 2, "duplicate": 2, "dozen": 12, "oh": 0, "a": 1, "an": 1}
_ENGLISH_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
_LONE_ARTICLES = frozenset({"a", "an", "oh"})

_SINO_DIGITS = {character: value for value, character in enumerate("영일이삼사오육칠팔구")} | {"공": 0}
_SINO_UNITS = {"십": 10, "백": 100, "천": 1_000}
_SINO_SCALES = {"만": 10_000, "억": 100_000_000}
_NATIVE = {
    "하나": 1, "한": 1, "둘": 2, "두": 2, "셋": 3, "세": 3, "석": 3, "넷": 4, "네": 4, "넉": 4, "다섯": 5, "여섯": 6,
    "일곱": 7, "여덟": 8, "아홉": 9, "열": 10, "열한": 11, "열두": 12, "스무": 20, "스물": 20, "반": 30,
    "하루": 1, "이틀": 2, "사흘": 3, "나흘": 4, "열흘": 10, "보름": 15,
}  # fmt: skip
_COUNTERS = "시|개|번|명|달|주|분|장|대|건|가지|살|차례|통|회|곳|배|박스"
_NATIVE_COUNTED = re.compile(
    rf"({'|'.join(sorted(_NATIVE, key=len, reverse=True))})"
    rf"(?=\s*(?:{_COUNTERS}|$|[^가-힣]|[은는이가을를에의도만]))"
)
_DIGITS = re.compile(r"\d[\d,]*(?:\.\d+)?")
_KOREAN_NUMBER = re.compile(
    r"[\d,.영공일이삼사오육칠팔구십백천]*[만억십백천](?:\s?[\d,일이삼사오육칠팔구십백천만억]+)*"
)
_SINO_RUN = re.compile(r"[영공일이삼사오육칠팔구십백천만억]+")
_ENGLISH_WORD = re.compile(r"[a-z]+")


def digit_numbers(text: str) -> set[float]:
    """The numbers written in digits: "3만 5천원" is 35000, "2 calls in 3.5 hours" is 2 and 3.5."""
    found: set[float] = set()
    rest = text
    for match in _KOREAN_NUMBER.finditer(text):
        if re.search(r"\d", match.group()):
            found.add(_korean_value(match.group()))
            rest = rest[: match.start()] + " " * len(match.group()) + rest[match.end() :]
    found.update(_plain(match.group()) for match in _DIGITS.finditer(rest))
    return found


def numbers(text: str) -> set[float]:
    """The numbers of every possible reading of the text."""
    lower = text.lower()
    found = {_plain(match.group()) for match in _DIGITS.finditer(lower)} | digit_numbers(lower)
    found.update(_korean_value(match.group()) for match in _KOREAN_NUMBER.finditer(lower))
    for match in _SINO_RUN.finditer(lower):
        found.add(_korean_value(match.group()))
        if digits := "".join(str(_SINO_DIGITS[c]) for c in match.group() if c in _SINO_DIGITS):
            found.add(float(digits))
    found.update(float(_NATIVE[match.group(1)]) for match in _NATIVE_COUNTED.finditer(lower))
    groups = list(_english_groups(lower))
    found.update(groups)
    # "forty nine ninety" is 49.90 as well as 49 and 90
    found.update(one + two / 100 for one, two in pairwise(groups) if two < 100)
    # "thirteen nine" is 13.9, and "eighteen forty" is 1840
    found.update(one + two / 10 for one, two in pairwise(groups) if two < 10)
    found.update(one * 100 + two for one, two in pairwise(groups) if 10 <= one < 100 and 10 <= two < 100)
    return found


def digit_string(text: str) -> str:
    """All digits of a text in a row, including spoken digits: an account number may be spoken in pieces."""
    lower = text.lower()
    pieces: list[str] = []
    for match in re.finditer(r"\d|[a-z]+|[가-힣]", lower):
        piece = match.group()
        if piece.isdigit():
            pieces.append(piece)
        elif piece in _SINO_DIGITS:
            pieces.append(str(_SINO_DIGITS[piece]))
        elif _ENGLISH.get(piece, 10) < 10 and piece not in {"a", "an"}:
            pieces.append(str(_ENGLISH[piece]))
    return "".join(pieces)


def _plain(digits: str) -> float:
    return float(digits.replace(",", "").rstrip("."))


def _korean_value(text: str) -> float:
    """Value of "삼만 오천", "3만 5,000", "백이십", "2천5백만"."""
    total = section = 0.0
    current: float | None = None
    for token in re.findall(_DIGITS.pattern + "|[가-힣]", text):
        if token[0].isdigit():
            current = _plain(token)
        elif token in _SINO_DIGITS:
            current = (current or 0.0) * 10 + _SINO_DIGITS[token]
        elif token in _SINO_UNITS:
            section += (1 if current is None else current) * _SINO_UNITS[token]
            current = None
        elif token in _SINO_SCALES:
            total += (section + (current or 0) or 1) * _SINO_SCALES[token]
            section, current = 0.0, None
    return total + section + (current or 0)


def _english_groups(text: str) -> Iterator[float]:
    """Values of the runs of number words; "twenty five" is one run, "forty nine ninety" two, "five one" two."""
    group: float | None = None
    last = 0
    words = _ENGLISH_WORD.findall(text)
    for index, word in enumerate(words):
        if word in _LONE_ARTICLES and (index + 1 == len(words) or words[index + 1] not in _ENGLISH_SCALES):
            word = ""
        if word in _ENGLISH:
            value = _ENGLISH[word]
            fits = group is not None and (last >= 100 or (20 <= last < 100 and value < 10))
            if group is not None and not fits:
                yield group
                group = None
            group, last = (group or 0) + value, value
        elif word in _ENGLISH_SCALES and group is not None:
            group, last = group * _ENGLISH_SCALES[word], _ENGLISH_SCALES[word]
        elif word != "and" and group is not None:
            yield group
            group = None
    if group is not None:
        yield group
