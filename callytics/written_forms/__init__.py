"""Numbers, dates, times and amounts as they are written, for what was spoken: "오십육만 칠천 원" -> "567,000원".

Inverse text normalisation by rules. A number is converted only where its form or the words around it leave no doubt: a
counter or unit (원, 퍼센트, 시, dollars, percent), a row of digits, a date. Everything else stays as it was spoken:
a missed number can be read, a wrong one misleads. The text itself (``content``, ``content_raw``) never changes.

docs/adr/0014-libraries-tried.md says why no library does it.
"""

from __future__ import annotations

from dataclasses import replace

from callytics.domain import CallOptions, Conversation
from callytics.written_forms.english import written_english
from callytics.written_forms.korean import written_korean

MAX_PASSES = 4
"""Two were enough for every text of evaluation/dialogues."""


def written(text: str) -> str:
    """``text`` with its numbers in written form, Korean and English; the rest stays character by character.

    Deterministic; a text without spoken numbers comes back unchanged, and so does what this function returned.
    """
    for _ in range(
        MAX_PASSES
    ):  # a number may wait for the form of the one beside it: "ten to twelve dollars"
        before, text = text, written_english(written_korean(text))
        if text == before:
            break
    return text


def with_written_forms(conversation: Conversation, options: CallOptions) -> Conversation:
    """The conversation with ``written`` beside the ``content`` of every turn, if the options request it.

    Runs after redaction: what was removed from ``content`` cannot return in ``written``.
    """
    if not options.written_forms:
        return conversation
    turns = tuple(replace(turn, written=written(turn.content)) for turn in conversation.turns)
    return replace(conversation, turns=turns)
