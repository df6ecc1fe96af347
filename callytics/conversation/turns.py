"""Builds turns from words and speech segments. Pure functions; standard library only.

words        without a speaker: a word has a time, and a channel if there are two
segments     who spoke when, by channel or by voice
utterances   consecutive words of one speaker with no long pause
turns        utterances of one speaker without the start of another speaker's utterance between them
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from callytics.conversation.announcements import ANNOUNCEMENT, ANNOUNCEMENT_ID, announcer
from callytics.conversation.backchannels import is_backchannel
from callytics.conversation.speakers import speakers_of_words, speakers_on_channel
from callytics.domain import (
    CallOptions,
    Conversation,
    Diarization,
    RoleSource,
    Transcript,
    Turn,
    Word,
)

UTTERANCE_PAUSE_S = 0.8
"""A pause that ends an utterance. Gaps inside an utterance are rarely above 0.5 s; gaps between turns of
telephone calls are around 0.2 s and rarely above 1 s (Heldner & Edlund 2010, J. Phonetics 38)."""

TURN_PAUSE_S = 3.0
"""A longer pause starts a new turn even if the same speaker continues: the non-talk limit of Amazon Transcribe Call
Analytics."""

MIN_OVERLAP_S = 0.2
"""Minimum overlap of two turns; a shorter one is within the tolerance of the word times."""


def attribute(diarization: Diarization, transcript: Transcript) -> Conversation:
    """Assign a speaker to every word and join the words to turns.

    The turns are not yet punctuated: ``content`` equals ``content_raw``. Roles are those of the diarization.
    """
    speakers = (
        _speakers_by_channel(diarization, transcript.words)
        if diarization.by_channel
        else speakers_of_words(diarization.segments, transcript.words)
    )
    utterances = _utterances(zip(transcript.words, speakers, strict=True))
    turns = _turns(utterances)
    participants = diarization.participants
    if ANNOUNCEMENT_ID in speakers:
        participants = (*participants, announcer())
        turns = [
            replace(turn, flags=(ANNOUNCEMENT,)) if turn.participant_id == ANNOUNCEMENT_ID else turn
            for turn in turns
        ]
    known = {participant.id for participant in participants}
    return Conversation(
        language=transcript.language,
        duration_s=max(diarization.duration_s, transcript.duration_s),
        participants=participants,
        turns=tuple(mark_overlaps(turn for turn in turns if turn.participant_id in known)),
        speech=diarization.segments,
    )


def _speakers_by_channel(diarization: Diarization, words: Sequence[Word]) -> list[str]:
    """The party of the word's channel; where several people share it after each other, the one who speaks then. A word
    without a channel is of an announcement."""
    speakers = [ANNOUNCEMENT_ID] * len(words)
    for channel in {word.channel for word in words if word.channel is not None}:
        rows = [row for row, word in enumerate(words) if word.channel == channel]
        found = speakers_on_channel(
            diarization.participants, diarization.segments, channel, [words[row] for row in rows]
        )
        for row, speaker in zip(rows, found, strict=True):
            speakers[row] = speaker
    return speakers


def _utterances(attributed: Iterable[tuple[Word, str]]) -> list[tuple[str, list[Word]]]:
    """Runs of one speaker's words with pauses below UTTERANCE_PAUSE_S, sorted by start.

    Speakers are processed separately, so a "yes" in the middle of the other party's sentence does not split that
    sentence.
    """
    closed: list[tuple[str, list[Word]]] = []
    current: dict[str, list[Word]] = {}
    for word, speaker in sorted(attributed, key=lambda pair: pair[0].start_s):
        words = current.get(speaker)
        if words and _seconds(words[-1].end_s, word.start_s) < UTTERANCE_PAUSE_S:
            words.append(word)
            continue
        if words:
            closed.append((speaker, words))
        current[speaker] = [word]
    closed.extend(current.items())
    return sorted(closed, key=lambda utterance: (utterance[1][0].start_s, utterance[0]))


def _turns(utterances: Sequence[tuple[str, list[Word]]]) -> list[Turn]:
    merged: list[tuple[str, list[Word]]] = []
    for speaker, words in utterances:
        if (
            merged
            and merged[-1][0] == speaker
            and _seconds(merged[-1][1][-1].end_s, words[0].start_s) < TURN_PAUSE_S
        ):
            merged[-1][1].extend(words)
        else:
            merged.append((speaker, list(words)))
    return [_turn(f"t{number}", speaker, words) for number, (speaker, words) in enumerate(merged, start=1)]


def _turn(turn_id: str, speaker: str, words: Sequence[Word]) -> Turn:
    content = " ".join(word.text for word in words)
    return Turn(
        id=turn_id,
        participant_id=speaker,
        start_s=words[0].start_s,
        end_s=max(word.end_s for word in words),
        content=content,
        content_raw=content,
        words=tuple(words),
        confidence=sum(word.confidence for word in words) / len(words),
        language=_language(words),
    )


def _language(words: Sequence[Word]) -> str:
    """The language with most seconds of the words; on a tie, the first."""
    seconds: dict[str, float] = {}
    for word in words:
        seconds[word.language] = seconds.get(word.language, 0.0) + word.end_s - word.start_s
    return max(seconds, key=lambda code: round(seconds[code], 3))


def mark_overlaps(turns: Iterable[Turn]) -> list[Turn]:
    """Set ``overlap`` and ``interruption``.

    An interruption begins while another party is speaking and continues after that party has stopped: it takes the
    floor. A backchannel ("네", "uh-huh") never does.
    """
    turns = list(turns)
    overlapping: set[str] = set()
    interrupting: set[str] = set()
    active: list[Turn] = []
    for turn in turns:
        if ANNOUNCEMENT in turn.flags:  # speech over it is no interruption
            continue
        active = [other for other in active if _seconds(turn.start_s, other.end_s) >= MIN_OVERLAP_S]
        for other in active:
            if other.participant_id == turn.participant_id:
                continue
            if _seconds(turn.start_s, min(other.end_s, turn.end_s)) >= MIN_OVERLAP_S:
                overlapping |= {turn.id, other.id}
                backchannel = is_backchannel(turn.content_raw) or is_backchannel(other.content_raw)
                if turn.end_s > other.end_s and not backchannel:
                    interrupting.add(turn.id)
        active.append(turn)
    return [
        replace(turn, overlap=turn.id in overlapping, interruption=turn.id in interrupting) for turn in turns
    ]


def with_corrected_roles(conversation: Conversation, options: CallOptions) -> Conversation:
    """Apply the roles of the options; they override the channels, and the text is not used. A correction of the role
    (corrections.py) is the later word of a person."""
    corrected = dict(options.roles)
    participants = tuple(
        replace(p, role=corrected[p.id], role_source=RoleSource.MANUAL, role_confidence=1.0)
        if p.id in corrected and p.role_source is not RoleSource.MANUAL
        else p
        for p in conversation.participants
    )
    return replace(conversation, participants=participants)


def _seconds(start_s: float, end_s: float) -> float:
    """Seconds between two times, without the last digits of floating point: 0.2 s are 0.2 s at any time of a call."""
    return round(end_s - start_s, 6)
