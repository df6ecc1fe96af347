"""How each turn was said: pitch and loudness against the speaker's own, from the tracks of the audio stage.

Pure functions; standard library only. Levels of different parties, telephones and calls do not compare, so each turn
is compared with the same speaker's other turns of the call.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from callytics.conversation.announcements import ANNOUNCEMENT
from callytics.domain import (
    VOICE_LEVEL_STEP_DB,
    VOICE_LOWEST_DBFS,
    VOICE_LOWEST_HZ,
    VOICE_STEPS_PER_SEMITONE,
    Audio,
    Conversation,
    Participant,
    Turn,
    TurnVoice,
    VoiceTrack,
)

RAISED_VOICE = "raised_voice"
"""The flag of a turn that is louder and higher than the speaker's median."""

RAISED_DB, RAISED_SEMITONES = 5.0, 3.0
"""Both: automatic level control changes the level without the pitch, a question the pitch without the level. ANSI S3.5
has 6 dB between normal and raised effort. Chosen on constructed calls (evaluation/voice.py, docs/adr/0022)."""

MIN_VOICED_S = 0.5
MIN_TURNS = 3
"""A speaker with fewer measured turns has no median to compare with."""

RANGE_DB = 20.0  # below the loudest frames of the turn: voices, and no line noise with a hum

Interval = tuple[float, float]


@dataclass(frozen=True)
class _Frames:
    """The voiced frames of a turn."""

    semitones: tuple[float, ...]  # above VOICE_LOWEST_HZ
    levels_dbfs: tuple[float, ...]
    seconds: float

    @property
    def loudness_dbfs(self) -> float:
        power = sum(10 ** (level / 10) for level in self.levels_dbfs) / len(self.levels_dbfs)
        return 10 * math.log10(power)


def with_voice(conversation: Conversation, audio: Audio) -> Conversation:
    """The conversation with ``voice`` of each turn where it can be told, and the flag ``raised_voice``.

    Runs after redaction and corrections: a removed part is not measured, and changed turns are measured anew.
    """
    tracks = tuple(_Track(track) for track in audio.voice_tracks)
    if not tracks:
        return conversation
    channels = _channels(conversation.participants, audio, len(tracks))
    found: dict[str, _Frames] = {}
    for turn in conversation.turns:
        channel = channels.get(turn.participant_id)
        if channel is not None and ANNOUNCEMENT not in turn.flags:
            frames = tracks[channel].voiced(_alone(turn, conversation, channels))
            if frames.seconds >= MIN_VOICED_S:
                found[turn.id] = frames
    usual = {
        participant.id: _usual([found[t.id] for t in conversation.turns if _is_of(t, participant, found)])
        for participant in conversation.participants
    }
    turns = tuple(
        _measured(turn, found[turn.id], usual[turn.participant_id]) if turn.id in found else turn
        for turn in conversation.turns
    )
    return replace(conversation, turns=turns)


def _is_of(turn: Turn, participant: Participant, found: Mapping[str, _Frames]) -> bool:
    return turn.participant_id == participant.id and turn.id in found


class _Track:
    def __init__(self, track: VoiceTrack) -> None:
        self._frame_s = track.frame_s
        self._levels = base64.b64decode(track.levels)
        self._pitches = base64.b64decode(track.pitches)

    def voiced(self, intervals: Iterable[Interval]) -> _Frames:
        """The frames in these intervals that have a pitch and are not far below the loudest."""
        frames: list[int] = []
        for start_s, end_s in intervals:
            first, last = math.ceil(start_s / self._frame_s), math.floor(end_s / self._frame_s)
            frames += range(max(0, first), min(last, len(self._pitches)))
        frames = [frame for frame in dict.fromkeys(frames) if self._pitches[frame]]
        lowest = max((self._levels[frame] for frame in frames), default=0) - RANGE_DB / VOICE_LEVEL_STEP_DB
        frames = [frame for frame in frames if self._levels[frame] >= lowest]
        return _Frames(
            tuple((self._pitches[frame] - 1) / VOICE_STEPS_PER_SEMITONE for frame in frames),
            tuple(VOICE_LOWEST_DBFS + self._levels[frame] * VOICE_LEVEL_STEP_DB for frame in frames),
            len(frames) * self._frame_s,
        )


def _channels(participants: Sequence[Participant], audio: Audio, num_tracks: int) -> dict[str, int]:
    """The pcm channel of each participant."""
    if num_tracks == 1:
        return {participant.id: 0 for participant in participants}
    return {
        participant.id: audio.channel_indices.index(participant.channel_index)
        for participant in participants
        if participant.channel_index in audio.channel_indices
    }


def _alone(turn: Turn, conversation: Conversation, channels: Mapping[str, int]) -> list[Interval]:
    """The stretches of a turn's words in which no other party is heard on its channel, without what was redacted."""
    own = channels[turn.participant_id]
    removed = [(part.start_s, part.end_s) for part in turn.redactions]
    removed += [
        (segment.start_s, segment.end_s)
        for segment in conversation.speech
        if segment.speaker != turn.participant_id
        and channels.get(segment.speaker) == own
        and segment.start_s < turn.end_s
        and segment.end_s > turn.start_s
    ]
    intervals = [(word.start_s, word.end_s) for word in turn.words]
    for start_s, end_s in removed:
        intervals = [part for whole in intervals for part in _without(whole, start_s, end_s)]
    return intervals


def _without(interval: Interval, start_s: float, end_s: float) -> list[Interval]:
    first, last = interval
    if end_s <= first or start_s >= last:
        return [interval]
    return [part for part in ((first, start_s), (end_s, last)) if part[0] < part[1]]


def _usual(turns: Sequence[_Frames]) -> tuple[float, float] | None:
    """Median pitch in semitones and median loudness in dBFS of a speaker's turns, each weighted by its voiced time."""
    if len(turns) < MIN_TURNS:
        return None
    return (
        _weighted_median([(median(turn.semitones), turn.seconds) for turn in turns]),
        _weighted_median([(turn.loudness_dbfs, turn.seconds) for turn in turns]),
    )


def _weighted_median(values: Sequence[tuple[float, float]]) -> float:
    left = sum(weight for _, weight in values) / 2
    for value, weight in sorted(values):
        left -= weight
        if left <= 0:
            return value
    return max(value for value, _ in values)


def _measured(turn: Turn, frames: _Frames, usual: tuple[float, float] | None) -> Turn:
    ordered = sorted(frames.semitones)
    pitch = median(ordered)
    low, high = (ordered[round(share * (len(ordered) - 1))] for share in (0.1, 0.9))
    pitch_change, loudness_change = (
        (None, None) if usual is None else (pitch - usual[0], frames.loudness_dbfs - usual[1])
    )
    voice = TurnVoice(VOICE_LOWEST_HZ * 2 ** (pitch / 12), high - low, pitch_change, loudness_change)
    is_raised = (
        pitch_change is not None
        and loudness_change is not None
        and pitch_change >= RAISED_SEMITONES
        and loudness_change >= RAISED_DB
    )
    flags = (*turn.flags, RAISED_VOICE) if is_raised else turn.flags
    return replace(turn, voice=voice, flags=flags)
