"""A person's word in place of an engine's: about the mood of a turn, and about the summary."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from callytics.domain import (
    ActionItem,
    CheckedClaim,
    Claim,
    ContactSummary,
    Conversation,
    Correction,
    CorrectionKind,
    Proof,
    Recording,
    Role,
    SentimentAnalysis,
    SentimentLabel,
    StageFailure,
    TurnSentiment,
)
from callytics.result.build import build_report
from callytics.result.judgements import SUMMARY_FIELDS
from callytics.result.schema.call import CallResult
from tests.store.samples import DURATION_S, LINES, audio
from tests.support.conversations import conversation, stereo

TALK = conversation(*LINES, duration_s=DURATION_S)
SUMMARY = ContactSummary(
    Claim("환불 문의", ("t2",)), Claim("refund", ("t2",)), Claim("신발 환불", ("t2",)), Claim("접수", ("t3",)), True,
    (ActionItem("환불", Role.AGENT, ("t3",)),), uncertain=("issue", "outcome"), replaced=("issue",),
    claims=(CheckedClaim("issue", "신발 환불", (), Proof.UNPROVEN), CheckedClaim("topic", "refund", (), Proof.PROVEN)),
)  # fmt: skip


def sentiment_of(talk: Conversation) -> SentimentAnalysis:
    turns = tuple(TurnSentiment(t.id, SentimentLabel.NEUTRAL, 0.2, 0.7, 0.1, True) for t in talk.turns)
    return SentimentAnalysis(turns, (), (), None, ())


def report(
    *corrections: Correction,
    talk: Conversation = TALK,
    sentiment: SentimentAnalysis | StageFailure | None = None,
    summary: ContactSummary | StageFailure = SUMMARY,
) -> CallResult:
    diarization, transcript = stereo(*LINES, duration_s=DURATION_S)
    return build_report(
        Recording("0" * 26, "unused"), audio(), diarization, transcript, talk, sentiment or sentiment_of(talk),
        summary, corrections,
    )  # fmt: skip


def mood(label: str, number: int = 1, start_s: float = 3.2, end_s: float = 6.0) -> Correction:
    return Correction(f"c{number}", CorrectionKind.MOOD, "t2", "spk_1", 1, start_s, end_s, "NEUTRAL", label)


def field(name: str, value: Any, number: int = 1) -> Correction:
    detail = json.dumps({"field": name, "value": value})
    return Correction(f"c{number}", CorrectionKind.SUMMARY, "", "", None, 0.0, 0.0, "", "", detail)


def outcomes(result: CallResult) -> list[tuple[str, str, str]]:
    return [(each.status, each.turn_id, each.reason) for each in result.corrections]


def test_mood_of_a_person_is_that_of_the_turn_and_counts_in_the_trend() -> None:
    before, after = report(), report(mood("NEGATIVE"))
    assert after.transcript[1].sentiment is SentimentLabel.NEGATIVE
    assert after.transcript[1].sentiment_scores == {"positive": 0.0, "neutral": 0.0, "negative": 1.0}
    assert after.transcript[1].flags == ["mood_corrected"]
    assert before.transcript[1].flags == ["possible_irony"]
    others = [turn for turn in after.transcript if turn.id != "t2"]
    assert others == [turn for turn in before.transcript if turn.id != "t2"]
    was, now = (result.conversation_characteristics.sentiment for result in (before, after))
    assert was is not None
    assert now is not None
    assert now[1].overall is not None
    assert was[1].overall is not None
    assert now[1].overall < was[1].overall
    assert outcomes(after) == [("APPLIED", "t2", "")]


def test_last_mood_of_a_turn_counts() -> None:
    after = report(mood("NEGATIVE", 1), mood("POSITIVE", 2))
    assert after.transcript[1].sentiment is SentimentLabel.POSITIVE
    assert outcomes(after) == [("SUPERSEDED", "t2", ""), ("APPLIED", "t2", "")]


@pytest.mark.parametrize(
    ("correction", "reason"),
    [
        (mood("NEGATIVE", end_s=9.5), "turn_has_other_bounds"),
        (mood("NEGATIVE", 1, 11.0, 11.5), "no_turn_there"),
    ],
)
def test_mood_whose_turn_is_gone_is_told(correction: Correction, reason: str) -> None:
    after = report(correction)
    assert after.transcript == report().transcript
    assert outcomes(after) == [("NOT_APPLIED", "", reason)]


def test_field_of_a_person_stands_without_the_doubts_and_claims_about_it() -> None:
    after = report(
        field("issue", "교환"), field("resolved", None, 2), field("outcome", None, 3)
    ).contact_summary
    assert after is not None
    assert (after.issue, after.resolved, after.outcome) == ("교환", None, None)
    assert (after.summary, after.topic) == ("환불 문의", "refund")
    assert after.evidence == {"summary": ["t2"], "topic": ["t2"], "issue": []}
    assert (after.uncertain, after.replaced) == ([], [])
    assert [claim.field for claim in after.claims] == ["topic"]
    assert after.corrected == ["issue", "resolved", "outcome"]


def test_tasks_of_a_person_replace_those_of_the_engine() -> None:
    tasks = [
        {"text": "서류 보내기", "owner": "CUSTOMER", "due": "금요일"},
        {"text": "전화", "owner": "AGENT", "due": None},
    ]
    after = report(field("action_items", tasks)).contact_summary
    assert after is not None
    assert [(item.text, item.owner, item.due) for item in after.action_items] == [
        ("서류 보내기", Role.CUSTOMER, "금요일"), ("전화", Role.AGENT, None),
    ]  # fmt: skip
    none = report(field("action_items", [])).contact_summary
    assert none is not None
    assert none.action_items == []


@pytest.mark.parametrize("name", SUMMARY_FIELDS)
def test_every_field_can_be_written_and_the_last_one_counts(name: str) -> None:
    values: tuple[Any, Any] = ("a", "b")
    if name == "resolved":
        values = (True, False)
    if name == "action_items":
        values = ([], [{"text": "b", "owner": "AGENT"}])
    after = report(field(name, values[0], 1), field(name, values[1], 2))
    assert [status for status, _, _ in outcomes(after)] == ["SUPERSEDED", "APPLIED"]
    assert after.contact_summary is not None
    shown = after.contact_summary.model_dump(mode="json")[name]
    assert shown == values[1] or [item["text"] for item in shown] == ["b"]


def test_failed_stage_has_nothing_to_correct() -> None:
    failure = StageFailure("llm-analyzer", "x", "y")
    assert outcomes(report(field("issue", "a"), summary=failure)) == [("NOT_APPLIED", "", "stage_failed")]
    failure = StageFailure("sentiment-analyzer", "x", "y")
    assert outcomes(report(mood("NEGATIVE"), sentiment=failure)) == [("NOT_APPLIED", "", "stage_failed")]


def test_summary_of_a_redacted_call_does_not_identify() -> None:
    redacted = replace(TALK, redacted=True)
    tasks = [{"text": "전화", "owner": "AGENT", "due": "010-1234-5678"}]
    after = report(
        field("issue", "010-1234-5678로 전화"), field("action_items", tasks, 2), field("outcome", "접수", 3),
        talk=redacted,
    )  # fmt: skip
    assert "1234" not in after.model_dump_json()
    assert [(status, reason) for status, _, reason in outcomes(after)] == [
        ("NOT_APPLIED", "identifies"), ("NOT_APPLIED", "identifies"), ("APPLIED", ""),
    ]  # fmt: skip


def test_corrections_are_told_oldest_first_whatever_their_kind() -> None:
    words = Correction("c2", CorrectionKind.WORDS, "t2", "spk_1", 1, 3.2, 6.0, "", "그래")
    from callytics.conversation.corrections import correct

    every = (mood("NEGATIVE", 1), words, field("issue", "교환", 3))
    after = report(*every, talk=correct(TALK, every))
    assert [each.correction_id for each in after.corrections] == ["c1", "c2", "c3"]
