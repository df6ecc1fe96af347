"""Logs of ended runs go with the term of the calls that they name."""

from __future__ import annotations

import os
import time
from pathlib import Path

from typer.testing import CliRunner

from callytics.cli.app import app
from callytics.home.kept_logs import remove_older
from tests.store.samples import fresh_database

DAY_S = 24 * 3600


def run_of(home: Path, name: str, age_days: float) -> Path:
    """A folder with one file that was written so long ago, though both were made now."""
    folder = home / "logs" / f"session_{name}"
    (folder / "serve").mkdir(parents=True)
    (folder / "serve" / "replica.log").write_text("{}")
    then = time.time() - age_days * DAY_S
    os.utime(folder / "serve" / "replica.log", (then, then))
    return folder


def test_runs_that_ended_before_the_term_are_removed_and_others_stay(tmp_path: Path) -> None:
    old, new = run_of(tmp_path, "a", 31), run_of(tmp_path, "b", 29)
    assert remove_older(tmp_path, None) == 0
    assert remove_older(tmp_path, 30) == 1
    assert (old.exists(), new.exists()) == (False, True)
    assert remove_older(tmp_path / "no home", 30) == 0


def test_retention_apply_removes_them(tmp_path: Path) -> None:
    fresh_database(tmp_path)
    old = run_of(tmp_path, "a", 31)
    environment = {"CALLYTICS_HOME": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/callytics.db"}
    counted = CliRunner().invoke(app, ["retention", "apply", "--days", "30", "--dry-run"], env=environment)
    assert (counted.exit_code, old.exists()) == (0, True), counted.output
    done = CliRunner().invoke(app, ["retention", "apply", "--days", "30"], env=environment)
    assert (done.exit_code, old.exists()) == (0, False), done.output
    assert "logs of 1 ended runs deleted" in done.output
