"""`make test` leaves out no test between its two runs, and .ci/run goes on where Debian's packages cannot be had."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import group_of

ROOT = Path(__file__).parents[1]
PROGRAMS = ("prometheus", "prometheus-alertmanager", "chromium", "chromedriver", "redis-server", "espeak-ng")


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
        "apt-get install -y -qq --no-install-recommends "
        "prometheus prometheus-alertmanager chromium chromium-driver redis-server espeak-ng",
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


def test_all_that_share_the_live_graph_run_in_one_process_and_each_file_in_one() -> None:
    assert group_of("tests/e2e/test_a.py::test_x[1]") == group_of("tests/e2e/test_b.py::TestC::test_y")
    assert group_of("tests/api/test_a.py::test_x[a::b]") == group_of("tests/api/test_a.py::test_y")
    assert group_of("tests/api/test_a.py::test_x") != group_of("tests/api/test_b.py::test_x")


def test_processes_get_the_tests_by_these_groups(tmp_path: Path) -> None:
    """With two processes, two files and tests that write down where they ran."""
    folder = tmp_path / "inner"
    folder.mkdir()
    note = "pathlib.Path(__file__ + '.%s').write_text(os.environ['PYTEST_XDIST_WORKER'])"
    for name in ("a", "b"):
        tests = "".join(f"def test_{n}():\n    {note % n}\n" for n in range(6))
        (folder / f"test_{name}.py").write_text("import os, pathlib\n" + tests)
    (folder / "conftest.py").write_text("from tests.conftest import pytest_xdist_make_scheduler\n")
    (folder / "__init__.py").write_text("")
    options = ["-q", "-n", "2", "-p", "no:cacheprovider", "-c", "/dev/null", "--import-mode=importlib"]
    command = [sys.executable, "-m", "pytest", *options, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    workers = [{path.read_text() for path in folder.glob(f"test_{name}.py.*")} for name in ("a", "b")]
    assert [len(found) for found in workers] == [1, 1]
