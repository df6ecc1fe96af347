"""Removes data that identifies people from a conversation, before any later stage.

Later steps of the graph (sentiment, analysis, report, search) never get it, and neither does a language model's
endpoint. Its times are kept, so the audio gets a tone there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from callytics.domain import CallOptions, Conversation, PiiKind, Redaction, Sentence, Turn, Word
from callytics.redaction.alignment import transfer
from callytics.redaction.codes import spelled_spans
from callytics.redaction.cues import cues
from callytics.redaction.detector import find_pii
from callytics.redaction.digits import digit_rows
from callytics.redaction.emails import mailbox_of
from callytics.redaction.english_words import is_common
from callytics.redaction.korean_names import SURNAMES
from callytics.redaction.korean_words import is_word
from callytics.redaction.regrouped import with_spans_before
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
    r"\b(?:what['’]?s|what is|have you got|do you have|give me|tell me|read (?:me|out)) (?:the )?(?:(?:new|old|other|correct|right|full|whole) (?:one|number)|number of (?:the|that)|it\b|that\b(?! about))"
    r"|(?:새|바뀐|이전|예전|전체)\s?(?:번호|거|것)",
    re.IGNORECASE,
)
"""A question that leaves out what it asks for, for the turn before said it: "what's the new one?" """

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

MIN_KNOWN_DIGITS = 4
"""This many digits of a number that was found elsewhere in the call count as part of it."""


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
    return _with_repetitions(turns, _found(turns))


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


def _with_repetitions(turns: Sequence[Turn], found: Mapping[str, Sequence[Span]]) -> dict[str, list[Span]]:
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
    return {
        turn.id: joined(
            [
                *found[turn.id],
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
