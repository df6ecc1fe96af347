"""What holds for every command, also those of other packages: help, time to start, completion, whose code runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from callytics.cli import analyze
from callytics.cli.app import app
from callytics.cli.common import PANELS
from deployments.operations import local, local_command, runs

PROGRAM = Path(sys.executable).parent / "callytics"
MAX_CPU_S = 1.5
"""The aim is 1 s on an idle machine; processor time grows by half where other tests share the cores."""

NOT_FOR_HELP = (
    "alembic",
    "callytics.result.schema",
    "callytics.store",
    "httpx",
    "numpy",
    "ray",
    "sqlmodel",
    "yaml",
)
OF_OTHER_PACKAGES = {"up", "down", "status", "env", "deploy", "backfill", "eval"}


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from walk(child, (*path, name))


COMMANDS = dict(walk(typer.main.get_command(app)))
TOP = {path[0]: command for path, command in COMMANDS.items() if len(path) == 1}


def test_commands_of_other_packages_are_collected() -> None:
    modules = {point.module for point in entry_points(group="callytics.commands")}
    assert {module.partition(".")[0] for module in modules} == {"deployments", "evaluation"}
    assert set(TOP) >= OF_OTHER_PACKAGES


def test_every_command_is_in_a_group() -> None:
    groups = {name: command.rich_help_panel for name, command in TOP.items()}
    assert set(groups.values()) == set(PANELS)
    shown = CliRunner().invoke(app, ["--help"]).stdout
    places = [shown.index(f"─ {panel} ─") for panel in PANELS]
    assert places == sorted(places)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_option_and_argument_has_a_help_text(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    assert command.help
    assert [param.name for param in command.params if not param.help] == []


@pytest.mark.alone
def test_help_of_every_command_takes_about_a_second_at_most() -> None:
    """Processor time, for other tests take the wall time. Each group is measured once: its commands share imports."""

    def of_help(name: str) -> float:
        start = time.monotonic()
        process = subprocess.Popen([PROGRAM, *name.split(), "--help"], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        took_s = usage.ru_utime + usage.ru_stime
        print(f"callytics {name} --help: {took_s:.2f} s CPU, {time.monotonic() - start:.2f} s wall")
        return took_s

    with ThreadPoolExecutor(2) as pool:
        cpu_s = dict(zip(("", *TOP), pool.map(of_help, ("", *TOP)), strict=True))
    slowest = max(cpu_s, key=cpu_s.__getitem__)
    print(f"slowest of {len(cpu_s)}: callytics {slowest} --help, {cpu_s[slowest]:.2f} s CPU")
    assert cpu_s[slowest] < MAX_CPU_S


def test_collecting_the_commands_loads_nothing_heavy() -> None:
    code = f"import callytics.cli.app, sys; print(sorted(set(sys.modules) & set({NOT_FOR_HELP!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_shell_completes_commands_and_options(tmp_path: Path) -> None:
    def completed(words: str, place: int) -> set[str]:
        environment = {
            **os.environ,
            "_CALLYTICS_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(place),
        }
        done = subprocess.run([PROGRAM], env=environment, capture_output=True, text=True, check=True)
        return set(done.stdout.split())

    assert completed("callytics de", 1) == {"deploy"}
    assert {"--cpus", "--input", "--dashboard"} <= completed("callytics backfill --", 2)


def test_completion_is_installed_for_a_shell(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    command = [PROGRAM, "--install-completion", "bash"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "_CALLYTICS_COMPLETE" in (tmp_path / ".bash_completions" / "callytics.sh").read_text()


def test_code_in_the_current_folder_is_not_run(tmp_path: Path) -> None:
    for package in ("deployments", "callytics", "evaluation"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("raise SystemExit('of the current folder')")
    environment = {**os.environ, "CALLYTICS_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [PROGRAM, "status"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"No graph runs from {tmp_path / 'home'}" in done.stdout
    assert done.stderr == ""


def test_interrupted_up_names_the_remaining_state(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object, **options: object) -> runs.Run:
        raise KeyboardInterrupt

    monkeypatch.setattr(local, "up", interrupted)
    done = CliRunner().invoke(app, ["up"])
    assert done.exit_code == 130
    assert done.stderr.strip() == local_command.INTERRUPTED


def test_up_gets_its_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told: list[Path | None] = []

    def noted(config: Path | None, **options: object) -> runs.Run:
        told.append(config)
        return runs.Run("run", str(config), 1, 2, str(tmp_path), 0.0)

    monkeypatch.setattr(local, "up", noted)
    (tmp_path / "c.yaml").write_text("applications: []")
    done = CliRunner().invoke(app, ["up", "--config", str(tmp_path / "c.yaml")])
    assert done.exit_code == 0, done.output
    assert told == [tmp_path / "c.yaml"]
    assert "http://127.0.0.1:1/docs" in done.stdout


@pytest.mark.parametrize(("arguments", "goes_on"), [([], True), (["--local"], False)])
def test_interrupted_analyze_names_the_running_work(
    arguments: list[str], goes_on: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(analyze, "plan", interrupted)
    done = CliRunner().invoke(app, ["analyze", str(tmp_path / "call.wav"), *arguments])
    assert done.exit_code == 130
    assert ("callytics calls list" in done.stderr) is goes_on
