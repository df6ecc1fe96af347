"""The call as a conversation: turns of parties."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from callytics.domain.corrections import CorrectionOutcome
from callytics.domain.participants import Participant, Role, SpeechSegment
from callytics.domain.recognition import Word


class PiiKind(StrEnum):
    """Kinds of personal data that redaction removes."""

    NAME = "NAME"
    ADDRESS = "ADDRESS"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    CARD = "CARD"
    ACCOUNT = "ACCOUNT"
    RESIDENT_NUMBER = "RESIDENT_NUMBER"
    SSN = "SSN"
    BIRTH_DATE = "BIRTH_DATE"
    PASSPORT = "PASSPORT"
    PLATE = "PLATE"


@dataclass(frozen=True)
class Sentence:
    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Redaction:
    """A stretch of speech that identifies a person and was removed."""

    kind: PiiKind
    start_s: float
    end_s: float


@dataclass(frozen=True)
class TurnVoice:
    """How a turn was said. The changes are against the speaker's own median; None if too few turns tell it.

    Attributes:
        pitch_hz: median fundamental frequency.
        pitch_range_semitones: between its 10th and 90th percentile.
    """

    pitch_hz: float
    pitch_range_semitones: float
    pitch_change_semitones: float | None = None
    loudness_change_db: float | None = None


@dataclass(frozen=True)
class Turn:
    """One party speaks until the other does. ``content_raw`` is the recognised text, word by word."""

    id: str  # "t1", "t2", ... in order of start
    participant_id: str
    start_s: float
    end_s: float
    content: str
    content_raw: str
    words: tuple[Word, ...]
    confidence: float
    sentences: tuple[Sentence, ...] = ()
    overlap: bool = False  # another party speaks during it
    interruption: bool = False  # it began while the other party was speaking, and took the floor
    flags: tuple[str, ...] = ()
    redactions: tuple[Redaction, ...] = ()
    written: str = ""  # content with numbers in written form; "" unless the options request it
    language: str = ""  # of most of its words; "": that of the call
    voice: TurnVoice | None = None  # None if it cannot be told: too short, overlapped, unvoiced, not measured


@dataclass(frozen=True)
class Conversation:
    """The call as a conversation: attribute() creates it; punctuation, correct, roles and redact refine it."""

    language: str
    duration_s: float
    participants: tuple[Participant, ...]
    turns: tuple[Turn, ...]
    speech: tuple[SpeechSegment, ...]
    redacted: bool = False  # redaction ran: the removed data must not enter the result in another way
    corrections: tuple[CorrectionOutcome, ...] = ()
    # If people changed bounds or speakers of turns; redaction reads them too.
    turns_before: tuple[Turn, ...] = ()

    def role_of(self, participant_id: str) -> Role:
        return next((p.role for p in self.participants if p.id == participant_id), Role.UNKNOWN)

    def language_of(self, turn: Turn) -> str:
        return turn.language or self.language
