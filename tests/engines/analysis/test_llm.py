"""What the analyser makes of a model's answers, and of none. The endpoint is scripted; langchain, openai and HTTP are
real."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from callytics.domain import Proof, Role
from callytics.engines.analysis.llm import LlmAnalyzer
from callytics.errors import ConfigError, StageError
from tests.engines.analysis.llm_server import Reply, answer, completion, serving
from tests.support.scripted_analyzer import ENGLISH_ANSWER, INTERNET, TECHNICIAN, analyzed, analyzer
from tests.support.service_calls import ENGLISH
from tests.support.told_claims import quote as q


def test_supported_answer_is_kept_and_names_its_engine() -> None:
    result = analyzed(answer(**ENGLISH_ANSWER), input_price_usd=0.5, output_price_usd=2.0)
    assert result.summary
    assert result.summary.text == (
        "The customer's internet has not worked since Monday. A technician will come tomorrow."
    )
    assert result.summary.evidence_turn_ids == ("t2", "t4")
    assert result.topic
    assert (result.topic.text, result.resolved) == ("technical_support", False)
    assert [item.owner for item in result.action_items] == [Role.AGENT, Role.CUSTOMER]
    assert (result.engine, result.model) == ("callytics.engines.analysis.llm:LlmAnalyzer", "scripted")
    assert result.flags == ()
    assert result.usage
    assert (result.usage.requests, result.usage.input_tokens, result.usage.output_tokens) == (1, 100, 20)
    assert result.usage.cost_usd == pytest.approx((100 * 0.5 + 20 * 2.0) / 1e6)


def test_cost_is_empty_without_prices() -> None:
    usage = analyzed(answer(**ENGLISH_ANSWER)).usage
    assert usage
    assert usage.cost_usd is None


def test_claims_are_shown_with_their_quotes() -> None:
    claims = analyzed(answer(**ENGLISH_ANSWER)).claims
    assert [claim.field for claim in claims] == [
        *("summary", "summary", "issue", "outcome", "action_item", "action_item", "topic", "resolved")
    ]
    assert [(quote.turn_id, quote.text) for quote in claims[3].quotes] == [("t4", TECHNICIAN["words"])]
    assert {claim.proof for claim in claims} == {Proof.PROVEN}


UNPROVEN_CLAIMS = [
    ("The internet has stopped working.", [q("t99", "My internet has stopped working")], "evidence_unknown"),
    ("The internet has stopped working.", [], "quote_missing"),
    ("The internet has stopped working.", [q("t2", "My internet stopped working")], "quote_not_said"),
    ("The internet has stopped working.", [q("t4", INTERNET["words"])], "quote_not_said"),
    ("The internet stopped working 3 weeks ago.", [INTERNET], "number_not_said"),
    ("The internet has stopped working since Tuesday.", [INTERNET], "day_not_said"),
    ("The internet of Mr Johnson stopped working.", [INTERNET], "name_not_said"),
    ("A parcel was damaged in delivery.", [INTERNET], "wording_not_said"),
    ("The agent's internet works without trouble, said the agent.", [INTERNET], "actor_swapped"),
]


@pytest.mark.parametrize(("text", "quotes", "reason"), UNPROVEN_CLAIMS)
def test_claim_without_proof_is_dropped_and_counted(
    text: str, quotes: list[dict[str, str]], reason: str
) -> None:
    result = analyzed(answer(**{**ENGLISH_ANSWER, "issue": {"text": text, "quotes": quotes}}))
    assert result.issue
    assert (
        result.issue.text == "My internet has stopped working since Monday morning."
    )  # the extractive candidate
    assert (result.replaced, result.uncertain) == (("issue",), ("issue",))
    assert result.claim_counts
    assert result.claim_counts.proven == 7
    assert result.claim_counts.unproven + result.claim_counts.contradicted == 1
    (flag,) = result.flags
    assert flag.code == "claims_dropped"
    assert reason in flag.message
    assert "speaks in: issue" in flag.message


def test_claim_without_proof_is_shown_as_such_by_option() -> None:
    sentence = {"text": "A parcel was damaged in delivery.", "quotes": [INTERNET]}
    task = {"text": "Send flowers", "owner": "AGENT", "quotes": [q("t5", "thank you")]}
    stated = {
        **ENGLISH_ANSWER,
        "issue": sentence,
        "summary": [*ENGLISH_ANSWER["summary"], sentence],
        "action_items": [task],
    }
    result = analyzed(answer(**stated), unproven="show")
    assert result.issue
    assert (result.issue.text, result.uncertain, result.replaced) == (sentence["text"], ("issue",), ())
    assert result.summary
    assert result.summary.text.endswith("Unproven: A parcel was damaged in delivery.")
    assert [item.text for item in result.action_items] == ["Unproven: Send flowers"]
    assert [(claim.proof, claim.reason) for claim in result.claims if claim.field == "issue"] == [
        (Proof.UNPROVEN, "wording_not_said")
    ]
    assert [flag.code for flag in result.flags] == ["claims_unproven"]


def test_contradicted_claim_is_dropped_even_if_unproven_ones_are_shown() -> None:
    lie = {"text": "The agent refused to send a technician.", "quotes": [TECHNICIAN]}
    result = analyzed(answer(**{**ENGLISH_ANSWER, "outcome": lie}), unproven="show")
    assert result.outcome
    assert "refused" not in result.outcome.text
    assert result.claim_counts
    assert result.claim_counts.contradicted == 1


def test_unknown_option_is_rejected() -> None:
    with pytest.raises(ConfigError, match="drop or show"):
        LlmAnalyzer(model="m", api_key_variable=None, unproven="hide")


def test_bad_quote_beside_a_real_one_is_dropped() -> None:
    claim = {"text": "The internet has stopped working.", "quotes": [q("t99", "internet"), INTERNET]}
    issue = analyzed(answer(**{**ENGLISH_ANSWER, "issue": claim})).issue
    assert issue
    assert issue.evidence_turn_ids == ("t2",)


def test_schema_allows_only_ids_of_the_call() -> None:
    with serving(answer(**ENGLISH_ANSWER)) as endpoint:
        analyzer(endpoint)(ENGLISH)
    schema = endpoint.requests[0]["response_format"]["json_schema"]["schema"]
    assert schema["$defs"]["StatedQuote"]["properties"]["turn_id"]["enum"] == ["t1", "t2", "t3", "t4", "t5"]


# ---------------------------------------------------------------- fallback


def failure_of(call: Callable[[], Any]) -> StageError:
    with pytest.raises(StageError) as caught:
        call()
    assert caught.value.stage == "llm-analyzer"
    return caught.value


def test_stage_fails_without_fallback() -> None:
    with serving(Reply(500, {"error": {"message": "boom"}})) as endpoint:
        assert failure_of(lambda: analyzer(endpoint, max_retries=0)(ENGLISH)).code == "llm_unavailable"


def test_extractive_fallback_is_used_only_if_configured() -> None:
    with serving(Reply(500, {"error": {"message": "boom"}})) as endpoint:
        result = analyzer(endpoint, max_retries=0, fallback="extractive")(ENGLISH)
    assert result.summary
    assert result.engine == "callytics.engines.analysis.extractive:ExtractiveAnalyzer"
    assert result.model == "extractive"
    assert [flag.code for flag in result.flags] == ["analysis_fallback"]


def test_refusal_may_use_the_fallback() -> None:
    result = analyzed(completion(None, refusal="I cannot help with that."), fallback="extractive")
    assert result.model == "extractive"
    assert result.usage
    assert (result.usage.requests, result.usage.input_tokens) == (1, 100)  # the refusal is paid for


def test_analyzer_without_a_key_is_extractive_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``without_key`` only; an endpoint that fails is still a failure."""
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    options: dict[str, Any] = {
        "model": "m",
        "base_url": "http://127.0.0.1:9/v1",
        "api_key_variable": "NO_SUCH_KEY",
    }
    with pytest.raises(ConfigError, match="NO_SUCH_KEY"):
        LlmAnalyzer(**options)
    engine = LlmAnalyzer(**options, without_key="extractive")
    assert "NO_SUCH_KEY" in engine.notice
    assert engine.model == "extractive"
    result = engine(ENGLISH)
    assert result.summary
    assert (result.engine, result.model, result.usage) == (
        "callytics.engines.analysis.extractive:ExtractiveAnalyzer",
        "extractive",
        None,
    )
    (flag,) = result.flags
    assert flag.code == "analysis_fallback"
    assert "NO_SUCH_KEY" in flag.message
    monkeypatch.setenv("NO_SUCH_KEY", "k")
    with_key = LlmAnalyzer(**options, without_key="extractive", max_retries=0, timeout_s=1)
    assert (with_key.notice, with_key.model) == ("", "m")
    assert failure_of(lambda: with_key(ENGLISH)).code == "llm_unavailable"
