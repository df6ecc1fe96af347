# ruff: noqa: E501  (one part per line reads better)
"""Dates of birth: a date, written or spoken, where the words or the question before speak of a birth."""

from __future__ import annotations

import re
from collections.abc import Iterator

from callytics.domain import PiiKind
from callytics.redaction.cues import asked as mentioned
from callytics.redaction.digits import digit_rows
from callytics.redaction.english_words import is_common
from callytics.redaction.span import Span

MIN_DIGITS = 4
"""A date in digits alone has more digits than this: "팔육 공삼 일구", "4-17-63"."""

_N = r"(?:\d+|[공영일이삼사오육륙칠팔구십천백유시]+)"
_LUNAR_DAY = r"(?:초|열|스무)?(?:하루|이틀|사흘|나흘|닷새|엿새|이레|여드레|아흐레|열흘|(?:하룻|이튿|사흗|나흗|닷샛|엿샛|이렛|여드렛|아흐렛|열흘)날)"
_KOREAN = re.compile(
    rf"(?:{_N}\s?년(?:도|생)?\s?(?:[음양](?:력\s?|\s))?)?(?:{_N}\s?월|동짓달|섣달|정월)\s?(?:{_N}\s?일|{_N}\s일|{_LUNAR_DAY}|(?:보름|그믐)|{_N}(?![가-힣]))(?:생)?"
)
_KOREAN_MONTH = re.compile(rf"{_N}\s?년(?:도|생)?\s?(?:[음양]력\s?)?(?:{_N}\s?월|동짓달|섣달|정월)")
""" "호적은 삼십칠년 일월이여": the day is not said, or not heard."""
_MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.?"
_ORDINAL_TEXT = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth"
_UNIT_TEXT = "oh zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_CARDINAL = rf"(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?|{'|'.join(sorted(_UNIT_TEXT.split(), key=len, reverse=True))})"
_DAY = rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|(?:(?:twenty|thirty)[\s-])?(?:{'|'.join(sorted(_ORDINAL_TEXT.split(), key=len, reverse=True))})|{_CARDINAL})"
_YEAR = rf"(?:['’]?(?:19|20)?\d\d|two thousand(?:(?: and)? {_CARDINAL})?|(?:nineteen|twenty)[\s-](?:(?:oh|and)[\s-])?{_CARDINAL}|{_CARDINAL})"
_ENGLISH = re.compile(
    rf"\b(?:the\s)?(?:{_DAY}(?:\sof)?(?:\sthe)?\s{_MONTH}|{_DAY}\sof(?:\sthe)?\s{_DAY}|{_MONTH}\s(?:the\s)?{_DAY})(?:,?\s(?:of\s|(?:the\s)?year\s)?{_YEAR})?\b",
    re.IGNORECASE,
)
_YEAR_FIRST = re.compile(
    rf"\b(?:19|20)\d\d,?\s{_MONTH}\s(?:the\s)?{_DAY}\b|\bnineteen[\s-](?:oh[\s-])?{_CARDINAL},?\s{_MONTH}\s(?:the\s)?{_DAY}\b",
    re.IGNORECASE,
)
_WRITTEN = re.compile(r"(?<![\d-])\d{1,4}[/.-]\s?\d{1,2}[/.-]\s?\d{2,4}(?![\d-])")
_SPOKEN_DIGITS = re.compile(rf"\b{_CARDINAL}(?:[\s,-]+{_CARDINAL}){{2,6}}\b", re.IGNORECASE)
_AFTER_CUE = re.compile(
    rf"\b(?:birthday|birth ?date|date of birth|d\.?o\.?b\.?|born)(?: is| was|['’]s|,|:| on)?\s({_CARDINAL}(?:[\s,-]+{_CARDINAL}){{2,6}})\b",
    re.IGNORECASE,
)
""" "birthday nine nine eighty two" """
_STATED = re.compile(rf"(?:{_N}\s?년\s?)?{_N}\s?월\s?{_N}\s?일\s?생|{_N}\s?년\s?생")

_PAST = r"(?:19\d\d|nineteen[\s-](?:twenty|thirty|forty|fifty|sixty|seventy|eighty)(?:[\s-]\w+)?)"
_LONG_AGO = re.compile(
    rf"\b(?:(?:the\s)?{_DAY}(?:\sof)?\s{_MONTH}|{_MONTH}\s(?:the\s)?{_DAY}),?\s{_PAST}\b"
    r"|(?<![\d/.-])\d{1,2}[/.-]\d{1,2}[/.-]19[2-9]\d(?![\d/-]|\.\d)"
    rf"|(?<!\d)(?:19[2-9]\d|[3-9]\d)\s?년(?:도|생)?\s?(?:[음양]력\s?)?\d+\s?월\s?\d+\s?일"
    rf"|(?<![가-힣])[삼사오육칠팔구]십[일이삼사오육칠팔구]?\s?년\s?(?:[음양]력\s?)?(?:{_N}\s?월|동짓달|섣달|정월)\s?(?:{_N}\s?일|(?:초|열|스무)?(?:하루|이틀|사흘|나흘|닷새|엿새|이레|여드레|아흐레|열흘))",
    re.IGNORECASE,
)
"""A whole date of the last century: what else in a service call happened so long ago?"""


def birth_date_spans(text: str, before: str) -> Iterator[Span]:
    """Dates of birth in ``text``; ``before`` is the question that it may answer."""
    for stated in (_STATED, _LONG_AGO):
        yield from (Span(*match.span(), PiiKind.BIRTH_DATE) for match in stated.finditer(text))
    announced = PiiKind.BIRTH_DATE in mentioned(text)
    asked = PiiKind.BIRTH_DATE in mentioned(before)
    if not announced and not asked:
        return
    for pattern in (_KOREAN, _KOREAN_MONTH, _ENGLISH, _YEAR_FIRST, _WRITTEN):
        yield from (Span(*match.span(), PiiKind.BIRTH_DATE) for match in pattern.finditer(text))
    for match in _AFTER_CUE.finditer(text):
        yield Span(*match.span(1), PiiKind.BIRTH_DATE)
    if asked:
        for match in _SPOKEN_DIGITS.finditer(text):
            word = re.search(r"([\w']+)\W*\Z", text[: match.start()])
            if word is None or not is_common(word.group(1).lower().split("'")[0]):
                yield Span(*match.span(), PiiKind.BIRTH_DATE)
        for row in digit_rows(text):
            if (
                MIN_DIGITS < len(row.digits) <= 8
                and not re.search(r"[A-Za-z]|\d,\d{3}", text[row.start : row.end])
                and not re.match(r"\s?(?:원|만|번|호|동|년|월|일)", text[row.end :])
            ):
                last_digit = row.ambiguous_end or text[row.end : row.end + 1] == "구"
                odd = len(row.digits) % 2 and last_digit
                yield Span(row.start, row.end + bool(odd), PiiKind.BIRTH_DATE)
