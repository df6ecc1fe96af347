"""A batch through a real Ray Data: killed in the middle, submitted again, nothing done twice, nothing lost; and as a
job of the running graph, with its real engines."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import fsspec
import psutil
import pyarrow.parquet
import pytest
import yaml

from callytics.config import ENGINE_STAGES
from callytics.home import private_files
from callytics.store import CallStore
from tests.attacks.listeners import listeners
from tests.deployments.tiny_graph import application
from tests.e2e.conftest import SAMPLE, Graph, share_environments
from tests.support.gpu_configuration import CONFIG, on_any_machine

PROJECT = Path(__file__).resolve().parents[2]
NUM_CALLS = 6
TIMEOUT_S = 240

pytestmark = pytest.mark.e2e


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    calls = tmp_path / "calls"
    calls.mkdir()
    for i in range(NUM_CALLS):
        (calls / f"{i}.wav").write_bytes(f"call {i}".encode())
    (calls / "broken.wav").write_bytes(b"bad")
    slow = {"speech-recognizer": {"delay_s": 1.0}}
    blocks = [application(stage, stage, **slow.get(stage, {})) for stage in ENGINE_STAGES]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"applications": blocks}), encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="callytics-") as short:  # paths of Ray's sockets must be short
        (tmp_path / "ray").symlink_to(short)
        yield tmp_path


def backfill(folder: Path, source: str = "", output: str = "", *more: str) -> subprocess.Popen[str]:
    """The job as `ray job submit` runs it; without a cluster it starts a Ray of its own, and ends it."""
    environment = {
        **os.environ,
        "CALLYTICS_HOME": str(folder / "home"),
        "DATABASE_URL": f"sqlite:///{folder / 'callytics.db'}",
        "RAY_TMPDIR": str((folder / "ray").resolve()),
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    environment.pop("RAY_ADDRESS", None)
    arguments = ["--input", source or str(folder / "calls"), "--output", output or str(folder / "parquet")]
    arguments += ["--config", str(folder / "config.yaml"), "--cpus", "1", "--timeout-s", str(TIMEOUT_S)]
    arguments += more
    return subprocess.Popen(
        [sys.executable, "-m", "deployments.backfill.job", *arguments],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def session_pids(leader: int) -> list[int]:
    """The job and the Ray that it started."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it just ended
            if folder.name.isdigit() and os.getsid(int(folder.name)) == leader:
                found.append(int(folder.name))
    return found


def kill_session(leader: int) -> None:
    """The job and the Ray that it started. A worker that outlives them for a moment could finish one more call."""
    deadline = time.monotonic() + 30
    while left := [pid for pid in session_pids(leader) if is_running(pid)]:
        assert time.monotonic() < deadline, left
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    """Not a process that has ended and is not waited for yet."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def rows(folder: Path, table: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = pyarrow.parquet.read_table(folder / "parquet" / table).to_pylist()
    return found


@pytest.mark.timeout(2 * TIMEOUT_S + 60)
def test_batch_that_is_killed_goes_on_where_it_stopped(folder: Path) -> None:
    store = CallStore(f"sqlite:///{folder / 'callytics.db'}")
    first = backfill(folder)
    deadline = time.monotonic() + TIMEOUT_S
    while len(store.call_ids()) < 2 and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    assert first.poll() is None, first.communicate()[0]
    found = listeners(session_pids(first.pid))
    assert len(found) > 3
    assert [listener for listener in found if not listener.is_loopback] == []
    kill_session(first.pid)
    first.communicate()
    done = store.call_ids()
    assert 2 <= len(done) < NUM_CALLS, "killed too late to show anything"

    second = backfill(folder)
    output, _ = second.communicate(timeout=TIMEOUT_S)
    assert second.returncode == 3, output  # one recording is broken
    assert f"{NUM_CALLS + 1} of {NUM_CALLS + 1} calls" in output
    assert f"1 failed, {len(done)} skipped" in output
    assert len(store.call_ids()) == NUM_CALLS
    assert done < store.call_ids()
    assert {row["call_id"] for row in rows(folder, "calls")} == store.call_ids()
    assert [row["code"] for row in rows(folder, "failures")] == ["media_undecodable"]
    assert len(rows(folder, "turns")) == 2 * NUM_CALLS


@pytest.mark.timeout(TIMEOUT_S + 60)
def test_batch_from_s3_to_s3(folder: Path, bucket: str) -> None:
    for i in range(2):
        with fsspec.open(f"{bucket}/2026/{i}.wav", "wb") as stream:
            stream.write(f"call {i}".encode())
    job = backfill(folder, f"{bucket}/2026", f"{bucket}/results", "--blobs-url", f"{bucket}/blobs")
    output, _ = job.communicate(timeout=TIMEOUT_S)
    assert job.returncode == 0, output
    found = []
    for file in fsspec.open_files(f"{bucket}/results/calls/*/*.parquet", "rb"):
        with file as stream:
            found += pyarrow.parquet.read_table(stream).to_pylist()
    assert {row["uri"] for row in found} == {f"{bucket}/2026/0.wav", f"{bucket}/2026/1.wav"}
    store = CallStore(f"sqlite:///{folder / 'callytics.db'}")
    assert {row["call_id"] for row in found} == store.call_ids()
    for call_id in store.call_ids():
        with fsspec.open(f"{bucket}/blobs/calls/{call_id}/recording", "rb") as stream:
            assert stream.read().startswith(b"call ")


@pytest.mark.timeout(TIMEOUT_S + 60)
def test_the_stages_of_a_batch_share_one_logical_gpu(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On eight cores, each of which would have a recogniser without a GPU."""
    document = on_any_machine(yaml.safe_load(CONFIG.read_text(encoding="utf-8")))
    (folder / "config.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    (folder / "home").mkdir()
    share_environments(folder / "home")
    without, _ = backfill(folder).communicate(timeout=TIMEOUT_S)
    assert "backfill: This configuration needs 1 GPU(s), and 0 are free." in without
    monkeypatch.setenv("RAY_OVERRIDE_RESOURCES", '{"GPU": 1}')
    job = backfill(folder, "", "", "--cpus", "8")
    output, _ = job.communicate(timeout=TIMEOUT_S)
    assert job.returncode == 3, output  # one recording is broken
    assert "\n1 GPU(s)\n" in output
    assert f"{NUM_CALLS} completed, 1 failed" in output


def test_the_command_runs_the_batch_beside_the_live_graph(graph: Graph, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    (calls / "cut.mp3").write_bytes(SAMPLE.read_bytes()[:200_000])
    (calls / "broken.wav").write_bytes(b"no sound at all")
    environment = {**os.environ, "CALLYTICS_HOME": str(graph.home)}
    environment.pop("RAY_ADDRESS", None)
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "callytics"),
            "backfill",
            "--input",
            "calls",
            "--output",
            "parquet",
        ],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert "broken.wav: media_undecodable" in done.stdout
    written = list((tmp_path / "parquet").rglob("*"))
    assert [path for path in written if path.stat().st_mode & private_files.OTHERS] == []
    (row,) = rows(tmp_path, "calls")
    result = graph.result(str(row["call_id"]))
    assert result["job_status"] == "COMPLETED"
    assert "Riverside" in " ".join(turn["content"] for turn in result["transcript"])
