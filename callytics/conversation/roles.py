"""Finds the agent from the text, if the channels do not decide the roles.

Every participant gets an evidence score: the log-odds of the cues in their text (role_cues.tsv: for, greetings, offers
of help, humble and honorific forms, questions about identity; against, wishes, complaints, own things), and of a
learned model (role_model.py). In a call of two, the scores are compared: the participant who sounds more like an agent
is the agent, and at most one is. A role from a channel or a person is kept, and counts as evidence.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import NamedTuple

from callytics.conversation.announcements import ANNOUNCEMENT
from callytics.conversation.role_model import TURNS_JOINT, learned_evidence
from callytics.domain import Conversation, Participant, Role, RoleSource

MIN_CONFIDENCE = 0.65
"""Below, the role stays UNKNOWN: a reported role needs odds of at least about 2 : 1."""

FIRST_SPEAKER = 0.7
"""Log-odds that the first speaker is the agent: the agent answers the call and greets first (2 : 1)."""

KNOWN_ROLE = 5.0
"""Evidence from the known role of the other party."""

SECOND_AGENT = 1.0
"""With more than two speakers, another agent (a transfer) needs this score. Chosen on choose."""

CUE_WEIGHT = 0.4
"""Share of the cues in the evidence: they and the learned model see partly the same words. The cues were written with
the calls of fit in view, so cross-validation over these calls flatters them; stretches of calls that no cue was written
for want this share lower."""

LEARNED_WEIGHT = 9.0
"""Factor on the log-odds of the learned model. Chosen by cross-validation over the calls of fit and choose and over the
stretches of evaluation/dialogues."""

REPEAT_WEIGHT = 0.5
"""The second occurrence of a cue counts half, later ones do not count: a habit of speech is one piece of evidence."""

_NOT_WORD = re.compile(r"[^\w%]+")


class Cue(NamedTuple):
    role: Role
    weight: float
    pattern: re.Pattern[str]


@cache
def cues(language: str) -> tuple[Cue, ...]:
    """The cues of a language; none for unknown languages."""
    table = resources.files("callytics.conversation").joinpath("role_cues.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    return tuple(
        Cue(Role(role), float(weight), re.compile(pattern))
        for role, code, weight, pattern, _ in rows
        if code == language
    )


def evidence(said: Sequence[str], before: Sequence[str], language: str) -> float:
    """Log-odds that the speaker of these turns is the agent; negative for the customer, 0 without evidence.

    Args:
        said: turns of one participant in one language.
        before: the other party's turn right before each of them; empty where there is none.
    """
    normal = _normal(TURNS_JOINT.join(said), language)
    score = 0.0
    for cue in cues(language):
        seen = min(2, sum(1 for _ in cue.pattern.finditer(normal)))
        weight = cue.weight * (1 + REPEAT_WEIGHT) if seen == 2 else cue.weight * seen
        score += weight if cue.role is Role.AGENT else -weight
    return CUE_WEIGHT * score + LEARNED_WEIGHT * learned_evidence(said, before, language)


def assign_roles(conversation: Conversation) -> Conversation:
    """The conversation with a role, its source and its confidence for every participant.

    Roles from a channel or a person are kept. If the text does not decide, the role is UNKNOWN, its source None, and
    ``role_confidence`` that of the better guess.
    """
    first = _first_on_channel(conversation.participants)
    joined = replace(
        conversation,
        turns=tuple(replace(turn, participant_id=first[turn.participant_id]) for turn in conversation.turns),
    )
    scores = {participant.id: _score(joined, participant) for participant in conversation.participants}
    said = Counter[str]()
    for turn in joined.turns:
        said[turn.participant_id] += len(turn.content)
    parties = [
        p
        for p in conversation.participants
        if first[p.id] == p.id and (p.role is not Role.OTHER or not _is_settled(p))
    ]
    assigned = (
        {p.id: _of_two(p, parties, scores) for p in parties}
        if len(parties) <= 2
        else _of_many(parties, scores, said)
    )
    return replace(
        conversation,
        participants=tuple(
            assigned.get(p.id, p) if first[p.id] == p.id else _like(p, assigned.get(first[p.id]))
            for p in conversation.participants
        ),
    )


def _first_on_channel(participants: Sequence[Participant]) -> dict[str, str]:
    """Participant -> the first one on the same channel: people who talk after each other there are one party.

    The voices of a call with one usable channel are parties of their own.
    """
    channels = {p.channel_index for p in participants}
    if len(channels) < 2:
        return {p.id: p.id for p in participants}
    first: dict[int, str] = {}
    return {
        p.id: p.id if p.channel_index is None else first.setdefault(p.channel_index, p.id)
        for p in participants
    }


def _like(later: Participant, first: Participant | None) -> Participant:
    if first is None or _is_settled(later):
        return later
    return replace(
        later, role=first.role, role_source=first.role_source, role_confidence=first.role_confidence
    )


def _is_settled(participant: Participant) -> bool:
    return participant.role is not Role.UNKNOWN and participant.role_source is not RoleSource.TEXT


def _score(conversation: Conversation, participant: Participant) -> float:
    if _is_settled(participant):
        return {Role.AGENT: KNOWN_ROLE, Role.CUSTOMER: -KNOWN_ROLE}.get(participant.role, 0.0)
    texts: dict[str, list[tuple[str, str]]] = {}
    for last, turn in zip((None, *conversation.turns), conversation.turns, strict=False):
        if turn.participant_id == participant.id:
            before = last.content if last and last.participant_id != participant.id else ""
            texts.setdefault(conversation.language_of(turn), []).append((turn.content, before))
    score = sum(
        evidence([said for said, _ in pairs], [before for _, before in pairs], code)
        for code, pairs in texts.items()
    )
    known_language = any(map(cues, texts))
    first = next((t for t in conversation.turns if ANNOUNCEMENT not in t.flags), None)
    if known_language and first and first.participant_id == participant.id:
        score += FIRST_SPEAKER
    return score


def _of_two(
    participant: Participant, parties: Sequence[Participant], scores: dict[str, float]
) -> Participant:
    """P(this participant is the agent, not the other) = logistic of the difference of the scores."""
    if _is_settled(participant):
        return participant
    others = sum(scores[other.id] for other in parties if other.id != participant.id)
    return _with_role(participant, scores[participant.id] - others)


def _of_many(
    parties: Sequence[Participant], scores: dict[str, float], said: dict[str, int]
) -> dict[str, Participant]:
    """The clearest agent, the customer, further agents on evidence of their own; the rest is OTHER.

    The customer is who says most on the customer's side of the middle: a relative who takes the telephone for a
    moment sounds as much like a customer, and says less.
    """
    agent = max(parties, key=lambda p: scores[p.id])
    lowest = min(scores[p.id] for p in parties)
    middle = (scores[agent.id] + lowest) / 2
    side = [p for p in parties if p.id != agent.id and scores[p.id] <= middle] or list(parties)
    known = [p for p in side if _is_settled(p) and p.role is Role.CUSTOMER]
    customer = max(known or side, key=lambda p: (said[p.id], -scores[p.id]))
    assigned = {}
    for participant in parties:
        score = scores[participant.id]
        if _is_settled(participant):
            assigned[participant.id] = participant
        elif participant in (agent, customer):
            other = customer if participant == agent else agent
            assigned[participant.id] = _with_role(participant, score - scores[other.id])
        elif score >= SECOND_AGENT:
            assigned[participant.id] = _with_role(participant, score)
        else:
            role = Role.OTHER if _has_clear(agent, customer, scores) else Role.UNKNOWN
            source = RoleSource.TEXT if role is Role.OTHER else None
            # The further from both ends, the likelier a third party.
            confidence = 1.0 - abs(2.0 * _logistic(score) - 1.0)
            assigned[participant.id] = replace(
                participant, role=role, role_source=source, role_confidence=confidence
            )
    return assigned


def _has_clear(agent: Participant, customer: Participant, scores: dict[str, float]) -> bool:
    return _logistic(scores[agent.id] - scores[customer.id]) >= MIN_CONFIDENCE


def _with_role(participant: Participant, log_odds: float) -> Participant:
    agent = _logistic(log_odds)
    confidence = max(agent, 1.0 - agent)
    if confidence < MIN_CONFIDENCE:
        return replace(participant, role=Role.UNKNOWN, role_source=None, role_confidence=confidence)
    role = Role.AGENT if agent > 0.5 else Role.CUSTOMER
    return replace(participant, role=role, role_source=RoleSource.TEXT, role_confidence=confidence)


def _logistic(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, log_odds))))


def _normal(text: str, language: str) -> str:
    """Lower case; Korean without spaces (recognised spacing is unreliable), with one space between sentences."""
    text = text.lower().replace("’", "'")
    if language != "ko":
        return re.sub(r"\s+", " ", text)
    sentences = re.split(r"[.?!…]+", text)
    return " ".join(_NOT_WORD.sub("", sentence) for sentence in sentences)
