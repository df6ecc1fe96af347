"""What is asked for: a recording and the options of its analysis."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from callytics.domain.participants import Role


class Task(StrEnum):
    """Output of the recogniser: the spoken text, or its translation into English."""

    TRANSCRIBE = "transcribe"
    TRANSLATE = "translate"


class Denoise(StrEnum):
    """Which channels are analysed with their noise reduced: those that it helps, all, or none."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True)
class KnownSpeaker:
    """A person whose voice is known: the name to show, and the URL of a recording of this person alone."""

    name: str
    uri: str


@dataclass(frozen=True)
class CallOptions:
    """Options of one call. Every field is optional.

    Attributes:
        language: ISO 639-1 code; None detects it.
        agent_channel: 0-based channel of the agent in a stereo recording; None takes the configured default.
        num_speakers: the known number of speakers of a mono recording; None estimates it.
        hotwords: names and terms that recognition should expect.
        audio_format: for headerless files, "mulaw", "alaw", "s16le", "g722", "gsm" or "vox"; None reads the header.
        audio_sample_rate_hz: for headerless files.
        audio_channels: for headerless files: 1, or 2 whose samples alternate.
        roles: participant id and role, as corrected by hand; overrules channels and text.
        redact_pii: take out what identifies people: names, addresses, numbers (callytics/redaction).
        task: read by the recogniser alone; a translation carries the flag "translated".
        known_speakers: participants with one of these voices get the name.
        denoise: read by the audio-processor alone; None takes the configured default.
        written_forms: write numbers, dates and amounts as such, beside the words (callytics/written_forms).
    """

    language: str | None = None
    agent_channel: int | None = None
    num_speakers: int | None = None
    hotwords: tuple[str, ...] = ()
    audio_format: str | None = None
    audio_sample_rate_hz: int | None = None
    audio_channels: int | None = None
    roles: tuple[tuple[str, Role], ...] = ()
    redact_pii: bool = False
    task: Task = Task.TRANSCRIBE
    known_speakers: tuple[KnownSpeaker, ...] = ()
    denoise: Denoise | None = None
    written_forms: bool = False


@dataclass(frozen=True)
class Recording:
    """The location of the bytes of a call: any fsspec URL, or a plain path.

    Attributes:
        sha256: hash of the bytes, in lower-case hex digits, from their receipt; empty: computed on reading.
    """

    call_id: str
    uri: str
    sha256: str = ""
