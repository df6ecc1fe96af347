"""How every command finds the graph it acts on, from whatever folder it is started in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callytics import settings
from callytics.cli.app import app
from callytics.errors import ConfigError, UnavailableError
from callytics.home import graphs as local_graphs
from callytics.weights import manifest as models
from deployments.operations import local, runs
from deployments.operations.head import LocalGraphError
from tests.e2e.conftest import PROJECT, free_port
from tests.support.played_graph import played_graph

runner = CliRunner()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that has nothing to do with any graph, to start in."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for variable in (
        "CALLYTICS_HOME",
        "CALLYTICS_API_KEY",
        "CALLYTICS_URL",
        "CALLYTICS_MODELS",
        "DATABASE_URL",
    ):
        monkeypatch.delenv(variable, raising=False)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


# ---------------------------------------------------------------- which home


def test_the_variable_goes_before_all(
    tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / ".callytics").mkdir()
    monkeypatch.setenv("CALLYTICS_HOME", str(tmp_path / "named"))
    with played_graph(tmp_path / "runs"):
        assert settings.home() == settings.own_home() == tmp_path / "named"


def test_empty_variable_is_none(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLYTICS_HOME", "")
    assert settings.home() == elsewhere / ".callytics"


def test_the_nearest_folder_above_that_has_one(
    tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (tmp_path, elsewhere):
        (folder / ".callytics").mkdir()
    deep = elsewhere / "recordings" / "2026"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    with played_graph(tmp_path / "runs"):
        assert settings.home() == settings.own_home() == elsewhere / ".callytics"
        (elsewhere / ".callytics").rmdir()
        assert settings.home() == settings.own_home() == tmp_path / ".callytics"


def test_else_the_graph_that_runs_but_up_starts_one_here(tmp_path: Path, elsewhere: Path) -> None:
    with played_graph(tmp_path / "runs"):
        assert settings.home() == tmp_path / "runs"
        assert models.models_folder() == tmp_path / "runs" / "models"
        assert settings.own_home() == elsewhere / ".callytics"
    assert settings.home() == elsewhere / ".callytics"
    assert list(elsewhere.iterdir()) == []


def test_none_of_several_running_graphs_is_guessed(tmp_path: Path) -> None:
    with played_graph(tmp_path / "a", 8001), played_graph(tmp_path / "b", 8002):
        with pytest.raises(ConfigError, match="CALLYTICS_HOME") as error:
            settings.home()
        assert error.value.code == "several_graphs"
        for graph in ("a (http://127.0.0.1:8001)", "b (http://127.0.0.1:8002)"):
            assert f"{tmp_path}/{graph}" in error.value.message
        done = runner.invoke(app, ["keys", "list"])
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "[several_graphs]" in done.stderr


def test_folder_of_another_user_is_not_obeyed(
    tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user makes /tmp/.callytics, and a program that answers at the address in its run.json."""
    (tmp_path / ".callytics").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert settings.home() == elsewhere / ".callytics"
    (elsewhere / ".callytics").mkdir()
    with pytest.raises(ConfigError) as error:
        settings.home()
    assert error.value.code == "home_not_yours"
    monkeypatch.setenv("CALLYTICS_HOME", str(elsewhere / ".callytics"))
    assert settings.home() == elsewhere / ".callytics"


# ---------------------------------------------------------------- which graphs run


def test_run_whose_processes_ended_is_none(tmp_path: Path) -> None:
    with played_graph(tmp_path / "crashed") as crashed:
        assert local_graphs.running() == (crashed,)
    assert (tmp_path / "crashed" / "run.json").is_file()
    assert local_graphs.running() == ()
    with played_graph(tmp_path / "later", crashed.http_port) as later:  # on the ports of the crashed one
        assert local_graphs.running() == (later,)


def test_damaged_notes_are_none(tmp_path: Path) -> None:
    with played_graph(tmp_path / "good") as good:
        folder = tmp_path / "state" / "callytics" / "graphs"
        (folder / "damaged.json").write_text("{")
        (folder / "other.json").write_text('["a list"]')
        (tmp_path / "bad").mkdir()
        (tmp_path / "bad" / "run.json").write_text("{}")
        local_graphs.record(tmp_path / "bad")
        assert local_graphs.running() == (good,)


def test_graph_that_down_forgot_is_not_found(tmp_path: Path) -> None:
    with played_graph(tmp_path / "runs"):
        local_graphs.forget(tmp_path / "runs")
        local_graphs.forget(tmp_path / "runs")
        assert local_graphs.running() == ()


def test_the_notes_are_readable_by_their_user_alone(tmp_path: Path) -> None:
    local_graphs.record(tmp_path / "home")
    assert (tmp_path / "state" / "callytics" / "graphs").stat().st_mode & 0o077 == 0


def test_without_the_variable_they_lie_where_xdg_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    for value in (None, "", "relative/folder"):
        monkeypatch.delenv("XDG_STATE_HOME", raising=False)
        if value is not None:
            monkeypatch.setenv("XDG_STATE_HOME", value)
        local_graphs.record(tmp_path / "home")
        (entry,) = (tmp_path / "user" / ".local" / "state" / "callytics" / "graphs").iterdir()
        entry.unlink()


# ---------------------------------------------------------------- where it answers


def test_the_address_is_that_of_the_homes_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with played_graph(tmp_path / "runs", 8123):
        assert settings.graph_url(None) == "http://127.0.0.1:8123"
        assert settings.graph_url("http://named") == "http://named"
        monkeypatch.setenv("CALLYTICS_HOME", str(tmp_path / "other"))
        with pytest.raises(UnavailableError, match="8123") as error:
            settings.graph_url(None)
        assert (error.value.code, str(tmp_path / "runs") in error.value.message) == ("not_running", True)
        monkeypatch.setenv("CALLYTICS_API_KEY", "cly_x")
        assert settings.graph_url(None) == settings.DEFAULT_URL


def test_key_in_a_home_is_not_sent_to_the_owner_of_the_usual_port(tmp_path: Path, elsewhere: Path) -> None:
    (elsewhere / ".callytics").mkdir()
    (elsewhere / ".callytics" / "api-key").write_text("cly_secret")
    done = runner.invoke(app, ["calls", "list"])
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "No graph of yours runs on this machine; `callytics up` starts one. [not_running]" in done.stderr


# ---------------------------------------------------------------- commands that start processes


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    line = [str(Path(sys.executable).parent / "callytics"), *arguments]
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "COLUMNS": "400"}
    return subprocess.run(line, capture_output=True, text=True, check=False, env=environment)


def test_folder_that_is_named_like_our_code_is_not_run(elsewhere: Path) -> None:
    (elsewhere / "deployments").mkdir()
    (elsewhere / "deployments" / "__init__.py").write_text("raise SystemExit('ran')")
    assert "No graph of yours runs" in command("status").stdout


def test_up_does_not_start_a_second_graph_on_taken_ports(tmp_path: Path, elsewhere: Path) -> None:
    http_port, dashboard_port = free_port(), free_port()
    ports = {"http_port": http_port, "dashboard_port": dashboard_port}
    with played_graph(tmp_path / "runs", **ports) as graph:
        for taken in (ports, {**ports, "http_port": free_port()}):
            with pytest.raises(LocalGraphError, match="another on other ports") as error:
                local.up(**taken)
            assert error.value.code == "graph_runs_elsewhere"
            assert str(graph) in error.value.message
    assert list(elsewhere.iterdir()) == []


def test_status_down_and_deploy_say_where_one_runs(tmp_path: Path, elsewhere: Path) -> None:
    (elsewhere / ".callytics").mkdir()
    config = str(PROJECT / "serve_config.cpu.yaml")
    with played_graph(tmp_path / "runs", 8123) as graph:
        for arguments, code in ((["status"], 1), (["down"], 0), (["deploy", config], 1)):
            done = command(*arguments)
            assert done.returncode == code, done.stderr
            said = done.stdout + done.stderr
            assert (
                f"No graph runs from {elsewhere / '.callytics'}. A graph of yours runs from {graph}" in said
            )
        assert local_graphs.running() == (graph,)


def test_down_elsewhere_ends_the_one_that_runs_and_forgets_it(tmp_path: Path, elsewhere: Path) -> None:
    with played_graph(tmp_path / "runs") as graph:
        runs.save(graph.home, runs.Run(graph.run_id, "", 9, 9, "", 0.0))
        done = command("down")
        said, logs, *_ = done.stdout.splitlines()
        assert said == f"ended 1 processes of the graph of {graph.home}"
        assert logs == f"logs in {graph.home / 'logs'}"
        assert list((tmp_path / "state" / "callytics" / "graphs").iterdir()) == []
    assert list(elsewhere.iterdir()) == []
