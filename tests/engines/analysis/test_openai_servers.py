"""What Ollama, vLLM, llama.cpp and ray.serve.llm answer beside OpenAI's own form, played by a scripted server.

Forms as their documentation and issues show them; none of the four servers runs here but llama.cpp
(tests/language_model/test_llama.py).
"""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from callytics.engines.analysis import endpoints
from callytics.engines.analysis.choosing import ChoosingAnalyzer
from callytics.engines.analysis.llm import LlmAnalyzer
from tests.engines.analysis.llm_server import Reply, completion, serving
from tests.support.conversations import conversation

CALL = conversation(
    (0, 0.0, 2.0, "Thank you for calling how can I help you"),
    (1, 2.5, 6.0, "My router is broken since yesterday and I need a new one"),
    (0, 6.5, 9.0, "I have ordered a new router for you"),
    (1, 9.5, 12.0, "When will it arrive"),
    (0, 12.5, 14.0, "It arrives on Friday"),
    duration_s=14.0,
    language="en",
)
TURN = CALL.turns[1].id
ANSWER = {
    "summary": [],
    "topic": None,
    "issue": {"text": "My router is broken", "quotes": [{"turn_id": TURN, "words": "My router is broken"}]},
    "outcome": None,
    "resolution": None,
    "action_items": [],
}


def reply_of(server: str, content: str) -> Reply:
    """A good answer in that server's form."""
    body: dict[str, Any] = dict(completion(content).body)
    message = body["choices"][0]["message"]
    if server == "ollama":
        body |= {"system_fingerprint": "fp_ollama"}
        message["reasoning"] = "The caller speaks of a router."
    if server == "vllm":
        message |= {"reasoning_content": None, "tool_calls": [], "function_call": None, "annotations": None}
        body["choices"][0] |= {"stop_reason": None, "token_ids": None}
        body |= {"prompt_logprobs": None, "kv_transfer_params": None, "service_tier": None}
        body["usage"]["prompt_tokens_details"] = None
    if server == "llama.cpp":
        body |= {"timings": {"prompt_n": 1, "prompt_per_second": 5.8}, "system_fingerprint": "b0-unknown"}
        del message["refusal"], body["choices"][0]["logprobs"]
    if server == "without reasoning parser":
        message["content"] = f"<think>\nA router {{broken}}.\n</think>\n\n{content}"
    if server == "fenced":
        message["content"] = f"```json\n{content}\n```"
    return Reply(body=body)


SERVERS = ["ollama", "vllm", "llama.cpp", "without reasoning parser"]


@pytest.mark.parametrize("server", [*SERVERS, "fenced"])
def test_answer_of_each_server_is_read_by_the_writing_engine(server: str) -> None:
    with serving(reply_of(server, json.dumps(ANSWER))) as endpoint:
        engine = LlmAnalyzer(
            model="m", base_url=endpoint.url, api_key_variable=None, max_reasks=0, verify=False
        )
        summary = engine(CALL)
    assert summary.issue is not None
    assert summary.issue.text == "My router is broken"


@pytest.mark.parametrize("server", SERVERS)
def test_answer_of_each_server_is_read_by_the_choosing_engine(server: str) -> None:
    with serving(reply_of(server, json.dumps({"answer": TURN}))) as endpoint:
        engine = ChoosingAnalyzer(model="m", base_url=endpoint.url, questions=["issue"], only_in_doubt=False)
        summary = engine(CALL)
    assert summary.issue is not None
    assert summary.issue.evidence_turn_ids == (TURN,)
    assert summary.engine.endswith(":ChoosingAnalyzer")


REFUSALS = {
    "ollama, unknown model": Reply(404, {"error": {"message": "model 'm' not found", "type": "api_error"}}),
    "vllm, context too small": Reply(
        400, {"object": "error", "message": "This model's maximum context length is 4096", "code": 400}
    ),
    "vllm, key": Reply(401, {"error": "Unauthorized"}),
    "llama.cpp, loading": Reply(503, {"error": {"message": "Loading model", "type": "unavailable_error"}}),
    "llama.cpp, context too small": Reply(400, {"error": {"type": "exceed_context_size_error"}}),
    "ray.serve.llm, no replica": Reply(500, "Internal Server Error"),
    "ollama, prompt cut silently": completion('{"issue": ', finish_reason="length"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusal_of_each_server_leaves_the_extractive_report(name: str) -> None:
    with serving(REFUSALS[name]) as endpoint:
        writing = LlmAnalyzer(
            model="m",
            base_url=endpoint.url,
            api_key_variable=None,
            max_retries=0,
            fallback="extractive",
            verify=False,
        )
        choosing = ChoosingAnalyzer(model="m", base_url=endpoint.url, only_in_doubt=False)
        summaries = [writing(CALL), choosing(CALL)]
    for summary in summaries:
        assert summary.engine.endswith(":ExtractiveAnalyzer")
        assert summary.flags[-1].code == "analysis_fallback"
        assert summary.issue is not None


@pytest.fixture
def slow_model(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """An application by name that takes its whole time limit; the limits that it was given."""
    limits: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        limits.append(request.extensions["timeout"]["read"])
        time.sleep(min(limits[-1], 5.0))
        raise httpx.ReadTimeout("late")

    monkeypatch.setattr(endpoints, "_transports", [])
    endpoints.provide(lambda name: httpx.MockTransport(answer))
    return limits


@pytest.mark.alone
def test_writing_engine_never_waits_longer_than_the_timeout_of_the_call(slow_model: list[float]) -> None:
    engine = LlmAnalyzer(
        model="m", endpoint="llm-server", fallback="extractive", call_timeout_s=0.5, verify=False
    )
    start = time.monotonic()
    summary = engine(CALL)
    assert time.monotonic() - start < 2.0
    assert summary.flags[-1].code == "analysis_fallback"
    assert len(slow_model) == 1
    assert slow_model[0] <= 0.5


def test_writing_engine_finds_its_model_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "_transports", [])
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json=reply_of("llama.cpp", json.dumps(ANSWER)).body)

    endpoints.provide(lambda name: httpx.MockTransport(answer))
    summary = LlmAnalyzer(model="m", endpoint="llm-server", verify=False)(CALL)
    assert summary.issue is not None
    assert asked == ["http://llm-server/v1/chat/completions"]
