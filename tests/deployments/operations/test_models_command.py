"""`callytics models compare` and `callytics up --model`, against a Serve that is played."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from callytics.cli.app import app
from callytics.domain import StageRun, StageStatus
from callytics.errors import WeightsError
from callytics.store import CallStore
from callytics.weights import manifest
from deployments.operations import deploy_command, local, models_command, runs, serve_file
from tests.store.samples import new_call
from tests.support.played_serve import RUN, PlayedServe, named

PROJECT = Path(__file__).resolve().parents[3]
SECOND = "speech-recognizer-whisper-small"
runner = CliRunner()


@pytest.fixture
def document() -> dict[str, Any]:
    whole: dict[str, Any] = yaml.safe_load((PROJECT / "serve_config.cpu.yaml").read_text(encoding="utf-8"))
    return whole


@pytest.fixture
def running(serve: PlayedServe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[runs.Run]:
    """The local graph, of a copy of serve_config.cpu.yaml; weights count as fetched."""
    config = Path(shutil.copy(PROJECT / "serve_config.cpu.yaml", tmp_path))
    kept = [replace(RUN, config=str(config))]
    monkeypatch.setattr(runs, "running", lambda home: kept[-1])
    monkeypatch.setattr(runs, "save", lambda home, run: kept.append(run))
    monkeypatch.setattr(manifest, "pull", lambda name, report: tmp_path)
    monkeypatch.setattr(deploy_command.console, "width", 200)
    monkeypatch.setattr(models_command.console, "width", 200)
    return kept


def test_second_version_is_deployed_in_the_shadow(serve: PlayedServe, running: list[runs.Run]) -> None:
    before = Path(running[0].config).read_bytes()
    done = runner.invoke(app, ["models", "compare", "small", "--yes"])
    assert done.exit_code == 0, done.output
    assert serve.application(SECOND)["args"]["options"]["model"] == "whisper-small"
    (pipeline,) = serve.application("call-pipeline")["deployments"]
    assert pipeline["user_config"]["routes"]["speech-recognizer"] == {"shadow": {SECOND: 1.0}}
    assert f"callytics compare speech-recognizer {SECOND}" in done.stdout
    assert f"End the comparison: callytics deploy {running[0].config}" in done.stdout
    assert Path(running[0].config).read_bytes() == before
    again = runner.invoke(app, ["models", "compare", "small", "--yes"])
    assert again.exit_code == 0, again.output
    assert f"End the comparison: callytics deploy {running[0].config}" in again.stdout


def test_recordings_are_sent_and_the_two_compared(
    running: list[runs.Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path / 'callytics.db'}"
    monkeypatch.setenv("DATABASE_URL", database)
    sent: list[Sequence[Path]] = []

    def send(recordings: list[Path], out: Path, url: str | None) -> None:
        sent.append(recordings)
        store = CallStore(database)
        call = new_call()
        store.create_call(call)
        run = StageRun("speech-recognizer", StageStatus.COMPLETED, application=SECOND, duration_s=1.0)
        assert store.record_shadow(call.id, run)
        store.close()

    compared: list[tuple[Any, ...]] = []
    monkeypatch.setattr(models_command, "_send", send)
    monkeypatch.setattr("callytics.cli.compare.run", lambda *arguments: compared.append(arguments))
    done = runner.invoke(app, ["models", "compare", "small", "call.wav", "--yes", "--references", "texts"])
    assert done.exit_code == 0, done.output
    assert sent == [[Path("call.wav")]]
    (arguments,) = compared
    assert arguments[:4] == (database, "speech-recognizer", SECOND, Path("texts"))


def test_shadow_that_does_not_finish_is_an_error(
    running: list[runs.Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path / 'callytics.db'}"
    monkeypatch.setenv("DATABASE_URL", database)
    CallStore(database).close()
    monkeypatch.setattr(models_command, "_send", lambda *arguments: None)
    done = runner.invoke(app, ["models", "compare", "small", "call.wav", "--yes", "--timeout", "1"])
    assert done.exit_code == 1
    assert "[comparison_timeout]" in done.stderr


def test_version_that_does_not_start_is_rolled_back(serve: PlayedServe, running: list[runs.Run]) -> None:
    serve.failing[SECOND] = ""
    done = runner.invoke(app, ["models", "compare", "small", "--yes"])
    assert done.exit_code == 3
    assert SECOND not in [app["name"] for app in serve.running["applications"]]


def test_model_that_cannot_be_fetched_changes_nothing(
    serve: PlayedServe, running: list[runs.Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str, report: object) -> Path:
        raise WeightsError("weights_unavailable", "no hub")

    monkeypatch.setattr(manifest, "pull", refuse)
    assert runner.invoke(app, ["models", "compare", "small", "--yes"]).exit_code == 1
    assert serve.deployed == []


def test_up_with_a_model_starts_a_configuration_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Path] = []

    def noted(config: Path, **options: object) -> runs.Run:
        told.append(config)
        return replace(RUN, temp_dir=str(tmp_path))

    monkeypatch.setattr(local, "up", noted)
    monkeypatch.setattr(runs, "running", lambda home: None)
    monkeypatch.setenv("CALLYTICS_HOME", str(tmp_path))
    done = runner.invoke(app, ["up", "--model", "small"])
    assert done.exit_code == 0, done.output
    application = named(serve_file.read_config(told[0]), "speech-recognizer")
    assert application["args"]["options"]["model"] == "whisper-small"
    assert told[0].is_relative_to(tmp_path / "configs")
    done = runner.invoke(app, ["up", "--model", "huge"])
    assert (done.exit_code, "[model_unknown]" in done.stderr) == (1, True)


def test_up_fetches_the_models_that_the_configuration_names(
    document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulled: list[str] = []
    monkeypatch.setattr(local, "build_environments", lambda names, pins, home: None)
    monkeypatch.setenv("CALLYTICS_HOME", str(tmp_path))  # `up` sets it, for the processes that it starts
    monkeypatch.setattr(manifest, "pull", lambda name, report: pulled.append(name))
    named(document, "speech-recognizer")["args"]["options"]["model"] = "small"
    local._prepare(document, PROJECT / "runtime_envs", tmp_path, lambda *state: None, True)
    assert pulled == ["whisper-small"]  # and nothing that no engine of the configuration loads


def test_make_run_hands_the_model_over() -> None:
    import subprocess

    done = subprocess.run(
        ["make", "-n", "run", "MODEL=small"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert 'callytics up --model "small"' in done.stdout
