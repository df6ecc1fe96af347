"""The figures of the scaling and overhead benchmarks, on runs made by hand; and the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import calls, overhead, record, report, targets
from benchmarks.overhead import OverheadRecord, OverheadRun
from benchmarks.scaling import default_runs
from benchmarks.scaling_record import (
    ScalingRecord,
    ScalingRun,
    figure_at_once,
    figure_lengths,
    growth_bytes,
    section,
    slower,
)
from benchmarks.throughput_record import ThroughputCall, ThroughputRecord, ThroughputRun


def of_length(minutes: float, *walls_s: float, peak_bytes: int = 4_000_000_000) -> ScalingRecord:
    runs = tuple(
        ScalingRun(
            wall_s=wall_s,
            audio_s=minutes * 60,
            calls_s=(wall_s,),
            stages={"speech-recognizer": wall_s / 2},
            idle_bytes=3_000_000_000,
            peak_bytes=peak_bytes + i,
            num_processes=30,
            busy=0.75,
        )
        for i, wall_s in enumerate(walls_s)
    )
    return ScalingRecord(machine="x", cores=2, minutes=minutes, channels=2, at_once=1, runs=runs)


def at_once(count: int, wall_s: float) -> ScalingRecord:
    one = (
        of_length(2, wall_s)
        .runs[0]
        .model_copy(update={"audio_s": 120.0 * count, "calls_s": (wall_s,) * count})
    )
    return ScalingRecord(machine="x", cores=2, minutes=2, channels=2, at_once=count, runs=(one,))


def test_time_per_minute_covers_all_runs() -> None:
    assert of_length(2, 20, 30, 10).per_minute_s == 10.0


def test_longer_calls_are_compared_with_one_of_two_minutes() -> None:
    records = [of_length(2, 20, 20), of_length(30, 330), of_length(180, 1800, peak_bytes=4_300_000_000)]
    assert slower(records) == pytest.approx(0.1)
    assert growth_bytes(records) == 300_000_000 - 1
    assert figure_lengths(records).endswith("0.90 to 1.10): 1.100")
    assert slower(records[1:]) is None
    assert growth_bytes(records[:2]) is None
    assert figure_lengths(records[:1]).endswith("not measured")


def test_many_calls_are_compared_with_one() -> None:
    assert figure_at_once([at_once(1, 20), at_once(10, 100)]).endswith(
        "10 calls at once over one after the other: 2.000"
    )
    assert figure_at_once([at_once(10, 100)]).endswith("not measured")


def test_section_names_missing_figures(tmp_path: Path) -> None:
    assert section(tmp_path).count("Not measured") == 2
    record.save("length-00002.0-stereo", of_length(2, 20, 24, 22), tmp_path)
    record.save("at-once-002", at_once(2, 40), tmp_path)
    text = section(tmp_path)
    assert "| 2 min, stereo | 3 | 22.0 (20.0 to 24.0) | 11.00 |" in text
    assert "Not measured: 1 min, 5 min, 30 min, 180 min." in text
    assert "| 2 | 1 | 6.00 | 40 | 40 | 75 | 4.00 |" in text


def test_short_calls_run_until_the_material_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.scaling.material_s", lambda: 530.0)
    assert [default_runs(minutes) for minutes in (1, 2, 5, 30, 180)] == [9, 5, 3, 1, 1]


def overhead_of(in_process_s: tuple[float, ...], graph_s: tuple[float, ...]) -> OverheadRecord:
    def runs(walls_s: tuple[float, ...]) -> tuple[OverheadRun, ...]:
        return tuple(OverheadRun(wall_s=wall_s, stages={"speech-recognizer": wall_s}) for wall_s in walls_s)

    return OverheadRecord(
        machine="x", cores=2, call_s=120, in_process=runs(in_process_s), graph=runs(graph_s)
    )


def test_overhead_is_computed_from_the_medians(tmp_path: Path) -> None:
    measured = overhead_of((10, 9, 30, 10), (11, 10.5, 40))
    assert measured.overhead == pytest.approx(0.1)
    assert measured.figure.endswith("adds +10.0% (target 5% at most): ratio 1.100")
    assert "Not measured" in overhead.section(tmp_path)
    record.save(overhead.NAME, measured, tmp_path)
    assert "| **whole** | 10.00 (9.00 to 30.00) | 11.00 (10.50 to 40.00) |" in overhead.section(tmp_path)


def test_page_has_every_section_for_any_measurements(tmp_path: Path) -> None:
    empty = report.page(tmp_path)
    assert empty.count("\n## ") == len(report.SECTIONS) + 3
    assert empty.count("ot measured") >= 5
    call = ThroughputCall(
        name="a", audio_s=60, completed_s=30, stages={"speech-recognizer": 20}, cpu={"speech-recognizer": 40}
    )
    run = ThroughputRun(wall_s=30, calls=(call,))
    for name, threads in (("sequential", 2), ("sequential-1-thread", 1), ("backfill", 1)):
        measured = ThroughputRecord(machine="x", cores=2, at_once=1, at_work=1, threads=threads, runs=(run,))
        record.save(f"throughput-{name}", measured, tmp_path)
    text = report.page(tmp_path)
    assert (
        "| the batch: 1 at once, 1 at work, 1 thread(s) an engine | 2.00 | too few calls | 0.67 | 1.00 |"
        in text
    )
    assert "| the batch: share of the physical limit | 90% at least | 67% | **no** |" in text
    assert "The graph over http: not measured" in text
    assert (
        "with 1 thread(s) an engine, 40 CPU seconds on 1 calls: at most 3.00 s of audio a second on 2 cores"
        in text
    )


def test_targets_are_met_or_not(tmp_path: Path) -> None:
    record.save(overhead.NAME, overhead_of((10, 10), (10.4, 10.4)), tmp_path)
    record.save("length-00002.0-stereo", of_length(2, 20), tmp_path)
    record.save("length-00030.0-stereo", of_length(30, 250), tmp_path)
    text = targets.section(tmp_path)
    assert "| +4.0% | yes |" in text
    assert "| -16.7% | **no** |" in text  # faster by so much is not the same either
    assert text.count("not measured") == 6


def test_the_material_of_long_calls_is_korean() -> None:
    assert all(name.startswith("ko_") for name in calls.KOREAN)
