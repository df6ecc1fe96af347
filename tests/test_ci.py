"""`make test` leaves out no test between its two runs, and .ci/run goes on where Debian's packages cannot be had."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAMS = ("prometheus", "prometheus-alertmanager", "chromium", "chromedriver")


def test_the_two_runs_are_all_but_the_slow_tests() -> None:
    done = subprocess.run(["make", "-n", "test"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.findall(r'-m "([^"]+)"', done.stdout) == ["not slow and not alone", "not slow and alone"]


@pytest.mark.parametrize(("first", "second", "whole"), [(0, 0, 0), (1, 0, 1), (0, 1, 1), (2, 1, 1)])
def test_make_test_fails_where_either_run_fails(tmp_path: Path, first: int, second: int, whole: int) -> None:
    program = tmp_path / ".venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\ncase "$*" in *"not alone"*) exit {first};; *) exit {second};; esac\n')
    program.chmod(0o755)
    ready = tmp_path / ".venv" / ".ready"
    ready.touch()
    command = ["make", "-s", "-f", str(ROOT / "Makefile"), "-o", ".venv/.ready", "test"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert bool(done.returncode) == bool(whole), done.stderr


def run_ci(folder: Path, *, apt: int, user: int = 0, installed: tuple[str, ...] = ()) -> tuple[str, str]:
    """What .ci/run called and said, with programs that only note that they were called."""
    programs = folder / "bin"
    programs.mkdir()
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci" / "run")
    for name in ("bash", "env", "dirname", "timeout"):
        (programs / name).symlink_to(shutil.which(name) or name)
    scripts = {"make": 'echo "make $*" >>"$CALLED"', "id": f"echo {user}"}
    scripts["apt-get"] = f'echo "apt-get $*" >>"$CALLED"; exit {apt}'
    for name, script in {**scripts, **dict.fromkeys(installed, "true")}.items():
        (programs / name).write_text(f"#!{shutil.which('bash')}\n{script}\n")
        (programs / name).chmod(0o755)
    called = folder / "called"
    environment = {**os.environ, "PATH": str(programs), "CALLED": str(called)}
    done = subprocess.run(
        [folder / ".ci" / "run"], env=environment, capture_output=True, text=True, check=True
    )
    return called.read_text(), done.stderr


def test_what_is_missing_is_installed_before_the_tests(tmp_path: Path) -> None:
    called, said = run_ci(tmp_path, apt=0, installed=PROGRAMS[1:])
    assert called.splitlines() == [
        "apt-get update -qq",
        "apt-get install -y -qq --no-install-recommends prometheus prometheus-alertmanager chromium chromium-driver",
        "make test",
    ]
    assert not said


def test_tests_run_where_nothing_can_be_installed(tmp_path: Path) -> None:
    called, said = run_ci(tmp_path, apt=100)
    assert called.splitlines() == ["apt-get update -qq", "make test"]
    assert "their tests are skipped" in said


@pytest.mark.parametrize(("user", "installed"), [(1000, ()), (0, PROGRAMS)])
def test_nothing_is_installed_by_others_than_root_or_twice(
    tmp_path: Path, user: int, installed: tuple[str, ...]
) -> None:
    called, _ = run_ci(tmp_path, apt=0, user=user, installed=installed)
    assert called == "make test\n"
