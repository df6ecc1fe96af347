"""Finds the parts of a text that identify a person: rules, and a small linear model of names; deterministic."""

from __future__ import annotations

from callytics.redaction.addresses import address_spans
from callytics.redaction.birth_dates import birth_date_spans
from callytics.redaction.codes import code_spans, customer_number_spans
from callytics.redaction.cues import asked
from callytics.redaction.emails import email_spans
from callytics.redaction.names import name_spans
from callytics.redaction.numbers import number_spans
from callytics.redaction.span import Span, joined


def find_pii(text: str, before: str = "", *, opening: bool = False) -> list[Span]:
    """The spans of ``text`` to remove, in order, without overlaps.

    Args:
        text: a sentence or a turn, Korean or English or both.
        before: the previous turn, because an answer depends on its question.
        opening: whether ``text`` is the first turn of a call, where firms are named.
    """
    context = asked(before)
    words = joined(
        [
            *email_spans(text, before),
            *address_spans(text, context),
            *birth_date_spans(text, before),
            *code_spans(text, before),
            *customer_number_spans(text, before),
        ]
    )
    numbers = (
        span
        for span in number_spans(text, context)
        if not any(span.start < other.end and other.start < span.end for other in words)
    )
    return joined([*words, *numbers, *name_spans(text, context, before, opening=opening)])
