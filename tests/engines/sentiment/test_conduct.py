"""What an agent said and should not have caps the score and is quoted; kind words that look like it are no lapse."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from callytics.domain import Conversation, CriterionState, Role
from callytics.engines.sentiment.conduct import CAPS, PROTEST, find_lapses
from callytics.engines.sentiment.conduct_model import embedded, impolite_scores
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
        ("ko", "고객님이 떨어뜨리신 거겠죠.", "blame", 2),
        ("ko", "안내문 안 읽으셨어요?", "blame", 2),
        ("ko", "그건 그쪽 사정이고요.", "dismissal", 2),
        ("ko", "다른 데 알아보시든가요.", "dismissal", 2),
        ("ko", "쓰발 못 해 먹겠네.", "swearing", 3),
        ("ko", "할머니가 돌아가셨어요? 축하드립니다.", "unfit", 2),
        ("en", "Then go find another shop.", "dismissal", 2),
        ("en", "You should have read the contract.", "blame", 2),
        ("en", "Most people can follow the manual.", "scorn", 2),
        ("en", "Your father passed away? Awesome, so who's paying?", "unfit", 2),
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
        ("ko", "고객님 잘못이 아니에요."),
        ("ko", "기사님이 멍청하다고 하셨다고요? 정말 죄송합니다."),
        ("ko", "하하, 저도 그렇게 생각했어요."),
        ("ko", "접수 됐고요, 내일 방문드려요."),
        ("en", "He called you an idiot? I'm so sorry about that."),
        ("en", "I'm afraid we can't refund that, I'm sorry."),
        ("en", "Good luck with the hearing."),
    ],
)
def test_ordinary_words_are_no_lapse(language: str, said: str) -> None:
    assert find_lapses(call(said, language)) == ()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_held_sentences_are_told_apart(language: str) -> None:
    rows = (Path(__file__).parents[2] / "data" / "conduct_held.tsv").read_text(encoding="utf-8").splitlines()
    counts: Counter[tuple[str, bool]] = Counter()
    for code, label, text in (row.split("\t") for row in rows if not row.startswith("#")):
        if code == language:
            counts[label, bool(find_lapses(call(text, language)))] += 1
    assert counts["rude", True] >= 0.85 * (counts["rude", True] + counts["rude", False])
    assert counts["polite", True] <= 1


def test_learned_manner_counts_in_a_call_with_other_lapses_only() -> None:
    """No rule names the fourth turn: what stands around it makes the difference."""
    rude = talk(
        ("c", "물이 계속 새는데 왜 안 와요?"),
        ("a", "그걸 왜 나한테 그래. 알아서 해."),
        ("c", "말투가 왜 그래요? 진짜 화나네요."),
        ("a", "바빠서 오늘은 못 가지."),
        ("c", "너무하시네요."),
        ("a", "몰라, 끊어."),
        roles=ROLES,
    )
    angry = {turn.id: 0.9 for turn in rude.turns}
    assert "t4" in {lapse.turn_id for lapse in find_lapses(rude, angry)}
    calm = talk(
        ("c", "물이 새는데 언제 오세요?"),
        ("a", "안녕하세요 고객님, 죄송합니다. 바로 확인해 드리겠습니다."),
        ("c", "네 감사합니다."),
        ("a", "오늘은 기사님이 바쁘셔서 내일 방문드리겠습니다."),
        ("c", "네 좋아요."),
        ("a", "감사합니다 고객님, 좋은 하루 보내세요."),
        roles=ROLES,
    )
    assert find_lapses(calm, {turn.id: 0.1 for turn in calm.turns}) == ()


def test_wording_of_a_rule_in_a_friendly_call_is_not_believed() -> None:
    said = talk(
        ("c", "I can't find the switch."),
        ("a", "Have you read the label on the back, please?"),
        ("c", "Oh, found it, thank you!"),
        ("a", "You're welcome, thank you for calling."),
        language="en",
        roles=ROLES,
    )
    assert find_lapses(said) != ()
    assert find_lapses(said, {turn.id: 0.05 for turn in said.turns}) == ()


def test_returned_hello_is_no_greeting() -> None:
    """The customer has begun; the agent says neither who speaks nor offers help."""
    lines = [
        ("c", "안녕하세요, 저희 공장에 물건이 두 상자만 왔습니다. 세 상자여야 돼요."),
        ("a", "아 네 안녕하세요."),
    ]
    states = {c.id: c.state for c in assess_quality(talk(*lines, roles=ROLES))[1]}
    assert states["greeting"] is CriterionState.NOT_SHOWN
    named = [lines[0], ("a", "네, 한빛물산 출고팀입니다.")]
    states = {c.id: c.state for c in assess_quality(talk(*named, roles=ROLES))[1]}
    assert states["greeting"] is CriterionState.SHOWN


def test_firm_without_salutation_is_a_greeting() -> None:
    call_ = talk(
        ("a", "Ridgeway collections, Lamar."), ("c", "Hi, it's about a bill."), language="en", roles=ROLES
    )
    assert {c.id: c.state for c in assess_quality(call_)[1]}["greeting"] is CriterionState.SHOWN


def test_empathy_is_called_for_by_negative_turns() -> None:
    lines = [
        ("c", f"세 번째 전화예요, 아직도 안 와요. {n}") if n % 2 else ("a", "네 확인할게요.")
        for n in range(1, 9)
    ]
    call_ = talk(*lines, roles=ROLES)
    angry = {turn.id: 0.9 for turn in call_.turns}
    states = {c.id: c.state for c in assess_quality(call_, None, angry)[1]}
    assert states["empathy"] is CriterionState.NOT_SHOWN
    quiet = talk(("c", "영업시간이 궁금해요."), ("a", "아홉 시부터요."), roles=ROLES)
    states = {c.id: c.state for c in assess_quality(quiet, None, {"t1": 0.1, "t2": 0.0})[1]}
    assert states["empathy"] is CriterionState.NOT_CALLED_FOR


def test_the_same_words_of_the_customer_are_no_lapse_of_the_agent() -> None:
    assert find_lapses(talk(("c", "이 멍청한 회사야."), ("a", "죄송합니다."), roles=ROLES)) == ()


def test_protest_about_the_tone_makes_a_lapse_of_the_turn_before() -> None:
    (lapse,) = find_lapses(call("그건 안 되는데요.", answer="말투가 왜 그러세요?"))
    assert (lapse.kind, lapse.turn_id) == ("protested", "t2")


@pytest.mark.parametrize(
    ("said", "corrected"),
    [
        ("삼만 원이 더 나오세요.", "삼만 원이 더 나와요."),
        ("그건 내일 취소되세요.", "그건 내일 취소돼요."),
        ("그건 고객님 권리세요.", "그건 고객님 권리예요."),
        ("통장은 괜찮으세요.", "통장은 괜찮아요."),
        ("삼십 개월이시네요.", "삼십 개월이네요."),
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


@pytest.mark.parametrize("language", ["ko", "en"])
def test_meaning_of_a_turn_moves_its_own_score(language: str) -> None:
    """The same words with two embeddings: the model has learned from meanings, not from words alone."""
    said = call("그건 안 되는데요." if language == "ko" else "It can't be done.", language)
    scores = [
        impolite_scores(said, {}, language, PROTEST[language], {}, {"t1": np.zeros(512), "t2": vector})["t2"]
        for vector in np.vstack([np.eye(512), -np.eye(512)])[[0, 512]]
    ]
    assert scores[0] != scores[1]


def test_neighbours_stand_beside_a_turn() -> None:
    said = talk(("c", "왜요?"), ("a", "네."), ("a", "네네."), ("c", "참."), roles=ROLES)
    vectors = {turn.id: np.full(512, float(number)) for number, turn in enumerate(said.turns, start=1)}
    found = embedded(said, vectors)
    assert [found["t2"][i] for i in (0, 512, 1024)] == [2.0, 1.0, 4.0]
    assert [found["t4"][i] for i in (0, 512, 1024)] == [4.0, 3.0, 0.0]
