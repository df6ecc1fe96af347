"""Rows of digits in a text, written or spoken, English or Korean: "010-1234", "공일공에 일이삼사", "double five oh"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

KOREAN_DIGITS = dict(zip("공영빵일이삼사오육륙칠팔구", "0001234566789", strict=True))
KOREAN_WORDS = {
    "하나": "1", "둘": "2", "셋": "3", "넷": "4", "다섯": "5", "여섯": "6", "일곱": "7", "여덟": "8", "아홉": "9",
}  # fmt: skip
_UNITS_TEXT = "zero one two three four five six seven eight nine"
_TEENS_TEXT = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS_TEXT = "twenty thirty forty fifty sixty seventy eighty ninety"
ENGLISH_UNITS = {word: str(n) for n, word in enumerate(_UNITS_TEXT.split())} | {"oh": "0", "o": "0"}
ENGLISH_TEENS = {word: str(n) for n, word in enumerate(_TEENS_TEXT.split(), start=10)}
ENGLISH_TENS = {word: str(n) for n, word in zip(range(2, 10), _TENS_TEXT.split(), strict=True)}
REPEATS = {"double": 2, "triple": 3, "treble": 3}

# Endings after a row of Korean digits in one word. Those in _GOES_ON can occur between two parts of one number.
_ENDING = (
    "이에요|이예요|예요|이요|요|입니다|입니당|이고요|이고|고요|인데요|인데|이라고|라고|이니까|니까|이거든요|이구요|구요|이랑|으로|로|번이요|번으로|번|"
    "이야|이죠|이지요|까지|부터|맞|이|가|은|는|을|를"
)
_GOES_ON = "에|의|에다|다시|하고"
_KOREAN_ROW = re.compile(rf"([{''.join(KOREAN_DIGITS)}]+?)(?:({_GOES_ON})|({_ENDING}))?\Z")
_BETWEEN = frozenset(
    {
        "다시",
        "에",
        "의",
        "하이픈",
        "대시",
        "dash",
        "hyphen",
        "then",
        "and",
        "uh",
        "um",
        "음",
        "어",
        "저",
        "그",
        "뭐지",
        "잠시만요",
        "그리고",
        "그다음",
        "다음",
    }
)
_LEXEME = re.compile(r"\d+|[가-힣]+|[A-Za-z']+|\s+|[^\s\w]+|\w")
_WRITTEN_BEFORE = re.compile(r"\d\s*\Z")
_THIS = re.compile(r"\s(?:번호|전화|분|거|걸|계좌|카드|주소|메일|차|고객|손님|사람)")
"""After 이: "this number", not the digit 2."""
_ROW_BEFORE = re.compile(
    rf"(?:\b(?:{_UNITS_TEXT.replace(' ', '|')}|oh|double|triple)[\s,]+){{4}}\Z", re.IGNORECASE
)
""""oh seven seven double oh nine hundred": "hundred" is two zeros inside a telephone number."""
_TRUNK_BEFORE = re.compile(
    rf"\b(?:oh|zero|o)[\s,]+(?:(?:{_UNITS_TEXT.replace(' ', '|')}|oh|double|triple|hundred)[\s,]+){{2,9}}\Z",
    re.IGNORECASE,
)
_SOFT_PUNCTUATION = re.compile(r"[-,.()+/…–]+\Z")


@dataclass(frozen=True)
class DigitRow:
    """Digits that were spoken or written in a row.

    Attributes:
        pieces: as grouped by spaces, hyphens, "에", "dash" ...
        ambiguous_end: the digit that the first syllable of the ending may be: 이 is 2, 구 is 9; "" if it is none.
        plus: the row follows a plus sign.
    """

    start: int
    end: int
    pieces: tuple[str, ...]
    ambiguous_end: str = ""
    plus: bool = False

    @property
    def digits(self) -> str:
        return "".join(self.pieces)


@dataclass(frozen=True)
class _Part:
    """One lexeme: digits (if any), whether the row may continue after it, and the end of the digits."""

    start: int
    end: int
    digits: str = ""
    goes_on: bool = True
    ambiguous: str = ""


def digit_rows(text: str) -> Iterator[DigitRow]:
    """Every row, regardless of its meaning, including single digits."""
    row: list[_Part] = []
    for part in _parts(text):
        if part.digits:
            row.append(part)
        if row and not part.goes_on:
            yield _row(text, row)
            row = []
    if row:
        yield _row(text, row)


def _row(text: str, parts: list[_Part]) -> DigitRow:
    pieces: list[str] = []
    for index, part in enumerate(parts):
        # Single spoken digits, "four one one one", are one group; groups of several digits stay separate.
        single = len(part.digits) == 1 and index and len(parts[index - 1].digits) == 1
        gap = text[parts[index - 1].end : part.start] if index else ""
        if single and gap.strip() == "":
            pieces[-1] += part.digits
        else:
            pieces.append(part.digits)
    start = parts[0].start
    return DigitRow(
        start,
        parts[-1].end,
        tuple(pieces),
        parts[-1].ambiguous,
        text[:start].rstrip(" (").lower().endswith(("+", "plus")),
    )


def _parts(text: str) -> Iterator[_Part]:
    repeat: tuple[int, int] | None = None  # "double": its position and factor
    tens: _Part | None = None
    for match in _LEXEME.finditer(text):
        lexeme, start, end = match.group().lower(), match.start(), match.end()
        if lexeme.isspace():
            continue
        part = _part(text, lexeme, start, end)
        if tens is not None:
            if lexeme in ENGLISH_UNITS and lexeme not in ("oh", "o", "zero"):
                yield _Part(tens.start, end, tens.digits + ENGLISH_UNITS[lexeme])
                tens = None
                continue
            yield _Part(tens.start, tens.end, tens.digits + "0")
            tens = None
        if lexeme in REPEATS:
            repeat = (start, REPEATS[lexeme])
            continue
        if repeat is not None:
            if part.digits:
                part = _Part(repeat[0], end, part.digits[0] * repeat[1] + part.digits[1:], part.goes_on)
            repeat = None
        if lexeme in ENGLISH_TENS:
            tens = _Part(start, end, ENGLISH_TENS[lexeme])
            continue
        yield part
    if tens is not None:
        yield _Part(tens.start, tens.end, tens.digits + "0")


def _part(text: str, lexeme: str, start: int, end: int) -> _Part:
    if lexeme.isdecimal():
        attached = (start > 0 and _is_latin(text[start - 1])) or (end < len(text) and _is_latin(text[end]))
        # Digits next to letters are a model or a code: "WH-1000XM5", "5CD2"
        return _Part(start, end, "" if attached else lexeme, goes_on=not attached)
    if lexeme == "이" and (_WRITTEN_BEFORE.search(text, 0, start) or _THIS.match(text, end)):
        return _Part(start, end, goes_on=False)  # "010-1234-5678 이 번호": this number
    if lexeme == "hundred" and (_ROW_BEFORE.search(text, 0, start) or _TRUNK_BEFORE.search(text, 0, start)):
        return _Part(start, end, "00")
    if lexeme in _BETWEEN:
        return _Part(start, end)
    if _SOFT_PUNCTUATION.match(lexeme):
        return _Part(start, end)
    if lexeme in KOREAN_WORDS:
        return _Part(start, end, KOREAN_WORDS[lexeme])
    if lexeme in ENGLISH_UNITS:
        return _Part(start, end, ENGLISH_UNITS[lexeme])
    if lexeme in ENGLISH_TEENS:
        return _Part(start, end, ENGLISH_TEENS[lexeme])
    if "가" <= lexeme[0] <= "힣" and not (start > 0 and text[start - 1].isdecimal()):
        return _korean(lexeme, start, end)
    return _Part(start, end, goes_on=False)


def _korean(lexeme: str, start: int, end: int) -> _Part:
    if all(character in KOREAN_DIGITS for character in lexeme):
        return _Part(start, end, "".join(KOREAN_DIGITS[c] for c in lexeme))
    match = _KOREAN_ROW.match(lexeme)
    if match is None:
        return _Part(start, end, goes_on=False)
    digits, goes_on, ending = match.groups()
    values = "".join(KOREAN_DIGITS[c] for c in digits)
    ambiguous = KOREAN_DIGITS.get(ending[0], "") if ending else ""
    return _Part(start, start + len(digits), values, bool(goes_on), ambiguous)


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalpha()
