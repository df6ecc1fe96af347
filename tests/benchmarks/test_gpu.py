"""The benchmark of a card, without one: an engine that only counts, readings that are planted."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.gpu import card, table
from benchmarks.gpu.__main__ import Record, Run
from benchmarks.gpu.card import Reading
from benchmarks.gpu.contract import TINY, TURBO, NotHere, OutOfMemory
from benchmarks.gpu.measure import (
    BatchResult,
    CallsResult,
    WindowQueue,
    features,
    measure_batches,
    measure_calls,
)


class Counting:
    """Takes ``seconds`` per batch, whatever its size; has room for ``room`` windows."""

    name = "counting"

    def __init__(self, seconds: float = 0.001, room: int = 1000, tokens: int = TINY.tokens) -> None:
        self.seconds, self.room, self.tokens = seconds, room, tokens
        self.batches: list[int] = []

    def run(self, features: Any) -> list[list[int]]:
        if len(features) > self.room:
            raise OutOfMemory("CUDA out of memory")
        time.sleep(self.seconds)
        self.batches.append(len(features))
        return [[0] * self.tokens for _ in features]


class Planted:
    name = "planted"
    card = "NVIDIA Test"

    def __init__(self, *readings: Reading) -> None:
        self._readings = list(readings)

    def read(self) -> Reading:
        return self._readings.pop(0) if len(self._readings) > 1 else self._readings[0]


def plenty() -> float:
    return 60.0


def test_turbo_has_the_published_number_of_parameters() -> None:
    """809 M (openai/whisper-large-v3-turbo): computed from the sizes as the network has them."""
    width = TURBO.width
    own = 4 * width**2 + 3 * width
    feed = 8 * width**2 + 5 * width
    norm = 2 * width
    encoder = TURBO.encoder_layers * (own + feed + 2 * norm)
    decoder = TURBO.decoder_layers * (2 * own + feed + 3 * norm)
    convolutions = 3 * TURBO.mels * width + width + 3 * width**2 + width
    others = convolutions + 2 * norm + width * (TURBO.positions + TURBO.text_positions + TURBO.vocabulary)
    assert (encoder + decoder + others) / 1e6 == pytest.approx(809, abs=1)


def test_batches_are_measured_until_one_does_not_fit() -> None:
    engine = Counting(room=4)
    *found, last = measure_batches(engine, TINY, (1, 2, 4, 8, 16), None, plenty, min_s=0.0)
    assert [result.batch for result in found if isinstance(result, BatchResult)] == [1, 2, 4]
    assert last == "counting: batch 8 does not fit (CUDA out of memory)"
    four = found[-1]
    assert isinstance(four, BatchResult)
    assert four.audio_per_s == pytest.approx(4 * 30 / four.batch_s)
    assert engine.batches.count(4) == 1 + four.runs


def test_engine_that_stops_early_is_no_figure() -> None:
    with pytest.raises(RuntimeError, match="not 1 of 4"):
        list(measure_batches(Counting(tokens=3), TINY, (1,), None, plenty))


def test_part_without_time_left_is_told() -> None:
    found = list(measure_batches(Counting(), TINY, (1, 2), None, lambda: 0.0))
    assert found == ["counting: batches from 1 on left out, the time was over"]
    (told,) = measure_calls(Counting(), TINY, (1, 2), 3, 2, None, lambda: -1.0)
    assert told == "counting: 1 calls at once and more left out, the time was over"


def test_calls_at_once_share_batches() -> None:
    engine = Counting(seconds=0.02)
    one, five = measure_calls(engine, TINY, (1, 5), 3, 8, None, plenty)
    assert isinstance(one, CallsResult)
    assert isinstance(five, CallsResult)
    assert (one.calls, five.calls) == (4, 10)
    assert one.mean_batch <= 3 < five.mean_batch <= 8
    assert five.audio_per_s == pytest.approx(10 * 3 * 30 / five.wall_s)
    assert max(engine.batches) <= 8


def test_error_in_a_batch_frees_the_calls_and_is_raised() -> None:
    through = WindowQueue(Counting(room=0), 2)
    through.recognise(features(TINY, 3))
    with pytest.raises(OutOfMemory):
        through.close()
    (told,) = measure_calls(Counting(room=2), TINY, (3,), 3, 2, None, plenty) or ("",)
    assert isinstance(told, CallsResult)


def test_readings_become_means_and_the_most_memory() -> None:
    source = Planted(Reading(0.5, 10, 0.2), Reading(1.0, 30, None), Reading(1.0, 20, 0.4))
    with card.watched(source) as usage:
        deadline = time.monotonic() + 30
        while len(usage.readings) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert usage.busy is not None
    assert 0.5 < usage.busy <= 1.0
    assert usage.memory_bytes == 30
    assert usage.sm_active == pytest.approx(
        (0.2 + 0.4 * (len(usage.readings) - 2)) / (len(usage.readings) - 1)
    )
    assert usage.host_cpu >= 0


def test_program_of_the_driver_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(
        '#!/bin/sh\ncase "$*" in *=name*) echo "NVIDIA H200";; *) echo "87, 1024";; esac\n', encoding="utf-8"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setitem(sys.modules, "pynvml", None)
    source = card.source("cuda")
    assert source is not None
    assert (source.name, source.card) == ("nvidia-smi", "NVIDIA H200")
    assert source.read() == Reading(0.87, 1024 * 2**20)
    assert card.source("cpu") is None


def test_nvml_is_read_with_and_without_sm_activity(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoGpm(Exception):
        pass

    def unsupported() -> None:
        raise NoGpm("Not Supported")

    def metrics(asked: Any) -> None:
        asked.metrics[0].value = 91.0

    nvml = SimpleNamespace(
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetName=lambda handle: b"NVIDIA H200",
        nvmlDeviceGetUtilizationRates=lambda handle: SimpleNamespace(gpu=98),
        nvmlDeviceGetMemoryInfo=lambda handle: SimpleNamespace(used=7),
        nvmlGpmSampleAlloc=unsupported,
        nvmlGpmSampleGet=lambda handle, sample: None,
        nvmlGpmSampleFree=lambda sample: None,
        c_nvmlGpmMetricsGet_t=lambda: SimpleNamespace(metrics=[SimpleNamespace()]),
        NVML_GPM_METRICS_GET_VERSION=1,
        NVML_GPM_METRIC_SM_UTIL=2,
        nvmlGpmMetricsGet=metrics,
    )
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    without = card.Nvml()
    assert without.read() == Reading(0.98, 7, None)
    assert without.sm_problem == "NoGpm: Not Supported"
    nvml.nvmlGpmSampleAlloc = object
    assert card.Nvml().read() == Reading(0.98, 7, 0.91)


def record(card_name: str = "NVIDIA H200") -> Record:
    return Record(
        card=card_name, read_by="NVML", dtype="float16", beams=1, sizes=asdict(TURBO), parameters=809_000_000,
        torch="2.13.0", cores=16, measured_at="2026-01-01 00:00 UTC",
    )  # fmt: skip


def test_run_measures_every_engine_and_keeps_what_it_has(tmp_path: Path) -> None:
    def absent() -> Counting:
        raise NotHere("CUDA graphs need a card")

    run = Run(record(), TINY, "cpu", None, plenty, tmp_path)
    run.measure([("graphs", absent), ("counting", Counting)], tiny=True)
    kept = json.loads((tmp_path / "results.json").read_text())
    assert [row["batch"] for row in kept["batches"]] == [1, 2, 4]
    assert [row["at_once"] for row in kept["calls"]] == [1, 2]
    assert kept["left_out"] == ["graphs: CUDA graphs need a card"]
    page = (tmp_path / "results.md").read_text()
    assert "RANDOM weights" in page
    assert "NVIDIA H200" in page
    assert "- graphs: CUDA graphs need a card" in page
    assert page.count("| counting |") == 5


def test_page_says_that_no_card_was_measured_until_one_was(tmp_path: Path) -> None:
    assert "Not yet run on a card" in table.section(tmp_path)
    on_cpu = replace(record(card_name=""))
    (tmp_path / "gpu.json").write_text(json.dumps(asdict(on_cpu)))
    assert "Not yet run on a card" in table.section(tmp_path)
    (tmp_path / "gpu.json").write_text(json.dumps(asdict(record())))
    section = table.section(tmp_path)
    assert section.startswith("## Recognition on a GPU")
    assert "NVIDIA H200" in section


def test_document_has_the_section_as_it_is_made() -> None:
    root = Path(__file__).resolve().parents[2]
    page = (root / "docs" / "performance.md").read_text(encoding="utf-8")
    section = table.section(root / "no-record-here")
    if "Not yet run on a card" in page:
        assert section.strip() in page
    else:
        assert "RANDOM weights" in page.partition("## Recognition on a GPU")[2].partition("\n## ")[0]
