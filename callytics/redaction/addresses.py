"""Postal addresses down to the house: Korean road and lot addresses, apartments, and English street addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from callytics.domain import PiiKind
from callytics.redaction.codes import code_rows
from callytics.redaction.english_addresses import (
    AFTER_ADDRESS,
    ANNOUNCED_SPOKEN,
    ANSWER_BY_NUMBER,
    BUILDING_AND_FLAT,
    CONTINENTAL,
    ENGLISH,
    ENGLISH_ANNOUNCED,
    ENGLISH_SPOKEN,
    FLAT_AND_PLACE,
    HOUSE_ANSWER,
    HOUSE_BY_NAME,
    LETTERED_HOUSE,
    MIN_POSTCODE_LETTERS,
    NUMBER_AND_FLAT,
    NUMBER_LAST,
    POSTCODE,
    POSTED_TO,
    SPOKEN_BRITISH,
    SPOKEN_POSTCODE,
    STREET_AND_NUMBER,
    STREET_ASKED,
    UNIT_AT_END,
    ZIP,
)
from callytics.redaction.english_words import is_common
from callytics.redaction.korean_addresses import (
    APARTMENT,
    FLAT_ALONE,
    HAMLET,
    KOREAN,
    KOREAN_ANNOUNCED,
    KOREAN_ROAD_AND_FLAT,
    KOREAN_STREET,
    ROAD_AND_FLOOR,
    VILLAGE,
    WARD_AND_ESTATE,
    WARD_AND_FLAT,
)
from callytics.redaction.span import Span

_ANNOUNCED = (KOREAN_ANNOUNCED, ENGLISH_ANNOUNCED, HAMLET, ANNOUNCED_SPOKEN)
_PLACE_AFTER = re.compile(r"\s([a-z]{4,})\b")


def address_spans(text: str, asked: frozenset[str]) -> Iterator[Span]:
    announced = PiiKind.ADDRESS in asked or re.search(r"주소|배송지|\baddress\b", text) is not None
    always = (
        KOREAN,
        APARTMENT,
        ENGLISH,
        ENGLISH_SPOKEN,
        FLAT_AND_PLACE,
        ROAD_AND_FLOOR,
        HOUSE_BY_NAME,
        POSTCODE,
        NUMBER_AND_FLAT,
        UNIT_AT_END,
        KOREAN_ROAD_AND_FLAT,
        VILLAGE,
        NUMBER_LAST,
        KOREAN_STREET,
        WARD_AND_FLAT,
        WARD_AND_ESTATE,
        BUILDING_AND_FLAT,
        STREET_AND_NUMBER,
        CONTINENTAL,
    )
    for pattern in (*always, *(_ANNOUNCED if announced else ())):
        for match in pattern.finditer(text):
            yield Span(match.start(), _with_places(text, match.end()), PiiKind.ADDRESS)
    for match in AFTER_ADDRESS.finditer(text):
        if not is_common(match.group(2)):
            yield Span(*match.span(1), PiiKind.ADDRESS)
    for match in POSTED_TO.finditer(text):
        yield Span(*match.span(1), PiiKind.ADDRESS)
    for row in code_rows(text):
        if SPOKEN_BRITISH.fullmatch(row.value) and re.search(r"post ?code", text, re.IGNORECASE):
            yield Span(row.start, row.end, PiiKind.ADDRESS)
        if (
            row.letters >= MIN_POSTCODE_LETTERS
            and SPOKEN_POSTCODE.fullmatch(row.value)
            and PiiKind.ADDRESS in asked
        ):
            yield Span(row.start, row.end, PiiKind.ADDRESS)
    if PiiKind.ADDRESS in asked:
        for match in HOUSE_ANSWER.finditer(text):
            yield Span(match.start(), match.end(), PiiKind.ADDRESS)
        for match in chain(ANSWER_BY_NUMBER.finditer(text), LETTERED_HOUSE.finditer(text)):
            yield Span(*match.span(1), PiiKind.ADDRESS)
        for match in STREET_ASKED.finditer(text):
            yield Span(match.start(), match.end(), PiiKind.ADDRESS)
        for match in FLAT_ALONE.finditer(text):
            yield Span(match.start(), match.end(), PiiKind.ADDRESS)
    for match in ZIP.finditer(text):
        yield Span(*match.span(1), PiiKind.ADDRESS)


def _with_places(text: str, end: int) -> int:
    """The end of an address with a town after it, in lower case as a recogniser writes: no word of the language."""
    match = _PLACE_AFTER.match(text, end)
    return match.end() if match and not is_common(match.group(1)) else end
