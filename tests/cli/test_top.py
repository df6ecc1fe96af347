"""`callytics top` against the real API over a real store."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callytics.api import Services, StageHealth, create_app
from callytics.cli import top
from callytics.cli.app import app
from callytics.client import Client
from callytics.store import CallStore, JobStatus
from tests.api.conftest import TwoStages, blob_root, services  # noqa: F401 (fixtures)
from tests.store.samples import DURATION_S, finish, fresh_database, new_call
from tests.support.played_graph import served


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CallStore]:
    store = CallStore(fresh_database(tmp_path))
    yield store
    store.close()


@pytest.fixture
def graph(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:  # noqa: F811
    assert isinstance(services.health, TwoStages)
    services.health.health[0] = StageHealth(
        "audio-processor", False, "DEPLOYING", "it starts\x1b[2J, " + "and starts, " * 20, replicas=0
    )
    monkeypatch.setenv("COLUMNS", "80")
    with served(create_app(services)) as port:
        yield f"http://127.0.0.1:{port}"


def key(store: CallStore, tenant: str = "default") -> str:
    return store.create_api_key("top", ["calls:read"], tenant=tenant).secret


def printed(url: str, secret: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CALLYTICS_API_KEY", secret)
    done = CliRunner().invoke(app, ["top", "--once", "--url", url])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_one_frame_shows_stages_queue_and_throughput(
    graph: str, store: CallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        store.create_call(new_call(f"{number:064}"))
    finish(store)
    lease = store.lease("w", 60)
    assert lease is not None
    store.fail(lease.call.id, lease.token, "audio-processor", "media_empty", "no sound")
    text = printed(graph, key(store), monkeypatch)
    assert "1 not healthy" in text
    assert "1 calls wait, the oldest for 00:0" in text
    assert "0 at work" in text
    assert f"{DURATION_S / 300:.2f} s of audio per second" in text
    assert "1 COMPLETED, 0 PARTIAL, 1 FAILED" in text
    assert f"{1.5 / DURATION_S:.3f}" in text  # the recogniser: 1.5 s of work
    assert "DEPLOYING" in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_key_of_a_tenant_sees_its_own_calls_only(
    graph: str, store: CallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create_call(new_call("1" * 64, tenant="acme"))
    finish(store)
    text = printed(graph, key(store, "beta"), monkeypatch)
    assert "numbers over all tenants are for keys of the operator" in text
    assert "0 COMPLETED" in text


def test_without_a_terminal_it_ends_after_one_frame(
    graph: str, store: CallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLYTICS_API_KEY", key(store))
    start_s = time.monotonic()
    done = CliRunner().invoke(app, ["top", "--url", graph])
    assert done.exit_code == 0, done.output
    assert "speech-recognizer" in done.stdout
    assert time.monotonic() - start_s < top.REFRESH_S + 5


def test_calls_that_ended_before_the_window_do_not_count(graph: str, store: CallStore) -> None:
    store.create_call(new_call())
    finish(store)
    with Client(graph, key(store)) as client:
        now = datetime.now(UTC)
        assert top.read_frame(client, graph, now).ended["COMPLETED"] == 1
        later = top.read_frame(client, graph, now + 2 * top.WINDOW)
    assert (later.ended["COMPLETED"], later.throughput) == (0, 0.0)
    assert JobStatus.COMPLETED in later.ended


def test_gpus_are_what_nvidia_smi_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list(top.read_gpus()) == []
    program.write_text("#!/bin/sh\necho '0, 63, 12000, 24576'\n")
    program.chmod(0o755)
    assert list(top.read_gpus()) == ["GPU 0 63 %, 12000 of 24576 MiB"]
    program.write_text("#!/bin/sh\nexit 9\n")
    assert list(top.read_gpus()) == []
    assert subprocess.run([program], check=False).returncode == 9
