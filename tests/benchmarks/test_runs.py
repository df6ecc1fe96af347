"""How calls are brought through a graph, a batch and this process, with engines that need no weights."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
import yaml

from benchmarks import backfill_run, graph, in_process
from benchmarks.calls import Call
from benchmarks.graph import analyse_together, calls_at_work
from benchmarks.side_by_side import analysed_side_by_side, side_by_side_workers
from callytics.config import ENGINE_STAGES
from tests.deployments.conftest import TINY_ENGINES


class Client:
    """A graph in which every call is done when it was asked for twice."""

    def __init__(self, status: str = "COMPLETED") -> None:
        self.final = status
        self.asked: dict[str, int] = {}
        self.most_inside = 0

    def submit(self, path: Path, fields: dict[str, str]) -> str:
        assert fields == {"deduplicate": "false"}
        self.asked[path.stem] = 0
        self.most_inside = max(self.most_inside, sum(count < 2 for count in self.asked.values()))
        return path.stem

    def status(self, call_id: str) -> dict[str, Any]:
        self.asked[call_id] += 1
        done = self.asked[call_id] >= 2
        return {
            "job_status": self.final if done else "RUNNING",
            "completed_at": "2027-01-01T00:00:00.500+00:00",
        }

    def result(self, call_id: str) -> Any:
        stage = SimpleNamespace(name="speech-recognizer", duration_ms=1500)
        return SimpleNamespace(job_details=SimpleNamespace(stages=[stage]))


def composed(count: int) -> list[Call]:
    return [Call(f"call{i}", Path(f"{i}.wav"), 60.0) for i in range(count)]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "POLL_INTERVAL_S", 0.0)


def test_number_of_concurrent_calls_is_limited() -> None:
    client, counts = Client(), list[int]()
    finished = analyse_together(client, composed(7), 4, counts.append)  # type: ignore[arg-type]
    assert client.most_inside == 4
    assert counts == [1, 2, 3, 4, 5, 6, 7]
    assert sorted(item.call.name for item in finished) == [f"call{i}" for i in range(7)]
    assert finished[0].stages_s == {"speech-recognizer": 1.5}
    assert finished[0].completed_at == 1798761600.5  # the graph's own time, not that of asking
    assert finished[0].wall_s == finished[0].completed_at - finished[0].submitted_at


def test_failed_call_is_not_a_measurement() -> None:
    with pytest.raises(SystemExit, match="call0 ended as FAILED"):
        analyse_together(Client("FAILED"), composed(1), 1, lambda count: None)  # type: ignore[arg-type]


def test_running_calls_match_the_capacity_of_all_replicas(tmp_path: Path) -> None:
    pipeline = {"args": {"max_concurrent_calls": 8}, "deployments": [{"num_replicas": 3}]}
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"applications": [{"name": "call-pipeline", **pipeline}]}))
    assert calls_at_work(config) == 24


def test_batch_uses_no_other_cluster_or_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere")
    monkeypatch.delenv("CALLYTICS_MODELS", raising=False)
    found = backfill_run.environment(tmp_path, Path("/home"), "/tmp/ray-x")
    assert not {"RAY_ADDRESS", "DATABASE_URL"} & set(found)
    assert found["CALLYTICS_HOME"] == str(tmp_path / "home")
    assert found["CALLYTICS_MODELS"] == "/home/models"
    assert "--cpus 2" in " ".join(backfill_run.command(tmp_path, 2))


def test_batch_call_is_finished_when_its_row_is_written(tmp_path: Path) -> None:
    stages = [{"name": "speech-recognizer", "duration_ms": 2500}]
    row = {"uri": "/x/calls/1.wav", "result": json.dumps({"job_details": {"stages": stages}})}
    path = tmp_path / "parquet/calls/ab/abc.parquet"
    path.parent.mkdir(parents=True)
    pyarrow.parquet.write_table(pa.Table.from_pylist([row]), path)
    os.utime(path, (1042.0, 1042.0))
    (found,) = backfill_run._finished(composed(2), tmp_path, 1000.0)
    assert (found.name, found.completed_s, found.stages) == ("call1", 42.0, {"speech-recognizer": 2.5})


def test_failed_job_is_not_a_measurement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill_run, "command", lambda scratch, cpus: ["false"])
    with pytest.raises(SystemExit, match="exit code 1"):
        backfill_run.run_backfill([], tmp_path, 1, tmp_path / "home", "label")
    assert (tmp_path / "home" / "envs").resolve() == (tmp_path / "home" / "envs")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    @contextmanager
    def nothing() -> Iterator[list[Path]]:
        yield []

    monkeypatch.setattr(in_process, "warm_up_paths", nothing)
    slow = {"speaker-diarizer": 0.4, "speech-recognizer": 0.5}
    applications = [
        {
            "name": stage,
            "args": {
                "engine": f"tests.deployments.tiny_engines:{TINY_ENGINES[stage]}",
                "options": {"delay_s": slow.get(stage, 0.0)},
            },
        }
        for stage in ENGINE_STAGES
    ]
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({"applications": applications}), encoding="utf-8")
    return path


@pytest.mark.alone
def test_in_process_stages_follow_each_other_and_are_timed(config: Path) -> None:
    wall_s, stages = in_process.StageAfterStage(config)(Path("call.wav"))
    assert set(stages) == set(ENGINE_STAGES)
    assert stages["speech-recognizer"].wall_s >= 0.5
    assert stages["speech-recognizer"].cpu_s < stages["speech-recognizer"].wall_s / 2  # it sleeps
    assert wall_s >= 0.9


@pytest.mark.alone
def test_on_the_critical_path_the_diarizer_works_beside_the_recogniser(config: Path) -> None:
    wall_s, steps_s = in_process.CriticalPath(config)(Path("call.wav"))
    assert set(ENGINE_STAGES) < set(steps_s)
    assert 0.5 <= wall_s < sum(steps_s.values())


@pytest.mark.alone
def test_side_by_side_processes_work_at_the_same_time(config: Path) -> None:
    before = dict(os.environ)
    with side_by_side_workers(2, config) as pool:
        start_at = time.time()
        done = list(analysed_side_by_side(pool, composed(4), start_at))
    assert {call.name for call in done} == {f"call{i}" for i in range(4)}
    assert all(set(call.cpu) == set(call.stages) == set(ENGINE_STAGES) for call in done)
    # A call sleeps for 0.9 s: four of them in two processes.
    assert 1.8 <= max(call.completed_s for call in done) < 4 * 0.9
    assert dict(os.environ) == before
