"""A language model in the live graph: llm-analyzer finds it by name, has its answers, and does without it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from deployments.operations import llm_config, local, model_config, serve_file
from tests.e2e.conftest import Graph
from tests.support.gguf_samples import tiny_model
from tests.support.played_serve import named

CALL_TIMEOUT_S = 20.0

ASK = """
import json
handle = serve.get_app_handle("llm-server")
body = json.dumps({"messages": [{"role": "user", "content": "hi"}], "max_tokens": 3}).encode()
answer = handle.request.remote("POST", "/v1/chat/completions", body, 60).result(timeout_s=90)
models = handle.request.remote("GET", "/v1/models", b"", 60).result(timeout_s=90)
print(json.dumps({"chat": json.loads(answer.body), "models": json.loads(models.body), "status": answer.status}))
"""


@pytest.fixture(scope="module")
def with_model(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The configuration that runs, with a model of random weights."""
    graph.wait_until_healthy()
    file = tmp_path_factory.mktemp("model") / "tiny.gguf"
    file.write_bytes(tiny_model())
    model = llm_config.language_model("local")
    document = llm_config.with_language_model(serve_file.read_config(graph.config), model)
    named(document, "llm-server")["args"]["options"] |= {"model": str(file), "context_tokens": 4096}
    named(document, "llm-analyzer")["args"]["options"] |= {
        "model": "tiny",
        "call_timeout_s": CALL_TIMEOUT_S,
        "max_transcript_characters": 1000,
        "only_in_doubt": False,
    }
    path = model_config.write(document, graph.config, graph.home, model, "up --llm tiny")
    try:
        local.up(path, home=graph.home, pull_weights=False, timeout_s=400)
        yield document
    finally:
        local.up(graph.config, home=graph.home, pull_weights=False, timeout_s=400)


def listening(pid: int) -> list[Any]:
    return [c for c in psutil.Process(pid).net_connections("tcp") if c.status == psutil.CONN_LISTEN]


def analysed(graph: Graph, external_id: str) -> dict[str, Any]:
    call_id = graph.submit(external_id=external_id)
    assert graph.wait(call_id)["job_status"] == "COMPLETED"
    summary: dict[str, Any] = graph.result(call_id)["contact_summary"]
    return summary


def test_model_answers_by_its_handle_and_by_nothing_else(graph: Graph, with_model: dict[str, Any]) -> None:
    answer = graph.ask(ASK)
    assert answer["status"] == 200
    assert answer["chat"]["usage"]["completion_tokens"] <= 3
    assert [model["id"] for model in answer["models"]["data"]] == ["tiny"]
    for path in ("/llm-server", "/llm-server/v1/models", "/v1/chat/completions"):
        assert graph.http.get(path).status_code == 404, path
    assert "tiny" not in graph.http.get("/v1/models").text  # the gateway's own, of speech recognition
    listeners = {
        name: sorted(len(listening(pid)) for pid in graph.replica_pids(name))
        for name in ("llm-server", "punctuation-restorer")
    }
    assert listeners["llm-server"] == listeners["punctuation-restorer"]  # those of any replica


def test_call_is_analysed_with_the_model(graph: Graph, with_model: dict[str, Any]) -> None:
    summary = analysed(graph, "with-model")
    assert summary["engine"].endswith(":ChoosingAnalyzer")
    assert summary["usage"]["requests"] >= 2  # a turn of one candidate is not asked about
    assert summary["usage"]["input_tokens"] > 100
    assert "analysis_fallback" not in json.dumps(summary)


def test_call_without_the_model_has_the_extractive_report(graph: Graph, with_model: dict[str, Any]) -> None:
    """The application is removed; llm-analyzer still names it. Other options: no stored result of the stage fits."""
    left = [app for app in copy.deepcopy(with_model["applications"]) if app["name"] != "llm-server"]
    named({"applications": left}, "llm-analyzer")["args"]["options"]["call_timeout_s"] = CALL_TIMEOUT_S / 2
    model = llm_config.language_model("local")
    document = {**with_model, "applications": left}
    path = model_config.write(document, graph.config, graph.home, model, "up without")
    local.up(path, home=graph.home, pull_weights=False, timeout_s=400)
    summary = analysed(graph, "without-model")
    assert summary["engine"].endswith(":ExtractiveAnalyzer")
    assert summary["usage"]["requests"] == 0
