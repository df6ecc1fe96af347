"""The learned judge: what it believes, that it only takes away, and how it learns."""

from __future__ import annotations

import numpy as np
import pytest

from callytics.domain import Role
from callytics.engines.analysis.claims.heard import Quoted
from callytics.engines.analysis.claims.judge import unproven
from callytics.engines.analysis.claims.learned import UNLIKELY, log_odds_of, verdict
from callytics.engines.analysis.claims.signs import Case, signs_of
from callytics.engines.analysis.findings import ground
from callytics.engines.analysis.grounding import Grounding
from callytics.engines.analysis.llm_schema import Answer
from evaluation.claims.train import fit
from tests.support.told_claims import LIES, TRUTHS

A, C = Role.AGENT, Role.CUSTOMER


def case(claim: str, *quotes: tuple[Role, str], owner: Role | None = None) -> Case:
    quoted = [Quoted(text, role) for role, text in quotes]
    language = "ko" if any("가" <= letter <= "힣" for letter in claim) else "en"
    return Case(claim, quoted, owner, unproven(claim, quoted, language, owner))


PASSED_BY_RULES = [
    case("고객은 전화기를 새로 사야 한다.", (A, "없어요 전화기도 그대로 쓰시면 돼요")),
    case("상담원의 어머니는 틀니를 하고 있다.", (C, "엄마도 틀니 하시고")),
    case("고객의 연봉은 사천삼백이다.", (C, "연봉 삼천사백")),
]


@pytest.mark.parametrize("lie", PASSED_BY_RULES, ids=lambda lie: lie.claim)
def test_lie_that_the_rules_let_pass_is_found(lie: Case) -> None:
    assert lie.objection is None
    assert verdict(lie, "ko") == UNLIKELY


@pytest.mark.parametrize("reason", ["quote_missing", "negation_turned", "wording_not_said"])
def test_objection_of_the_rules_stands(reason: str) -> None:
    believed = case("상담원이 카드를 보냈다.", (A, "카드를 보내 드렸습니다."))
    assert verdict(believed, "ko") is None
    assert verdict(Case(believed.claim, believed.quotes, None, reason), "ko") == reason


def test_rules_have_the_last_word_in_a_language_without_a_threshold() -> None:
    unlikely = case("The customer lost the card.", (A, "I lost my card on the bus."))
    for objection in (None, "negation_turned"):
        assert verdict(Case(unlikely.claim, unlikely.quotes, None, objection), "en") == objection


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize(("kind", "call", "lie"), LIES, ids=[lie["text"] for _, _, lie in LIES])
def test_scripted_lie_is_not_proven_by_either(kind: str, call, lie, learned: bool) -> None:  # type: ignore[no-untyped-def]
    assert not proven(call, lie, learned)


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize(("call", "truth"), TRUTHS, ids=[truth["text"] for _, truth in TRUTHS])
def test_scripted_truth_is_proven_by_both(call, truth, learned: bool) -> None:  # type: ignore[no-untyped-def]
    assert proven(call, truth, learned)


def proven(call, stated, learned: bool) -> bool:  # type: ignore[no-untyped-def]
    turns = {turn.id: turn for turn in call.turns}
    fields = {"summary": [stated], "topic": None, "issue": None, "outcome": None, "resolution": None}
    answer = Answer.model_validate({**fields, "action_items": []})
    return bool(ground(answer, Grounding(turns, call.role_of, call.language, learned=learned)).proven)


def test_no_sign_looks_at_the_claim_alone() -> None:
    """The same words as claim and quote, of a party about itself: a longer claim has the same signs."""
    short = case("카드를 잃어버렸다.", (C, "카드를 잃어버렸다."))
    long = case(
        "카드를 지난 여름 부산 바닷가에서 잃어버렸다.", (C, "카드를 지난 여름 부산 바닷가에서 잃어버렸다.")
    )
    assert signs_of(short) == signs_of(long)
    assert log_odds_of(short, "ko") == log_odds_of(long, "ko")


def test_weights_follow_the_signs_of_the_examples() -> None:
    signs = np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.0, 1.0, 1.0]] * 200)
    speaks_for, speaks_against, _ = fit(signs, np.array([True, True, False] * 200))
    assert speaks_against < 0 < speaks_for
    assert np.array_equal(
        fit(signs, np.array([True, True, False] * 200)), fit(signs, np.array([True, True, False] * 200))
    )
