"""What an agent said and should not have caps the score and is quoted; kind words that look like it are no lapse."""

from __future__ import annotations

import pytest

from callytics.domain import Conversation, CriterionState, Role
from callytics.engines.sentiment.conduct import CAPS, find_lapses
from callytics.engines.sentiment.quality import assess_quality
from tests.support.talk import talk

ROLES = {"a": Role.AGENT, "c": Role.CUSTOMER}


def call(said: str, language: str = "ko", answer: str = "") -> Conversation:
    lines = [("c", "문의할 게 있어요." if language == "ko" else "I have a question."), ("a", said)]
    lines += [("c", answer)] if answer else []
    return talk(*lines, language=language, roles=ROLES)


@pytest.mark.parametrize(
    ("language", "said", "kind", "severity"),
    [
        ("ko", "병신 같은 고객님, 끊으세요.", "swearing", 3),
        ("ko", "진짜 멍청하시네요.", "insult", 3),
        ("ko", "맘대로 하세요.", "dismissal", 2),
        ("ko", "저희는 모르죠, 그건.", "dismissal", 2),
        ("ko", "지금 뒤에 전화 밀렸어요.", "dismissal", 2),
        ("ko", "그러게 왜 미리 확인을 안 하셨어요.", "blame", 2),
        ("ko", "이름은 알려 드릴 의무 없어요.", "refuses_name", 2),
        ("ko", "그게 뭐가 문제야, 내가 왜 봐.", "plain_speech", 2),
        ("ko", "그 요금제가 있으십니다.", "honorific_for_a_thing", 1),
        ("en", "You are an idiot, sir.", "insult", 3),
        ("en", "Goodbye, loser.", "insult", 3),
        ("en", "That's not my problem.", "dismissal", 2),
        ("en", "You should have thought of that sooner.", "blame", 2),
        ("en", "You don't need my name.", "refuses_name", 2),
    ],
)
def test_lapse_is_found_with_its_sentence(language: str, said: str, kind: str, severity: int) -> None:
    found = {lapse.kind: lapse for lapse in find_lapses(call(said, language))}
    assert kind in found
    assert (found[kind].severity, found[kind].turn_id) == (severity, "t2")
    assert found[kind].quote in said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ko", "거기가 어린이보호구역이라서 그렇습니다."),
        ("ko", "저희가 댁에 찾아가서 받겠습니다."),
        ("ko", "세금계산서를 마이너스로 끊을게요."),
        ("ko", "시간 있으세요?"),
        ("ko", "문의 사항이 더 있으세요?"),
        ("ko", "이만 끊겠습니다, 좋은 하루 되세요."),
        ("ko", "어디 보자, 확인해 볼게요."),
        ("en", "I'm sorry, that must be our problem."),
        ("en", "Or else give me the post code, please."),
        ("en", "So what I can do is send a new one."),
        ("en", "You should see it in your inbox now."),
    ],
)
def test_ordinary_words_are_no_lapse(language: str, said: str) -> None:
    assert find_lapses(call(said, language)) == ()


def test_the_same_words_of_the_customer_are_no_lapse_of_the_agent() -> None:
    assert find_lapses(talk(("c", "이 멍청한 회사야."), ("a", "죄송합니다."), roles=ROLES)) == ()


def test_protest_about_the_tone_makes_a_lapse_of_the_turn_before() -> None:
    (lapse,) = find_lapses(call("그건 안 되는데요.", answer="말투가 왜 그러세요?"))
    assert (lapse.kind, lapse.turn_id) == ("protested", "t2")


@pytest.mark.parametrize(
    ("said", "corrected"),
    [
        ("그 요금제가 있으십니다.", "그 요금제가 있습니다."),
        ("이 상품은 품절이세요.", "이 상품은 품절이에요."),
        ("반품이 어려우세요.", "반품이 어려워요."),
        ("접수가 되십니다.", "접수가 됩니다."),
        ("내가 왜 봐", "내가 왜 봐요"),
    ],
)
def test_wrong_form_comes_with_the_right_one(said: str, corrected: str) -> None:
    assert corrected in {lapse.correction for lapse in find_lapses(call(said))}


KIND = (
    ("a", "안녕하세요, 행복카드 김민지입니다. 무엇을 도와드릴까요?"),
    ("c", "카드를 잃어버렸어요."),
    ("a", "많이 놀라셨겠어요. 바로 정지해 드렸습니다."),
    ("c", "네."),
    ("a", "감사합니다. 좋은 하루 되세요."),
)


@pytest.mark.parametrize(
    ("decisive", "severity"), [("이 병신아, 그걸 왜 잃어버려.", 3), ("그러게 왜 간수를 못 하셨어요.", 2)]
)
def test_kind_call_with_one_lapse_keeps_no_high_score(decisive: str, severity: int) -> None:
    kind, _, _ = assess_quality(talk(*KIND, roles=ROLES))
    lapsed, _, lapses = assess_quality(talk(*KIND[:2], ("a", decisive), *KIND[3:], roles=ROLES))
    assert kind is not None
    assert lapsed is not None
    assert kind > 80
    assert lapsed <= CAPS[severity][0]
    assert lapses[0].severity == severity


def test_unrecorded_greeting_is_told_from_one_that_was_not_given() -> None:
    cut = talk(
        ("c", "그래서 그 냉장고가 또 멈췄다고요."),
        ("a", "모델명이 어떻게 되세요?"),
        ("c", "에이십이요. 그런데 언제"),
        roles=ROLES,
    )
    states = {criterion.id: criterion.state for criterion in assess_quality(cut)[1]}
    assert states["greeting"] is CriterionState.NOT_RECORDED
    assert states["closing"] is CriterionState.NOT_RECORDED
    rude = talk(
        ("a", "뭐요."), ("c", "냉장고가 멈췄어요."), ("a", "모델명요."), ("c", "에이십이요."), roles=ROLES
    )
    states = {criterion.id: criterion.state for criterion in assess_quality(rude)[1]}
    assert states["greeting"] is CriterionState.NOT_SHOWN
    assert states["closing"] is CriterionState.NOT_SHOWN
    assert states["empathy"] is CriterionState.NOT_SHOWN
