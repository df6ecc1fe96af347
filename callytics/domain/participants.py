"""The parties of a call, their roles, and when each speaks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from callytics.domain.flag import Flag


class Role(StrEnum):
    AGENT = "AGENT"
    CUSTOMER = "CUSTOMER"
    OTHER = "OTHER"
    UNKNOWN = "UNKNOWN"


class RoleSource(StrEnum):
    CHANNEL = "channel"
    TEXT = "text"
    MANUAL = "manual"


@dataclass(frozen=True)
class SpeechSegment:
    """A stretch of speech of one speaker. Segments of different speakers may overlap."""

    start_s: float
    end_s: float
    speaker: str  # "spk_0", "spk_1", ...
    channel: int | None = None  # pcm channel, if speakers are separated by channel


@dataclass(frozen=True)
class Participant:
    """One party of the call. ``channel_index`` is the channel of the original file, if the party has one."""

    id: str
    role: Role = Role.UNKNOWN
    role_source: RoleSource | None = None
    role_confidence: float = 0.0
    channel_index: int | None = None
    name: str | None = None  # from a person, or from CallOptions.known_speakers if the voice matches


@dataclass(frozen=True)
class Diarization:
    """Output of speaker-diarizer: segments sorted by start, and one participant per speaker label.

    With one channel per party (``by_channel``) the participants already have their roles.
    """

    segments: tuple[SpeechSegment, ...]
    participants: tuple[Participant, ...]
    by_channel: bool
    duration_s: float
    flags: tuple[Flag, ...] = ()
