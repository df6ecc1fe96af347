"""The keeper starts a GCS that died again, as it was started, and none that was stopped. tests/faults/test_cluster.py
kills a real one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from deployments.operations import gcs_keeper
from deployments.operations.gcs_keeper import KeeperError, find, keep

HEAD = uuid.uuid4().hex
WAITING = "import sys, time\nprint('up', flush=True)\ntime.sleep(600)\n"


class Session:
    """Programs named as Ray's are, in a session of their own folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.session = str(folder / "session")
        self.programs: list[subprocess.Popen[str]] = []
        (folder / "sleeper.py").write_text(WAITING)

    def play(self, name: str, *arguments: str) -> subprocess.Popen[str]:
        program = self.folder / name
        if not program.exists():
            program.symlink_to(sys.executable)
        named = {"raylet": [f"--node_id={HEAD}"]}.get(
            name, [f"--node-id={HEAD}", f"--session-dir={self.session}"]
        )
        command = [str(program), str(self.folder / "sleeper.py"), *named, *arguments]
        started = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=os.environ | {"KEPT": "yes"}
        )
        assert started.stdout
        started.stdout.readline()  # now it has that name
        self.programs.append(started)
        return started

    def gcs(self) -> list[psutil.Process]:
        return gcs_keeper._processes("gcs_server", f"--session-dir={self.session}")

    def end(self) -> None:
        for program in self.programs:
            program.kill()
            program.wait()
            if program.stdout:
                program.stdout.close()
        for process in self.gcs():
            with suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    session = Session(tmp_path)
    yield session
    session.end()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_gcs_that_died_is_started_as_it_was_until_the_head_is_stopped(session: Session) -> None:
    raylet = session.play("raylet")
    first = session.play("gcs_server", "--redis_address=127.0.0.1", "--gcs_server_port=6379")
    kept: list[int] = []
    found = find(session.session)
    keeper = threading.Thread(target=lambda: kept.append(keep(found, look_every_s=0.05)))
    keeper.start()
    try:
        first.kill()
        first.wait()
        wait_until(lambda: bool(session.gcs()))
        (second,) = session.gcs()
        assert second.pid != first.pid
        wait_until(lambda: second.cmdline() == list(found.command))
        assert second.environ()["KEPT"] == "yes"
        assert os.getsid(second.pid) == second.pid, "what ends the keeper would end the GCS"
    finally:
        raylet.kill()
        raylet.wait()
        keeper.join(timeout=30)
    assert kept == [1]


def test_head_that_was_stopped_gets_no_gcs(session: Session) -> None:
    raylet = session.play("raylet")
    gcs = session.play("gcs_server", "--redis_address=127.0.0.1")
    found = find(session.session)
    for program in (raylet, gcs):  # in the order of `ray stop`
        program.kill()
        program.wait()
    assert keep(found, look_every_s=0.05) == 0
    assert not session.gcs()


class Dying:
    """A GCS that ends as soon as it is started: Redis is away."""

    def __init__(self, tries: int) -> None:
        self.tries = tries

    def is_alive(self) -> bool:
        return False

    def has_raylet(self) -> bool:
        return self.tries > 0

    def start(self) -> None:
        self.tries -= 1


def test_pauses_grow_while_it_does_not_stay_up_and_stay_below_the_patience_of_raylets() -> None:
    pauses: list[float] = []
    assert keep(Dying(7), clock=lambda: 0.0, sleep=pauses.append) == 7  # type: ignore[arg-type]
    assert pauses == [1, 2, 4, 8, 10, 10, 10]


def test_gcs_that_keeps_its_tables_in_memory_is_refused(session: Session) -> None:
    session.play("gcs_server", "--gcs_server_port=6379")
    with pytest.raises(KeeperError, match="RAY_REDIS_ADDRESS") as caught:
        find(session.session)
    assert caught.value.code == "gcs_forgets"


def test_nothing_to_keep_is_said(session: Session) -> None:
    with pytest.raises(KeeperError, match="start the head first"):
        find(session.session)
    session.play("gcs_server", "--redis_address=127.0.0.1")
    session.play("gcs_server", "--redis_address=127.0.0.1")
    with pytest.raises(KeeperError, match="name one"):
        find(session.session)
