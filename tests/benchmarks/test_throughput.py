"""The figures that follow from a throughput run, on runs made by hand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import record
from benchmarks.cpu import CpuSampler, shares
from benchmarks.throughput_record import (
    ThroughputCall,
    ThroughputRecord,
    ThroughputRun,
    cpu_seconds,
    limit_s,
    ratios,
    summary,
)


def call(name: str, completed_s: float, cpu_s: float = 0.0) -> ThroughputCall:
    stages = {"speaker-diarizer": 2.0, "speech-recognizer": 7.0, "llm-analyzer": 1.0}
    return ThroughputCall(
        name=name, audio_s=60, completed_s=completed_s, stages=stages, cpu={"speech-recognizer": cpu_s}
    )


def run(ends: list[float], busy: dict[float, float] | None = None, cpu_s: float = 0.0) -> ThroughputRun:
    busy = busy or {}
    return ThroughputRun(
        wall_s=max(ends),
        calls=tuple(call(str(i), end, cpu_s) for i, end in enumerate(ends)),
        sampled_s=tuple(busy),
        busy=tuple(busy.values()),
        stolen=tuple(0.0 for _ in busy),
    )


def records(runs: list[ThroughputRun], at_work: int = 2) -> ThroughputRecord:
    return ThroughputRecord(machine="x", cores=2, at_once=10, at_work=at_work, threads=1, runs=tuple(runs))


def test_the_speed_is_audio_over_wall_time() -> None:
    assert run([20.0, 30.0]).speed == 4.0
    assert run([20.0, 30.0]).stages_s()["speech-recognizer"] == 14.0


def test_start_up_is_the_time_before_the_first_engine() -> None:
    # Ten seconds in the engines of the first call.
    assert run([20.0, 30.0]).start_up_s == pytest.approx(10.0)
    assert run([5.0]).start_up_s == 0.0


def test_steady_part_ends_when_a_worker_is_idle() -> None:
    busy = {5.0: 0.1, 10.0: 0.1, 12.0: 0.8, 25.0: 1.0, 30.0: 0.9, 35.0: 0.2}
    # Five calls, two at work: after the fourth has ended at 30 s, one is left.
    assert run([10.0, 15.0, 20.0, 30.0, 40.0], busy).steady_busy(2) == pytest.approx(0.9)
    assert run([10.0, 15.0, 20.0], busy).steady_busy(2) is None


def test_stolen_time_is_not_attributed() -> None:
    measured = run([10.0, 20.0, 30.0], {15.0: 0.6}).model_copy(update={"stolen": (0.4,)})
    assert measured.steady_busy(1) == pytest.approx(1.0)


def test_the_limit_is_the_engines_cpu_time_over_the_cores() -> None:
    sequential = records([run([10.0, 20.0], cpu_s=12.0), run([10.0, 20.0], cpu_s=14.0)])
    cpu_s = cpu_seconds(sequential)
    assert cpu_s == {"0": 13.0, "1": 13.0}
    graph = run([15.0, 20.0])
    assert limit_s(graph, cpu_s, 2) == 13.0
    assert ratios(records([graph]), cpu_s) == [pytest.approx(13 / 20)]
    # The engines of the first call, ten seconds, began at 5 s.
    assert ratios(records([graph]), cpu_s, started=True) == [pytest.approx(13 / 15)]
    assert ratios(records([graph]), {}) == []


def test_last_line_names_the_missing_figure() -> None:
    assert summary("x", records([run([15.0, 20.0])]), {}).endswith("sequential` first")
    assert summary("x", records([run([15.0, 20.0])]), {"0": 13, "1": 13}).endswith("limit 0.65")


def test_records_are_kept_and_read_again(tmp_path: Path) -> None:
    kept = records([run([15.0, 20.0], {1.0: 0.5})])
    record.save("throughput-graph", kept, tmp_path)
    assert record.load("throughput-graph", ThroughputRecord, tmp_path) == kept
    assert record.load("throughput-backfill", ThroughputRecord, tmp_path) is None
    assert record.load_all("throughput", ThroughputRecord, tmp_path) == [kept]


def test_record_of_another_version_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text('{"speed": 3}')
    with pytest.raises(record.ConfigError, match="measure again"):
        record.load("old", ThroughputRecord, tmp_path)


def test_shares_of_the_cores_time() -> None:
    fields = ("user", "system", "idle", "iowait", "steal", "guest")

    def times(*values: float) -> SimpleNamespace:
        return SimpleNamespace(_fields=fields, **dict(zip(fields, values, strict=True)))

    sample = shares(times(0, 0, 0, 0, 0, 0), times(5, 1, 2, 1, 1, 4), 7.0)
    assert (sample.at_s, sample.busy, sample.stolen) == (7.0, pytest.approx(0.6), pytest.approx(0.1))


def test_cores_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.cpu.SAMPLE_INTERVAL_S", 0.05)
    with CpuSampler() as sampler:
        for _ in range(40):
            sum(range(50_000))
        sampler._ended.wait(0.2)
    assert sampler.samples
    assert all(0 <= sample.busy <= 1 for sample in sampler.samples)
