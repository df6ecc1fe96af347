"""What a batch tells Ray's metrics and the store."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from callytics.store import CallStore
from deployments.backfill import job
from deployments.backfill.progress import Outcome, Progress, ProgressMetrics, StoredProgress
from tests.store.samples import fresh_database


class Metric:
    """In place of Ray's, which reach a scrape only from a running Ray."""

    made: dict[str, Metric]

    def __init__(self, name: str, description: str, tag_keys: tuple[str, ...] = ()) -> None:
        assert description
        self.tag_keys = tag_keys
        self.values: dict[tuple[str, ...], float] = {}
        self.made[name] = self

    def _key(self, tags: dict[str, str] | None) -> tuple[str, ...]:
        return tuple((tags or {})[key] for key in self.tag_keys)

    def inc(self, value: float, tags: dict[str, str] | None = None) -> None:
        assert value > 0, "Ray refuses it"
        self.values[self._key(tags)] = self.values.get(self._key(tags), 0.0) + value

    def set(self, value: float, tags: dict[str, str] | None = None) -> None:
        self.values[self._key(tags)] = value


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(Metric, "made", {}, raising=False)
    monkeypatch.setattr("ray.util.metrics.Counter", Metric)
    monkeypatch.setattr("ray.util.metrics.Gauge", Metric)
    return Metric.made


def test_outcomes_are_counted(metrics: dict[str, Any]) -> None:
    progress, told = Progress(5), ProgressMetrics()
    progress._started = time.monotonic() - 10
    for status, audio_s in (("COMPLETED", 60.0), ("PARTIAL", 40.0), ("FAILED", 0.0), ("SKIPPED", 80.0)):
        outcome = Outcome(f"{status}.wav", "c1", status, audio_s)
        progress.add(outcome)
        told.tell(outcome, progress)
    assert metrics["callytics_backfill_calls"].values == {
        ("COMPLETED",): 1, ("PARTIAL",): 1, ("FAILED",): 1, ("SKIPPED",): 1
    }  # fmt: skip
    assert metrics["callytics_backfill_audio_seconds"].values == {(): 100.0}
    assert metrics["callytics_backfill_calls_left"].values == {(): 1}
    assert metrics["callytics_backfill_speed"].values[()] == pytest.approx(10.0, rel=0.05)


def test_progress_is_told_to_the_store(tmp_path: Path) -> None:
    url = fresh_database(tmp_path)
    stored = StoredProgress(url, "alpha", "calls/2026", 3)
    progress = Progress(3)
    progress.add(Outcome("a.wav", "c1", "COMPLETED", 60.0))
    stored.tell(progress)
    store = CallStore(url)
    (batch,) = store.list_batches("alpha")
    assert (batch.input, batch.calls, batch.by_status, batch.audio_s) == (
        "calls/2026",
        3,
        {"COMPLETED": 1},
        60.0,
    )
    assert batch.ended_at_ms is None
    progress.add(Outcome("b.wav", "c2", "SKIPPED", 60.0))
    stored.tell(progress, has_ended=True, error="TimeoutError: the time is up")
    stored.close()
    (batch,) = store.list_batches("alpha")
    assert batch.ended_at_ms is not None
    assert (sum(batch.by_status.values()), batch.error) == (2, "TimeoutError: the time is up")
    store.close()


def test_store_that_is_away_stops_no_batch(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stored = StoredProgress("postgresql://callytics:secret@127.0.0.1:9/calls", "default", "calls/", 1)
    stored.tell(Progress(1), has_ended=True)
    stored.close()
    assert "not stored" in caplog.text
    assert "secret" not in caplog.text


def test_error_of_a_job_is_one_line() -> None:
    assert job._in_a_line(RuntimeError("Traceback ...\n  File x\nValueError: no such folder\n")) == (
        "ValueError: no such folder"
    )
    assert job._in_a_line(KeyboardInterrupt()) == "KeyboardInterrupt"
