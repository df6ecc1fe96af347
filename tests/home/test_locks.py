from __future__ import annotations

import errno
import fcntl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from callytics.home.locks import alone

HOLD = """
import sys, time
from pathlib import Path
from callytics.home.locks import alone
with alone(Path(sys.argv[1]), lambda: print("waits", flush=True)):
    print("holds", flush=True)
    time.sleep(60)
"""


def hold(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_second_process_says_that_it_waits_and_gets_the_lock_of_a_killed_one(tmp_path: Path) -> None:
    path = tmp_path / "up.lock"
    first = hold(path)
    try:
        assert said(first) == "holds"
        second = hold(path)
        try:
            assert said(second) == "waits"
            time.sleep(0.2)
            assert second.poll() is None
            first.kill()
            assert said(second) == "holds"
        finally:
            second.kill()
            second.wait()
    finally:
        first.kill()
        first.wait()


def test_lock_is_released_after_the_block_also_when_it_fails(tmp_path: Path) -> None:
    waits: list[str] = []
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), alone(tmp_path / "up.lock", lambda: waits.append("waits")):
            raise ZeroDivisionError
    assert waits == []
    assert (tmp_path / "up.lock").stat().st_mode & 0o777 == 0o600


def test_file_system_without_locks_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the place of a lock would stay after a crash."""

    def flock(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match="not implemented"), alone(tmp_path / "up.lock", lambda: None):
        pytest.fail("it was not locked")
