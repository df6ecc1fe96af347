from __future__ import annotations

from dataclasses import replace

import pytest

from callytics.domain import Conversation, QualityCriterion, Role
from callytics.engines.sentiment.quality import WEIGHTS, assess_quality
from tests.support.talk import talk

ROLES = {"a": Role.AGENT, "c": Role.CUSTOMER}


def judged(conversation: Conversation) -> dict[str, QualityCriterion]:
    return {criterion.id: criterion for criterion in assess_quality(conversation)[1]}


def test_call_without_agent_is_not_judged() -> None:
    overall, criteria, _ = assess_quality(talk(("a", "안녕하세요"), ("c", "네")))
    assert overall is None
    assert {c.id for c in criteria} == set(WEIGHTS)
    assert all(c.score is None for c in criteria)


def test_greeting_and_closing_are_scored_by_parts() -> None:
    good = judged(
        talk(
            ("a", "안녕하세요. 행복카드 김민지입니다. 무엇을 도와드릴까요?"),
            ("c", "카드를 바꾸려고요."),
            ("a", "네, 바꿔 드렸습니다. 더 필요하신 거 있으세요?"),
            ("c", "아니요."),
            ("a", "감사합니다. 좋은 하루 되세요."),
            roles=ROLES,
        )
    )
    assert (good["greeting"].score, good["greeting"].evidence_turn_ids) == (100.0, ("t1",))
    assert (good["closing"].score, good["closing"].evidence_turn_ids) == (100.0, ("t3", "t5"))
    bare = judged(talk(("a", "뭐요."), ("c", "카드를 바꾸려고요."), roles=ROLES))
    assert (bare["greeting"].score, bare["closing"].score) == (0.0, 0.0)


@pytest.mark.parametrize(("reply", "score"), [("죄송합니다. 확인하겠습니다.", 100.0), ("주문번호요.", 0.0)])
def test_empathy_answers_trouble(reply: str, score: float) -> None:
    criteria = judged(talk(("c", "아직 배송이 안 왔어요."), ("a", reply), roles=ROLES))
    assert criteria["empathy"].score == score


def test_empathy_does_not_apply_without_trouble() -> None:
    criteria = judged(talk(("c", "영업시간이 궁금해요."), ("a", "아홉 시부터입니다."), roles=ROLES))
    assert criteria["empathy"].score is None


def test_interruptions_lower_listening() -> None:
    call = talk(("c", "제가 어제 주문한 거요"), ("a", "네 말씀하세요 듣고 있습니다"), roles=ROLES)
    interrupted = replace(call, turns=(call.turns[0], replace(call.turns[1], interruption=True)))
    before, after = judged(call)["listening"], judged(interrupted)["listening"]
    assert before.score is not None
    assert after.score is not None
    assert after.score < before.score
    assert after.evidence_turn_ids == ("t2",)


def test_speech_level_is_scored() -> None:
    def politeness(text: str) -> float | None:
        return judged(talk(("a", text), ("c", "네"), roles=ROLES))["politeness"].score

    formal, polite, plain = (
        politeness(text)
        for text in ("확인하겠습니다.", "제가 확인할게요.", "내가 확인해 볼게 기다려 봐 다 했어.")
    )
    assert (formal, polite, plain) == (100.0, 85.0, 0.0)


def test_overall_is_the_weighted_mean_of_what_applies() -> None:
    overall, criteria, _ = assess_quality(
        talk(("a", "Hello, how can I help you?"), ("c", "What time do you open?"), roles=ROLES, language="en")
    )
    scored = [c for c in criteria if c.score is not None]
    expected = sum((c.score or 0) * WEIGHTS[c.id] for c in scored) / sum(WEIGHTS[c.id] for c in scored)
    assert overall == pytest.approx(expected, abs=0.1)
