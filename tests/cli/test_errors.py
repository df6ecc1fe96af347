"""Errors of ours are one line with their code, for every command that starts processes or reads files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from callytics.cli.errors import one_line_errors
from callytics.errors import ConfigError


def test_error_is_one_line_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as exit_, one_line_errors():
        raise ConfigError("config_missing", "No configuration there.")
    assert exit_.value.exit_code == 1
    assert capsys.readouterr().err == "error: No configuration there. [config_missing]\n"


def test_interrupt_message_names_the_remaining_state(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as exit_, one_line_errors("half done"):
        raise KeyboardInterrupt
    assert exit_.value.exit_code == 130
    assert capsys.readouterr().err == "half done\n"


def test_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), one_line_errors():
        raise ZeroDivisionError


def test_local_graph_command_reports_errors_in_one_line(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "deployments.operations.local_command",
        "up",
        "--config",
        str(tmp_path / "none.yaml"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "[config_missing]" in done.stderr
