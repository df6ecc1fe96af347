"""`callytics deploy` as its user sees it: the table, the question, one line for an error, and the exit code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from deployments.operations import deploy_command
from tests.support.played_serve import PlayedServe, named

runner = CliRunner()
app = typer.Typer()
deploy_command.register(app)


@pytest.fixture(autouse=True)
def same_serve(serve: PlayedServe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy_command.console, "width", 160)


@pytest.fixture
def edited(config: Callable[[], Path], document: dict[str, Any]) -> str:
    named(document, "llm-analyzer")["args"]["concurrency"] = 2
    return str(config())


def test_dry_run_shows_the_changes_and_makes_none(edited: str, serve: PlayedServe) -> None:
    done = runner.invoke(app, [edited, "--dry-run"])
    assert done.exit_code == 0, done.output
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("llm-analyzer"))
    assert line.split() == ["llm-analyzer", "restarts", "concurrency", "-", "2"]
    assert "punctuation-restorer" not in done.stdout
    assert serve.deployed == []


def test_deployed_configuration_is_nothing_to_deploy(edited: str) -> None:
    assert runner.invoke(app, [edited, "--yes"]).exit_code == 0
    again = runner.invoke(app, [edited, "--yes"])
    assert again.exit_code == 0
    assert again.stdout == "Nothing to change: that is what runs.\n"


def test_nothing_to_change_does_not_hide_that_a_stage_is_down(
    config: Callable[[], Path],
    serve: PlayedServe,
) -> None:
    serve.failing["api-gateway"] = ""
    done = runner.invoke(app, [str(config()), "--yes"])
    assert done.exit_code == 1
    assert "api-gateway is DEPLOY_FAILED: told to [not_healthy]" in done.stderr


def test_without_a_terminal_nothing_is_confirmed(edited: str, serve: PlayedServe) -> None:
    done = runner.invoke(app, [edited])
    assert done.exit_code == 1
    assert "add --yes" in done.stderr
    assert serve.deployed == []


def test_missing_file_is_one_line(tmp_path: Path) -> None:
    done = runner.invoke(app, [str(tmp_path / "missing.yaml"), "--yes"])
    assert done.exit_code == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.strip().endswith("[config_missing]")


def test_rollback_has_an_exit_code_of_its_own(
    config: Callable[[], Path],
    document: dict[str, Any],
    serve: PlayedServe,
) -> None:
    engine = "callytics.engines.punctuation.kiwi:KiwiPunctuationRestorer"
    named(document, "llm-analyzer")["args"]["engine"] = engine
    serve.failing["llm-analyzer"] = engine
    done = runner.invoke(app, [str(config()), "--yes"])
    assert done.exit_code == 3
    assert done.stderr.strip().endswith("What ran before runs again. [rolled_back]")


def test_options_of_the_proxy_are_said_to_stay(
    config: Callable[[], Path],
    document: dict[str, Any],
) -> None:
    document["http_options"]["host"] = "0.0.0.0"
    done = runner.invoke(app, [str(config()), "--dry-run"])
    assert "http_options.host stays 127.0.0.1, not 0.0.0.0" in done.stdout
