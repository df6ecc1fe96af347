"""llama.cpp on a tiny random model: OpenAI's answers, schemas, limits, and no port. Runs in cpu/llm-server
(tests/environments/test_llm_server.py), or where xllamacpp is installed."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callytics.errors import CallyticsError
from callytics.language_model.llama import MAX_REQUEST_BYTES, Answer, LlamaServer
from tests.support.gguf_samples import tiny_model

pytest.importorskip("xllamacpp", reason="needs xllamacpp: tests/environments/test_llm_server.py has it")

CHAT, MODELS = "/v1/chat/completions", "/v1/models"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny.gguf"
    path.write_bytes(tiny_model())
    return path


@pytest.fixture(scope="module")
def server(file: Path) -> Iterator[LlamaServer]:
    server = LlamaServer(model=str(file), threads=1, context_tokens=16384)
    yield server
    server.close()


def ask(server: LlamaServer, body: Any, within_s: float = 60.0) -> Answer:
    return asyncio.run(server.request("POST", CHAT, json.dumps(body).encode(), within_s))


def question(text: str, **fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], "temperature": 0, **fields}


def closed_list(*answers: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {"answer": {"type": "string", "enum": list(answers)}},
        "required": ["answer"],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "choice", "strict": True, "schema": schema}}


@pytest.mark.parametrize("answers", [("t1", "t17"), ("네", "아니요"), ("insurance_claim", "order")])
def test_answer_is_one_of_the_schema_even_from_random_weights(
    server: LlamaServer, answers: tuple[str, ...]
) -> None:
    for text in ("hello", "여보세요"):
        body = question(text, response_format=closed_list(*answers), max_tokens=200)
        document = json.loads(ask(server, body).body)
        assert json.loads(document["choices"][0]["message"]["content"])["answer"] in answers


def test_answer_counts_tokens(server: LlamaServer) -> None:
    usage = json.loads(ask(server, question("hello", max_tokens=5)).body)["usage"]
    assert usage["prompt_tokens"] > 5
    assert 0 < usage["completion_tokens"] <= 5
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_models_are_listed(server: LlamaServer) -> None:
    answer = asyncio.run(server.request("GET", MODELS, b"", 10))
    assert [model["id"] for model in json.loads(answer.body)["data"]] == ["tiny"]


def test_same_question_has_the_same_answer(server: LlamaServer) -> None:
    body = question("hello", max_tokens=20)
    contents = {json.loads(ask(server, body).body)["choices"][0]["message"]["content"] for _ in range(3)}
    assert len(contents) == 1


def test_no_tcp_port_is_opened_and_the_socket_is_private(server: LlamaServer) -> None:
    assert own_listeners() == []
    assert Path(server._folder.name).stat().st_mode & 0o777 == 0o700


def own_listeners() -> list[str]:
    links = [Path(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
    mine = {os.readlink(link) for link in links if link.is_symlink()}
    lines = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return [line[1] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in mine]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/slots"),
        ("POST", "/props"),
        ("POST", "/completion"),
        ("GET", CHAT),
        ("POST", f"{CHAT}/../../slots"),
    ],
)
def test_other_routes_of_llama_cpp_are_closed(server: LlamaServer, method: str, path: str) -> None:
    assert asyncio.run(server.request(method, path, b"{}", 10)).status == 404


def test_socket_asks_for_the_key(server: LlamaServer) -> None:
    import httpx

    with httpx.Client(transport=httpx.HTTPTransport(uds=str(server._socket))) as client:
        assert client.post(f"http://x{CHAT}", json=question("hello")).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (json.dumps(question("x", stream=True)).encode(), 400),
        (b" " * (MAX_REQUEST_BYTES + 1), 413),
    ],
)
def test_wrong_body_is_refused(server: LlamaServer, body: bytes, status: int) -> None:
    answer = asyncio.run(server.request("POST", CHAT, body, 10))
    assert answer.status == status
    assert json.loads(answer.body)["error"]["message"]


def test_request_larger_than_the_context_is_refused(server: LlamaServer) -> None:
    answer = ask(server, question("x" * 20_000))
    assert answer.status == 400
    assert json.loads(answer.body)["error"]["type"] == "exceed_context_size_error"


LONG = question("x" * 100, max_tokens=15_000, ignore_eos=True)
POLLING_S = 1.0
"""How often llama.cpp looks whether the client is still there."""


@pytest.fixture(scope="module")
def long_s(server: LlamaServer) -> float:
    """How long the long answer takes."""
    start = time.monotonic()
    assert ask(server, LONG).status == 200
    return time.monotonic() - start


def answers_soon(server: LlamaServer, long_s: float) -> bool:
    start = time.monotonic()
    assert ask(server, question("hello", max_tokens=1)).status == 200
    return time.monotonic() - start < max(POLLING_S + 1.0, 0.7 * long_s)


def test_answer_that_takes_too_long_ends_with_the_work_on_it(server: LlamaServer, long_s: float) -> None:
    assert long_s > 2 * POLLING_S
    assert ask(server, LONG, within_s=0.2).status == 408
    assert answers_soon(server, long_s)


def test_caller_that_gives_up_ends_the_work(server: LlamaServer, long_s: float) -> None:
    async def give_up() -> None:
        task = asyncio.create_task(server.request("POST", CHAT, json.dumps(LONG).encode(), 600))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(give_up())
    assert answers_soon(server, long_s)


def test_words_of_a_call_are_not_logged(server: LlamaServer, capfd: pytest.CaptureFixture[str]) -> None:
    ask(server, question("ZANZIBAR " * 20, max_tokens=2))
    captured = capfd.readouterr()
    assert "ZANZIBAR" not in captured.out + captured.err


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"context_tokens": 0}, "engine_options_invalid"),
        ({"threads": -1}, "engine_options_invalid"),
        ({"model": "whisper-base"}, "model_not_gguf"),
        ({"model": "no-such-model"}, "model_unknown"),
    ],
)
def test_wrong_option_is_refused(file: Path, options: dict[str, Any], code: str) -> None:
    with pytest.raises(CallyticsError) as caught:
        LlamaServer(**({"model": str(file)} | options))
    assert caught.value.code == code


def test_damaged_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "damaged.gguf"
    path.write_bytes(tiny_model()[:20_000])
    with pytest.raises(CallyticsError) as caught:
        LlamaServer(model=str(path))
    assert caught.value.code == "model_does_not_open"


def test_closed_server_is_not_alive(server: LlamaServer) -> None:
    """The last of this module: two at once in one process do not end."""
    assert server.is_alive()
    server.close()
    assert not server.is_alive()
