"""The client against an endpoint that misbehaves in every way that we know of."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from callytics.engines.analysis.llm import LlmAnalyzer
from callytics.engines.analysis.llm_client import StructuredChat, UsageCounter
from callytics.engines.analysis.llm_schema import Answer, answer_schema
from callytics.errors import ConfigError, StageError
from tests.engines.analysis.llm_server import Endpoint, Reply, answer, completion, serving

GOOD = answer(issue={"text": "My router is broken.", "quotes": [{"turn_id": "t1", "words": "broken"}]})
OPTIONS: dict[str, Any] = {
    "model": "scripted",
    "api_key_variable": None,
    "timeout_s": 5.0,
    "max_retries": 2,
    "max_reasks": 1,
    "max_output_tokens": 500,
    "structured_output": "json_schema",
    "temperature": 0.0,
}


def chat(endpoint: Endpoint, **options: Any) -> StructuredChat:
    return StructuredChat(base_url=endpoint.url, **{**OPTIONS, **options})


def ask(endpoint: Endpoint, **options: Any) -> tuple[str, UsageCounter]:
    usage = UsageCounter(None, None)
    answer = chat(endpoint, **options).ask("system", "data", usage, Answer, answer_schema(["t1"]))
    return answer.issue.text if answer.issue else "", usage


@pytest.fixture(autouse=True)
def quick_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """openai's own pauses of half a second and more, made short; a Retry-After is still obeyed."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)


BROKEN = {
    "not JSON": completion("I think the customer was angry."),
    "half a JSON object": completion('{"summary": [{"text": "a'),
    "another schema": completion('{"summary": "all well"}'),
    "a field too many": completion(
        '{"summary": [], "topic": null, "issue": null, "outcome": null, "resolution": null,'
        ' "action_items": [], "admin": true}'
    ),
    "a topic of its own": answer(
        topic={"label": "weather", "quotes": [{"turn_id": "t1", "words": "broken"}]}
    ),
    "nothing": completion(""),
    "null": completion(None),
    "no choices": Reply(body={**GOOD.body, "choices": []}),
    "null choices": Reply(body={**GOOD.body, "choices": None}),
    "no choices at all": Reply(body={"id": "1", "object": "chat.completion", "model": "m", "created": 1}),
    "a choice without a message": Reply(
        body={**GOOD.body, "choices": [{"index": 0, "finish_reason": "stop"}]}
    ),
    "a web page": Reply(body="<html>sign in</html>", headers={"Content-Type": "text/html"}),
    "a broken body": Reply(body='{"id": "chatcmpl', headers={"Content-Type": "application/json"}),
    "an error with status 200": Reply(body={"error": {"message": "overloaded"}}),
    "cut off": completion('{"summary": [', finish_reason="length"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_no_answer_is_asked_again_once(broken: str) -> None:
    with serving(BROKEN[broken], GOOD) as endpoint:
        text, usage = ask(endpoint)
    assert text == "My router is broken."
    assert usage.requests == len(endpoint.requests) == 2
    correction = endpoint.requests[1]["messages"][-1]["content"]
    assert "could not be used" in correction


@pytest.mark.parametrize("broken", BROKEN)
def test_no_answer_twice_fails_the_stage(broken: str) -> None:
    with serving(BROKEN[broken]) as endpoint, pytest.raises(StageError) as caught:
        ask(endpoint)
    assert caught.value.code == "llm_malformed"
    assert len(endpoint.requests) == 2


def test_cut_off_answer_gets_more_tokens() -> None:
    with serving(BROKEN["cut off"], GOOD) as endpoint:
        _, usage = ask(endpoint)
    assert [_limit(request) for request in endpoint.requests] == [500, 1000]
    assert usage.output_tokens == 40  # both answers are paid for


def _limit(request: dict[str, Any]) -> int:
    limit: int = request.get("max_completion_tokens") or request["max_tokens"]
    return limit


def test_too_many_requests_waits_for_retry_after() -> None:
    busy = Reply(429, {"error": {"message": "slow down"}}, {"Retry-After": "1"})
    with serving(busy, GOOD) as endpoint:
        assert ask(endpoint)[0]
    assert endpoint.times[1] - endpoint.times[0] >= 0.95


@pytest.mark.parametrize("status", [500, 502, 503, 529])
def test_server_error_is_retried(status: int) -> None:
    with serving(Reply(status, {"error": {"message": "oops"}}), GOOD) as endpoint:
        assert ask(endpoint)[0]
    assert len(endpoint.requests) == 2


def test_late_answer_is_requested_again() -> None:
    with serving(Reply(body=GOOD.body, delay_s=2.0), GOOD) as endpoint:
        assert ask(endpoint, timeout_s=1.0)[0]


@pytest.mark.parametrize(
    ("reply", "code", "attempts"),
    [
        (Reply(429, {"error": {"message": "quota"}}), "llm_rate_limited", 3),
        (Reply(500, {"error": {"message": "boom"}}), "llm_unavailable", 3),
        (Reply(200, GOOD.body, delay_s=0.6), "llm_unavailable", 3),
        (Reply(401, {"error": {"message": "Incorrect API key provided: sk-secret"}}), "llm_unauthorized", 1),
        (Reply(403, {"error": {"message": "no"}}), "llm_unauthorized", 1),
        (Reply(404, {"error": {"message": "no model sk-secret"}}), "llm_rejected", 1),
        (Reply(400, {"error": {"message": "response_format sk-secret"}}), "llm_rejected", 1),
        (completion(None, refusal="I will not, sk-secret."), "llm_refused", 1),
        (completion("", finish_reason="content_filter"), "llm_refused", 1),
    ],
)
def test_permanent_failures_have_a_code_and_no_endpoint_text(reply: Reply, code: str, attempts: int) -> None:
    with serving(reply) as endpoint, pytest.raises(StageError) as caught:
        ask(endpoint, timeout_s=0.3 if reply.delay_s else 30.0)
    assert caught.value.code == code
    assert len(endpoint.requests) == attempts
    assert "sk-secret" not in str(caught.value)
    assert "sk-secret" not in repr(caught.value.__cause__)
    assert pickle.loads(pickle.dumps(caught.value)).code == code


def test_endpoint_without_listener_is_unavailable() -> None:
    with serving(GOOD) as endpoint:
        pass
    with pytest.raises(StageError) as caught:
        ask(endpoint, max_retries=0)
    assert caught.value.code == "llm_unavailable"


def test_schema_is_sent_as_strict_schema_or_as_text() -> None:
    with serving(GOOD) as endpoint:
        ask(endpoint)
        ask(endpoint, structured_output="json_object")
    strict, in_words = endpoint.requests
    sent = strict["response_format"]["json_schema"]
    assert sent["strict"] is True
    for model in (sent["schema"], *sent["schema"]["$defs"].values()):
        if model["type"] == "object":  # what OpenAI's strict mode asks of a schema
            assert model["additionalProperties"] is False
            assert model["required"] == list(model["properties"])
    assert in_words["response_format"] == {"type": "json_object"}
    assert '"enum": ["t1"]' in in_words["messages"][0]["content"]


def test_fence_around_the_object_is_removed() -> None:
    body = GOOD.body["choices"][0]["message"]["content"]
    with serving(completion(f"```json\n{body}\n```")) as endpoint:
        assert ask(endpoint)[0]
    assert len(endpoint.requests) == 1


# ---------------------------------------------------------------- the key


def test_key_comes_only_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_LLM_KEY", "sk-12345")
    with serving(GOOD) as endpoint:
        client = chat(endpoint, api_key_variable="MY_LLM_KEY")
        client.ask("system", "data", UsageCounter(None, None), Answer, answer_schema(["t1"]))
    assert endpoint.headers[0]["authorization"] == "Bearer sk-12345"
    assert "sk-12345" not in repr(vars(client))


def test_missing_key_is_reported_before_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigError) as caught:
        LlmAnalyzer(model="gpt")
    assert caught.value.code == "llm_key_missing"
    assert "OPENAI_API_KEY" in caught.value.message


@pytest.mark.parametrize("base_url", ["ftp://x/v1", "x/v1", "http://user:pw@h/v1", "http://h/v1?key=a"])
def test_wrong_address_is_rejected(base_url: str) -> None:
    with pytest.raises(ConfigError):
        StructuredChat(base_url=base_url, **OPTIONS)


@pytest.mark.parametrize("options", [{"structured_output": "xml"}, {"fallback": "gpt"}])
def test_wrong_options_are_rejected(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        LlmAnalyzer(model="m", api_key_variable=None, **options)


def test_no_transcript_goes_to_a_tracing_service(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Reply(200, {})) as tracing, serving(GOOD) as endpoint:
        monkeypatch.setenv("LANGSMITH_TRACING", "true")
        monkeypatch.setenv("LANGSMITH_API_KEY", "key")
        monkeypatch.setenv("LANGSMITH_ENDPOINT", tracing.url)
        ask(endpoint)
        from langchain_core.tracers.langchain import wait_for_all_tracers

        wait_for_all_tracers()
    assert tracing.requests == []
