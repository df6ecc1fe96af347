"""A real language model, Qwen2.5-Coder 1.5B, on written calls. `make test-slow` fetches it and runs this in
cpu/llm-server (tests/environments/test_llm_server.py); a gigabyte, and minutes on two cores."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from callytics.domain import ContactSummary, Conversation
from callytics.engines.analysis import endpoints
from callytics.engines.analysis.choosing import QUESTIONS, ChoosingAnalyzer
from callytics.engines.analysis.entailment import log_odds
from callytics.engines.analysis.extractive import ExtractiveAnalyzer
from callytics.engines.analysis.llm import LlmAnalyzer
from callytics.engines.analysis.llm_client import UsageCounter
from callytics.errors import WeightsError
from callytics.language_model.llama import LlamaServer
from callytics.weights import manifest as models
from evaluation.claims import asked
from evaluation.dialogues import read_dialogues
from evaluation.meaning.reading import conversation_of

pytestmark = [pytest.mark.weights, pytest.mark.timeout(3600)]
SAME = 6
"""Claims that are asked again, of each language. Another processor rounds otherwise, so they agree nearly."""

pytest.importorskip("xllamacpp", reason="make test-slow has it: tests/environments/test_llm_server.py")


class InProcess(httpx.BaseTransport):
    def __init__(self, server: LlamaServer) -> None:
        self._server = server

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        within_s = request.extensions["timeout"]["read"]
        asked = self._server.request(request.method, request.url.path, request.read(), within_s)
        answer = asyncio.run(asked)
        return httpx.Response(answer.status, content=answer.body, request=request)


@pytest.fixture(scope="module", autouse=True)
def model() -> Iterator[None]:
    try:
        models.locate("local")
    except WeightsError:
        pytest.skip("make test-slow fetches the model")
    server = LlamaServer(model="local", threads=1)  # two on a busy machine wait for each other
    endpoints.provide(lambda name: InProcess(server))
    yield
    server.close()


def shortest(language: str) -> Conversation:
    call = min(read_dialogues("fit", language), key=lambda call: sum(len(t["text"]) for t in call["turns"]))
    return conversation_of(call, roles=True)


def quoted_ids(summary: ContactSummary) -> set[str]:
    claims: list[Any] = [
        summary.summary,
        summary.topic,
        summary.issue,
        summary.outcome,
        *summary.action_items,
    ]
    return {turn_id for claim in claims if claim for turn_id in claim.evidence_turn_ids}


@pytest.mark.parametrize("language", ["ko", "en"])
def test_model_chooses_among_the_turns_that_are_there(language: str) -> None:
    call = shortest(language)
    engine = ChoosingAnalyzer(
        model="local", endpoint="llm-server", questions=QUESTIONS, only_in_doubt=False, call_timeout_s=1200
    )
    summary = engine(call)
    assert "analysis_fallback" not in [flag.code for flag in summary.flags]
    assert summary.engine.endswith(":ChoosingAnalyzer")
    assert summary.usage is not None
    assert summary.usage.requests >= 3
    candidates = ExtractiveAnalyzer().candidates(call, 5)
    assert summary.issue is not None
    assert set(summary.issue.evidence_turn_ids) <= set(candidates.issue)
    assert quoted_ids(summary) <= {turn.id for turn in call.turns}


@pytest.mark.parametrize("language", ["ko", "en"])
def test_what_the_model_writes_names_turns_that_are_there(language: str) -> None:
    """Free text of a small model: what is kept is grounded; if it is cut off, the extractive report stands."""
    call = shortest(language)
    engine = LlmAnalyzer(
        model="local",
        endpoint="llm-server",
        fallback="extractive",
        max_output_tokens=500,
        max_reasks=0,
        timeout_s=1200,
    )
    summary = engine(call)
    assert summary.usage is not None
    assert summary.usage.output_tokens > 10
    assert quoted_ids(summary) <= {turn.id for turn in call.turns}
    is_fallback = "analysis_fallback" in [flag.code for flag in summary.flags]
    assert summary.engine.endswith(":ExtractiveAnalyzer" if is_fallback else ":LlmAnalyzer")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_kept_answers_to_the_second_question_are_the_model_s(language: str) -> None:
    """evaluation/claims/asked.jsonl, from which docs/quality.md is made: the first claims, asked again."""
    kept = asked.kept_answers()
    chat = asked.open_chat("local")
    questions = [(claim, text) for claim, text in asked.questions() if claim["language"] == language]
    for claim, text in questions[:SAME]:
        odds = log_odds(chat.first_words(text, UsageCounter(None, None)))
        assert odds == pytest.approx(kept[claim["id"]], abs=0.3), claim["id"]
