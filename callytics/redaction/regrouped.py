"""Redaction of turns whose bounds or speakers a person changed: what identified people in the turns as they were
recognised stays hidden in the new ones.

A number is found by the question before it, and a name by the words around it. A turn that is split or joined may have
neither any more, so the turns before the change are read as well, and what is found there follows its words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from callytics.domain import PiiKind, Turn, Word
from callytics.redaction.alignment import transfer
from callytics.redaction.span import Span, joined


class _Hidden(NamedTuple):
    """A word of a span, of which ``number`` is the same for all its words: together they become one mark. ``start`` and
    ``end``: its part in the span."""

    number: int
    kind: PiiKind
    word: Word
    start: int
    end: int


def with_spans_before(
    turns: Sequence[Turn],
    spans: Mapping[str, Sequence[Span]],
    turns_before: Sequence[Turn],
    spans_before: Mapping[str, Sequence[Span]],
) -> dict[str, list[Span]]:
    """By id of the turns, their ``spans`` and those of ``turns_before``, in code points of the turns' content."""
    hidden = _hidden_words(turns_before, spans_before)
    return {turn.id: joined([*spans[turn.id], *_spans_of(turn, hidden)]) for turn in turns}


def _hidden_words(turns: Sequence[Turn], spans: Mapping[str, Sequence[Span]]) -> list[_Hidden]:
    """The words that identify people; all words of a turn whose words do not match its text."""
    hidden: list[_Hidden] = []
    every = [(turn, span) for turn in turns for span in spans[turn.id]]
    for number, (turn, span) in enumerate(every):
        text = " ".join(word.text for word in turn.words)
        places = transfer([span], turn.content, text) or [Span(0, len(text), span.kind)]
        position = 0
        for word in turn.words:
            end = position + len(word.text)
            for place in places:
                if place.start < end and position < place.end:
                    part = (max(place.start, position) - position, min(place.end, end) - position)
                    hidden.append(_Hidden(number, span.kind, word, *part))
            position = end + 1
    return hidden


def _spans_of(turn: Turn, hidden: Sequence[_Hidden]) -> list[Span]:
    """Hidden words of the turn, as spans of its content."""
    text = " ".join(word.text for word in turn.words)
    spans: list[Span] = []
    position, last = 0, -1
    for word in turn.words:
        end = position + len(word.text)
        here = next((each for each in hidden if _is_same(word, each.word)), None)
        if here is not None:
            part = (here.start, here.end) if word.text == here.word.text else (0, len(word.text))
            start = spans[-1].start if here.number == last else position + part[0]
            if here.number == last:
                spans.pop()
            spans.append(Span(start, position + part[1], here.kind))
        last, position = (-1 if here is None else here.number), end + 1
    return transfer(spans, text, turn.content)


def _is_same(word: Word, hidden: Word) -> bool:
    """A word that a person wrote, where it stands in the place of a hidden one: it may have that one's text
    (``unmasked`` in callytics/conversation/corrections.py)."""
    if word.corrected and word.channel == hidden.channel:
        return word.start_s < hidden.end_s and hidden.start_s < word.end_s
    return (word.start_s, word.end_s) == (hidden.start_s, hidden.end_s)
