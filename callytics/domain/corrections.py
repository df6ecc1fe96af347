"""What people corrected, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CorrectionKind(StrEnum):
    WORDS = "words"
    SPEAKER_NAME = "speaker_name"
    ROLE = "role"
    TURN_SPEAKER = "turn_speaker"
    SPLIT = "split"
    MERGE = "merge"
    MOOD = "mood"
    SUMMARY = "summary"


class CorrectionStatus(StrEnum):
    APPLIED = "APPLIED"
    SUPERSEDED = "SUPERSEDED"
    NOT_APPLIED = "NOT_APPLIED"


@dataclass(frozen=True)
class Correction:
    """A correction by a person, with its place in the call.

    The place is a time in the recording, not only a turn, because turns are renumbered when a call is recognised again.

    Attributes:
        kind: the corrected property. A kind that is unknown to this version is kept but not applied.
        turn_id: id of the turn at the time of the correction, for people only. "" if there was none.
        participant_id: the speaker of the text, or the named participant.
        channel_index: the party's own channel of the original file; None in a mono call.
        start_s: start of the turn; for a name, of the participant's longest turn. Equal to ``end_s``: no place.
        before: the replaced text, "" if there was none.
        after: the corrected text; a name of None is no name.
        detail: JSON for a program, by kind (callytics/conversation/correction_details.py); "" where there is none.
    """

    id: str
    kind: str
    turn_id: str
    participant_id: str
    channel_index: int | None
    start_s: float
    end_s: float
    before: str
    after: str | None
    detail: str = ""


@dataclass(frozen=True)
class CorrectionOutcome:
    """The outcome of a correction in this analysis; ``turn_id`` and ``participant_id`` are the current ones."""

    correction_id: str
    kind: str
    status: CorrectionStatus
    turn_id: str = ""
    participant_id: str = ""
    reason: str = ""  # stable code of why it was not applied
