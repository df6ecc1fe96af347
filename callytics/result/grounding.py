"""Outputs of stages that name turns which do not exist count as failed."""

from __future__ import annotations

from typing import TypeVar

from callytics.domain import ContactSummary, Conversation, SentimentAnalysis, StageFailure
from callytics.result.transcript import tones_of

Analysis = TypeVar("Analysis", SentimentAnalysis, ContactSummary)


def grounded(
    conversation: Conversation, output: Analysis | StageFailure, stage: str
) -> Analysis | StageFailure:
    """The output, or a failure if it names a turn that does not exist."""
    if isinstance(output, StageFailure):
        return output
    unknown = _evidence(output) - {turn.id for turn in conversation.turns}
    if not unknown:
        return output
    message = f"{stage} names turns that do not exist: {', '.join(sorted(unknown))}"
    return StageFailure(stage, "evidence_unknown", message)


def _evidence(output: SentimentAnalysis | ContactSummary) -> set[str]:
    """Every turn id that an output names."""
    if isinstance(output, SentimentAnalysis):
        ids = [entry.turn_id for entry in output.turns]
        ids += [i for term in (*output.positive_terms, *output.negative_terms) for i in term.turn_ids]
        ids += [i for criterion in output.quality_criteria for i in criterion.evidence_turn_ids]
        ids += [lapse.turn_id for lapse in output.lapses]
        return set(ids)
    single = (output.summary, output.topic, output.issue, output.outcome, output.still_open)
    claims = (*single, *output.action_items)
    quoted = {quote.turn_id for claim in output.claims for quote in claim.quotes} | set(tones_of(output))
    return quoted | {i for claim in claims if claim for i in claim.evidence_turn_ids}
