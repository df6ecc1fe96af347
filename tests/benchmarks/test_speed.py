"""What the benchmark writes and measures, without a graph."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import typer

from benchmarks import record
from benchmarks.memory import PeakMemory, proportional_set_size_bytes
from benchmarks.speed import RunTime, Speed, section, write_call


def test_memory_of_a_missing_process_is_not_counted() -> None:
    assert proportional_set_size_bytes([os.getpid()]) > 10_000_000
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert proportional_set_size_bytes([ended.pid]) == 0


@pytest.mark.alone
def test_peak_is_kept() -> None:
    with PeakMemory(lambda: [os.getpid()]) as memory:
        block = np.ones(40_000_000, np.uint8)
        memory.sample()
        del block
    assert memory.peak_bytes >= memory.first_bytes + 30_000_000
    assert memory.num_processes == 1


@pytest.mark.parametrize("duration_s", [50, 150])
def test_call_of_two_minutes_is_written(tmp_path: Path, duration_s: int) -> None:
    source = tmp_path / "source.wav"
    samples = np.random.default_rng(0).integers(-1000, 1000, (duration_s * 8000, 2), dtype=np.int16)
    soundfile.write(source, samples, 8000)
    assert write_call(source, tmp_path / "a.wav", 1) == pytest.approx(120, abs=0.01)
    write_call(source, tmp_path / "b.wav", 2)
    assert (tmp_path / "a.wav").read_bytes() != (tmp_path / "b.wav").read_bytes()
    written, rate_hz = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert rate_hz == 8000
    assert np.array_equal(written[: 50 * 8000], samples[: 50 * 8000])


def test_mono_call_is_rejected(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "mono.wav", np.zeros(8000, np.int16), 8000)
    with pytest.raises(typer.BadParameter):
        write_call(tmp_path / "mono.wav", tmp_path / "out.wav", 0)


def test_the_section_has_the_figure(tmp_path: Path) -> None:
    assert "Not measured" in section(tmp_path)
    speed = Speed(
        conditions="idle",
        call="call.wav",
        call_s=120.0,
        runs=tuple(
            RunTime(wall_s=wall_s, stages_s={"speech-recognizer": wall_s / 2})
            for wall_s in (60.0, 54.0, 72.0)
        ),
        idle_bytes=3_000_000_000,
        peak_bytes=4_500_000_000,
        num_processes=21,
        start_s=31.0,
    )
    assert speed.ratio == 0.5
    assert speed.figure == (
        "wall time / call length 0.500 (runs 0.450 to 0.600, target 0.6); all processes 4.50 GB PSS (target 6)"
    )
    record.save("speed", speed, tmp_path)
    page = section(tmp_path)
    assert speed.figure in page
    assert "| speech-recognizer | 30.00 |" in page
    assert "the machine: idle" in page
    assert "healthy: 31 s" in page
