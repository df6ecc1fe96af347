"""Removes data that identifies people from a conversation, before any later stage.

Later steps of the graph (sentiment, analysis, report, search) never get it, and neither does a language model's
endpoint. Its times are kept, so the audio gets a tone there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from callytics.domain import CallOptions, Conversation, PiiKind, Redaction, Sentence, Turn, Word
from callytics.redaction.alignment import transfer
from callytics.redaction.cues import cues
from callytics.redaction.detector import find_pii
from callytics.redaction.regrouped import with_spans_before
from callytics.redaction.repetitions import with_repetitions
from callytics.redaction.span import Span, joined

QUESTION_LASTS_TURNS = 8
"""An answer in pieces, "four one one one" - "yes" - "one one one one", still answers the previous question."""

SHORT_TURN_WORDS = 4
"""A turn of this length, such as "yes, go on", does not change the subject."""

_NEW_QUESTION = re.compile(
    r"무슨|어떤|어느|왜|언제|얼마|어디(?!까지)|어떻게 ?(?:오|도와)"
    r"|\b(?:which|why|when|where|how (?:can|much|long|many|did))\b"
    r"|\bwhat(?:['’]?s| is| are| can| seems)?(?! (?:was|is|that|next|after|the (?:rest|last|next|first)))\s\w",
    re.IGNORECASE,
)
"""Short as it may be, it changes the subject: "무슨 일이세요?" is answered by a thing, not by the name asked before."""

_REFERS = re.compile(
    r"\b(?:what['’]?s|what is|have you got|do you have|give me|tell me|read (?:me|out)) (?:the )?"
    r"(?:(?:new|old|other|correct|right|full|whole) (?:one|number)|number of (?:the|that)|it\b|that\b(?! about))"
    r"|(?:새|바뀐|이전|예전|전체)\s?(?:번호|거|것)",
    re.IGNORECASE,
)
"""A question that leaves out what it asks for, for the turn before said it: "what's the new one?" """


def redact(conversation: Conversation, options: CallOptions) -> Conversation:
    """The conversation with ``[KIND]`` in place of names, numbers and addresses, if the options request it."""
    turns_before = conversation.turns_before
    conversation = replace(conversation, turns_before=())
    if not options.redact_pii:
        return conversation
    spans = find_in_turns(conversation.turns)
    if turns_before:
        spans = with_spans_before(conversation.turns, spans, turns_before, find_in_turns(turns_before))
    turns = tuple(_redacted(turn, spans[turn.id]) for turn in conversation.turns)
    return replace(conversation, turns=turns, redacted=True)


def find_in_turns(turns: Sequence[Turn]) -> dict[str, list[Span]]:
    """By id, the spans of each turn's ``content`` that identify a person."""
    return with_repetitions(turns, _found(turns))


def _found(turns: Sequence[Turn]) -> dict[str, list[Span]]:
    """Spans in the ``content`` of every turn, found in the restored text and in the recognised text."""
    found: dict[str, list[Span]] = {}
    before, age = "", 0
    for turn in turns:
        opening = turn is turns[0]
        spans = find_pii(turn.content, before, opening=opening)
        if turn.content_raw != turn.content:
            raw = find_pii(turn.content_raw, before, opening=opening)
            spans = joined([*spans, *transfer(raw, turn.content_raw, turn.content)])
        found[turn.id] = spans
        if _changes_subject(turn, found[turn.id]) or age >= QUESTION_LASTS_TURNS:
            refers = _REFERS.search(turn.content) and not cues(turn.content)
            before, age = f"{before} {turn.content}" if refers else turn.content, 0
        else:
            age += 1
    return found


def _changes_subject(turn: Turn, spans: Sequence[Span]) -> bool:
    """A number comes in pieces over several turns. A name does not: "okay Kirsty, what's the problem" goes on, and the
    answer to it is no name."""
    goes_on = any(span.kind is not PiiKind.NAME for span in spans)
    asks = not spans and _NEW_QUESTION.search(turn.content) is not None
    short = len(turn.content.split()) <= SHORT_TURN_WORDS and not asks
    return bool(cues(turn.content)) or not (goes_on or short)


def _redacted(turn: Turn, spans: Sequence[Span]) -> Turn:
    if not spans:
        return turn
    words, redactions = _words(turn, spans)
    return replace(
        turn,
        content=replaced(turn.content, spans),
        content_raw=replaced(turn.content_raw, transfer(spans, turn.content, turn.content_raw)),
        words=words,
        sentences=_sentences(turn, spans),
        redactions=redactions,
    )


def replaced(text: str, spans: Sequence[Span]) -> str:
    """The text with ``[KIND]`` in place of each span."""
    result, position = "", 0
    for span in spans:
        result += f"{text[position : span.start]}[{span.kind}]"
        position = span.end
    return result + text[position:]


def _sentences(turn: Turn, spans: Sequence[Span]) -> tuple[Sentence, ...]:
    """A span across the end of a sentence leaves its mark in both."""
    text = " ".join(sentence.text for sentence in turn.sentences)
    found = transfer(spans, turn.content, text)
    sentences, position = [], 0
    for sentence in turn.sentences:
        end = position + len(sentence.text)
        inside = [
            Span(max(span.start, position) - position, min(span.end, end) - position, span.kind)
            for span in found
            if span.start < end and span.end > position
        ]
        sentences.append(replace(sentence, text=replaced(sentence.text, inside)))
        position = end + 1
    return tuple(sentences)


def _words(turn: Turn, spans: Sequence[Span]) -> tuple[tuple[Word, ...], tuple[Redaction, ...]]:
    """The words of each span as one word, so even their number and rhythm are removed; and the times of the spans."""
    text = " ".join(word.text for word in turn.words)
    found = transfer(spans, turn.content, text)
    redactions: list[Redaction] = []
    words: list[Word] = []
    position, waiting = 0, list(found)
    open_end = -1  # of the span that the last word ended in
    for word in turn.words:
        end = position + len(word.text)
        inside = [span for span in waiting if span.start < end]
        waiting = waiting[len(inside) :]
        continued = position < open_end
        clipped = [
            Span(max(span.start, position) - position, min(span.end, end) - position, span.kind)
            for span in inside
        ]
        if continued:
            rest = word.text[min(open_end, end) - position :]
            offset = len(word.text) - len(rest)
            tail = replaced(rest, [Span(s.start - offset, s.end - offset, s.kind) for s in clipped])
            last = words[-1]
            words[-1] = replace(
                last,
                text=last.text + tail,
                end_s=word.end_s,
                confidence=min(last.confidence, word.confidence),
            )
            redactions[-1] = replace(redactions[-1], end_s=word.end_s)
        else:
            words.append(replace(word, text=replaced(word.text, clipped)))
        redactions += [Redaction(span.kind, word.start_s, word.end_s) for span in inside]
        open_end = max([open_end, *(span.end for span in inside)])
        position = end + 1
    # No recognised word matches: the whole turn may identify a person.
    if not redactions:
        redactions = [Redaction(span.kind, turn.start_s, turn.end_s) for span in spans]
    return tuple(words), tuple(redactions)
