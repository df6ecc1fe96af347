"""What every engine of llm-analyzer must do."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from callytics.config import StageConfig
from callytics.domain import Claim, ContactSummary, Conversation
from callytics.engines import load_engine
from tests.engines.analysis.llm_server import Reply, answer, completion, serving
from tests.support.service_calls import ENGLISH, KOREAN
from tests.support.talk import talk

ENGINES = [
    "callytics.engines.analysis.extractive:ExtractiveAnalyzer",
    "callytics.engines.analysis.llm:LlmAnalyzer",
]
Analyze = Callable[[Conversation], ContactSummary]
EMPTY = Conversation("ko", 0.0, (), (), ())
CALLS = [KOREAN, ENGLISH, talk(("a", "Bonjour, je voudrais une information."), language="fr"), EMPTY]


def quoting_model(request: dict[str, Any]) -> Reply:
    """A language model that says of a call what its turns say, and once something that no turn says."""
    turns = [json.loads(line) for line in request["messages"][1]["content"].splitlines()]
    if "claim" in turns[0]:  # the second question
        verdicts = [{"claim": asked["claim"], "verdict": "entailed"} for asked in turns]
        return completion(json.dumps({"verdicts": verdicts}))
    longest = max(turns, key=lambda turn: (len(turn["text"]), turn["id"]))
    quote = {"turn_id": longest["id"], "words": longest["text"]}
    claim = {"text": longest["text"], "quotes": [quote, {**quote, "turn_id": "t999"}]}
    invented = {"text": "A parcel arrived on 7 March.", "quotes": [quote]}
    return answer(
        summary=[claim, invented], issue=claim, outcome=invented, action_items=[{**claim, "owner": "AGENT"}]
    )


@pytest.fixture(scope="module", params=ENGINES)
def analyze(request: pytest.FixtureRequest) -> Iterator[Analyze]:
    if request.param.endswith("LlmAnalyzer"):
        with serving(quoting_model) as endpoint:
            options = {"model": "quoting", "base_url": endpoint.url, "api_key_variable": None}
            yield load_engine(StageConfig("llm-analyzer", request.param, options))
        return
    yield load_engine(StageConfig("llm-analyzer", request.param))


def claims(summary: ContactSummary) -> list[Claim]:
    found = [summary.summary, summary.topic, summary.issue, summary.outcome]
    return [claim for claim in found if claim is not None]


@pytest.mark.parametrize("call", CALLS)
def test_every_claim_shows_turns_that_exist(analyze: Analyze, call: Conversation) -> None:
    result = analyze(call)
    ids = {turn.id for turn in call.turns}
    for claim in (*claims(result), *result.action_items):
        assert claim.text
        assert claim.evidence_turn_ids
        assert set(claim.evidence_turn_ids) <= ids


@pytest.mark.parametrize("call", [KOREAN, ENGLISH])
def test_a_service_call_has_summary_issue_and_action_items(analyze: Analyze, call: Conversation) -> None:
    result = analyze(call)
    assert result.summary
    assert result.issue
    assert result.action_items


def test_an_empty_call_claims_nothing(analyze: Analyze) -> None:
    assert analyze(EMPTY) == ContactSummary(None, None, None, None, None)


def test_deterministic_also_from_two_threads(analyze: Analyze) -> None:
    once = [analyze(call) for call in CALLS]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(analyze, CALLS * 2)) == once * 2


def test_result_crosses_processes(analyze: Analyze) -> None:
    result = analyze(KOREAN)
    assert pickle.loads(pickle.dumps(result)) == result


def test_it_names_its_model(analyze: Analyze) -> None:
    assert analyze.model  # type: ignore[attr-defined]
    assert analyze.model_revision  # type: ignore[attr-defined]
