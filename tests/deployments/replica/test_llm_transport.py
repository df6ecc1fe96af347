"""Requests to an application by its Serve handle: what fails becomes httpx' own errors."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from ray import serve
from ray.exceptions import RayActorError
from ray.serve.exceptions import RayServeException

from callytics.language_model.llama import Answer
from deployments.replica import llm_transport
from deployments.replica.llm_transport import GRACE_S, HandleTransport


class PlayedAnswer:
    def __init__(self, result: Answer | Exception) -> None:
        self._result = result
        self.waited_s: float | None = None
        self.is_cancelled = False

    def result(self, timeout_s: float) -> Answer:
        self.waited_s = timeout_s
        if isinstance(self._result, Exception):
            raise self._result
        return self._result

    def cancel(self) -> None:
        self.is_cancelled = True


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    llm_transport._handle.cache_clear()
    return []


def client(
    answer: PlayedAnswer | Exception, asked: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> httpx.Client:
    def remote(*arguments: Any) -> Any:
        asked.append(arguments)
        return answer

    def get_app_handle(name: str) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(request=SimpleNamespace(remote=remote))

    monkeypatch.setattr(serve, "get_app_handle", get_app_handle)
    return httpx.Client(transport=HandleTransport("llm-server"), base_url="http://llm-server/v1/", timeout=30)


def test_request_and_answer_travel_whole(
    asked: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = PlayedAnswer(Answer(200, b'{"a": 1}'))
    reply = client(answer, asked, monkeypatch).post("chat/completions", json={"x": 1}, timeout=7)
    assert asked == [("POST", "/v1/chat/completions", b'{"x":1}', 7)]
    assert (reply.status_code, reply.json()) == (200, {"a": 1})
    assert answer.waited_s == 7 + GRACE_S
    assert not answer.is_cancelled


def test_answer_that_is_late_is_cancelled(
    asked: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = PlayedAnswer(TimeoutError())
    with pytest.raises(httpx.ReadTimeout):
        client(answer, asked, monkeypatch).get("models")
    assert answer.is_cancelled


@pytest.mark.parametrize(
    "answer",
    [RayServeException("no such application"), PlayedAnswer(RayActorError())],
    ids=["not_deployed", "gone"],
)
def test_application_that_is_not_there_cannot_be_reached(
    answer: Any, asked: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(httpx.ConnectError, match="llm-server"):
        client(answer, asked, monkeypatch).get("models")


def test_openai_client_works_over_it(asked: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    openai = pytest.importorskip("openai")
    body = (
        b'{"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0, '
        b'"finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}]}'
    )
    http = client(PlayedAnswer(Answer(200, body)), asked, monkeypatch)
    api = openai.OpenAI(api_key="none", base_url="http://llm-server/v1", http_client=http)
    reply = api.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
    assert reply.choices[0].message.content == "hello"
