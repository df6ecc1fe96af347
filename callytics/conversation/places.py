"""Finds again what a person corrected: a turn or a participant, by its time in the recording and its channel.

Turns and voices may be numbered differently when a call is recognised again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callytics.domain import Conversation, Correction, Participant, Turn

BOUNDARY_TOLERANCE_S = 1.0
"""A turn whose begin or end differs by more is a different turn. Word times of Whisper are off by up to 0.5 s at the
edges of speech, and two engines may be off in opposite directions."""


@dataclass(frozen=True)
class Place:
    """A stretch of one party's speech. ``channel_index``: of the original file; None in a mono call."""

    participant_id: str
    channel_index: int | None
    start_s: float
    end_s: float

    @classmethod
    def of(cls, correction: Correction) -> Place:
        return cls(correction.participant_id, correction.channel_index, correction.start_s, correction.end_s)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Place:
        """As store/corrections.py writes it into ``Correction.detail``."""
        return cls(
            value["participant_id"],
            value["channel_index"],
            value["begin_offset_ms"] / 1000,
            value["end_offset_ms"] / 1000,
        )


def detail_of(correction: Correction) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(correction.detail or "{}")
    return value


def turn_at(conversation: Conversation, place: Place) -> Turn | str:
    """The turn, or the code of why there is none."""
    turn = most_overlapping(turns_of_channel(conversation, place), place)
    if turn is None:
        return "no_turn_there"
    off_s = max(abs(turn.start_s - place.start_s), abs(turn.end_s - place.end_s))
    return turn if off_s <= BOUNDARY_TOLERANCE_S else "turn_has_other_bounds"


def turns_of_channel(conversation: Conversation, place: Place) -> list[Turn]:
    """Turns of the party on the channel; in a mono call all turns, because labels of voices do not name a place."""
    channels = {participant.id: participant.channel_index for participant in conversation.participants}
    if place.channel_index not in channels.values():
        return list(conversation.turns)
    return [turn for turn in conversation.turns if channels[turn.participant_id] == place.channel_index]


def most_overlapping(turns: Sequence[Turn], place: Place) -> Turn | None:
    best = max(turns, key=lambda turn: _overlap_s(turn, place), default=None)
    return best if best is not None and _overlap_s(best, place) > 0 else None


def _overlap_s(turn: Turn, place: Place) -> float:
    return min(turn.end_s, place.end_s) - max(turn.start_s, place.start_s)


def participant_at(conversation: Conversation, place: Place) -> Participant | None:
    """The participant on the channel; else the speaker at that time, because runs may number voices differently.

    Where several people share the channel after each other, the time tells them apart.
    """
    of_channel = [
        p
        for p in conversation.participants
        if p.channel_index is not None and p.channel_index == place.channel_index
    ]
    if len(of_channel) == 1:
        return of_channel[0]
    turn = most_overlapping(turns_of_channel(conversation, place), place)
    wanted = turn.participant_id if turn is not None else place.participant_id
    spoke = place.end_s > place.start_s
    if spoke and turn is None:
        return None
    return next((p for p in conversation.participants if p.id == wanted), None)
