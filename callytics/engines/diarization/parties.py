"""Converts the detected speech of every diarizer to participants (with or without roles), segments and flags.

The input is sorted (start_s, end_s) per channel or voice. Signalling tones are dropped here, because the training
data of our segmentation models had none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from callytics.domain import (
    Announcement,
    Audio,
    CallOptions,
    Diarization,
    Flag,
    Participant,
    Role,
    RoleSource,
    SpeechSegment,
)
from callytics.engines.diarization.tones import is_tonal
from callytics.errors import InvalidRequestError
from callytics.options.checks import check_against

Span = tuple[float, float]
Spans = Sequence[Span]

MIN_REST_S = 0.3
"""What is left of speech at the edge of an announcement; shorter is the tolerance of both edges."""


def check_options(audio: Audio, options: CallOptions, knows_voices: bool = False) -> None:
    """Reject options that are impossible for this recording, before any work.

    Args:
        knows_voices: the engine can recognise known speakers.

    Raises:
        InvalidRequestError: the agent channel or the number of speakers in ``options`` is impossible, or it names known
            speakers and the engine cannot recognise them.
    """
    if options.known_speakers and not knows_voices:
        raise InvalidRequestError(
            "known_speakers_unsupported",
            "This speaker-diarizer cannot recognise the voices of known speakers; leave them out, or configure "
            "callytics.engines.diarization.onnx:OnnxDiarizer.",
        )
    if audio.pcm.num_channels == 1:
        if options.num_speakers is not None and options.num_speakers < 1:
            raise InvalidRequestError("num_speakers_invalid", "num_speakers must be 1 or more.")
    else:
        check_against(options, audio.media)


def by_channel(
    audio: Audio, options: CallOptions, speech: Sequence[Spans], default_agent_channel: int
) -> Diarization:
    """One party per channel of ``audio.pcm``; the channel of the original file decides which party is the agent.

    If the request names a silent channel, the channel does not decide the roles.
    """
    silent = options.agent_channel is not None and options.agent_channel not in audio.channel_indices
    agent = default_agent_channel if options.agent_channel is None else options.agent_channel
    segments = [
        SpeechSegment(start_s, end_s, f"spk_{channel}", channel)
        for channel, spans in enumerate(speech)
        for start_s, end_s in without_announcements(spans, channel, audio.announcements)
        if not is_tonal(audio.pcm, channel, start_s, end_s)
    ]
    # A default of the site is slightly less certain than the request.
    confidence = 1.0 if options.agent_channel is not None else 0.9
    participants = tuple(
        Participant(
            id=f"spk_{channel}",
            role=Role.AGENT if index == agent else Role.CUSTOMER,
            role_source=RoleSource.CHANNEL,
            role_confidence=confidence,
            channel_index=index,
        )
        for channel, index in enumerate(audio.channel_indices)
    )
    flags: tuple[Flag, ...] = ()
    if silent:
        participants = tuple(Participant(p.id, channel_index=p.channel_index) for p in participants)
        message = f"Channel {agent}, named as the agent's, is silent: roles are told by what the others say."
        flags = (Flag("agent_channel_ignored", message),)
    return Diarization(_sorted(segments), participants, True, audio.pcm.duration_s, flags)


def without_announcements(spans: Spans, channel: int, announcements: Sequence[Announcement]) -> list[Span]:
    """The speech of a channel's party: an announcement, which the channel keeps, is neither party's."""
    left = list(spans)
    for announced in announcements:
        if announced.channel == channel:
            cut = [
                part
                for start_s, end_s in left
                for part in ((start_s, min(end_s, announced.start_s)), (max(start_s, announced.end_s), end_s))
            ]
            left = [part for part in cut if part in left or part[1] - part[0] >= MIN_REST_S]
    return left


def with_successors(
    diarization: Diarization, divide: Callable[[int, list[Span]], list[list[Span]]]
) -> Diarization:
    """A participant for each person on a channel, where several talk after each other.

    The first person of a channel keeps its label; the others follow all parties, with the role and the channel of the
    first.

    Args:
        divide: pcm channel and its speech -> the speech of each person, in order of their first speech.
    """
    segments: list[SpeechSegment] = []
    participants = list(diarization.participants)
    for channel, first in enumerate(diarization.participants):
        spans = [(s.start_s, s.end_s) for s in diarization.segments if s.channel == channel]
        for number, person in enumerate(divide(channel, spans)):
            label = first.id if number == 0 else f"spk_{len(participants)}"
            if number > 0:
                participants.append(replace(first, id=label))
            segments += [SpeechSegment(start_s, end_s, label, channel) for start_s, end_s in person]
    return replace(diarization, segments=_sorted(segments), participants=tuple(participants))


def by_voice(audio: Audio, options: CallOptions, voices: Sequence[Spans]) -> Diarization:
    """One party per voice, numbered by their first speech; the agent is not known yet."""
    spoken = [[span for span in voice if not is_tonal(audio.pcm, 0, *span)] for voice in voices]
    spoken = sorted(spans for spans in spoken if spans)
    segments = [
        SpeechSegment(start_s, end_s, f"spk_{index}")
        for index, spans in enumerate(spoken)
        for start_s, end_s in spans
    ]
    channel_index = audio.channel_indices[0] if audio.media.channels > 1 else None
    participants = tuple(
        Participant(f"spk_{index}", channel_index=channel_index) for index in range(len(spoken))
    )
    flags: tuple[Flag, ...] = ()
    if options.agent_channel is not None:
        message = (
            "The recording has one usable channel, so agent_channel does not apply: speakers are told "
            "apart by voice and their roles by what they say."
        )
        flags = (Flag("agent_channel_ignored", message),)
    return Diarization(_sorted(segments), participants, False, audio.pcm.duration_s, flags)


def tidy(spans: Iterable[Span], min_speech_s: float, min_silence_s: float, duration_s: float) -> list[Span]:
    """Sorted spans within the recording: shorter speech is dropped first, then shorter pauses are filled."""
    kept: list[Span] = []
    for start_s, end_s in sorted((max(0.0, start), min(duration_s, end)) for start, end in spans):
        if end_s - start_s < min_speech_s:
            continue
        if kept and start_s - kept[-1][1] < max(min_silence_s, 1e-6):
            kept[-1] = (kept[-1][0], max(kept[-1][1], end_s))
        else:
            kept.append((start_s, end_s))
    return kept


def _sorted(segments: list[SpeechSegment]) -> tuple[SpeechSegment, ...]:
    return tuple(sorted(segments, key=lambda segment: (segment.start_s, segment.end_s, segment.speaker)))
