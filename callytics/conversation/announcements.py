"""What both channels of a call carry at once, such as a queue's announcement or a voice menu, is said by neither party.

It is a turn like any other in the transcript, of a participant of its own with the role OTHER. What the parties say is
counted, judged and summarised.
"""

from __future__ import annotations

from dataclasses import replace

from callytics.domain import Conversation, Participant, Role, RoleSource

ANNOUNCEMENT = "announcement"
"""The flag of a turn, and of a result with such turns."""

ANNOUNCEMENT_ID = "announcement"
"""The participant of these turns."""


def announcer() -> Participant:
    return Participant(ANNOUNCEMENT_ID, role=Role.OTHER, role_source=RoleSource.CHANNEL, role_confidence=1.0)


def parties_only(conversation: Conversation) -> Conversation:
    """The conversation without its announcements; turns keep their ids."""
    return replace(
        conversation,
        participants=tuple(p for p in conversation.participants if p.id != ANNOUNCEMENT_ID),
        turns=tuple(turn for turn in conversation.turns if ANNOUNCEMENT not in turn.flags),
    )
