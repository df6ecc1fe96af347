"""Remarks of the result on announcements, redactions and the summary."""

from __future__ import annotations

from collections import Counter
from typing import Any

from callytics.conversation.announcements import ANNOUNCEMENT
from callytics.domain import ContactSummary, Conversation, Flag


def announcement_flags(conversation: Conversation) -> tuple[Flag, ...]:
    turns = [turn for turn in conversation.turns if ANNOUNCEMENT in turn.flags]
    if not turns:
        return ()
    seconds = sum(turn.end_s - turn.start_s for turn in turns)
    message = (
        f"{len(turns)} turns ({seconds:.1f} s) are heard on both channels at once, as announcements are: they "
        "count as neither party's."
    )
    return (Flag(ANNOUNCEMENT, message),)


def redaction_flags(conversation: Conversation) -> tuple[Flag, ...]:
    if not conversation.redacted:
        return ()
    kinds = Counter(redaction.kind for turn in conversation.turns for redaction in turn.redactions)
    counts = ", ".join(f"{kind} ({count})" for kind, count in sorted(kinds.items())) or "nothing was found"
    return (Flag("pii_redacted", f"What identifies people was taken out: {counts}."),)


def summary_flags(summary: Any) -> tuple[Flag, ...]:
    return summary.flags if isinstance(summary, ContactSummary) else ()
