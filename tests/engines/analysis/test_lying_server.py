"""A scripted model that lies in the call's own words, and one that paraphrases: what enters the report, by rule alone.

The answers on the written calls are recorded ones: evaluation/claims holds what a model could say about each call, with
verbatim quotes. The second question, which catches lies that rules cannot, is scripted in test_llm_second_question.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from callytics.domain import ContactSummary, Conversation
from callytics.engines.analysis.llm import LlmAnalyzer
from callytics.errors import ConfigError
from evaluation.claims import read_claims
from evaluation.dialogues import read_dialogues
from evaluation.meaning.reading import conversation_of
from tests.engines.analysis.llm_server import answer, serving
from tests.support.talk import talk
from tests.support.told_claims import (
    BROKEN,
    INSULT,
    LIES,
    NOT_SATISFIED,
    RECEIPT,
    REFUND,
    REFUNDED,
    REFUSED,
    ROLES,
    THROWN,
    TRUTHS,
    UNSATISFIED,
    WANTED,
    claim,
    quote,
)


def analyzed(conversation: Conversation, judge: str = "learned", **fields: Any) -> ContactSummary:
    with serving(answer(**fields)) as endpoint:
        options: dict[str, Any] = {"base_url": endpoint.url, "api_key_variable": None, "verify": False}
        return LlmAnalyzer(model="scripted", judge=judge, **options)(conversation)


def test_answer_of_lies_in_the_words_of_the_call_is_dropped_whole() -> None:
    result = analyzed(
        REFUNDED,
        summary=[
            claim("The agent refused to refund the thirty dollars.", REFUND),
            claim("The customer refunded the thirty dollars.", REFUND),
            claim("The agent has sent an email with the receipt.", RECEIPT),
        ],
        issue=claim("The agent's kettle arrived broken.", BROKEN),
        outcome=claim("The agent refunded 13 dollars.", REFUND),
        resolution={"resolved": False, "quotes": [REFUND]},
        action_items=[claim("Refund the thirty dollars", REFUND, owner="CUSTOMER")],
    )
    assert result.claims == ()
    assert result.claim_counts
    assert (result.claim_counts.proven, result.claim_counts.unproven + result.claim_counts.contradicted) == (
        0,
        7,
    )
    assert result.claim_counts.contradicted >= 5
    assert result.replaced == ("summary", "issue", "outcome")
    assert (result.resolved, result.action_items) == (None, ())


def test_correct_paraphrase_keeps_every_statement() -> None:
    result = analyzed(
        REFUNDED,
        summary=[
            claim("A kettle came damaged, and the customer wanted their money back.", BROKEN, WANTED),
            claim("The agent apologised.", quote("t3", "I'm sorry about that.")),
            claim("A receipt will come by email tomorrow.", RECEIPT),
        ],
        topic={"label": "refund", "quotes": [REFUND]},
        issue=claim("The customer received a damaged kettle.", BROKEN),
        outcome=claim("The agent reimbursed $30 to the customer's card.", REFUND),
        resolution={"resolved": True, "quotes": [REFUND]},
        action_items=[claim("Throw away the kettle", THROWN, owner="CUSTOMER")],
    )
    assert result.claim_counts
    assert (result.claim_counts.proven, result.flags, result.replaced) == (8, (), ())
    assert result.resolved is True


def test_satisfaction_is_not_read_into_its_denial() -> None:
    result = analyzed(UNSATISFIED, summary=[claim("고객은 서비스에 만족했다", NOT_SATISFIED)])
    assert result.claims == ()
    assert result.replaced == ("summary",)


def test_refusal_with_insult_is_kept_if_it_is_true() -> None:
    result = analyzed(
        UNSATISFIED,
        summary=[claim("환불을 거절하고 고객을 모욕했다", REFUSED, INSULT)],
        outcome=claim("상담원은 환불을 거절하고 고객을 모욕했다.", REFUSED, INSULT),
        resolution={"resolved": False, "quotes": [REFUSED]},
    )
    assert result.outcome
    assert result.outcome.text == "상담원은 환불을 거절하고 고객을 모욕했다."
    assert (result.resolved, result.flags) == (False, ())


@pytest.mark.parametrize(
    ("kind", "call", "lie"), LIES, ids=[f"{kind}: {lie['text']}" for kind, _, lie in LIES]
)
def test_lie_in_the_words_of_the_call_is_dropped_and_counted(
    kind: str, call: Conversation, lie: dict[str, Any]
) -> None:
    result = analyzed(call, summary=[lie])
    assert result.claims == ()
    assert result.claim_counts
    assert result.claim_counts.proven == 0
    assert result.claim_counts.unproven + result.claim_counts.contradicted == 1
    assert "claims_dropped" in [flag.code for flag in result.flags]
    assert result.summary is None or lie["text"] not in result.summary.text


def test_lie_that_no_rule_finds_is_dropped_by_the_learned_judge() -> None:
    mother = talk(("a", "부모님은 치아가 어떠세요?"), ("c", "엄마도 틀니 하시고요."), roles=ROLES)
    lie = claim("상담원의 어머니는 틀니를 하고 있다.", quote("t2", "엄마도 틀니 하시고요."))
    assert [one.text for one in analyzed(mother, "rules", summary=[lie]).claims] == [lie["text"]]
    result = analyzed(mother, summary=[lie])
    assert result.claims == ()
    (flag,) = result.flags
    assert "unlikely (1)" in flag.message


def test_judge_is_one_of_two() -> None:
    with pytest.raises(ConfigError) as caught:
        LlmAnalyzer(model="scripted", api_key_variable=None, judge="none")
    assert caught.value.code == "engine_options_invalid"


@pytest.mark.parametrize(("call", "truth"), TRUTHS, ids=[truth["text"] for _, truth in TRUTHS])
def test_truth_in_the_same_words_is_kept(call: Conversation, truth: dict[str, Any]) -> None:
    result = analyzed(call, summary=[truth])
    assert [one.text for one in result.claims] == [truth["text"]]


RECORDED = (
    *("en_telecom_001", "en_bank_002", "en_delivery_003"),
    *("ko_utility_001", "ko_education_001", "ko_rental_003"),
)


@pytest.mark.parametrize("call_id", RECORDED)
def test_recorded_answer_keeps_what_is_true_of_a_written_call(call_id: str) -> None:
    (call,) = (
        call
        for split in ("fit", "choose")
        for call in read_dialogues(split, call_id[:2])
        if call["id"] == call_id
    )
    claims = [one for one in read_claims(call["split"], call["language"]) if one["call"] == call_id]
    result = analyzed(conversation_of(call, roles=True), **recorded_answer(claims))
    shown = {one.text for one in result.claims}
    true = {one["text"] for one in claims if one["true"]}
    lies = {one["text"] for one in claims if not one["true"]}
    assert true <= shown
    assert len(lies & shown) <= 1  # a lie in true words may pass the rules: the second question is for it


def recorded_answer(claims: list[dict[str, Any]]) -> dict[str, Any]:
    """All claims on a call as one answer: tasks as tasks, everything else as sentences of the summary."""
    summary, tasks = [], []
    for one in claims:
        quotes = [quote(given["turn_id"], given["text"]) for given in one["quotes"]]
        if one["field"] == "action_item":
            tasks.append(claim(one["text"], *quotes, owner=one["owner"]))
        else:
            summary.append(claim(one["text"], *quotes))
    return {"summary": summary, "action_items": tasks}
