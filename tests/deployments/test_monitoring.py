"""What monitoring and `callytics status` say of a stage that is healthy and still has something to tell."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from callytics.api import StageHealth
from callytics.cli.app import app
from deployments.monitoring import Monitoring
from deployments.operations import local, local_command, runs
from deployments.operations.serve_api import ApplicationState
from deployments.stage import StageInfo

NOTICE = "extractive, without a language model: OPENAI_API_KEY holds no API key"


def health(status: str, replicas: int, notice: str) -> StageHealth:
    kind = Monitoring.func_or_class  # type: ignore[attr-defined]
    monitoring: Any = object.__new__(kind)  # without Ray, which its start needs

    async def describe(name: str) -> StageInfo:
        return StageInfo(name, "engine", "extractive", "1", "hash", notice)

    monitoring._describe = describe
    deployment = SimpleNamespace(replica_states={"RUNNING": replicas}, message="it is starting")
    of = SimpleNamespace(status=SimpleNamespace(value=status), message="", deployments={"d": deployment})
    found: StageHealth = asyncio.run(monitoring._stage("llm-analyzer", of, {}))
    return found


def test_notice_of_a_healthy_stage_is_its_message() -> None:
    assert health("RUNNING", 1, NOTICE).message == NOTICE
    assert health("RUNNING", 1, NOTICE).healthy
    assert health("RUNNING", 1, "").message == ""


def test_reason_of_an_unhealthy_stage_comes_first() -> None:
    assert health("DEPLOYING", 1, NOTICE).message == "it is starting"


@pytest.mark.parametrize("gateway_is_healthy", [True, False])
def test_status_shows_the_notice_where_the_gateway_can_be_asked(
    gateway_is_healthy: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gateway = "RUNNING" if gateway_is_healthy else "UNHEALTHY"
    states = (
        ApplicationState("llm-analyzer", "RUNNING", "", 1, 1),
        ApplicationState("monitoring", "RUNNING", "", 1, 1),
        ApplicationState("api-gateway", gateway, "", 1, 1),
    )
    run = runs.Run("run", str(tmp_path / "c.yaml"), 1, 2, str(tmp_path), 0.0)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(local, "home_folder", lambda: tmp_path)
    monkeypatch.setattr(local, "status", lambda home: local.Status(run, states))
    monkeypatch.setattr(local_command, "_notices", lambda url: {"llm-analyzer": NOTICE})
    monkeypatch.setattr(local_command.console, "width", 200, raising=False)
    done = CliRunner().invoke(app, ["status"])
    assert (NOTICE in done.stdout) is gateway_is_healthy
    assert done.exit_code == (0 if gateway_is_healthy else 1)


def test_gateway_that_does_not_answer_has_no_notices(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CALLYTICS_HOME", str(tmp_path))
    monkeypatch.delenv("CALLYTICS_API_KEY", raising=False)
    assert local_command._notices("http://127.0.0.1:9") == {}
    monkeypatch.setenv("CALLYTICS_API_KEY", "k")
    assert local_command._notices("http://127.0.0.1:9") == {}
