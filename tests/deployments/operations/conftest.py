"""A Serve configuration of three applications, and a played Serve that runs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from callytics.home import resources
from deployments.operations import deploy as deploys
from deployments.operations import local, runs
from tests.support.played_serve import RUN, PlayedServe

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture
def document() -> dict[str, Any]:
    whole: dict[str, Any] = yaml.safe_load((PROJECT / "serve_config.cpu.yaml").read_text(encoding="utf-8"))
    kept = ("punctuation-restorer", "llm-analyzer", "api-gateway")
    whole["applications"] = [app for app in whole["applications"] if app["name"] in kept]
    return whole


@pytest.fixture
def config(document: dict[str, Any], tmp_path: Path) -> Callable[[], Path]:
    """Write the document, as it is then, to a file."""

    def write() -> Path:
        path = tmp_path / "serve_config.yaml"
        path.write_text(yaml.safe_dump(document))
        return path

    return write


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Which environments were built; what they are made of is tested in test_environments.py."""
    found: list[list[str]] = []

    def build(names: list[str], pins_folder: Path, home: Path) -> None:
        found.append(names)

    monkeypatch.setattr(deploys, "build_environments", build)
    return found


@pytest.fixture
def serve(
    document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built: list[list[str]]
) -> PlayedServe:
    prepared = deploys.prepared(document, resources.project_file("runtime_envs"), local.sources(RUN))
    played = PlayedServe(prepared["applications"])
    monkeypatch.setattr(deploys, "ServeApi", played)
    monkeypatch.setattr(runs, "running", lambda home: RUN)
    monkeypatch.setenv("CALLYTICS_HOME", str(tmp_path))
    return played
