# ruff: noqa: E501  (one pattern per line reads better)
"""The figures of a text by whole number phrases: "twenty-six thousand" is 26,000 and neither 26 nor 6.

figures.py reads speech leniently, so that no true figure is lost; a changed one is then often found among the parts.
Here a phrase has one value; only a row of numbers keeps its readings ("six forty" is 640, 6 and 40). Both are signs of
the learned judge (learned.py).
"""

from __future__ import annotations

import re
from itertools import pairwise

from callytics.engines.analysis.claims.figures import NO_NUMBERS

Figures = set[float]

_UNITS_TEXT = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_UNITS = {word: value for value, word in enumerate(_UNITS_TEXT.split())}
_TENS = {word: 10 * value for value, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2)}  # fmt: skip
_ORDINALS_TEXT = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
_ORDINALS = {word: value for value, word in enumerate(_ORDINALS_TEXT.split(), start=1)} | {"thirtieth": 30}
_SCALES = {"hundred": 100, "thousand": 1_000, "grand": 1_000, "lakh": 100_000, "lakhs": 100_000, "million": 1_000_000}  # fmt: skip
_NAMED = {"once": 1, "twice": 2, "tenner": 10, "fiver": 5, "fortnight": 14, "dozen": 12, "oh": 0}
_MONEY = frozenset({"pounds", "pound", "dollars", "dollar", "euros", "euro"})
_TOKEN = re.compile(r"\d[\d,]*(?:\.\d+)?|[a-z]+|[^\sa-z\d]")

_SINO = {character: value for value, character in enumerate("영일이삼사오육칠팔구")} | {"공": 0, "륙": 6}
_SINO_UNITS = {"십": 10, "백": 100, "천": 1_000}
_SINO_SCALES = {"만": 10_000, "억": 100_000_000}
_NATIVE = {
    "하나": 1, "한": 1, "둘": 2, "두": 2, "셋": 3, "세": 3, "석": 3, "넷": 4, "네": 4, "넉": 4, "다섯": 5, "여섯": 6,
    "일곱": 7, "여덟": 8, "아홉": 9, "열": 10, "스물": 20, "스무": 20, "서른": 30, "마흔": 40, "쉰": 50, "예순": 60,
    "일흔": 70, "여든": 80, "아흔": 90,
}  # fmt: skip
_DAYS = {"하루": 1, "이틀": 2, "사흘": 3, "나흘": 4, "닷새": 5, "엿새": 6, "열흘": 10, "보름": 15}
_COUNTER = (
    r"(?:원|년|월|일|시간|시|분|초|개월|개|명|번|장|대|달|주|점|회|킬로|미터|퍼센트|프로|층|동|호|권|켤레|상자|포기|배|살|통|군데|문항|건|"
    r"유로|달러|박스|판|마리|채|식구|가지|잔|칸|메가|기가|만\s?원|천\s?원|곳|편|인분|차례|평|센티|그램|리터|줄|쪽|자리)"
)
_NATIVE_WORD = "|".join(sorted(_NATIVE, key=len, reverse=True))
_NATIVE_RUN = re.compile(
    rf"(?<![가-힣])((?:{_NATIVE_WORD})(?:\s?(?:{_NATIVE_WORD}))*)\s?({_COUNTER}|(?=\s|$|[,.?]|[이가을를은는]))"
)
_SINO_CHARACTERS = "[영공일이삼사오육칠팔구십백천만억]+"
_SINO_RUN = re.compile(
    rf"(?<![가-힣\d])(?<!\d\s)({_SINO_CHARACTERS}(?:\s{_SINO_CHARACTERS})*)\s?({_COUNTER})?"
)
_COPULA = re.compile(r"(?<=[십백천만억])이(?=다|에요|었|고|라|지|니)")
""" "사천삼백이다" is no 4,302."""
_KOREAN_DIGITS = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s?(천|만|억)?")


def missing_figures(claim: str, said: str) -> tuple[Figures, Figures]:
    """The figures of the claim, and those of them that were not said."""
    stated = figures_of(claim)
    heard = readings_of(said)
    digits = re.sub(r"\D", "", said)

    def is_said(value: float) -> bool:
        in_digits = value >= 1_000 and f"{value:.0f}" in digits
        return (
            value in heard
            or value * 10_000 in heard
            or (value >= 10_000 and value / 10_000 in heard)
            or in_digits
        )

    return stated, {value for value in stated if not is_said(value)}


def figures_of(text: str) -> Figures:
    """Values of whole phrases, in the language that the text is written in. "One" alone says too little to count."""
    if re.search(r"[가-힣]", text):
        return _korean(text, every=False)
    whole, _ = _english(text)
    ordinal = (
        {2.0}
        if re.search(r"\bsecond\b", text.lower()) and not re.search(r"\b(?:two|2)\b", text.lower())
        else set()
    )
    return whole - {1.0} - ordinal


def readings_of(text: str) -> Figures:
    """Every value that a phrase or a row of numbers can have."""
    whole, readings = _english(text)
    return whole | readings | _korean(text, every=True)


def _english(text: str) -> tuple[Figures, Figures]:
    """Values of phrases, a row of numbers as one; and all readings."""
    bare = re.sub(r"(?<=\d)(st|nd|rd|th)\b", "", text.lower().replace("-", " "))
    tokens = _TOKEN.findall(bare)
    found = _phrases(tokens)
    rows: list[list[tuple[float, int, int]]] = []
    for phrase in found:
        if rows and rows[-1][-1][2] == phrase[1]:
            rows[-1].append(phrase)
        else:
            rows.append([phrase])
    readings = {value for value, _, _ in found} | _with_cents(tokens, found)
    whole: Figures = set()
    for row in rows:
        digits = [f"{value:.0f}" for value, _, _ in row]
        whole.add(row[0][0] if len(row) == 1 else float("".join(digits)[:15]))
        for place in range(len(row) - 1):
            readings |= {float(digits[place] + digits[place + 1]), row[place][0] + row[place + 1][0] / 100}
            readings.add(float("".join(digits[place : place + 3])))
    _halves(" ".join(tokens), whole, readings)
    readings |= {float(match.replace(":", "").replace(".", "")) for match in re.findall(r"\d+[.:]\d\d", text)}
    return whole, readings


def _phrases(tokens: list[str]) -> list[tuple[float, int, int]]:
    """Number phrases with the places of their first token and of the one after their last."""
    found: list[tuple[float, int, int]] = []
    place = 0
    while place < len(tokens):
        token, end, value = tokens[place], place + 1, None
        if token[0].isdigit():
            value = float(token.replace(",", ""))
            while end < len(tokens) and tokens[end] in _SCALES:
                value, end = value * _SCALES[tokens[end]], end + 1
        elif token in _NAMED:
            value = float(_NAMED[token])
        elif token in _UNITS or token in _TENS or token in _ORDINALS or token == "hundred" or (token == "a" and tokens[end : end + 1] and tokens[end] in _SCALES):  # fmt: skip
            value, end = _phrase(tokens, place)
        if value is not None:
            found.append((value, place, end))
        place = end
    return found


def _phrase(tokens: list[str], start: int) -> tuple[float, int]:
    total, part, before, place = 0, 0, "", start
    while place < len(tokens):
        word = tokens[place]
        fresh = before in ("", "scale", "and")
        if place == start and word in ("a", "hundred"):
            part, before = (1, "unit") if word == "a" else (100, "scale")
        elif word in _TENS and fresh:
            part, before = part + _TENS[word], "tens"
        elif word in _UNITS and (fresh or (before == "tens" and 0 < _UNITS[word] < 10)):
            part, before = part + _UNITS[word], "unit"
        elif word in _ORDINALS and (fresh or (before == "tens" and _ORDINALS[word] < 10)):
            return float(total + part + _ORDINALS[word]), place + 1
        elif word in _SCALES and before in ("unit", "tens"):
            total, part = (total, part * 100) if word == "hundred" else (total + part * _SCALES[word], 0)
            before = "scale"
        elif (
            word == "and"
            and before == "scale"
            and set(tokens[place + 1 : place + 2]) & (_UNITS.keys() | _TENS.keys())
        ):
            before = "and"
        else:
            break
        place += 1
    return float(total + part), place


def _with_cents(tokens: list[str], found: list[tuple[float, int, int]]) -> Figures:
    """ "Twenty-seven pounds forty", "twenty-one point nine"."""
    values: Figures = set()
    for (one, _, end), (other, start, _) in pairwise(found):
        if start - end == 1 and tokens[end] in _MONEY:
            values.add(one + other / 100)
        if start - end == 1 and tokens[end] == "point":
            values.add(one + other / 10)
    return values


def _halves(spoken: str, whole: Figures, readings: Figures) -> None:
    for hour in re.findall(r"\bhalf (?:past )?(\w+)", spoken):
        if hour in _UNITS:
            value = float(_UNITS[hour])
            readings |= {value + 0.5, float(f"{value:.0f}30"), 30.0}
            whole.discard(value)
            whole.add(value + 0.5)
    for word in re.findall(r"(\w+) and a half", spoken):
        if word in _UNITS:
            readings.add(_UNITS[word] + 0.5)
            whole.discard(float(_UNITS[word]))
            whole.add(_UNITS[word] + 0.5)
    if "hour and a half" in spoken:
        readings.add(1.5)
    elif re.search(r"\b(?:an|a|per) (?:hour|week|day|month|year|minute)\b", spoken):
        readings.add(1.0)
    if re.search(r"\b(?:both|pair|couple|fortnight)\b", spoken):
        readings.add(2.0)


def _korean(text: str, *, every: bool) -> Figures:
    """``every``: also a single digit without a counter, and the parts of a row."""
    text = _COPULA.sub(" ", NO_NUMBERS.sub(" ", text))
    scale = {"": 1, "천": 1_000, "만": 10_000, "억": 100_000_000}
    found = {float(digits.replace(",", "")) * scale[unit] for digits, unit in _KOREAN_DIGITS.findall(text)}
    found |= {float(value) for word, value in _DAYS.items() if word in text}
    for run, counter in _NATIVE_RUN.findall(text):
        if counter or len(run.replace(" ", "")) > 1:
            found.add(float(sum(_NATIVE[word] for word in re.findall(_NATIVE_WORD, run))))
    for run, counter in _SINO_RUN.findall(text):
        row = run[:-2] if re.search(r"\s[일시]$", run) else run
        for number, part in enumerate([row, *row.split(" ")] if every else [row]):
            digits = part.replace(" ", "")
            counted = bool(counter) and number in (0, len(row.split(" ")))
            has_unit = bool(set(digits) & (_SINO_UNITS.keys() | _SINO_SCALES.keys()))
            if (
                every
                or len(digits) > 2
                or (has_unit and len(digits) > 1)
                or (counted and digits not in "백천만")
            ):
                found.add(_sino(digits))
    if re.search(r"반(?:이|에|으로|까지|에서)?(?![가-힣])", text):
        found |= {value + 0.5 for value in found if value <= 24}
    return found


def _sino(run: str) -> float:
    """ "삼만삼천" is 33,000; digits without a unit are read one by one."""
    if not set(run) & (_SINO_UNITS.keys() | _SINO_SCALES.keys()):
        return float("".join(str(_SINO[character]) for character in run))
    total, part, digit = 0, 0, ""
    for character in run:
        if character in _SINO:
            digit += str(_SINO[character])
        elif character in _SINO_UNITS:
            part, digit = part + int(digit or "1") * _SINO_UNITS[character], ""
        else:
            total, part, digit = total + (part + int(digit or "0") or 1) * _SINO_SCALES[character], 0, ""
    return float(total + part + int(digit or "0"))
