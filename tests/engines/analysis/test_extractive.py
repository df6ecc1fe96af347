from __future__ import annotations

import re
import time

import pytest

from callytics.domain import Role
from callytics.engines.analysis.centrality import centrality
from callytics.engines.analysis.extractive import CUSTOMER_ASKED, ExtractiveAnalyzer
from evaluation.dialogues import read_dialogues
from evaluation.meaning.reading import conversation_of
from tests.support.service_calls import ENGLISH, KOREAN, ROLES
from tests.support.talk import talk


@pytest.fixture(scope="module")
def analyze() -> ExtractiveAnalyzer:
    return ExtractiveAnalyzer()


def test_outcome_is_what_the_agent_does_and_not_what_went_wrong(analyze: ExtractiveAnalyzer) -> None:
    """Both are said in one turn, the fault first."""
    result = analyze(
        talk(
            ("a", "Thank you for calling Riverside Broadband. My name is Emma. How can I help you today?"),
            ("c", "You charged me twice for the same invoice this month, and nobody answered my email."),
            ("a", "I am very sorry about that. Could I have your account number, please?"),
            ("c", "Yes, it is 4721. I only ever agreed to one payment."),
            (
                "a",
                "You are right. It's our mistake. The payment system sent the request twice. I will refund $39 to "
                "your card, and it will arrive within five working days.",
            ),
            ("c", "Oh, that is great. Thank you for your help."),
            ("a", "You are welcome. Goodbye."),
            roles={"a": Role.AGENT, "c": Role.CUSTOMER},
            language="en",
        )
    )
    assert result.outcome
    assert result.outcome.text.startswith("I will refund $39 to your card")


def test_korean_call_is_summarised(analyze: ExtractiveAnalyzer) -> None:
    result = analyze(KOREAN)
    assert result.topic
    assert result.topic.text == "refund"
    assert result.issue
    assert result.issue.evidence_turn_ids == ("t2",)
    assert result.outcome
    assert result.outcome.text.startswith("한 건은 오늘 환불 처리해 드렸습니다.")
    assert result.resolved is True
    assert result.still_open is None
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
    assert result.resolved is None  # a visit for a fault that was booked: evaluation/dialogues/README.md
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


@pytest.mark.parametrize(
    ("language", "lines", "issue"),
    [
        (
            "en",
            [
                ("a", "Sixways Energy, how can I help?"),
                ("c", "My bill went from sixty-five to ninety-two and nobody told me why."),
                ("a", "That is the new tariff. It started in May."),
            ],
            "t2",
        ),
        (
            "ko",
            [
                ("a", "안녕하세요, 온통신입니다."),
                ("c", "요금이 사만 원이나 더 나왔는데요."),
                ("a", "지난달에 약정이 끝나셨어요."),
            ],
            "t2",
        ),
        (
            "ko",
            [
                ("a", "안녕하세요, 한빛리서치인데요. 만족도 조사로 전화드렸어요."),
                ("c", "네, 짧게 해 주세요."),
                ("a", "일 점에서 오 점 중에 몇 점 주시겠어요?"),
            ],
            "t1",
        ),
    ],
)
def test_issue_needs_no_word_of_a_list(
    analyze: ExtractiveAnalyzer, language: str, lines: list[tuple[str, str]], issue: str
) -> None:
    claim = analyze(talk(*lines, language=language, roles=ROLES)).issue
    assert claim
    assert claim.evidence_turn_ids == (issue,)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_claim_consists_of_words_of_its_turns(analyze: ExtractiveAnalyzer, language: str) -> None:
    """On every fourth call of `fit`, to save time: nothing is added but the mark of a customer's request."""
    for call in read_dialogues("fit", language)[::4]:
        conversation = conversation_of(call, roles=True)
        texts = {turn.id: _bare(turn.content) for turn in conversation.turns}
        result = analyze(conversation)
        claims = [c for c in (result.issue, result.outcome, result.still_open) if c]
        assert result.issue, call["id"]
        for claim in (*claims, *result.action_items):
            said = " ".join(texts[i] for i in claim.evidence_turn_ids).split()
            text = claim.text.removeprefix(CUSTOMER_ASKED[language])
            assert set(_bare(text).split()) <= set(said), (call["id"], claim.text)
        for item in result.action_items:
            assert item.due is None or item.due in item.text


def _bare(text: str) -> str:
    return re.sub(r"[^\w' ]+", " ", text.lower())


def test_report_says_what_is_open_and_by_when(analyze: ExtractiveAnalyzer) -> None:
    call = talk(
        ("a", "Northline support, this is Dana."),
        ("c", "Hi, my router has been dead since Sunday and I work from home."),
        ("a", "I'm sorry about that. I can't fix it from here. I'll send an engineer by Thursday."),
        ("c", "All right. Thanks."),
        ("a", "Thank you for calling. Bye."),
        roles=ROLES,
        language="en",
    )
    result = analyze(call)
    assert [(item.text, item.owner, item.due) for item in result.action_items] == [
        ("I'll send an engineer by Thursday.", Role.AGENT, "by Thursday")
    ]
    assert result.still_open
    assert result.still_open.text == "I'll send an engineer by Thursday."
    assert result.resolved is None


def test_doubtful_claim_is_shown_and_named_uncertain(analyze: ExtractiveAnalyzer) -> None:
    lines = ["그거 어제 봤어요 저녁에", "저도 봤는데 별로던데", "그쵸 나도 그랬어", "다들 그러더라고요"] * 3
    call = talk(*(("ac"[n % 2], line) for n, line in enumerate(lines)), language="ko")
    result = analyze(call)
    assert result.issue
    assert "issue" in result.uncertain


def test_wrong_number_is_said_and_leaves_nothing_open(analyze: ExtractiveAnalyzer) -> None:
    call = talk(
        ("a", "Keystone Wireless, how can I help?"),
        ("c", "Hi, is this the animal clinic? My dog is at her stitches again."),
        ("a", "You've reached a phone company, ma'am. You have the wrong number."),
        ("c", "Oh, sorry to bother you."),
        roles=ROLES,
        language="en",
    )
    result = analyze(call)
    assert result.topic
    assert result.topic.text == "wrong_number"
    assert "wrong_number" in {flag.code for flag in result.flags}
    assert (result.resolved, result.still_open) == (None, None)


@pytest.mark.parametrize(
    ("language", "last", "cut"),
    [
        ("en", "Then write it in an email, because the next letter you get is from", True),
        ("en", "Thanks, bye.", False),
        ("ko", "네 네 알겠어요. 저기 직원 분 오시면 뭐라고", True),
        ("ko", "네, 고맙습니다.", False),
    ],
)
def test_call_that_breaks_off_is_flagged(
    analyze: ExtractiveAnalyzer, language: str, last: str, cut: bool
) -> None:
    calls = {"en": ENGLISH, "ko": KOREAN}
    lines = [(turn.participant_id, turn.content) for turn in calls[language].turns]
    flags = analyze(talk(*lines, ("c", last), language=language, roles=ROLES)).flags
    assert ("cut_end" in {flag.code for flag in flags}) is cut


def test_call_of_another_language_has_a_summary_only(analyze: ExtractiveAnalyzer) -> None:
    result = analyze(talk(("a", "Bonjour, je voudrais une information."), language="fr"))
    assert result.summary
    assert (result.issue, result.outcome, result.resolved, result.action_items) == (None, None, None, ())


@pytest.mark.alone
def test_ten_minutes_take_a_third_of_a_second(analyze: ExtractiveAnalyzer) -> None:
    lines = [(turn.participant_id, turn.content) for turn in KOREAN.turns]
    call = talk(*lines * 40, roles=ROLES)
    assert call.duration_s >= 590
    started = time.process_time()
    analyze(call)
    assert time.process_time() - started < 0.6, "0.3 s on an idle core; twice that on a shared one"
