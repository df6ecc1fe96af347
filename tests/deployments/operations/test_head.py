"""The processes of a local head: found by their mark and session, ended without touching others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil
import pytest

from deployments.operations.head import (
    RUN_MARK,
    _environment,
    _send,
    end_processes,
    is_free,
    processes,
    temp_dir,
)

SLEEP = "import time; time.sleep(60)"


def start(run_id: str, code: str = SLEEP) -> subprocess.Popen[bytes]:
    environment = os.environ | {RUN_MARK: run_id}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, start_new_session=True)


def wait_for(run_id: str, count: int) -> list[int]:
    deadline = time.monotonic() + 60
    while len(found := processes(run_id)) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def test_ends_its_own_processes_and_no_others() -> None:
    mine, other = uuid.uuid4().hex, uuid.uuid4().hex
    first, second, foreign = start(mine), start(mine), start(other)
    try:
        assert set(wait_for(mine, 2)) == {first.pid, second.pid}
        assert end_processes(mine) == 2
        assert first.wait(60) != 0
        assert second.wait(60) != 0
        assert foreign.poll() is None
    finally:
        foreign.kill()
        foreign.wait()


def test_finds_processes_that_lost_the_mark_by_their_session() -> None:
    """As Ray's workers do, which overwrite their environment when they name themselves."""
    run_id = uuid.uuid4().hex
    child = f"import os, subprocess, sys, time; e = dict(os.environ); e.pop({RUN_MARK!r}); "
    child += f"subprocess.Popen([sys.executable, '-c', {SLEEP!r}], env=e); time.sleep(60)"
    parent = start(run_id, child)
    assert len(wait_for(run_id, 2)) == 2
    assert end_processes(run_id) == 2
    parent.wait(60)
    assert processes(run_id) == []


def test_kills_what_does_not_listen() -> None:
    run_id = uuid.uuid4().hex
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    stubborn += "print('x', flush=True); time.sleep(60)"
    environment = os.environ | {RUN_MARK: run_id}
    process = subprocess.Popen([sys.executable, "-c", stubborn], env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read(1)
    assert end_processes(run_id, grace_s=0.3) == 1
    assert process.wait(60) == -9


def test_signal_spares_a_process_that_got_the_pid_of_one_that_ended() -> None:
    """A pid is given again: what was found is told apart by its start."""
    bystander = start(uuid.uuid4().hex)
    try:
        found = psutil.Process(bystander.pid)
        found._ident = (
            bystander.pid,
            found.create_time() - 1.0,
        )  # as if it had been another, started earlier
        _send([found], signal.SIGTERM)
        time.sleep(0.2)
        assert bystander.poll() is None
        _send([psutil.Process(bystander.pid)], signal.SIGTERM)
        assert bystander.wait(60) == -signal.SIGTERM
    finally:
        bystander.kill()
        bystander.wait()


def test_process_that_ended_and_was_not_waited_for_does_not_count() -> None:
    """Where the first process of a container reaps no one, they stay."""
    run_id = uuid.uuid4().hex
    process = start(run_id)
    assert wait_for(run_id, 1) == [process.pid]
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert processes(run_id) == []
    process.wait()


def test_socket_paths_stay_short_and_homes_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("deep" * 30)
    monkeypatch.setattr(os, "getuid", lambda: 1234567890)
    longest = "session_2026-11-22_21-40-24_076102_1234567/sockets/plasma_store.sock.1234567"
    assert len(str(temp_dir(deep) / longest)) < 107
    assert temp_dir(deep) != temp_dir(tmp_path)
    assert temp_dir(deep) == temp_dir(deep)


def test_taken_port_is_not_free() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert not is_free(taken.getsockname()[1])


def test_rays_processes_keep_their_bytecode(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    environment = _environment("run", tmp_path, tmp_path)
    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert environment[RUN_MARK] == "run"


def test_ray_asks_for_the_token_of_the_home_folder_whatever_the_user_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "the user's own, for another cluster")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", "/elsewhere")
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "1")
    environment = _environment("run", tmp_path, tmp_path)
    assert environment["RAY_AUTH_MODE"] == "token"
    assert environment["RAY_AUTH_TOKEN_PATH"] == str(tmp_path / "ray-token")
    assert environment["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] == "0"
    assert (
        environment["RAY_USAGE_STATS_ENABLED"] == "0"
    )  # Ray reports its use to its makers unless told not to
    assert "RAY_AUTH_TOKEN" not in environment


def test_new_head_does_not_look_for_the_cluster_of_callytics_env(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("RAY_ADDRESS", "RAY_API_SERVER_ADDRESS", "RAY_DASHBOARD_ADDRESS"):
        monkeypatch.setenv(name, "127.0.0.1:1")
    assert "127.0.0.1:1" not in _environment("run", tmp_path, tmp_path).values()
