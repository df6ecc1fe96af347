"""Korean dates, lengths of stay and times of day."""

from __future__ import annotations

import re

from callytics.written_forms.korean_numbers import digit_row, native_value, sino_value
from callytics.written_forms.korean_vocabulary import (
    DIGIT_SYLLABLES,
    NOUN_END,
    SYLLABLES,
    WORD_END,
    WORD_START,
    replaced,
)

_MONTH = r"일|이|삼|사|오|유|육|칠|팔|구|시|십일|십이|십"
_MONTH_NUMBER = {"유": 6, "시": 10}
_DAY = r"(?:[이삼]?십\s?[일이삼사오육칠팔구]?|[일이삼사오육칠팔구])"
_MONTH_DAY = re.compile(
    rf"{WORD_START}(?P<month>{_MONTH})\s?월(?P<gap>\s?)(?:(?P<day>{_DAY})\s?일(?!\s?월|요일))?"
)
_YEAR = re.compile(
    rf"{WORD_START}(?P<year>(?:이천|천구백|이공|일구)[{SYLLABLES}]{{0,5}}|[{DIGIT_SYLLABLES}]{{2}}|[{SYLLABLES}]{{2,6}})\s?년(?P<tail>도|생|대|{NOUN_END})"
)
_YEARS = re.compile(
    rf"{WORD_START}(?P<number>일|이|삼|사|오|육|칠|팔|구|십)\s?년(?=\s?(?:전|동안|만에|뒤|후|째|간|치|이상|정도|넘|차|반|약정|계약|안|이내|마다|에|이에요|이요|씩|쓴|썼|된|됐)|$|[^가-힣\s])"
)
_DAY_ALONE = re.compile(
    rf"{WORD_START}(?P<day>이십|삼십|십)?(?P<unit>[일이삼사오육칠팔구])?\s?일(?P<tail>까지|부터|날|자|{NOUN_END})"
)
_DAYS = re.compile(
    rf"{WORD_START}(?P<number>[삼사오육칠팔구십])\s?일(?=\s?(?:안에|동안|전에|후에|뒤에|이내|만에|째|간|정도|치))"
)
_NIGHTS = re.compile(
    rf"{WORD_START}(?P<nights>[일이삼사오육칠팔구십]{{1,2}})\s?박\s?(?P<days>[이삼사오육칠팔구십]{{1,3}})\s?일"
)


def dates(text: str) -> str:
    text = replaced(_NIGHTS, text, _nights)
    text = replaced(_MONTH_DAY, text, lambda match: _month_day(match, text))
    text = replaced(_YEAR, text, _year)
    text = replaced(_YEARS, text, lambda match: f"{sino_value(match['number'])}년")
    text = replaced(_DAY_ALONE, text, _day_alone)
    return replaced(_DAYS, text, lambda match: f"{sino_value(match['number'])}일")


def _nights(match: re.Match[str]) -> str | None:
    nights, days = sino_value(match["nights"]), sino_value(match["days"])
    return f"{nights}박 {days}일" if nights and days else None


def _month_day(match: re.Match[str], text: str) -> str | None:
    month = _MONTH_NUMBER.get(match["month"]) or sino_value(match["month"])
    after = text[match.end() :]
    if match["day"]:
        day = sino_value(match["day"])
        if day is None or not 1 <= day <= 31:
            return None
        return f"{month}월{match['gap'] or ' '}{day}일"
    if match["month"] in ("이", "일") and not re.match(r"(?:에|달|말|초|중|부터|까지|\s?\d)", after):
        return None  # 이월: carried over
    if (
        match["month"] in ("시", "유", "사", "구", "오")
        and match["gap"] == ""
        and re.match(r"[가-힣]", after)
    ):
        return f"{month}월" if re.match(WORD_END, after) or re.match(r"달|말|초|중|생", after) else None
    return (
        f"{month}월{match['gap']}" if re.match(rf"{WORD_END}|[가-힣]{{1,2}}", after) or match["gap"] else None
    )


def _year(match: re.Match[str]) -> str | None:
    number, tail = match["year"], match["tail"]
    digits = digit_row(number)
    if digits is not None and len(digits) in (2, 4):
        if len(digits) == 2 and number in (
            "이이",
            "사이",
            "일이",
            "오이",
            "구이",
            "이사",
            "삼사",
            "이삼",
            "사오",
            "일이",
            "오육",
        ):
            return None  # 이삼 년: two or three years
        return f"{digits}년{tail}"
    value = sino_value(number)
    if value is None or len(number) < 2:
        return None
    return f"{value}년{tail}"


def _day_alone(match: re.Match[str]) -> str | None:
    """Without a month: 십오일, 이십구일. 십일, 이십일 and 삼십일 may be numbers without a unit (11, 21, 31)."""
    tens, unit, tail = match["day"] or "", match["unit"] or "", match["tail"]
    if not tens or (not unit and not tail):
        return None
    if not unit and tail not in ("까지", "부터", "날", "자"):
        return None
    value = sino_value(tens + unit)
    return f"{value}일{tail}" if value and value <= 31 else None


_CLOCK = re.compile(
    rf"{WORD_START}(?P<hour>열한|열두|한|두|세|네|다섯|여섯|일곱|여덟|아홉|열|\d{{1,2}}|십[삼사오육칠팔구]|이십[일이삼사]?)(?P<gap>\s?)시"
    rf"(?:(?P<space>\s?)(?P<minute>[이삼사오]?\s?십\s?[일이삼사오육칠팔구]?|[일이삼사오육칠팔구])\s?분)?"
)
_CLOCK_END = re.compile(
    r"$|[^가-힣]|(?:에서|에는|에도|에|까지|부터|쯤|경|정각|반|전|후|이후|이전|로|면|이면|이요|요|예요|이에요|입니다|이고|이라고|이라|지|이지|이죠|죠|넘|인데|니까|이니까|네|고|나|이나|도착|출발|예약)"
)

_JOINED_CLOCK_END = re.compile(
    r"(?:에|까지|부터|쯤|경|정각)(?:$|[^가-힣])|\s?반(?:$|[^가-힣]|에|쯤|까지|부터)"
)


def times(text: str) -> str:
    def made(match: re.Match[str]) -> str | None:
        hour = native_value(match["hour"])
        if hour is None:
            hour = int(match["hour"]) if match["hour"].isdecimal() else sino_value(match["hour"])
        after = text[match.end() :]
        if match["minute"]:
            return f"{hour}시{match['space'] or ' '}{sino_value(match['minute'])}분"
        if match["hour"] == "네" and is_yes(text, match.start()):
            return None
        if match["hour"] == "한" and (
            re.match(r"도|적|라도|름|바", after) or not re.match(r"에|까지|부터|쯤|\s?반|전|넘|\s", after)
        ):
            return None
        if match["hour"].isdecimal() or not _CLOCK_END.match(after):
            return None
        if match["hour"] in ("두", "세") and not match["gap"] and not _JOINED_CLOCK_END.match(after):
            return None  # 적어 두시고, 세시면: verbs
        return f"{hour}시"

    return replaced(_CLOCK, text, made)


def is_yes(text: str, start: int) -> bool:
    """네 at the start of a turn or sentence, or after the end of one, is "yes" and not 4."""
    before = text[:start].rstrip()
    return not before or before[-1] in ".?!,…" or before[-1] in "요다죠까네예"
