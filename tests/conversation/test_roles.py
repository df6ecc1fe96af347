# ruff: noqa: E501
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from callytics.conversation.roles import assign_roles, evidence
from callytics.domain import Conversation, Role, RoleSource
from tests.support.conversations import transferred
from tests.support.talk import talk

SHARED_CALL = Path(__file__).parents[3] / "shared" / "data" / "calls" / "real" / "callytics_call01.json"

# In every call "a" is the agent and "c" the customer; agent and customer open by turns.
KOREAN_CALLS = [
    (("a", "안녕하세요 행복카드 상담원 김민지입니다 무엇을 도와드릴까요"), ("c", "카드를 잃어버려서요"), ("a", "성함이 어떻게 되세요")),
    (("c", "여보세요 제가 어제 주문한 게 아직 안 왔거든요"), ("a", "네 주문번호 말씀해 주시겠어요"), ("c", "1234요")),
    (("a", "네 고객님 확인해 드리겠습니다 잠시만 기다려 주세요"), ("c", "네"), ("a", "어제 발송된 걸로 확인됩니다")),
    (("c", "인터넷이 자꾸 끊겨요 왜 이렇게 느려요"), ("a", "불편을 드려 죄송합니다 저희 기사님이 방문해 드리겠습니다"), ("c", "언제 와요")),
    (("a", "본인 확인을 위해 생년월일 말씀해 주세요"), ("c", "팔십오년 삼월 이일이요"), ("a", "네 본인 맞으시죠")),
    (("c", "환불을 받고 싶은데요"), ("a", "구매하신 날짜가 언제신가요"), ("c", "지난주에 샀는데요"), ("a", "환불 처리해 드릴게요")),
    (("a", "다른 문의 사항 있으신가요"), ("c", "아니요 수고하세요"), ("a", "네 좋은 하루 되세요")),
    (("c", "정말 어이없네요 책임자 바꿔 주세요"), ("a", "많이 속상하셨겠어요 제가 도와드리겠습니다")),
    (("c", "예약하려고 하는데요 내일 저녁 네 명이요"), ("a", "네 가능하십니다 성함하고 연락처 말씀해 주세요"), ("c", "박영수입니다")),
    (("a", "하나은행 고객센터입니다"), ("c", "통장 비밀번호를 잊어버렸는데 어떻게 해야 돼요"), ("a", "신분증 가지고 지점으로 방문하셔야 합니다")),
]  # fmt: skip
ENGLISH_CALLS = [
    (("a", "Thank you for calling Riverside Broadband, my name is Emma. How can I help you today?"), ("c", "Hello, you charged me twice.")),
    (("c", "Hi, I'm calling about my order. It hasn't arrived."), ("a", "I'm sorry about that. May I have your order number?"), ("c", "Sure, 1234.")),
    (("c", "My internet is not working."), ("a", "Let me check. Could you confirm your address?"), ("c", "12 Main Street.")),
    (("a", "Is there anything else I can help you with?"), ("c", "No, that's all. Thanks for your help."), ("a", "Have a great day.")),
    (("c", "I'd like to cancel my subscription."), ("a", "I understand. Our system shows you have a year left."), ("c", "This is ridiculous, I want to speak to a manager.")),
    (("a", "I see here that the payment failed, sir. I can send you a new link."), ("c", "When will I get it?")),
    (("c", "I bought a phone last week and it is broken."), ("a", "I apologize. One moment please, I'll pull up the details.")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "language"), [(c, "ko") for c in KOREAN_CALLS] + [(c, "en") for c in ENGLISH_CALLS]
)
def test_agent_and_customer_are_distinguished(lines: tuple[tuple[str, str], ...], language: str) -> None:
    result = assign_roles(talk(*lines, language=language))
    assert result.role_of("a") is Role.AGENT
    assert result.role_of("c") is Role.CUSTOMER
    assert all(p.role_source is RoleSource.TEXT and p.role_confidence >= 0.65 for p in result.participants)


def test_real_call_has_agent_and_customer() -> None:
    if not SHARED_CALL.exists():
        pytest.skip("needs ../shared/data")
    document = json.loads(SHARED_CALL.read_text(encoding="utf-8"))
    lines = [(u["speaker"], u["text"]) for u in document["utterances"]]
    result = assign_roles(talk(*lines, language="en"))
    assert result.role_of("CSR") is Role.AGENT
    assert result.role_of("Customer") is Role.CUSTOMER


@pytest.mark.parametrize("language", ["ko", "en", "fr"])
def test_too_little_evidence_gives_no_role(language: str) -> None:
    result = assign_roles(talk(("a", "네"), ("c", "음"), language=language))
    for participant in result.participants:
        assert participant.role is Role.UNKNOWN or language != "fr"
        assert participant.role_confidence < 0.7
    assert assign_roles(talk(("a", "oui"), ("c", "non"), language="fr")).participants[0].role_source is None


def _settle(conversation: Conversation, speaker: str, role: Role, source: RoleSource) -> Conversation:
    return replace(
        conversation,
        participants=tuple(
            replace(p, role=role, role_source=source, role_confidence=1.0) if p.id == speaker else p
            for p in conversation.participants
        ),
    )


@pytest.mark.parametrize("source", [RoleSource.CHANNEL, RoleSource.MANUAL])
def test_known_roles_are_kept_and_decide_the_other(source: RoleSource) -> None:
    call = _settle(talk(*KOREAN_CALLS[0]), "c", Role.AGENT, source)
    settled = next(p for p in call.participants if p.id == "c")
    result = assign_roles(call)
    assert next(p for p in result.participants if p.id == "c") == settled
    short = _settle(talk(("a", "네"), ("c", "음")), "a", Role.AGENT, source)
    assert assign_roles(short).role_of("c") is Role.CUSTOMER


def test_third_speaker_is_other() -> None:
    lines = (*KOREAN_CALLS[0], ("x", "엄마 밥 줘"))
    result = assign_roles(talk(*lines))
    assert [result.role_of(s) for s in "acx"] == [Role.AGENT, Role.CUSTOMER, Role.OTHER]


def test_transfer_gives_a_second_agent() -> None:
    lines = (
        *ENGLISH_CALLS[0],
        (
            "b",
            "Thank you for holding, this is Tom from billing. How can I help? May I have your account number?",
        ),
    )
    assert assign_roles(talk(*lines, language="en")).role_of("b") is Role.AGENT


def test_roles_are_found_again_after_a_correction_of_the_text() -> None:
    once = assign_roles(talk(*KOREAN_CALLS[3]))
    assert assign_roles(once) == once


def test_single_speaker_gets_a_role_and_an_empty_call_is_unchanged() -> None:
    only = assign_roles(talk(("a", "고객센터입니다 무엇을 도와드릴까요")))
    assert only.role_of("a") is Role.AGENT
    empty = Conversation("ko", 1.0, (), (), ())
    assert assign_roles(empty) == empty


def test_spacing_does_not_matter_in_korean() -> None:
    apart, right = (evidence([text], [""], "ko") for text in ("무엇을도와 드릴까 요", "무엇을 도와드릴까요"))
    assert apart == right > 0


def test_people_after_each_other_on_one_channel_have_one_role() -> None:
    call = transferred()
    unknown = replace(
        call,
        participants=tuple(
            replace(p, role=Role.UNKNOWN, role_source=None, role_confidence=0.0) for p in call.participants
        ),
    )
    assert [p.role for p in assign_roles(unknown).participants] == [Role.AGENT, Role.CUSTOMER, Role.AGENT]
    assert assign_roles(call).participants == call.participants
