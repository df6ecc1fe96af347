"""The parts of the result about words, quality and the summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from callytics.domain import ContactSummary, SentimentAnalysis, TermCount
from callytics.result.schema.quality import CommunicationQuality, CriterionDetail, LapseDetail
from callytics.result.schema.sentiment import TermDetail, WordAnalysis
from callytics.result.schema.summary import (
    ActionItemDetail,
    CheckedClaimDetail,
    ClaimCountsDetail,
    ContactSummaryDetail,
    LanguageModelUsageDetail,
)


def word_analysis(sentiment: SentimentAnalysis) -> WordAnalysis:
    def details(terms: Sequence[TermCount]) -> list[TermDetail]:
        return [TermDetail(term=t.term, count=t.count, turn_ids=list(t.turn_ids)) for t in terms]

    return WordAnalysis(
        positive=details(sentiment.positive_terms), negative=details(sentiment.negative_terms)
    )


def communication_quality(sentiment: SentimentAnalysis) -> CommunicationQuality:
    return CommunicationQuality(
        overall=sentiment.quality_overall,
        judged_criteria=sum(criterion.score is not None for criterion in sentiment.quality_criteria),
        lapses=[
            LapseDetail(
                kind=lapse.kind,
                severity=lapse.severity,
                turn_id=lapse.turn_id,
                quote=lapse.quote,
                correction=lapse.correction,
            )
            for lapse in sentiment.lapses
        ],
        criteria=[
            CriterionDetail(
                id=criterion.id,
                score=criterion.score,
                evidence_turn_ids=list(criterion.evidence_turn_ids),
                detail=criterion.detail,
                state=criterion.state,
            )
            for criterion in sentiment.quality_criteria
        ],
    )


def contact_summary(summary: ContactSummary) -> ContactSummaryDetail:
    claims = {
        "summary": summary.summary,
        "topic": summary.topic,
        "issue": summary.issue,
        "outcome": summary.outcome,
        "still_open": summary.still_open,
    }
    evidence = {name: list(claim.evidence_turn_ids) for name, claim in claims.items() if claim}
    items = [
        ActionItemDetail(
            text=item.text,
            owner=item.owner,
            evidence_turn_ids=list(item.evidence_turn_ids),
            due=item.due,
        )
        for item in summary.action_items
    ]
    every_id = [i for ids in (*evidence.values(), *(item.evidence_turn_ids for item in items)) for i in ids]
    return ContactSummaryDetail(
        **{name: claim.text if claim else None for name, claim in claims.items()},
        resolved=summary.resolved,
        uncertain=list(summary.uncertain),
        action_items=items,
        evidence=evidence,
        evidence_turn_ids=list(dict.fromkeys(every_id)),
        engine=summary.engine,
        model=summary.model,
        usage=LanguageModelUsageDetail(**asdict(summary.usage)) if summary.usage else None,
        claims=[CheckedClaimDetail(**asdict(claim)) for claim in summary.claims],
        claim_counts=ClaimCountsDetail(**asdict(summary.claim_counts)) if summary.claim_counts else None,
        replaced=list(summary.replaced),
        corrected=list(summary.corrected),
    )
