"""Written forms of Korean numbers: amounts, quantities, addresses. The rules apply in the order of written_korean.

Most syllables of Sino-Korean numbers are also particles or parts of words (이 분, 사원, 만원 버스, 오일, 이번). So a
number of one syllable is converted only before a unit that it cannot be a word with, and every number only at the start
of a word and before the end of one or an ending of a noun.
"""

from __future__ import annotations

import re

from callytics.written_forms.korean_dates import dates, is_yes, times
from callytics.written_forms.korean_digits import phones, rows
from callytics.written_forms.korean_numbers import digit_row, native_value, sino_value
from callytics.written_forms.korean_vocabulary import (
    COMMA_UNITS,
    COUNTED_BY_ONE,
    DIGIT_SYLLABLES,
    LONG_UNITS,
    NATIVE_COUNTERS,
    NATIVE_NUMBER,
    NOUN_END,
    ONE_SYLLABLE,
    SHORT_UNITS,
    SINO,
    SYLLABLES,
    WORD_END,
    WORD_START,
    WORDS_WHEN_JOINED,
    replaced,
)


def written_korean(text: str) -> str:
    """``text`` with Korean numbers in written form."""
    if not re.search(rf"[{SYLLABLES}시유열스서마쉰예흔든한두세네다여아석넉]", text):
        return text
    for rule in (
        phones,
        dates,
        times,
        _decimals,
        _percents,
        _money,
        _units,
        _native,
        _addresses,
        rows,
        _plain,
    ):
        text = rule(text)
    return text


def _last_number(text: str) -> tuple[str, str]:
    """Of words that are not one number together ("십사 이백삼"): those before the last number, and the last number."""
    words = text.split(" ")
    for first in range(len(words)):
        number = " ".join(words[first:])
        if sino_value(number) is not None or digit_row(number) is not None:
            return "".join(f"{word} " for word in words[:first]), number
    return "", text


def _commas(value: int) -> str:
    return f"{value:,}"


def _syllables(number: str) -> int:
    return len(re.sub(r"[\s,]", "", number))


_NUMBER = rf"(?P<number>{SINO})"
_DECIMAL = re.compile(
    rf"{WORD_START}(?P<whole>[{SYLLABLES}]+|\d+)\s?(?:점|쩜)\s?(?P<part>[{DIGIT_SYLLABLES}]{{1,3}})(?=\s?(?:퍼센트|프로|%|도|배|킬로|키로|센티|미터|인치|기가|리터|평|점|톤|초|만|억))"
)
_DECIMAL_AT_END = re.compile(
    rf"{WORD_START}(?P<whole>[{SYLLABLES}]+)\s점\s(?P<part>[{DIGIT_SYLLABLES}]{{1,2}})(?=[.?!,]|$)"
)
_PERCENT = re.compile(
    rf"{WORD_START}{_NUMBER}(?P<gap>\s?)(?:퍼센트|프로(?!그램|그래|젝트|필|세스|모션|토콜|야구|골프|선수|급|답))"
)
_NUMBER_PERCENT = re.compile(
    r"(?P<number>\d[\d,.]*)\s?(?:퍼센트|프로(?!그램|그래|젝트|필|세스|모션|토콜|야구|골프|선수|급|답))"
)
_WON = re.compile(rf"{WORD_START}{_NUMBER}\s?원(?!가|래|하|피스|룸|장|천|본|서|주)")
_UNIT = re.compile(rf"{WORD_START}{_NUMBER}(?P<gap>\s?)(?P<unit>{LONG_UNITS}|{SHORT_UNITS})")


def _decimals(text: str) -> str:
    def made(match: re.Match[str]) -> str | None:
        whole = 0 if match["whole"] in ("영", "공") else sino_value(match["whole"])
        if whole is None or match["whole"] in ("만", "천", "백"):
            return None
        return f"{whole}.{digit_row(match['part'])}"

    return replaced(_DECIMAL_AT_END, replaced(_DECIMAL, text, made), made)


def _percents(text: str) -> str:
    def made(match: re.Match[str]) -> str | None:
        before, number = _last_number(match["number"])
        value = sino_value(number)
        if value is None or (number in ("이", "만") and "프로" in match.group()):
            return None  # 이 프로: this programme
        return f"{before}{_commas(value)}%"

    text = replaced(_PERCENT, text, made)
    return replaced(_NUMBER_PERCENT, text, lambda match: f"{match['number']}%")


def _money(text: str) -> str:
    def made(match: re.Match[str]) -> str | None:
        before, number = _last_number(match["number"])
        value = sino_value(number)
        after = text[match.end() :]
        if value is None or (_syllables(number) == 1 and number not in "십백천만"):
            return None  # 사원, 구원, 이 원
        if number == "만" and re.match(r"\s(?:버스|지하철|열차|전철|사례)", after):
            return None
        return f"{before}{_commas(value)}원"

    return replaced(_WON, text, made)


def _units(text: str) -> str:
    def made(match: re.Match[str]) -> str | None:
        before, number = _last_number(match["number"])
        gap, unit = match["gap"], match["unit"]
        after = text[match.end() :]
        if unit == "분" and re.match(r"의|쟁|배|할", after):
            return None
        if not _unit_fits(number, gap, unit, after):
            return None
        value = sino_value(number)
        if value is None:
            digits = digit_row(number)
            if (
                digits is None
                or len(digits) < 3
                or unit not in ("번", "호", "동", "번지", "편", "호선", "번길")
            ):
                return None
            return f"{before}{digits}{unit}"
        shown = _commas(value) if unit in COMMA_UNITS else str(value)
        return f"{before}{shown}{unit}"

    return replaced(_UNIT, text, made)


def _unit_fits(number: str, gap: str, unit: str, after: str) -> bool:
    syllables = _syllables(number)
    if number in ("공", "영"):
        return False
    if unit in LONG_UNITS.split("|"):
        if number in ("이", "만") and (gap or unit in ("엔", "평", "쪽", "메가", "밀리", "기가")):
            return False  # 이 시간: this hour
        if unit in ("엔", "평", "쪽", "유로") and syllables == 1:
            return False
        return unit not in ("시간", "엔", "평", "쪽", "밀리") or bool(re.match(NOUN_END, after))
    if not re.match(WORD_END, after) and not (
        unit in ("번", "층", "호", "동", "강", "세", "명", "개") and syllables >= 3
    ):
        return False
    if number in ("백", "천", "만") and gap and unit in ("명", "개"):
        return True
    if syllables == 1:
        if number not in ONE_SYLLABLE.get(unit, "") or (number == "이" and gap):
            return False
        return not (unit == "분" and number == "십" and re.match(r"\s(?:이해|발휘|활용|공감|고려)", after))
    if unit in ("도", "시", "주", "인", "부", "기", "편") and syllables < 2:
        return False
    return not (number == "이만" and gap)


def _native(text: str) -> str:
    pattern = re.compile(
        rf"{WORD_START}(?P<number>{NATIVE_NUMBER})(?P<gap>\s?)(?P<unit>{NATIVE_COUNTERS})(?P<end>{WORD_END})"
    )

    def made(match: re.Match[str]) -> str | None:
        number, gap, unit = match["number"], match["gap"], match["unit"]
        value = native_value(number)
        if value is None or unit == "시":
            return None
        if number == "한" and (unit not in COUNTED_BY_ONE or (not gap and unit in WORDS_WHEN_JOINED)):
            return None
        if number in ("네", "세", "열", "한", "두", "석") and not gap and unit in WORDS_WHEN_JOINED:
            return None
        if number == "네" and is_yes(text, match.start()):
            return None
        if number == "한" and re.match(r"도|이라도|라도", text[match.end("unit") :]):
            return None  # 한 명도, 한 시간도: not even one
        return f"{value}{unit}"

    return replaced(pattern, text, made)


_AFTER_ROAD = re.compile(
    rf"(?P<road>(?:\d+번?길|[가-힣]로|[가-힣]길)\s)(?P<number>[{SYLLABLES}]{{2,6}}){WORD_END}"
)
_ROAD = re.compile(rf"(?P<before>[가-힣]로\s)(?P<number>[{SYLLABLES}]+)(?P<unit>번?길)")
_HOUSE = re.compile(rf"(?P<block>\d+동\s)(?P<number>[{SYLLABLES}]{{2,6}}){WORD_END}")
_LARGE = re.compile(rf"{WORD_START}{_NUMBER}(?P<end>{WORD_END})")


def _addresses(text: str) -> str:
    def road(match: re.Match[str]) -> str | None:
        value = sino_value(match["number"])
        return None if value is None else f"{match['before']}{value}{match['unit']}"

    def house(match: re.Match[str]) -> str | None:
        value = sino_value(match["number"])
        return None if value is None else f"{match[1]}{value}"

    text = replaced(_ROAD, text, road)
    return replaced(_HOUSE, replaced(_AFTER_ROAD, text, house), house)


def _plain(text: str) -> str:
    """Large numbers that no unit follows: "십사만 이천". Round ones may be words (천만에요, 이만, 오만)."""

    def made(match: re.Match[str]) -> str | None:
        number = match["number"].rstrip()
        if number.endswith("이") and re.match(
            r"(?:야|면|에요|예요|고|라|니|죠|지|네|랑|거든)", text[match.end() :]
        ):
            number = number[:-1]  # 삼천팔백이야: the ending, not the digit 2
        value = sino_value(number)
        if value is None or _syllables(number) < 4 or value < 1000:
            return None
        if len(set(re.sub(r"[^십백천만억]", "", number))) < 2:
            return None
        return _commas(value) + match["number"][len(number) :]

    return replaced(_LARGE, text, made)
