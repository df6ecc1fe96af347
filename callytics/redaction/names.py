"""Finds names of people: by rules, where they are introduced, requested or have a title, and by a model elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from callytics.domain import PiiKind
from callytics.redaction import english_contexts, korean_names
from callytics.redaction.codes import spelled_name_spans, spelled_spans
from callytics.redaction.english_names import english_name_spans
from callytics.redaction.english_words import FIRM_WORDS, NOT_NAMES, is_common
from callytics.redaction.korean_contexts import joined_names, korean_names_in_context
from callytics.redaction.korean_names import korean_name_spans
from callytics.redaction.name_model import likely_names
from callytics.redaction.span import Span, joined
from callytics.redaction.things_named import asks_for_thing, is_named_thing

_INITIALS = re.compile(r"(?<![\w.'])(?:[A-HJ-Z]\.?\s){1,2}\Z")
_INITIALED = re.compile(r"(?<![\w.'])(?:[A-HJ-Z]\.\s?){1,3}([A-Z][a-z]{2,})(?:-[A-Z][a-z]+)?\b")
_CAPITAL_BEFORE = re.compile(r"(?<![\w'’-])([A-Z][a-z]{2,})\s\Z")

RULES = (korean_name_spans, korean_names_in_context, english_name_spans)


def name_spans(
    text: str, asked: frozenset[str], before: str = "", *, opening: bool = False
) -> Iterator[Span]:
    """Names in ``text``.

    Args:
        asked: kinds of data for which the previous turn asks.
        before: the previous turn; if it asks for a name, the answer may consist of a name only.
        opening: whether this is the first turn of a call.
    """
    if asks_for_thing(before):
        before, asked = "", asked - {PiiKind.NAME}
    ruled = joined([span for rules in RULES for span in rules(text, before)])
    likely = likely_names(text, before, ruled, opening=opening)
    found = [_whole(text, span) for span in likely if not _is_thing(text, span, before)]
    yield from found
    for match in _INITIALED.finditer(text):
        if not _is_known(match.group(1).lower()):
            yield Span(*match.span(), PiiKind.NAME)
    yield from joined_names(text, found)
    yield from spelled_name_spans(text)
    spelled = (
        PiiKind.NAME in asked
        or re.search(r"\bname\b|\bspel|이름이|성이\s|철자|스펠|영문", text, re.IGNORECASE) is not None
    )
    yield from spelled_spans(text, set(), asked_name=spelled)


def _whole(text: str, span: Span) -> Span:
    """The name with initials before it, and with a capital word that no list has: "T. Barlow", "Nitin Kulkarni"."""
    start = span.start
    initials = _INITIALS.search(text, 0, start)
    word = _CAPITAL_BEFORE.search(text, 0, start)
    if initials and text[start].isupper():
        start = initials.start()
    elif word and text[start].isupper() and not _is_known(word.group(1).lower()):
        start = word.start(1)
    return Span(start, span.end, span.kind)


def _is_known(word: str) -> bool:
    return is_common(word) or word in NOT_NAMES or word in FIRM_WORDS


def _is_thing(text: str, span: Span, before: str) -> bool:
    return is_named_thing(text, span.start, span.end, asked=_asks(before))


def _asks(before: str) -> bool:
    return bool(korean_names.ASKED.search(before) or english_contexts.ASKED.search(before))
