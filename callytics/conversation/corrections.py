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

from callytics.domain import (
    Conversation,
    Correction,
    CorrectionKind,
    CorrectionOutcome,
    CorrectionStatus,
    Participant,
    Turn,
    Word,
)
from callytics.engines.punctuation.sentences import split_by_marks

CORRECTED = "corrected"
"""The flag of a turn with words from a person."""

BOUNDARY_TOLERANCE_S = 1.0
"""A turn whose begin or end differs by more is a different turn. Word times of Whisper are off by up to 0.5 s at the
edges of speech, and two engines may be off in opposite directions."""

PLACEHOLDER = re.compile(r"\[[A-Z_]+\]")
"""The mark that redaction puts in place of a name or number (callytics/redaction)."""


def correct(conversation: Conversation, corrections: Sequence[Correction]) -> Conversation:
    """The conversation with the corrected words and names, and the outcome of each correction.

    Args:
        corrections: oldest first; of several at one place the last applies.
    """
    outcomes: dict[str, CorrectionOutcome] = {}
    for correction in corrections:
        match correction.kind:
            case CorrectionKind.WORDS:
                conversation, outcome = _with_words(conversation, correction)
            case CorrectionKind.SPEAKER_NAME:
                conversation, outcome = _with_name(conversation, correction)
            case _:
                outcome = _not_applied(correction, "kind_unknown")
        _supersede(outcomes, outcome)
        outcomes[correction.id] = outcome
    return replace(conversation, corrections=tuple(outcomes.values()))


def _supersede(outcomes: dict[str, CorrectionOutcome], latest: CorrectionOutcome) -> None:
    if latest.status is not CorrectionStatus.APPLIED:
        return
    for number, earlier in outcomes.items():
        same_place = (earlier.kind, earlier.turn_id, earlier.participant_id) == (
            latest.kind,
            latest.turn_id,
            latest.participant_id,
        )
        if same_place and earlier.status is CorrectionStatus.APPLIED:
            outcomes[number] = replace(earlier, status=CorrectionStatus.SUPERSEDED)


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
    turn = _most_overlapping(_turns_of_channel(conversation, correction), correction)
    if turn is None:
        return conversation, _not_applied(correction, "no_turn_there")
    off_s = max(abs(turn.start_s - correction.start_s), abs(turn.end_s - correction.end_s))
    if off_s > BOUNDARY_TOLERANCE_S:
        return conversation, _not_applied(correction, "turn_has_other_bounds")
    text = unmasked(correction, turn.content)
    if text is None:
        return conversation, _not_applied(correction, "redacted_words_changed")
    changed = rewritten(turn, text)
    turns = tuple(changed if each.id == turn.id else each for each in conversation.turns)
    return replace(conversation, turns=turns), _applied(correction, turn.participant_id, turn.id)


def _turns_of_channel(conversation: Conversation, correction: Correction) -> list[Turn]:
    """Turns of the party on the channel; in a mono call all turns, because labels of voices do not name a place."""
    channels = {participant.id: participant.channel_index for participant in conversation.participants}
    if correction.channel_index not in channels.values():
        return list(conversation.turns)
    return [turn for turn in conversation.turns if channels[turn.participant_id] == correction.channel_index]


def _most_overlapping(turns: Sequence[Turn], correction: Correction) -> Turn | None:
    best = max(turns, key=lambda turn: _overlap_s(turn, correction), default=None)
    return best if best is not None and _overlap_s(best, correction) > 0 else None


def _overlap_s(turn: Turn, correction: Correction) -> float:
    return min(turn.end_s, correction.end_s) - max(turn.start_s, correction.start_s)


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


# ---------------------------------------------------------------- names


def _with_name(conversation: Conversation, correction: Correction) -> tuple[Conversation, CorrectionOutcome]:
    participant = _participant_at(conversation, correction)
    if participant is None:
        return conversation, _not_applied(correction, "no_participant_there")
    participants = tuple(
        replace(each, name=correction.after) if each.id == participant.id else each
        for each in conversation.participants
    )
    return replace(conversation, participants=participants), _applied(correction, participant.id)


def _participant_at(conversation: Conversation, correction: Correction) -> Participant | None:
    """The participant on the channel; else the speaker at that time, because runs may number voices differently.

    Where several people share the channel after each other, the time tells them apart.
    """
    of_channel = [
        p
        for p in conversation.participants
        if p.channel_index is not None and p.channel_index == correction.channel_index
    ]
    if len(of_channel) == 1:
        return of_channel[0]
    turn = _most_overlapping(_turns_of_channel(conversation, correction), correction)
    wanted = turn.participant_id if turn is not None else correction.participant_id
    spoke = correction.end_s > correction.start_s
    if spoke and turn is None:
        return None
    return next((p for p in conversation.participants if p.id == wanted), None)
