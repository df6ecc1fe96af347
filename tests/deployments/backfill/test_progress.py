"""What a batch tells Ray's metrics."""

from __future__ import annotations

import time
from typing import Any

import pytest

from deployments.backfill.progress import Outcome, Progress, ProgressMetrics


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
