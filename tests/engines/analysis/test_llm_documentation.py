"""The block of docs/operations.md is one that works."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import yaml

from callytics.config import stage_config
from callytics.engines import load_engine
from callytics.engines.analysis.llm import LlmAnalyzer

ROOT = Path(__file__).parents[3]


def test_the_documented_block_loads_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml llm-analyzer\n(.*?)```", text, re.DOTALL)
    assert block
    (application,) = yaml.safe_load(block.group(1))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    engine = load_engine(stage_config("llm-analyzer", application["args"]))
    assert isinstance(engine, LlmAnalyzer)
    command = application["deployments"][0]["ray_actor_options"]["runtime_env"]["py_executable"]
    assert (ROOT / "runtime_envs" / f"{command.split()[1]}.txt").is_file()


def test_every_option_is_explained() -> None:
    docstring = inspect.getdoc(LlmAnalyzer) or ""
    missing = [
        name for name in inspect.signature(LlmAnalyzer).parameters if not re.search(rf"\b{name}\b", docstring)
    ]
    assert missing == []
