"""Corrections of who spoke, and of where turns begin and end: a turn gets another speaker, is split, or joined with the
next one. Pure functions; parts of the step ``correct`` (corrections.py)."""

from __future__ import annotations

import re
from dataclasses import replace

from callytics.conversation.announcements import ANNOUNCEMENT
from callytics.conversation.places import (
    BOUNDARY_TOLERANCE_S,
    Place,
    detail_of,
    participant_at,
    turn_at,
)
from callytics.domain import Conversation, Correction, Sentence, SpeechSegment, Turn, Word
from callytics.engines.punctuation.sentences import split_by_marks

Outcome = tuple[Conversation, Turn] | str
"""The new conversation with the turn of the correction, or the code of why it was not applied."""


def with_speaker(conversation: Conversation, correction: Correction) -> Outcome:
    turn = turn_at(conversation, Place.of(correction))
    if isinstance(turn, str):
        return turn
    return _moved(conversation, turn, Place.from_json(detail_of(correction)["to"]))


def _moved(conversation: Conversation, turn: Turn, to: Place) -> Outcome:
    """The turn, and its stretch of speech, as another participant's."""
    speaker = participant_at(conversation, to)
    if speaker is None:
        return "no_participant_there"
    flags = tuple(flag for flag in turn.flags if flag != ANNOUNCEMENT)
    moved = replace(turn, participant_id=speaker.id, flags=flags)
    turns = tuple(moved if each.id == turn.id else each for each in conversation.turns)
    speech = _speech_moved(conversation.speech, turn, speaker.id)
    return replace(conversation, turns=turns, speech=speech), moved


def _speech_moved(speech: tuple[SpeechSegment, ...], turn: Turn, speaker: str) -> tuple[SpeechSegment, ...]:
    """What the turn's speaker says from its begin to its end becomes the other's; what lies outside stays."""
    parts: list[SpeechSegment] = []
    for segment in speech:
        start_s, end_s = max(segment.start_s, turn.start_s), min(segment.end_s, turn.end_s)
        if segment.speaker != turn.participant_id or start_s >= end_s:
            parts.append(segment)
            continue
        parts.append(replace(segment, start_s=start_s, end_s=end_s, speaker=speaker))
        if segment.start_s < start_s:
            parts.append(replace(segment, end_s=start_s))
        if end_s < segment.end_s:
            parts.append(replace(segment, start_s=end_s))
    return tuple(sorted(parts, key=lambda segment: segment.start_s))


def split(conversation: Conversation, correction: Correction) -> Outcome:
    """Two turns in place of one; the second begins with the word that begins nearest to ``at_ms``."""
    turn = turn_at(conversation, Place.of(correction))
    if isinstance(turn, str):
        return turn
    detail = detail_of(correction)
    at_s = detail["at_ms"] / 1000
    later = range(1, len(turn.words))
    first = min(later, key=lambda i: abs(turn.words[i].start_s - at_s), default=None)
    if first is None or abs(turn.words[first].start_s - at_s) > BOUNDARY_TOLERANCE_S:
        return "no_word_there"
    before, after = _halves(turn, first, f"{turn.id}.{correction.id}")
    turns = [
        half for each in conversation.turns for half in ((before, after) if each.id == turn.id else (each,))
    ]
    conversation = replace(conversation, turns=tuple(turns))
    if detail.get("to"):
        moved = _moved(conversation, after, Place.from_json(detail["to"]))
        if isinstance(moved, str):
            return moved
        conversation = moved[0]
    return conversation, before


def _halves(turn: Turn, first: int, new_id: str) -> tuple[Turn, Turn]:
    raw = _raw_halves(turn.content_raw.split(), turn.words, first)
    words = (turn.words[:first], turn.words[first:])
    before, after = (_part(turn, part, text) for part, text in zip(words, raw, strict=True))
    before = replace(before, start_s=turn.start_s, end_s=max(word.end_s for word in words[0]))
    after = replace(after, id=new_id, start_s=words[1][0].start_s, end_s=turn.end_s)
    return before, after


def _part(turn: Turn, words: tuple[Word, ...], raw: str) -> Turn:
    return replace(
        turn,
        content=" ".join(word.text for word in words),
        content_raw=raw,
        words=words,
        sentences=split_by_marks(words),
        confidence=sum(word.confidence for word in words) / len(words),
    )


def _raw_halves(raw: list[str], words: tuple[Word, ...], first: int) -> tuple[str, str]:
    """Spacing and punctuation were restored since, and words perhaps corrected: cut by the number of letters."""
    letters = [len(re.sub(r"\W+", "", word.text)) for word in words]
    share = sum(letters[:first]) / max(1, sum(letters))
    total = sum(map(len, raw))
    at = min(range(len(raw) + 1), key=lambda i: abs(sum(map(len, raw[:i])) - share * total))
    return " ".join(raw[:at]), " ".join(raw[at:])


def merge(conversation: Conversation, correction: Correction) -> Outcome:
    """One turn in place of two. Where another engine has found one turn there already, that is it."""
    place, detail = Place.of(correction), detail_of(correction)
    first = turn_at(conversation, replace(place, end_s=detail["first_end_ms"] / 1000))
    second = turn_at(conversation, Place.from_json(detail["next"]))
    if isinstance(first, str) or isinstance(second, str) or first.id == second.id:
        whole = turn_at(conversation, place)
        return whole if isinstance(whole, str) else (conversation, whole)
    joined = _joined(first, second)
    turns = [each for each in conversation.turns if each.id != second.id]
    speech = _speech_moved(conversation.speech, second, first.participant_id)
    turns = [joined if each.id == first.id else each for each in turns]
    return replace(conversation, turns=tuple(turns), speech=speech), joined


def _joined(first: Turn, second: Turn) -> Turn:
    words = (*first.words, *second.words)
    sentences: tuple[Sentence, ...] = (*first.sentences, *second.sentences)
    return replace(
        first,
        start_s=min(first.start_s, second.start_s),
        end_s=max(first.end_s, second.end_s),
        content=f"{first.content} {second.content}",
        content_raw=f"{first.content_raw} {second.content_raw}".strip(),
        words=words,
        sentences=sentences,
        confidence=sum(word.confidence for word in words) / max(1, len(words)),
        flags=tuple(dict.fromkeys((*first.flags, *(flag for flag in second.flags if flag != ANNOUNCEMENT)))),
    )
