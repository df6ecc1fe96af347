"""People's corrections, as asked for and as kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callytics.domain import Role, SentimentLabel


@dataclass(frozen=True)
class Split:
    """Where a turn becomes two.

    Attributes:
        word: index of the first word of the second turn, from 1.
        speaker: who says the second; None: the same.
    """

    word: int
    speaker: str | None = None


@dataclass(frozen=True)
class Corrections:
    """The corrections of one request to the result of a call.

    Attributes:
        words: turn id and its corrected text.
        names: participant id and name; None removes the name.
        roles: participant id and role.
        speakers: turn id and the participant who said it.
        moods: turn id and its sentiment.
        splits: turn id and where its second turn begins.
        merges: turn id and that of the turn which it goes on in.
        summary: field of the summary and its value: text or None, a truth value, or tasks.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str | None] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    speakers: Mapping[str, str] = field(default_factory=dict)
    moods: Mapping[str, SentimentLabel] = field(default_factory=dict)
    splits: Mapping[str, Split] = field(default_factory=dict)
    merges: Mapping[str, str] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CorrectionRecord:
    """One correction in the history of a call. ``turn_id`` is the id of the turn at that time ("" for a name)."""

    id: str
    call_id: str
    kind: str
    turn_id: str
    participant_id: str
    begin_offset_ms: int
    end_offset_ms: int
    before: str
    after: str | None
    actor: str
    created_at_ms: int
    undone_at_ms: int | None = None
    undone_by: str | None = None
    detail: str = ""
