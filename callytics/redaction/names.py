"""Finds names of people: by rules, where they are introduced, requested or have a title, and by a model elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from callytics.domain import PiiKind
from callytics.redaction.codes import spelled_name_spans, spelled_spans
from callytics.redaction.english_names import english_name_spans
from callytics.redaction.korean_contexts import joined_names, korean_names_in_context
from callytics.redaction.korean_names import korean_name_spans
from callytics.redaction.name_model import likely_names
from callytics.redaction.span import Span

RULES = (korean_name_spans, korean_names_in_context, english_name_spans)


def name_spans(text: str, asked: frozenset[str], before: str = "") -> Iterator[Span]:
    """Names in ``text``; if the previous turn asked for a name, the answer may consist of a name only."""
    found = [span for rules in (*RULES, likely_names) for span in rules(text, before)]
    yield from found
    yield from joined_names(text, found)
    yield from spelled_name_spans(text)
    spelled = (
        PiiKind.NAME in asked
        or re.search(r"\bname\b|\bspel|이름이|성이\s|철자|스펠|영문", text, re.IGNORECASE) is not None
    )
    yield from spelled_spans(text, set(), asked_name=spelled)
