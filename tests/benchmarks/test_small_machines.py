"""The records of benchmarks of machines with few cores: what their sections say."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks import batch_start, beside_plain, engine_parts, record, stage_memory
from benchmarks.batch_start import BatchStart, BatchStartRecord
from benchmarks.beside_plain import BesidePlainRecord, SpeedRun
from benchmarks.cpu import DescendantsCpu
from benchmarks.engine_parts import EnginePartsRecord, PartTime, Stopwatch
from benchmarks.stage_memory import StageMemoryRecord, StepMemory
from tests.support.waiting import wait_until


def step(minutes: float, name: str, added_mb: float) -> StepMemory:
    return StepMemory(minutes=minutes, step=name, loaded_mb=100, added_mb=added_mb, wall_s=1, cpu_s=1)


def test_memory_of_three_hours_is_extrapolated_from_the_two_longest(tmp_path: Path) -> None:
    found = [(2, 100.0), (20, 150.0), (60, 170.0)]  # the slope of the last two: .5 MB a minute
    runs = tuple(step(minutes, "speech-recognizer", mb) for minutes, mb in found)
    measured = StageMemoryRecord(runs=(*runs, *(step(minutes, "report", 1.0) for minutes, _ in found)))
    assert measured.extrapolated_mb("speech-recognizer") == pytest.approx(130.0)
    record.save(stage_memory.NAME, measured, tmp_path)
    text = stage_memory.section(tmp_path)
    assert "at 60 min over 2 min: +70 MB at most; at 180 min, extrapolated, +130 MB" in text
    assert "| speech-recognizer | 100 | 150 | 170 | +70 | +130 |" in text


@pytest.mark.parametrize("lengths", [(2, 180), (2, 20)], ids=["measured", "a slope from a short call"])
def test_memory_is_not_extrapolated_where_that_says_nothing(
    lengths: tuple[float, float], tmp_path: Path
) -> None:
    runs = tuple(step(minutes, "report", mb) for minutes, mb in zip(lengths, (100.0, 450.0), strict=True))
    measured = StageMemoryRecord(runs=runs)
    assert measured.extrapolated_mb() is None
    record.save(stage_memory.NAME, measured, tmp_path)
    text = stage_memory.section(tmp_path)
    assert "extrapolated" not in text
    assert "| report | 100 | 450 | +350 |" in text


def test_batch_with_shared_workers_beside_one_with_its_own(tmp_path: Path) -> None:
    runs = tuple(
        BatchStart(shared=shared, wall_s=wall_s, cpu_s=cpu_s, processes=n, kinds=kinds)
        for shared, wall_s, cpu_s, n, kinds in (
            (True, 15.0, 30.0, 15, "a + b"),
            (False, 25.0, 45.0, 21, "a; b"),
        )
    )
    record.save(batch_start.NAME, BatchStartRecord(cpus=2, call_s=6.0, runs=runs), tmp_path)
    text = batch_start.section(tmp_path)
    assert "ratio 0.67" in text
    assert "| shared workers | 30.00 | 15.00 | 15 | a + b |" in text


def test_throughput_is_told_beside_plain(tmp_path: Path) -> None:
    kinds = (("plain", 100.0), ("graph", 125.0), ("batch", 80.0), ("plain", 100.0))
    runs = tuple(SpeedRun(kind=kind, wall_s=wall_s, cpu_s=2 * wall_s) for kind, wall_s in kinds)
    record.save(beside_plain.NAME, BesidePlainRecord(audio_s=1000.0, num_calls=10, runs=runs), tmp_path)
    text = beside_plain.section(tmp_path)
    assert "graph 0.80, batch 1.25 (target 1.0)" in text
    assert "| graph | 125.00 | 250.00 | 8.00 | 0.80 |" in text
    assert "| plain | 100.00 (100.00 to 100.00) | 200.00 (200.00 to 200.00) | 10.00 |  |" in text


def test_parts_of_the_engines_are_told_with_what_is_left(tmp_path: Path) -> None:
    parts = (PartTime(stage="speech-recognizer", part="encoder", cpu_s=30.0, times=40),)
    stages = {"audio-processor": 1.0, "speech-recognizer": 70.0}
    measured = EnginePartsRecord(audio_s=900.0, num_calls=10, stages=stages, parts=parts)
    record.save(engine_parts.NAME, measured, tmp_path)
    text = engine_parts.section(tmp_path)
    assert "71.0 CPU seconds of the engines for 900 s of audio" in text
    assert "| | encoder | 30.0 | 40 |\n| | rest | 40.0 | |\n| **audio-processor** | | **1.0** | |" in text


def test_part_within_a_part_counts_once() -> None:
    stopwatch = Stopwatch()
    inner = stopwatch.timed(lambda: burn_s(0.2), ("stage", "inner"))

    def both() -> None:
        burn_s(0.1)
        inner()

    stopwatch.timed(both, ("stage", "outer"))()
    assert stopwatch.cpu_s["stage", "inner"] == pytest.approx(0.2, abs=0.05)
    assert stopwatch.cpu_s["stage", "outer"] == pytest.approx(0.1, abs=0.05)


def burn_s(cpu_s: float) -> None:
    end_s = time.process_time() + cpu_s
    while time.process_time() < end_s:
        pass


def test_sections_without_a_record_say_how_to_make_one(tmp_path: Path) -> None:
    for module in (batch_start, beside_plain, engine_parts, stage_memory):
        assert "Not measured (`python -m benchmarks." in module.section(tmp_path)


def test_cpu_of_processes_that_have_ended_is_counted() -> None:
    burn = "import time; end = time.process_time() + 0.6\nwhile time.process_time() < end: pass"
    grandchild = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
    with DescendantsCpu() as cpu:
        subprocess.run([sys.executable, "-c", grandchild], check=True)
    assert cpu.processes >= 2
    assert cpu.total_s > 0.2, os.getloadavg()


def test_cpu_of_what_ended_before_is_not_counted() -> None:
    """A process that has ended stays listed until its parent asks; those of a graph that was measured before do."""
    earlier = subprocess.Popen([sys.executable, "-c", "sum(range(20_000_000))"])
    wait_until(
        lambda: f"{earlier.pid} (" in stat(earlier.pid) and ") Z " in stat(earlier.pid), "it has ended"
    )
    with DescendantsCpu() as cpu:
        time.sleep(0.6)
    earlier.wait()
    assert (cpu.processes, cpu.total_s) == (0, 0.0)


def stat(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
