"""What a call says again of data that was found in it, without a cue of its own: names, numbers, mail, streets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from callytics.domain import PiiKind, Turn
from callytics.redaction.codes import spelled_spans
from callytics.redaction.digits import digit_rows
from callytics.redaction.emails import mailbox_of
from callytics.redaction.english_words import FIRM_WORDS, is_common, is_family_name, may_be_given_name
from callytics.redaction.korean_names import SURNAMES
from callytics.redaction.korean_words import is_word
from callytics.redaction.span import Span, joined

TITLES = frozenset({"mr", "mrs", "ms", "dr", "miss", "mister", "missus", "doctor", "prof", "professor"})
_KOREAN_GIVEN_NAME = re.compile(r"[가-힣]{2}")
_HANGUL_NAME = re.compile(r"[가-힣]{3,}")
_KOREAN_FULL_NAME = re.compile(r"[가-힣]{3}")
_CHILD = re.compile(
    r"\s?(?:이 )?(?:어머니|어머님|엄마|아빠|아버지|아버님|학생|어린이|환아|아기|할머니|보호자)"
)

_MAILBOX = re.compile(r"\b[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)+\b|\b(?=[A-Za-z]*\d)[A-Za-z0-9]+\b", re.ASCII)
MIN_MAILBOX = 5
"""Letters and digits of a mail box that is known again."""

_WORD_AFTER = re.compile(r" (and |& )?([A-Za-z]{3,})\b")
_AT = re.compile(r"\b(?:at|from|of|with|for) (?:[A-Z]\w+ )?\Z")
_STREET = re.compile(r"(?<![가-힣])([가-힣]{2,6}(?:대로|로|길))(?=\s?[\d공영일이삼사오육칠팔구십백천])")
_HOUSE = r"(?:\d+(?:-\d+)?|[공영일이삼사오육칠팔구십백천]+(?=요|에요|예요|네요|입니다|[\s,.?]|\Z))"

MIN_KNOWN_DIGITS = 4
"""This many digits of a number that was found elsewhere in the call count as part of it."""


def with_repetitions(turns: Sequence[Turn], found: Mapping[str, Sequence[Span]]) -> dict[str, list[Span]]:
    """Adds repetitions of a found name or number that have no cue of their own."""
    texts = {turn.id: turn.content for turn in turns}
    names = {texts[i][s.start : s.end] for i, spans in found.items() for s in spans if s.kind is PiiKind.NAME}
    numbers: set[tuple[str, PiiKind]] = {
        (row.digits, span.kind)
        for i, spans in found.items()
        for span in spans
        if span.kind not in (PiiKind.NAME, PiiKind.EMAIL, PiiKind.ADDRESS, PiiKind.BIRTH_DATE, PiiKind.PLATE)
        for row in digit_rows(texts[i][span.start : span.end])
    }
    children = {
        texts[i][s.end - 2 : s.end]
        for i, spans in found.items()
        for s in spans
        if _KOREAN_FULL_NAME.fullmatch(texts[i][s.start : s.end]) and _CHILD.match(texts[i], s.end)
    }
    mailboxes = {
        box
        for i, spans in found.items()
        for s in spans
        if s.kind is PiiKind.EMAIL and len(box := mailbox_of(texts[i][s.start : s.end])) >= MIN_MAILBOX
    }
    streets = {
        match.group(1)
        for i, spans in found.items()
        for s in spans
        if s.kind is PiiKind.ADDRESS
        for match in _STREET.finditer(texts[i], s.start, s.end)
    }
    return {
        turn.id: joined(
            [
                *found[turn.id],
                *_streets_again(turn.content, streets),
                *_mailboxes_again(turn.content, mailboxes),
                *_names_again(turn.content, names),
                *_children_again(turn.content, children),
                *_digits_again(turn.content, numbers),
            ]
        )
        for turn in turns
    }


def _names_again(text: str, names: set[str]) -> Iterator[Span]:
    for name in names:
        for part in {name, *_parts(name)}:
            # A Korean name can have particles after it, but starts a word: "이산" is not in "장이산화".
            after = r"(?=(?:['’]?s)?\b)" if part[0].isascii() else ""
            for match in re.finditer(rf"\b{re.escape(part)}{after}", text):
                if not part[0].isascii() or " " in part or not _is_firm(text, *match.span()):
                    yield Span(match.start(), match.end(), PiiKind.NAME)
        if _KOREAN_GIVEN_NAME.fullmatch(name):
            for match in re.finditer(rf"(?<![가-힣])[{SURNAMES}]{name}(?![가-힣]{{3}})", text):
                yield Span(match.start(), match.end(), PiiKind.NAME)
        if _KOREAN_FULL_NAME.fullmatch(name):
            for match in re.finditer(
                rf"(?<![가-힣]){name[1:]}(?=이(?:가|는|한테|도|를|랑|네|\b)|[아야]\b|\s?[씨님군양]\b)", text
            ):
                yield Span(match.start(), match.end(), PiiKind.NAME)
    yield from spelled_spans(text, names, asked_name=False)


def _is_firm(text: str, start: int, end: int) -> bool:
    """A firm that bears the family name: "Carol Meacham at Meacham & Stroud", "Pugh and Daughters",
    "Carrow Upholstery", "anya at holt construction"."""
    following = _WORD_AFTER.match(text, end)
    if following is None:
        return False
    joint, word = following.group(1) or "", following.group(2)
    if word.lower() in FIRM_WORDS:
        return True
    if not word[0].isupper() or may_be_given_name(word.lower()) or is_family_name(word.lower()):
        return bool(joint) and word[0].isupper() and _AT.search(text, 0, start) is not None
    return is_common(word.lower())


def _streets_again(text: str, streets: set[str]) -> Iterator[Span]:
    for street in streets:
        for match in re.finditer(rf"(?<![가-힣]){street}\s?{_HOUSE}", text):
            yield Span(match.start(), match.end(), PiiKind.ADDRESS)


def _mailboxes_again(text: str, mailboxes: set[str]) -> Iterator[Span]:
    """The part before the "@" said or corrected alone, "no, with a dot, cham.kkot"; only where it is no plain word."""
    for match in _MAILBOX.finditer(text):
        if mailbox_of(match.group()) in mailboxes:
            yield Span(match.start(), match.end(), PiiKind.EMAIL)


def _children_again(text: str, children: set[str]) -> Iterator[Span]:
    """A child is called by the given name alone; one of an adult is too often a common noun, 수정 or 보라."""
    for name in children:
        for match in re.finditer(
            rf"(?<![가-힣]){name}(?=만|도|는|은|가|이|를|을|랑|야|아|한테|의|네|[\s.,?!]|\Z)", text
        ):
            yield Span(match.start(), match.end(), PiiKind.NAME)


def _parts(name: str) -> Iterator[str]:
    """Single names of a name of several: "Wojciech" and "Szczepanski", without the title and without words."""
    for part in re.split(r"[\s-]", name):
        single = part[:1].isascii() and len(part) > 2 and not part.endswith(".")
        if single and part.lower() not in TITLES and (part[0].isupper() or not is_common(part)):
            yield part
        elif len(part) < len(name) and _HANGUL_NAME.fullmatch(part) and not is_word(part):
            yield part  # "바트 솔롱고", and later "솔롱고"


def _digits_again(text: str, numbers: set[tuple[str, PiiKind]]) -> Iterator[Span]:
    for row in digit_rows(text):
        for digits, kind in numbers:
            part = len(row.digits) >= MIN_KNOWN_DIGITS and row.digits in digits
            same_start = len(row.digits) == len(digits) >= 7 and row.digits[:6] == digits[:6]  # corrected
            if part or same_start or (len(digits) > MIN_KNOWN_DIGITS and digits in row.digits):
                yield Span(row.start, row.end, kind)
                break
