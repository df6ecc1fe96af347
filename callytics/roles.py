"""Who is the agent: from what is said, where channels do not tell."""

from __future__ import annotations

from callytics.domain import Conversation


def assign_roles(conversation: Conversation) -> Conversation:
    """The conversation with a role, its source and confidence for every participant."""
    raise NotImplementedError("written in the next commit")
