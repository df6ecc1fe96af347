"""The blocks of docs/language-models.md are ones that work."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import httpx
import pytest
import yaml
from ray.serve.schema import ServeApplicationSchema

from callytics.config import stage_config
from callytics.engines import load_engine
from callytics.engines.analysis import endpoints
from callytics.engines.analysis.choosing import ChoosingAnalyzer
from callytics.engines.analysis.llm import LlmAnalyzer
from callytics.language_model.llama import LlamaServer

ROOT = Path(__file__).parents[3]


def test_the_documented_block_loads_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "language-models.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml llm-analyzer\n(.*?)```", text, re.DOTALL)
    assert block
    (application,) = yaml.safe_load(block.group(1))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    engine = load_engine(stage_config("llm-analyzer", application["args"]))
    assert isinstance(engine, LlmAnalyzer)
    command = application["deployments"][0]["ray_actor_options"]["runtime_env"]["py_executable"]
    assert (ROOT / "runtime_envs" / f"{command.split()[1]}.txt").is_file()


def test_the_documented_block_by_name_loads_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "language-models.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml llm-by-name\n(.*?)```", text, re.DOTALL)
    assert block
    monkeypatch.setattr(endpoints, "_transports", [])
    endpoints.provide(lambda name: httpx.MockTransport(lambda request: httpx.Response(500)))
    assert isinstance(load_engine(stage_config("llm-analyzer", yaml.safe_load(block.group(1)))), LlmAnalyzer)


def test_the_documented_application_of_ray_is_one_that_serve_takes() -> None:
    """Its own arguments cannot be checked without vLLM."""
    text = (ROOT / "docs" / "language-models.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml ray-serve-llm\n(.*?)```", text, re.DOTALL)
    assert block
    (application,) = yaml.safe_load(block.group(1))
    assert ServeApplicationSchema.model_validate(application).route_prefix == "/llm"


@pytest.mark.parametrize("engine", [LlmAnalyzer, ChoosingAnalyzer, LlamaServer])
def test_every_option_is_explained(engine: type) -> None:
    docstring = inspect.getdoc(engine) or ""
    missing = [
        name for name in inspect.signature(engine).parameters if not re.search(rf"\b{name}\b", docstring)
    ]
    assert missing == []
