from __future__ import annotations

import pytest

from callytics.domain import Role
from callytics.engines.analysis.centrality import centrality
from callytics.engines.analysis.extractive import ExtractiveAnalyzer
from tests.support.service_calls import ENGLISH, KOREAN, ROLES
from tests.support.talk import talk


@pytest.fixture(scope="module")
def analyze() -> ExtractiveAnalyzer:
    return ExtractiveAnalyzer()


def test_korean_call_is_summarised(analyze: ExtractiveAnalyzer) -> None:
    result = analyze(KOREAN)
    assert result.topic
    assert result.topic.text == "billing"
    assert result.issue
    assert result.issue.evidence_turn_ids == ("t2",)
    assert result.outcome
    assert result.outcome.text == "한 건은 오늘 환불 처리해 드렸습니다."
    assert result.resolved is True
    assert [(item.text, item.owner) for item in result.action_items] == [
        ("확인 문자도 보내 드리겠습니다.", Role.AGENT),
        ("통장 사본을 메일로 보내 주세요.", Role.CUSTOMER),
    ]


def test_english_call_is_summarised(analyze: ExtractiveAnalyzer) -> None:
    result = analyze(ENGLISH)
    assert result.topic
    assert result.topic.text == "technical_support"
    assert result.issue
    assert result.issue.text == "My internet has stopped working since Monday morning."
    assert result.resolved is True
    assert [(item.owner, item.evidence_turn_ids) for item in result.action_items] == [
        (Role.AGENT, ("t4",)),
        (Role.CUSTOMER, ("t4",)),
    ]


def test_angry_end_is_not_resolved(analyze: ExtractiveAnalyzer) -> None:
    call = talk(
        ("c", "My order has not arrived and I want a refund."),
        ("a", "I'm afraid that is not possible."),
        ("c", "This is unacceptable, I want to speak to your manager."),
        roles=ROLES,
        language="en",
    )
    assert analyze(call).resolved is False


@pytest.mark.parametrize("text", ["네", "음 네", "..."])
def test_small_talk_gives_no_claims(analyze: ExtractiveAnalyzer, text: str) -> None:
    result = analyze(talk(("a", text), ("c", text), roles=ROLES))
    assert (result.summary, result.topic, result.issue, result.outcome) == (None, None, None, None)
    assert result.resolved is None
    assert result.action_items == ()


def test_owners_are_unknown_without_roles(analyze: ExtractiveAnalyzer) -> None:
    lines = [(turn.participant_id, turn.content) for turn in ENGLISH.turns]
    items = analyze(talk(*lines, language="en")).action_items
    assert [item.owner for item in items] == [Role.UNKNOWN, Role.UNKNOWN]


def test_centrality_prefers_the_common_subject() -> None:
    scores = centrality(["the router is broken", "a broken router needs repair", "lovely weather outside"])
    assert max(scores) == 1.0
    assert scores[2] < min(scores[:2])
    assert centrality([]) == []


def test_accepted_request_is_the_agents_promise(
    analyze: ExtractiveAnalyzer,
) -> None:
    call = talk(
        ("c", "Could you also confirm it in writing?"),
        ("a", "Of course. I will send you a confirmation email this afternoon."),
        roles=ROLES,
        language="en",
    )
    items = analyze(call).action_items
    assert [(item.text, item.owner) for item in items] == [
        ("I will send you a confirmation email this afternoon.", Role.AGENT)
    ]


@pytest.mark.parametrize(
    ("language", "request_text", "answer", "expected"),
    [
        ("en", "Could you also confirm it in writing?", "Have a nice day.", "Customer asked: "),
        ("ko", "결과는 메일로 보내 주세요.", "네, 감사합니다.", "고객 요청: "),
        ("en", "Can you send me a new card?", "I'm afraid that is not possible.", None),
    ],
)
def test_unanswered_request_is_marked_as_one(
    analyze: ExtractiveAnalyzer, language: str, request_text: str, answer: str, expected: str | None
) -> None:
    items = analyze(talk(("c", request_text), ("a", answer), roles=ROLES, language=language)).action_items
    wanted = [] if expected is None else [(expected + request_text, Role.AGENT, ("t1",))]
    assert [(item.text, item.owner, item.evidence_turn_ids) for item in items] == wanted
