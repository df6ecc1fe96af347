# ruff: noqa: E501  (one part per line reads better)
"""Rows of letters and digits: number plates, passport numbers and spelled names, written or spoken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from callytics.domain import PiiKind
from callytics.redaction.cues import HARMLESS, asked, cues
from callytics.redaction.digits import (
    ENGLISH_TEENS,
    ENGLISH_TENS,
    ENGLISH_UNITS,
    KOREAN_DIGITS,
    KOREAN_WORDS,
    REPEATS,
)
from callytics.redaction.span import Span

_NATO_TEXT = "alpha bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november oscar papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu"
_NATO_LETTERS = {word: word[0] for word in _NATO_TEXT.split()}
_SPOKEN_LETTERS = {
    "ay": "a", "bee": "b", "cee": "c", "see": "c", "sea": "c", "be": "b", "dee": "d", "ee": "e", "eff": "f", "gee": "g", "aitch": "h", "eye": "i", "jay": "j", "kay": "k",
    "el": "l", "ell": "l", "em": "m", "en": "n", "pee": "p", "cue": "q", "are": "r", "ess": "s", "es": "s", "tee": "t", "vee": "v", "ex": "x", "wye": "y", "zed": "z", "zee": "z", "you": "u", "why": "y",
}  # fmt: skip
_WEAK = frozenset({"are", "you", "see", "sea", "be", "why", "a", "i", "oh", "o"})
"""Spoken letters that are words as well: no row begins or ends with them, or consists of them."""
_KOREAN_LETTERS = {
    "에이": "a", "비": "b", "씨": "c", "시": "c", "디": "d", "이": "e", "에프": "f", "지": "g", "에이치": "h", "아이": "i", "제이": "j", "케이": "k",
    "엘": "l", "엠": "m", "엔": "n", "오": "o", "피": "p", "큐": "q", "알": "r", "에스": "s", "티": "t", "유": "u", "브이": "v", "더블유": "w", "엑스": "x", "와이": "y", "제트": "z",
}  # fmt: skip
_AS_IN = re.compile(r"\s(?:as in|like|for)(?: an?)?\s[A-Za-z]+", re.IGNORECASE)
_BETWEEN = frozenset({"ray", "uh", "um", "then", "dash", "hyphen", "minus"})
_TOKEN = re.compile(r"[A-Za-z]+|\d+|[가-힣]+")
_GAP = re.compile(r"[\s,.…\-–]*(?:(?:ray|uh|um|then|dash|hyphen|minus|음|어)[\s,.]+)*\Z", re.IGNORECASE)
_PLATE_SYLLABLES = "가나다라마거너더러머버서어저고노도로모보소조누두루무부수우주하허호배아바자"
_REGIONS = "서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주"
"""Taxis, vans and older cars have their region on the plate."""
_KOREAN_PLATE = re.compile(
    rf"(?<![\d가-힣-])(?:[가-힣]{{2}}\s?)?\d{{2,3}}\s?[{_PLATE_SYLLABLES}오구사육해공국합]에?\s?\d{{4}}(?!\d)"
    rf"|(?<![가-힣])(?:(?:{_REGIONS})\s)?[일이삼사오육칠팔구공백십]{{2,5}}\s?[{_PLATE_SYLLABLES}]에?\s(?:(?:어|음|그)\s)?"
    r"(?:[공영일이삼사오육칠팔구]{4}(?![가-힣]{2}원)|[공영일이삼사오육칠팔구]{2}\s[공영일이삼사오육칠팔구]{2}(?![가-힣])|[이삼사오육칠팔구]?천[일이삼사오육칠팔구백십]*(?=이요|이에요|입니다|이고요|[\s,.]|\Z)(?!\s?원))"
)
_BRITISH_PLATE = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}\s?[A-Z]{3}(?![A-Za-z0-9])")
_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){2,7}(?:\s?[A-Z0-9]{1,4})?(?![A-Za-z0-9])"
)
_INSURANCE = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\s?\d{2}\s?\d{2}\s?\d{2}\s?[A-D](?![A-Za-z0-9])")
"""A British national insurance number."""
_SPOKEN_INSURANCE = re.compile(r"[a-z]{2}\d{6}[a-d]")
_SPOKEN_PLATE = re.compile(r"(?<![a-z])[a-z]{2}\d{2}[a-z]{3}\Z")
"""A British plate that is spelled, "y p one five k d e", for itself or after a first try."""
_WRITTEN_CODE = re.compile(r"(?<![A-Za-z0-9])(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{5,10}(?![A-Za-z0-9])")
_WORD_BEFORE_SPELLING = re.compile(
    r"\b([A-Za-z]{4,})(?:,? (?:that['’]?s|spelled|so|its|it's))?[\s,.]*\Z", re.IGNORECASE
)
_SPELLED_ASKED = re.compile(r"\bspell\b|\be-?mail\b|메일|스펠|철자", re.IGNORECASE)
MIN_SHARED_PAIRS = 2
MIN_SPELLED = 3
MIN_CODE = 5
PASSPORT_DIGITS = 9
"""American and older British passports have no letter."""


_CUSTOMER_ASKED = re.compile(
    r"\b(?:member(?:ship)?|customer|account|loan|student|merchant|patient|client|subscriber|insurance) (?:id|number|no)\b(?:[^.?!]*)\W*\Z"
    r"|\b(?:what['’]?s|what is|have|your|and|the) account\W*\Z|\A\W*account(?: please)?\W*\Z|\bid off the card\W*\Z",
    re.IGNORECASE,
)
_ANSWER_OPENS = re.compile(
    r"(?:[A-Z][a-z']+ [A-Z][a-z']+,?\s|(?:yes|yeah|yep|sure|okay|ok|right|uh|um|well|so|and|it['’]?s|it is|that['’]?s|the|my|number|is|one second)\b[\s,.…]*)*",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"\d,\d{3}(?!\d)")
MIN_CUSTOMER_DIGITS = 3


@dataclass(frozen=True)
class CodeRow:
    """Letters and digits in a row, as ``value`` in lower case."""

    start: int
    end: int
    value: str

    @property
    def letters(self) -> int:
        return sum(character.isalpha() for character in self.value)


def code_rows(text: str) -> Iterator[CodeRow]:
    """Every row of two or more letters and digits, regardless of its meaning."""
    row: list[tuple[int, int, str, bool]] = []
    skip_to = 0
    factor = 1
    for match in _TOKEN.finditer(text):
        if match.start() < skip_to or text[match.start() - 1 : match.start()] in ("'", "’"):
            continue
        word = match.group()
        if word.lower() in REPEATS:
            factor = REPEATS[word.lower()]
            continue
        if row and word.lower() in _BETWEEN and (word.lower() != "ray" or row[-1][2] == "x"):
            continue
        value = _value(word)
        end = match.end()
        spelling = _AS_IN.match(text, end) if value and len(value) == 1 and value.isalpha() else None
        if spelling:
            end = skip_to = spelling.end()
        if row and (
            not value
            or not _GAP.match(
                re.sub(r"(?i)\b(?:double|triple|treble)\b", "", text[row[-1][1] : match.start()])
            )
        ):
            yield from _row(row)
            row = []
        if value:
            row.append(
                (
                    match.start(),
                    end,
                    value * factor if len(value) == 1 else value,
                    word.lower() in _WEAK and not _stands_as_letter(text, match.start(), end),
                )
            )
        factor = 1
    yield from _row(row)


def _stands_as_letter(text: str, start: int, end: int) -> bool:
    """ "K, A.": a capital between commas or hyphens is a letter, not a word."""
    return text[start:end].isupper() and bool(
        re.search(r"[,-]\s?\Z", text[:start]) or re.match(r"[,-]", text[end:])
    )


def _row(row: list[tuple[int, int, str, bool]]) -> Iterator[CodeRow]:
    while row and row[0][3]:
        row = row[1:]
    while row and row[-1][3] and not (len(row) > MIN_CODE and row[-1][2] in "0o" and row[-2][2].isdigit()):
        row = row[:-1]
    if len(row) > 1 or (row and len(row[0][2]) > 1 and not row[0][2].isalpha()):
        yield CodeRow(row[0][0], row[-1][1], "".join(value for _, _, value, _ in row))


def _value(word: str) -> str:
    """The letter or the digits that a word stands for, "" if it is a word."""
    lower = word.lower()
    if len(word) == 1 and word.isascii():
        return lower
    if word.isdecimal() or (word.isascii() and word.isupper() and len(word) <= 3):
        return lower
    for words in (ENGLISH_UNITS, ENGLISH_TEENS, _NATO_LETTERS, _SPOKEN_LETTERS, _KOREAN_LETTERS):
        if lower in words:
            return words[lower]
    if lower in ENGLISH_TENS:
        return ENGLISH_TENS[lower] + "0"
    if lower in KOREAN_WORDS:
        return KOREAN_WORDS[lower]
    if word == "둘둘":
        return "22"
    if len(word) > 1 and word[-1] in "에의" and word[0] in KOREAN_DIGITS:
        word = word[:-1]
    if re.fullmatch(
        r"(?!h?mm*|mhm|hm|by|my|fly|dry|try|sky|shy|cry|tv|pc|cd|gb|mb|ss|sh|sms)[b-df-hj-np-tv-z]{2,3}", word
    ):
        return word  # "yp": letters that a recogniser joined
    if all(character in KOREAN_DIGITS for character in word):
        return "".join(KOREAN_DIGITS[character] for character in word)
    return ""


def code_spans(text: str, before: str) -> Iterator[Span]:
    """Number plates and passport numbers, by form or where the text or the question before mentions one."""
    for pattern in (_KOREAN_PLATE, _BRITISH_PLATE):
        yield from (Span(*match.span(), PiiKind.PLATE) for match in pattern.finditer(text))
    yield from (Span(*match.span(), PiiKind.ACCOUNT) for match in _IBAN.finditer(text))
    yield from (Span(*match.span(), PiiKind.SSN) for match in _INSURANCE.finditer(text))
    rows = list(code_rows(text))
    yield from (
        Span(row.start, row.end, PiiKind.SSN) for row in rows if _SPOKEN_INSURANCE.fullmatch(row.value)
    )
    kinds = asked(before)
    announced = cues(text)
    if HARMLESS not in kinds and not any(kind == HARMLESS for _, kind in announced):
        for row in rows:
            if _SPOKEN_PLATE.search(row.value) and row.end - row.start > len(row.value):
                yield Span(row.start, row.end, PiiKind.PLATE)
    for start, end, value, letters in _candidates(text, rows):
        near = [kind for at, kind in announced if at <= start and start - at < 60]
        kind = near[-1] if near else None
        for wanted in (PiiKind.PLATE, PiiKind.PASSPORT):
            if kind == wanted or (kind is None and wanted in kinds and HARMLESS not in kinds):
                digits_only = wanted is PiiKind.PASSPORT and len(value) == PASSPORT_DIGITS
                if MIN_CODE <= len(value) <= 12 and (
                    0 < letters < len(value) or (digits_only and not letters)
                ):
                    yield Span(start, end, wanted)
                break
        else:
            if kind is None and PiiKind.ACCOUNT in kinds and HARMLESS not in kinds:
                if MIN_CODE < len(value) <= 20 and 0 < letters < len(value) / 2:
                    yield Span(start, end, PiiKind.ACCOUNT)
            elif _SPELLED_ASKED.search(before) and letters >= MIN_SPELLED:
                yield Span(start, end, PiiKind.EMAIL)


def customer_number_spans(text: str, before: str) -> Iterator[Span]:
    """The number by which a firm knows a person, where the question before asks for it and the answer opens with it."""
    if not _CUSTOMER_ASKED.search(before):
        return
    for row in code_rows(text):
        digits = len(row.value) - row.letters
        amount = _THOUSANDS.search(text[row.start : row.end])
        if not amount and digits >= MIN_CUSTOMER_DIGITS and _ANSWER_OPENS.fullmatch(text[: row.start]):
            yield Span(row.start, row.end, PiiKind.ACCOUNT)


def _candidates(text: str, rows: Sequence[CodeRow]) -> Iterator[tuple[int, int, str, int]]:
    for row in rows:
        yield row.start, row.end, row.value, row.letters
    for match in _WRITTEN_CODE.finditer(text):
        yield *match.span(), match.group().lower(), sum(c.isalpha() for c in match.group())


def spelled_spans(text: str, names: set[str], *, asked_name: bool) -> Iterator[Span]:
    """Letters that spell a name of the call, or answer a question for one."""
    known = ["".join(filter(str.isalpha, name.lower())) for name in names]
    for row in code_rows(text):
        if row.letters == len(row.value) >= MIN_SPELLED and (
            asked_name or any(row.value in name or _shares(row.value, name) for name in known)
        ):
            yield Span(row.start, row.end, PiiKind.NAME)


def spelled_name_spans(text: str) -> Iterator[Span]:
    """A word that is spelled right after it, with its spelling: "kaczmarek kay ay see zed"."""
    for row in code_rows(text):
        word = _WORD_BEFORE_SPELLING.search(text, 0, row.start)
        if word is None or row.letters != len(row.value) or row.letters < MIN_SPELLED:
            continue
        letters = word.group(1).lower()
        if (
            letters[0] in row.value[:2]
            and sum(pair in row.value for pair in _pairs(letters)) >= MIN_SHARED_PAIRS
        ):
            yield Span(word.start(1), word.end(1), PiiKind.NAME)
            yield Span(row.start, row.end, PiiKind.NAME)


def _pairs(letters: str) -> set[str]:
    return {letters[i : i + 2] for i in range(len(letters) - 1)}


def _shares(spelled: str, name: str) -> bool:
    """Whether most of the spelling is in the name: a spelling may be misheard or cut."""
    return any(spelled[:n] in name for n in range(len(spelled) - 1, MIN_SPELLED, -1))
