# ruff: noqa: E501  (one word list or pattern per line reads better)
"""Are the numbers, units, days and names of a claim in its quotes? Spoken forms count: "십팔만 원" is 180,000원."""

from __future__ import annotations

import re

from callytics.engines.analysis.stated_numbers import digit_numbers, digit_string, numbers
from callytics.written_forms import written

_UNITS = {
    "minute": ("minute", "minutes", "분"), "hour": ("hour", "hours", "시간"), "day": ("day", "days", "일", "영업일"),
    "week": ("week", "weeks", "주", "주일"), "month": ("month", "months", "개월", "달"), "year": ("year", "years", "년"),
    "percent": ("%", "percent", "퍼센트", "프로"), "won": ("원",),
}  # fmt: skip
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_COUNTED = re.compile(
    r"(\d[\d,]*(?:\.\d+)?)\s?(?:business |working |more )?("
    + "|".join(sorted(map(re.escape, _UNIT_OF), key=len, reverse=True))
    + r")(?![a-z])"
)
_DAYS = {
    **{day: day for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")},
    **{f"{letter}요일": day for letter, day in zip("월화수목금토일", ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), strict=True)},
    "today": "today", "tonight": "today", "night shift": "today", "this evening": "today", "this morning": "today", "this afternoon": "today", "오늘": "today",
    "tomorrow": "tomorrow", "내일": "tomorrow", "yesterday": "yesterday", "어제": "yesterday", "어젯밤": "yesterday",
    "모레": "in two days", "next week": "next week", "다음 주": "next week", "다음주": "next week",
    "next month": "next month", "다음 달": "next month", "다음달": "next month",
    **{name: name for name in ("january", "february", "april", "june", "july", "august", "september", "october", "november", "december")},
}  # fmt: skip
_PERIODS = {
    "last week": "last week", "지난주": "last week", "지난 주": "last week", "last month": "last month", "지난달": "last month", "지난 달": "last month",
    "last year": "last year", "작년": "last year", "지난해": "last year", "this week": "this week", "이번 주": "this week", "이번주": "this week",
    "this month": "this month", "이번 달": "this month", "이번달": "this month", "이달": "this month", "this year": "this year", "올해": "this year",
}  # fmt: skip
"""Not said otherwise, they may stand for a date; where another one is said, they are false."""
_WORD_NUMBERS = re.compile(
    r"\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    r"eighteen|nineteen|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ -](?:one|two|three|four|five|six|"
    r"seven|eight|nine))?|(?:second|third)(?! (?!time|attempt|call|day|visit|week|month|year|of|in|on|and|as)[a-z])|fourth|fifth|sixth|seventh|eighth|ninth|tenth|twelfth|nineteenth|twentieth|twice)\b",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"(\d)(?:st|nd|rd|th)\b")
_SPOKEN_ORDINALS = {"fourteenth": 14, "fifteenth": 15, "sixteenth": 16, "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30, "twelfth": 12, "twenty-first": 21, "twenty-second": 22, "twenty-third": 23}  # fmt: skip
NO_NUMBERS = re.compile(
    r"이번|이거|이게|이건|이것|이제|이미|이렇|이런|이쪽|일단|일을|오늘|오전|오후|오시|오면|사람|사실|사용|구매|"
    r"(?<![가-힣])이 (?!주|회|번 |점|개월|년|층|프로|퍼센트|시간|원|만|천|백|십)"
)
"""Words that begin like a number; without them "이번" would be "두 번"."""
_HALF = re.compile(r"\bhalf an hour\b", re.IGNORECASE)
_WHOLE = re.compile(r"\ban hour\b", re.IGNORECASE)
_FORTNIGHT = re.compile(r"\bfortnight\b", re.IGNORECASE)
_KOREAN_COUNT = re.compile(r"(두|세|네|다섯|여섯|일곱|여덟|아홉|열)\s?(?:번|시간|명|개|달|박스|살|장)")


def figure_not_said(claim: str, said: str) -> str | None:
    """ "number_not_said", "unit_not_said" or "day_not_said"; None if everything that the claim counts or dates was said."""
    claim_written, said_written = written(claim), written(said)
    stated, heard = _stated(claim, claim_written), _heard(said, said_written)
    # Prices of cars and houses are said without their 만: "1,480" is 14,800,000 won.
    missing = {number for number in stated - heard if number / 10_000 not in heard or number < 1_000_000}
    if missing:
        # Identifiers are often spoken in pieces: "four one, one one". Short numbers would match any row of digits.
        in_a_row = digit_string(said)
        if not all(number >= 1000 and f"{number:.0f}" in in_a_row for number in missing):
            return "number_not_said"
    counted, other = _counted(claim, claim_written), _counted(said, said_written)
    for value, unit in counted:
        units = {other_unit for other_value, other_unit in other if other_value == value}
        if units and unit not in units:
            return "unit_not_said"
    if _HALF.search(said) and _WHOLE.search(claim) and not _HALF.search(claim):
        return "number_not_said"
    if _days(claim) - _days(said):
        return "day_not_said"
    stated_periods, said_periods = _periods(claim), _periods(said)
    if said_periods and stated_periods - said_periods:
        return "day_not_said"
    return None


def answers_another_figure(claim: str, asked: str, answered: str) -> bool:
    """ "Five out of five? – Four": the figure of the claim is only in the question, and the answer has its own."""
    stated, answer = _stated(claim, written(claim)), _heard(answered, written(answered))
    return bool(stated and answer) and not stated & answer and stated <= _heard(asked, written(asked))


def _stated(claim: str, claim_written: str) -> set[float]:
    """The numbers of a claim, in digits and in plain number words."""
    text = _ORDINAL.sub(r"\1", claim_written)
    found = digit_numbers(text)
    for match in _WORD_NUMBERS.finditer(claim):
        values = numbers(match.group()) | _ordinals(match.group())
        if values:
            found.add(max(values))
    for match in _KOREAN_COUNT.finditer(claim):
        found.update(
            digit_numbers(written(match.group())) or {max(numbers(match.group()), default=0.0)} - {0.0}
        )
    if _FORTNIGHT.search(claim):
        found.discard(14.0)
    return found


def _heard(said: str, said_written: str) -> set[float]:
    text = NO_NUMBERS.sub(" ", _ORDINAL.sub(r"\1", f"{said} {said_written}"))
    found = numbers(text) | digit_numbers(text) | _ordinals(said)
    if _FORTNIGHT.search(said):
        found |= {2.0, 14.0}
    return found


def _ordinals(text: str) -> set[float]:
    lower = text.lower()
    return {float(value) for word, value in _SPOKEN_ORDINALS.items() if re.search(rf"\b{word}\b", lower)}


def _counted(text: str, text_written: str) -> set[tuple[float, str]]:
    digits = _WORD_NUMBERS.sub(
        lambda m: f"{max(numbers(m.group()) | _ordinals(m.group()), default=0):.0f}", text
    )
    both = f"{digits} {text_written}".lower()
    return {(float(m.group(1).replace(",", "")), _UNIT_OF[m.group(2)]) for m in _COUNTED.finditer(both)}


def _periods(text: str) -> set[str]:
    lower = " ".join(text.lower().split())
    return {period for word, period in _PERIODS.items() if word in lower}


def _days(text: str) -> set[str]:
    lower = " ".join(text.lower().split())
    return {day for word, day in _DAYS.items() if re.search(rf"\b{word}" if word.isascii() else word, lower)}
