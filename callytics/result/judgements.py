"""A person's word about the mood of a turn or the summary of the call, in place of an engine's. Pure functions.

Nothing else depends on these, so they are put in where the result is filled: no stage runs again for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from callytics.conversation.places import Place, detail_of, turn_at
from callytics.domain import (
    ActionItem,
    Claim,
    ContactSummary,
    Conversation,
    Correction,
    CorrectionKind,
    CorrectionOutcome,
    CorrectionStatus,
    Role,
    SentimentAnalysis,
    SentimentLabel,
    StageFailure,
)
from callytics.redaction.detector import find_pii

Sentiment = SentimentAnalysis | StageFailure
Summary = ContactSummary | StageFailure

CLAIMS = ("summary", "topic", "issue", "outcome", "still_open")
RESOLVED, ACTION_ITEMS = "resolved", "action_items"
SUMMARY_FIELDS = (*CLAIMS, RESOLVED, ACTION_ITEMS)
"""What a person may write in ``contact_summary``."""

MOOD_CORRECTED = "mood_corrected"
"""The flag of a turn whose sentiment is a person's."""


def with_judgements(
    conversation: Conversation, sentiment: Sentiment, summary: Summary, corrections: Sequence[Correction]
) -> tuple[Sentiment, Summary, tuple[CorrectionOutcome, ...]]:
    """Both with the corrections in them, and the outcome of every correction of the call, oldest first."""
    outcomes = {outcome.correction_id: outcome for outcome in conversation.corrections}
    subjects: dict[tuple[str, str], str] = {}
    for correction in corrections:
        if correction.kind == CorrectionKind.MOOD:
            sentiment, found = _with_mood(conversation, sentiment, correction)
            subject = found
        elif correction.kind == CorrectionKind.SUMMARY:
            summary, found = _with_field(conversation, summary, correction)
            subject = detail_of(correction)["field"]
        else:
            continue
        is_applied = found in SUMMARY_FIELDS or found in {turn.id for turn in conversation.turns}
        if is_applied:
            earlier = subjects.get((correction.kind, subject))
            if earlier is not None:
                outcomes[earlier] = replace(outcomes[earlier], status=CorrectionStatus.SUPERSEDED)
            subjects[correction.kind, subject] = correction.id
        outcomes[correction.id] = _outcome(correction, found, is_applied)
    order = {correction.id: number for number, correction in enumerate(corrections)}
    every = sorted(outcomes.values(), key=lambda outcome: order.get(outcome.correction_id, -1))
    return sentiment, summary, tuple(every)


def _outcome(correction: Correction, found: str, is_applied: bool) -> CorrectionOutcome:
    status = CorrectionStatus.APPLIED if is_applied else CorrectionStatus.NOT_APPLIED
    turn_id = found if is_applied and correction.kind == CorrectionKind.MOOD else ""
    reason = "" if is_applied else found
    return CorrectionOutcome(
        correction.id, correction.kind, status, turn_id, correction.participant_id, reason
    )


def _with_mood(
    conversation: Conversation, sentiment: Sentiment, correction: Correction
) -> tuple[Sentiment, str]:
    """The sentiment, and the turn's id or the code of why it is as it was. A person is sure: probability 1."""
    if isinstance(sentiment, StageFailure):
        return sentiment, "stage_failed"
    turn = turn_at(conversation, Place.of(correction))
    if isinstance(turn, str):
        return sentiment, turn
    if turn.id not in {entry.turn_id for entry in sentiment.turns}:
        return sentiment, "turn_not_judged"  # an announcement
    label = SentimentLabel(correction.after or "")
    turns = tuple(
        replace(
            entry,
            label=label,
            positive=float(label is SentimentLabel.POSITIVE),
            neutral=float(label is SentimentLabel.NEUTRAL),
            negative=float(label is SentimentLabel.NEGATIVE),
            possible_irony=False,
            corrected=True,
        )
        if entry.turn_id == turn.id
        else entry
        for entry in sentiment.turns
    )
    return replace(sentiment, turns=turns), turn.id


def _with_field(conversation: Conversation, summary: Summary, correction: Correction) -> tuple[Summary, str]:
    """The summary, and the field's name or the code of why it is as it was."""
    if isinstance(summary, StageFailure):
        return summary, "stage_failed"
    detail = detail_of(correction)
    name, value = detail["field"], detail["value"]
    if conversation.redacted and any(find_pii(text) for text in texts_of(value)):
        return summary, "identifies"
    changes: dict[str, Any] = {name: _domain_value(name, value)}
    claim_field = "action_item" if name == ACTION_ITEMS else name
    summary = replace(
        summary,
        **changes,
        uncertain=_without(summary.uncertain, name),
        replaced=_without(summary.replaced, name),
        claims=tuple(claim for claim in summary.claims if claim.field != claim_field),
        corrected=tuple(dict.fromkeys((*summary.corrected, name))),
    )
    return summary, name


def _without(names: Sequence[str], name: str) -> tuple[str, ...]:
    return tuple(each for each in names if each != name)


def texts_of(value: Any) -> list[str]:
    """Every text that a person wrote in a field of the summary."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in (item["text"], item.get("due")) if text]
    return []


def _domain_value(name: str, value: Any) -> Any:
    if name == RESOLVED:
        return value
    if name == ACTION_ITEMS:
        return tuple(
            ActionItem(item["text"], Role(item["owner"]), (), item.get("due") or None) for item in value
        )
    return None if value is None else Claim(value, ())
