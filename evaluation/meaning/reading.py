"""Runs the text stages on one written call, and keeps what the table needs as plain values.

The turns are given as written, with their speakers. Roles are found on the call without roles; every other stage gets
the gold roles, so that a wrong role counts once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from callytics.config import load_stages
from callytics.conversation.roles import assign_roles
from callytics.domain import (
    CallOptions,
    ContactSummary,
    Conversation,
    CriterionState,
    MoodDirection,
    Participant,
    Role,
    RoleSource,
    SentimentAnalysis,
    SpeechSegment,
    Turn,
    Word,
)
from callytics.engines import load_engine
from callytics.redaction.conversation import redact
from callytics.result.characteristics import characteristics_detail

WORD_S = 0.25
PAUSE_S = 0.4
"""Times of the written calls: four words per second, and a usual pause between turns."""

CUT_TURNS = 4
"""Turns cut from the start in the second figure of the roles."""

JUDGED = ("greeting", "closing", "empathy")
PRESENT = {CriterionState.SHOWN: True, CriterionState.NOT_SHOWN: False}

_MARK = re.compile(r"\[[A-Z_]+\]")


@dataclass(frozen=True)
class Reading:
    """What a system says about one call. Turn ids are those of the call; spans count letters and digits only."""

    issue: frozenset[str] = frozenset()
    outcome: frozenset[str] = frozenset()
    resolved: bool | None = None
    actions: tuple[tuple[str, frozenset[str]], ...] = ()
    topic: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    negative: Mapping[str, float] = field(default_factory=dict)
    direction: int = 0
    roles: Mapping[str, str] = field(default_factory=dict)
    roles_cut: Mapping[str, str] = field(default_factory=dict)
    quality: Mapping[str, bool | None] = field(default_factory=dict)
    lapses: frozenset[str] = frozenset()
    redacted: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)


def conversation_of(call: Mapping[str, Any], *, roles: bool) -> Conversation:
    """The written call with made-up times."""
    turns: list[Turn] = []
    position_s = 0.0
    for turn in call["turns"]:
        words = []
        for text in turn["text"].split():
            words.append(Word(text, position_s, position_s + WORD_S, 1.0))
            position_s += WORD_S
        start_s, end_s = words[0].start_s, words[-1].end_s
        turns.append(
            Turn(turn["id"], turn["speaker"], start_s, end_s, turn["text"], turn["text"], tuple(words), 1.0)
        )
        position_s += PAUSE_S
    participants = tuple(
        Participant(letter, Role(role), RoleSource.MANUAL, 1.0) if roles else Participant(letter)
        for letter, role in sorted(call["roles"].items())
    )
    speech = tuple(SpeechSegment(turn.start_s, turn.end_s, turn.participant_id) for turn in turns)
    return Conversation(call["language"], position_s, participants, tuple(turns), speech)


class Reader:
    """The text stages of a configuration, loaded once."""

    def __init__(self, config: Path) -> None:
        stages = load_stages(config)
        self._punctuate: Any = load_engine(stages["punctuation-restorer"])
        self._feel: Any = load_engine(stages["sentiment-analyzer"])
        self._analyze: Any = load_engine(stages["llm-analyzer"])

    def __call__(self, call: Mapping[str, Any]) -> Reading:
        known: Conversation = self._punctuate(conversation_of(call, roles=True))
        unknown = replace(known, participants=conversation_of(call, roles=False).participants)
        cut = replace(unknown, turns=unknown.turns[CUT_TURNS:])
        summary: ContactSummary = self._analyze(known)
        feeling: SentimentAnalysis = self._feel(known)
        return Reading(
            **findings_of(summary),
            labels={turn.turn_id: turn.label.value for turn in feeling.turns},
            negative={turn.turn_id: turn.negative for turn in feeling.turns},
            direction=_direction(known, feeling),
            roles=_roles(assign_roles(unknown)),
            roles_cut=_roles(assign_roles(cut)),
            quality=_quality(feeling),
            lapses=_lapses(feeling),
            redacted=_redacted(known),
        )


def findings_of(summary: ContactSummary) -> dict[str, Any]:
    """What a report says of the call, by field of Reading."""
    return {
        "issue": frozenset(summary.issue.evidence_turn_ids if summary.issue else ()),
        "outcome": frozenset(summary.outcome.evidence_turn_ids if summary.outcome else ()),
        "resolved": summary.resolved,
        "actions": tuple((i.owner.value, frozenset(i.evidence_turn_ids)) for i in summary.action_items),
        "topic": summary.topic.text if summary.topic else None,
    }


def _roles(conversation: Conversation) -> dict[str, str]:
    """Speakers who say something; the others cannot be known."""
    speaking = {turn.participant_id for turn in conversation.turns}
    return {p.id: p.role.value for p in conversation.participants if p.id in speaking}


def _direction(conversation: Conversation, feeling: SentimentAnalysis) -> int:
    """1 if the customer's mood gets better from start to end, -1 if it gets worse."""
    for trend in characteristics_detail(conversation, feeling).sentiment or ():
        if trend.participant_role is Role.CUSTOMER:
            return (trend.direction is MoodDirection.BETTER) - (trend.direction is MoodDirection.WORSE)
    return 0


def _quality(feeling: SentimentAnalysis) -> dict[str, bool | None]:
    """Shown, not shown, or null: not recorded, not called for, not judged."""
    states = {criterion.id: criterion.state for criterion in feeling.quality_criteria}
    return {name: PRESENT.get(states[name]) if name in states else None for name in JUDGED}


def _lapses(feeling: SentimentAnalysis) -> frozenset[str]:
    return frozenset(lapse.turn_id for lapse in feeling.lapses)


def letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def _redacted(conversation: Conversation) -> dict[str, list[tuple[int, int]]]:
    """By turn: the spans of letters that redaction takes out."""
    hidden = redact(conversation, CallOptions(redact_pii=True))
    return {
        turn.id: removed_spans(letters(turn.content), [letters(part) for part in _MARK.split(after.content)])
        for turn, after in zip(conversation.turns, hidden.turns, strict=True)
    }


def removed_spans(text: str, kept: Sequence[str]) -> list[tuple[int, int]]:
    """The spans of ``text`` between the kept parts, which are in order and begin and end the text."""
    spans = []
    position = 0
    for index, part in enumerate(kept):
        last = index == len(kept) - 1
        start = len(text) - len(part) if last else text.find(part, position)
        if index:
            spans.append((position, start))
        position = start + len(part)
    return spans
