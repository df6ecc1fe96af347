"""Applies people's corrections to a conversation. Pure functions; a step of the graph.

A correction names a place in the recording: channel and time. If the same recognition runs again, the turn at this
place is the same. After another engine, the turn with the largest overlap is used if its begin and end are near those
of the correction. Any other turn would get words of other turns, so the correction is kept and reported, not applied.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

from callytics.conversation import turn_corrections
from callytics.conversation.places import Place, participant_at, turn_at
from callytics.conversation.turns import mark_overlaps
from callytics.domain import (
    Conversation,
    Correction,
    CorrectionKind,
    CorrectionOutcome,
    CorrectionStatus,
    Role,
    RoleSource,
    Turn,
    Word,
)
from callytics.engines.punctuation.sentences import split_by_marks

CORRECTED = "corrected"
"""The flag of a turn with words from a person."""

PLACEHOLDER = re.compile(r"\[[A-Z_]+\]")
"""The mark that redaction puts in place of a name or number (callytics/redaction)."""

JUDGEMENTS = frozenset({CorrectionKind.MOOD, CorrectionKind.SUMMARY})
"""Kinds that the report applies (callytics/result/judgements.py): no stage with an engine depends on them."""

_OF_TURNS = {
    CorrectionKind.TURN_SPEAKER: turn_corrections.with_speaker,
    CorrectionKind.SPLIT: turn_corrections.split,
    CorrectionKind.MERGE: turn_corrections.merge,
}


def correct(conversation: Conversation, corrections: Sequence[Correction]) -> Conversation:
    """The conversation with the corrected words, names, speakers and bounds of turns, and the outcome of each
    correction but those of JUDGEMENTS.

    Args:
        corrections: oldest first; of several at one place the last applies.
    """
    outcomes: dict[str, CorrectionOutcome] = {}
    turns_before: tuple[Turn, ...] = ()
    for correction in corrections:
        if correction.kind in JUDGEMENTS:
            continue
        if correction.kind in _OF_TURNS and not turns_before:
            turns_before = conversation.turns
        before = {turn.id for turn in conversation.turns}
        conversation, outcome = _applied_to(conversation, correction)
        for gone in before - {
            turn.id for turn in conversation.turns
        }:  # joined: corrections of it go on in the turn
            outcomes = {
                key: replace(each, turn_id=outcome.turn_id) if each.turn_id == gone else each
                for key, each in outcomes.items()
            }
        _supersede(outcomes, outcome)
        outcomes[correction.id] = outcome
    conversation = replace(conversation, corrections=tuple(outcomes.values()), turns_before=turns_before)
    return _in_order(conversation) if turns_before else conversation


def _applied_to(conversation: Conversation, correction: Correction) -> tuple[Conversation, CorrectionOutcome]:
    if correction.kind == CorrectionKind.WORDS:
        return _with_words(conversation, correction)
    if correction.kind == CorrectionKind.SPEAKER_NAME:
        return _with_name(conversation, correction)
    if correction.kind == CorrectionKind.ROLE:
        return _with_role(conversation, correction)
    change = next((change for kind, change in _OF_TURNS.items() if kind == correction.kind), None)
    if change is None:
        return conversation, _not_applied(correction, "kind_unknown")
    changed = change(conversation, correction)
    if isinstance(changed, str):
        return conversation, _not_applied(correction, changed)
    conversation, turn = changed
    return conversation, _applied(correction, turn.participant_id, turn.id)


def _in_order(conversation: Conversation) -> Conversation:
    """Turns numbered by their begin again, overlaps found again, and outcomes that name the new numbers."""
    turns = sorted(conversation.turns, key=lambda turn: turn.start_s)
    ids = {turn.id: f"t{number}" for number, turn in enumerate(turns, start=1)}
    outcomes = tuple(
        replace(each, turn_id=ids.get(each.turn_id, each.turn_id)) for each in conversation.corrections
    )
    turns = mark_overlaps(replace(turn, id=ids[turn.id]) for turn in turns)
    return replace(conversation, turns=tuple(turns), corrections=outcomes)


def _supersede(outcomes: dict[str, CorrectionOutcome], latest: CorrectionOutcome) -> None:
    adds_up = latest.kind in (CorrectionKind.SPLIT, CorrectionKind.MERGE)
    if latest.status is not CorrectionStatus.APPLIED or adds_up:
        return
    for number, earlier in outcomes.items():
        if _subject(earlier) == _subject(latest) and earlier.status is CorrectionStatus.APPLIED:
            outcomes[number] = replace(earlier, status=CorrectionStatus.SUPERSEDED)


def _subject(outcome: CorrectionOutcome) -> tuple[str, str]:
    """What was corrected: a turn, or a participant."""
    return outcome.kind, outcome.turn_id or outcome.participant_id


def _applied(correction: Correction, participant_id: str, turn_id: str = "") -> CorrectionOutcome:
    return CorrectionOutcome(
        correction.id, correction.kind, CorrectionStatus.APPLIED, turn_id, participant_id
    )


def _not_applied(correction: Correction, reason: str) -> CorrectionOutcome:
    return CorrectionOutcome(
        correction.id, correction.kind, CorrectionStatus.NOT_APPLIED, "", correction.participant_id, reason
    )


# ---------------------------------------------------------------- words


def _with_words(conversation: Conversation, correction: Correction) -> tuple[Conversation, CorrectionOutcome]:
    turn = turn_at(conversation, Place.of(correction))
    if isinstance(turn, str):
        return conversation, _not_applied(correction, turn)
    text = unmasked(correction, turn.content)
    if text is None:
        return conversation, _not_applied(correction, "redacted_words_changed")
    changed = rewritten(turn, text)
    turns = tuple(changed if each.id == turn.id else each for each in conversation.turns)
    return replace(conversation, turns=turns), _applied(correction, turn.participant_id, turn.id)


def rewritten(turn: Turn, text: str) -> Turn:
    """The turn with other words; ``content_raw`` remains the recognised text."""
    words = _aligned(turn, text.split())
    return replace(
        turn,
        content=text,
        words=words,
        sentences=split_by_marks(words),
        confidence=sum(word.confidence for word in words) / len(words),
        flags=tuple(dict.fromkeys((*turn.flags, CORRECTED))),
    )


def _aligned(turn: Turn, texts: Sequence[str]) -> tuple[Word, ...]:
    """Unchanged words keep their times; new words share the time of the replaced words, by number of letters."""
    old = turn.words
    matcher = SequenceMatcher(None, [_bare(w.text) for w in old], [_bare(t) for t in texts], autojunk=False)
    words: list[Word] = []
    for tag, first, last, begin, end in matcher.get_opcodes():
        if tag == "equal":
            words += [
                replace(word, text=text) for word, text in zip(old[first:last], texts[begin:end], strict=True)
            ]
        elif begin < end:
            start_s = old[first].start_s if first < last else old[first - 1].end_s if first else turn.start_s
            end_s = (
                old[last - 1].end_s if first < last else old[last].start_s if last < len(old) else turn.end_s
            )
            channel = old[0].channel if old else None
            words += _spread(texts[begin:end], start_s, max(start_s, end_s), channel)
    return tuple(words)


def _spread(texts: Sequence[str], start_s: float, end_s: float, channel: int | None) -> list[Word]:
    per_letter_s = (end_s - start_s) / sum(map(len, texts))
    words, position_s = [], start_s
    for text in texts:
        next_s = position_s + len(text) * per_letter_s
        words.append(Word(text, position_s, min(next_s, end_s), 1.0, channel, corrected=True))
        position_s = next_s
    return words


def _bare(text: str) -> str:
    """The form for comparison: punctuation and capitals do not matter."""
    return re.sub(r"\W+", "", text).lower() or text


def unmasked(correction: Correction, original: str) -> str | None:
    """The corrected text with the words that redaction had hidden from its author, so redaction finds them again and
    hides them in text and sound. None if they can no longer be determined.

    ``before`` is the text that the author saw: the original with marks, and thus a pattern of the original.
    """
    text = correction.after or ""
    marks = set(PLACEHOLDER.findall(correction.before)) & set(PLACEHOLDER.findall(text))
    if not marks:  # a mark by the author, such as [LAUGHTER], hides nothing
        return text
    hidden = _hidden(correction.before, original)
    if not hidden:
        return None

    def original_of(match: re.Match[str]) -> str:
        found = next((pair for pair in hidden if pair[0] == match.group()), None)
        if found is None:
            return match.group()
        hidden.remove(found)
        return found[1]

    return PLACEHOLDER.sub(original_of, text)


def _hidden(masked: str, original: str) -> list[tuple[str, str]]:
    """Each mark and its original text; empty if the two texts do not match. A regular expression would try every way to
    divide the text among the marks, so none is used."""
    first, *others = PLACEHOLDER.split(masked)
    if not original.startswith(first):
        return []
    found, position = [], len(first)
    for number, literal in enumerate(others, start=1):
        is_last = number == len(others)
        end = len(original) - len(literal) if is_last else original.find(literal, position + 1)
        if end <= position or not original.startswith(literal, end):
            return []
        found.append(original[position:end])
        position = end + len(literal)
    return list(zip(PLACEHOLDER.findall(masked), found, strict=True))


# ---------------------------------------------------------------- names and roles


def _with_name(conversation: Conversation, correction: Correction) -> tuple[Conversation, CorrectionOutcome]:
    return _with_participant(conversation, correction, name=correction.after)


def _with_role(conversation: Conversation, correction: Correction) -> tuple[Conversation, CorrectionOutcome]:
    role = Role(correction.after or "")
    return _with_participant(
        conversation, correction, role=role, role_source=RoleSource.MANUAL, role_confidence=1.0
    )


def _with_participant(
    conversation: Conversation, correction: Correction, **changes: Any
) -> tuple[Conversation, CorrectionOutcome]:
    participant = participant_at(conversation, Place.of(correction))
    if participant is None:
        return conversation, _not_applied(correction, "no_participant_there")
    participants = tuple(
        replace(each, **changes) if each.id == participant.id else each for each in conversation.participants
    )
    return replace(conversation, participants=participants), _applied(correction, participant.id)
