"""Finds rows of digits that identify a person, by their form or by the words around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from callytics.domain import PiiKind
from callytics.redaction.codes import code_rows
from callytics.redaction.cues import HARMLESS, cues
from callytics.redaction.digits import DigitRow, digit_rows
from callytics.redaction.span import Span

CUE_REACH = 60
"""Maximum distance in characters from a cue to its number; beyond, the subject has changed."""

MIN_DIGITS_ANNOUNCED = {
    PiiKind.PHONE: 7,
    PiiKind.CARD: 4,
    PiiKind.ACCOUNT: 6,
    PiiKind.RESIDENT_NUMBER: 6,
    PiiKind.SSN: 4,
}
MIN_DIGITS_ASKED = 3
"""In an answer, numbers may come in pieces."""

_UNIT_AFTER = re.compile(
    r"\s?(?:원|만|천|백|억|달러|불(?!러)|퍼센트|프로|%|년|월|일(?!공|영)|시(?!스)|호(?!선)|동(?=\s)|분|초|개|건|번째|대|명|살|세|킬로|그램|미터|메가|기가|층|번지|번길|리터|인치|회|차|위|점|"
    r"도|배|박스|(?:dollars?|bucks|cents?|percent|minutes?|hours?|days?|weeks?|months?|years?|units?|boxes|mega\w*|won|[ap]\.?m|st|nd|rd|th|hundred|thousand|million)\b)",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d\d)?")
_MONEY_BEFORE = re.compile(r"[$₩€£]\s?\Z")
_CONTACT_AFTER = re.compile(r"\s?(?:으로|로)?\s?(?:다시\s?)?(?:전화|문자|연락|걸어)")
_CONTACT_BEFORE = re.compile(r"\b(?:on|ring|dial|text|call)\s\Z", re.IGNORECASE)
""" "He's on 01768 555 0142": for a row of at least MIN_DIGITS_CONTACT digits."""
MIN_DIGITS_CONTACT = 9
_NATIONAL = re.compile(r"0[1-37]\d{9}")
"""British numbers with their trunk 0, those kept for fiction among them, which no numbering plan has."""
_WRITTEN_PHONE = re.compile(r"\d{3}-\d{3}-\d{4}")
_TRUNK_GROUPS = ((3, 3, 4), (4, 3, 3), (2, 4, 4), (3, 4, 4), (5, 6), (4, 3, 4))
"""Australian, Irish and New Zealand numbers, and Korean ones, as they are said."""
MAX_QUANTITY_DIGITS = 5
MAX_WORDS_ASIDE = 2
_OPENING = re.compile(
    r"(?:(?:yes|yeah|yep|sure|okay|ok|right|of course|um|uh|so|and|well|it'?s|it is|that'?s|that is|the|my|number|is"
    r"|account|네|예|음|어|아|그|저|제|번호는|번호가|계좌는|계좌번호는)\b[\s,.]*)*",
    re.IGNORECASE,
)
"""How answers open before they come to the number: no words aside."""
_BANK_BEFORE = re.compile(
    r"(?:[가-힣]+(?:은행|뱅크|금고)|국민|신한|우리|하나|기업|카카오|토스|농협|수협|신협|우체국)\s\Z"
)
_PLUS_BEFORE = re.compile(r"(?:\+|\bplus)\s?\Z", re.IGNORECASE)
_SAID_TWICE = re.compile(r"\A(?:010){2,}(?=\d{8}\Z)")
""" "공일공에 공일공 사칠이이 구공삼일": who is asked begins again."""
CARD_DIGITS = 16
_AREA_AFTER = re.compile(r",? area code (?:\d{3}|\w+ \w+ \w+)\b", re.IGNORECASE)
_OURS = re.compile(r"저희|우리|\bgrand\b|\bwe're\b")
_QUANTITY = re.compile(
    r"\d\.\d|\b(?:ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
    r"|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_ENDING = re.compile(r"\b(?:ending|ends|last four|digits)\b|끝자리|뒷자리|네 자리", re.IGNORECASE)
MIN_DIGITS_WITH_COUNTRY_CODE = 11
MIN_CODE_LETTERS = 2
MAX_CODE_DIGITS = 9
MIN_DIGITS_ALONE = 7
"""A shorter number answers a question only where the answer begins with it."""
PHONE_REGIONS = ("KR", "US", "GB")
"""Regions whose numbering plans apply to numbers without a country code."""


def number_spans(text: str, asked: frozenset[str]) -> Iterator[Span]:
    """Numbers in ``text`` that identify a person; ``asked`` has the kinds that the previous turn mentioned."""
    announced = cues(text)
    codes = [code for code in code_rows(text) if code.letters >= MIN_CODE_LETTERS]
    for row in digit_rows(text):
        if len(row.digits) < MAX_CODE_DIGITS and any(
            c.start <= row.start and row.end <= c.end for c in codes
        ):
            continue  # part of "E E W three zero zero seven P L"
        kind = _kind(text, row, _cue(text, row, announced), asked)
        if kind is not None:
            end = row.end + 1 if row.ambiguous_end and _wants_one_more(row, kind) else row.end
            bank = _BANK_BEFORE.search(text, 0, row.start) if kind is PiiKind.ACCOUNT else None
            plus = _PLUS_BEFORE.search(text, 0, row.start)
            first = bank or plus
            area = _AREA_AFTER.match(text, end) if kind is PiiKind.PHONE else None
            yield Span(first.start() if first else row.start, area.end() if area else end, kind)


def _cue(text: str, row: DigitRow, announced: list[tuple[int, str]]) -> str | None:
    """The nearest cue for numbers before the row."""
    before = [
        kind
        for end, kind in announced
        if end <= row.start
        and row.start - end <= CUE_REACH
        and (kind == HARMLESS or kind in MIN_DIGITS_ANNOUNCED)
    ]
    if before:
        return before[-1]
    if len(row.digits) >= MIN_DIGITS_CONTACT and _CONTACT_BEFORE.search(text, 0, row.start):
        return PiiKind.PHONE
    return PiiKind.PHONE if _CONTACT_AFTER.match(text, row.end) else None


def _kind(text: str, row: DigitRow, cue: str | None, asked: frozenset[str]) -> PiiKind | None:
    digits = row.digits
    if len(digits) < MIN_DIGITS_ASKED or _is_amount(text, row):
        return None
    form = _form(row)
    if form is None and _is_quantity(text, row):
        return None
    if cue is None and (_NATIONAL.fullmatch(digits) or (HARMLESS not in asked and _is_national(row))):
        return PiiKind.PHONE
    if (
        cue != HARMLESS
        and _WRITTEN_PHONE.fullmatch(text, row.start, row.end)
        and not is_business_phone(digits)
    ):
        return PiiKind.PHONE
    if cue == HARMLESS or (cue is None and HARMLESS in asked):
        return None
    if len(digits) == CARD_DIGITS and digits[0] in "3456" and not re.search(r"\d", text[row.start : row.end]):
        return PiiKind.CARD  # so many digits are only spoken of a card
    if cue in (None, PiiKind.PHONE) and is_business_phone(digits):
        return None
    if cue is not None:
        announced = PiiKind(cue)
        if form is not None and len(digits) < 13 and announced is PiiKind.CARD:
            return form
        long_enough = len(digits) >= MIN_DIGITS_ANNOUNCED[announced] or announced in asked
        return (form or announced) if long_enough else form
    expected = [kind for kind in MIN_DIGITS_ANNOUNCED if kind in asked]
    if form is PiiKind.PHONE and expected and form not in expected:
        return expected[0]  # any ten digits look like a telephone number
    if form is None and not _begins_answer(text, row):
        return None
    return form or (expected[0] if expected else None)


def _form(row: DigitRow) -> PiiKind | None:
    """The kind that the digits alone show."""
    digits = _SAID_TWICE.sub("010", row.digits)
    if _is_resident_number(digits):
        return PiiKind.RESIDENT_NUMBER
    if 13 <= len(digits) <= 19 and digits[0] in "23456" and luhn(digits):
        return PiiKind.CARD
    lengths = tuple(len(piece) for piece in row.pieces)
    if lengths == (4, 4, 4, 4) and digits[0] != "0":
        return PiiKind.CARD  # misheard or made-up digits fail the check digit, and are a card's all the same
    if lengths == (4, 6, 5) and digits[:2] in ("34", "37"):
        return PiiKind.CARD
    if lengths == (3, 2, 4):
        return PiiKind.SSN
    if row.plus and 8 <= len(digits) <= 15:
        return PiiKind.PHONE
    if _is_national(row):
        return PiiKind.PHONE
    candidates = (digits, digits + row.ambiguous_end) if row.ambiguous_end else (digits,)
    if any(_is_resident_number(c) for c in candidates):
        return PiiKind.RESIDENT_NUMBER
    if lengths == (3, 3, 4) and not is_business_phone(digits):
        return PiiKind.PHONE  # numbers kept for fiction, and misheard ones, are in no plan
    return PiiKind.PHONE if any(is_phone(c) for c in candidates) else None


def _is_national(row: DigitRow) -> bool:
    """Grouped as a number with a trunk 0 is, in a plan that is not of PHONE_REGIONS, or in none."""
    lengths = tuple(len(piece) for piece in row.pieces)
    return bool(_NATIONAL.fullmatch(row.digits)) or (row.digits[0] == "0" and lengths in _TRUNK_GROUPS)


def _wants_one_more(row: DigitRow, kind: PiiKind) -> bool:
    """Whether the 이 of "일이삼이요" is a digit: it is, if the number is too short without it."""
    digits = _SAID_TWICE.sub("010", row.digits)
    if kind is PiiKind.PHONE:
        return not is_phone(digits) or (digits.startswith("010") and len(digits) == 10)
    if kind is PiiKind.CARD:
        return len(digits) % 4 == 3
    return kind is PiiKind.RESIDENT_NUMBER and len(digits) in (5, 12)


@cache
def _phone_type(digits: str) -> int | None:
    """The kind of telephone number in a plan of PHONE_REGIONS, by Google's libphonenumber; None if no plan has the
    number. Digits that start with a country code of these regions count as well."""
    import phonenumbers  # takes a fifth of a second; only needed for calls with digits

    candidates: list[tuple[str, str | None]]
    candidates = [(f"+{digits}", None)] if len(digits) >= MIN_DIGITS_WITH_COUNTRY_CODE else []
    # Without its trunk 0, a Korean or British number looks like any row of digits; people say the 0.
    candidates += [(digits, region) for region in PHONE_REGIONS if region == "US" or digits[0] in "01"]
    for text, region in candidates:
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        if (
            phonenumbers.is_valid_number(number)
            and phonenumbers.region_code_for_number(number) in PHONE_REGIONS
        ):
            return int(phonenumbers.number_type(number))
    return None


def is_business_phone(digits: str) -> bool:
    """Free, shared-cost and company-wide numbers: hotlines, not personal numbers."""
    from phonenumbers import PhoneNumberType as Type

    return _phone_type(digits) in (Type.TOLL_FREE, Type.SHARED_COST, Type.UAN, Type.PREMIUM_RATE)


def is_phone(digits: str) -> bool:
    return _phone_type(digits) is not None and not is_business_phone(digits)


def _is_amount(text: str, row: DigitRow) -> bool:
    if _THOUSANDS.fullmatch(text[row.start : row.end]):
        return True
    return bool(_UNIT_AFTER.match(text, row.end)) or bool(_MONEY_BEFORE.search(text[: row.start]))


def _begins_answer(text: str, row: DigitRow) -> bool:
    if len(row.digits) >= MIN_DIGITS_ALONE:
        return True
    before, after = _OPENING.sub("", text[: row.start], count=1).split(), text[row.end :].split()
    if len(row.digits) == MIN_DIGITS_ASKED:
        return len(before) + len(after) <= MAX_WORDS_ASIDE and not _OURS.search(text)
    return len(before) <= MAX_WORDS_ASIDE and not _OURS.search(text)


def _is_quantity(text: str, row: DigitRow) -> bool:
    """A short number in tens, a decimal or a year: "thirty-five", "nineteen ninety", "1.29", "2021"."""
    if len(row.digits) > MAX_QUANTITY_DIGITS:
        return False
    said = text[row.start : row.end]
    return _QUANTITY.search(said) is not None or (
        _YEAR.fullmatch(said) is not None and not _ENDING.search(text)
    )


def _is_resident_number(digits: str) -> bool:
    """YYMMDD and seven digits; the first of these, 1 to 8, encodes century and sex. Since October 2020 the others are
    random, so the old check digit proves nothing."""
    return (
        len(digits) == 13
        and 1 <= int(digits[2:4]) <= 12
        and 1 <= int(digits[4:6]) <= 31
        and digits[6] in "12345678"
    )


def luhn(digits: str) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1, annex B)."""
    total = 0
    for index, character in enumerate(reversed(digits)):
        value = int(character) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
