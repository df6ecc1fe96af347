"""Samples become Ray's metrics."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from callytics.telemetry import SERIES, Sample, series
from deployments.replica import metrics


class Recorded:
    """Stands for one metric of Ray."""

    def __init__(self, *definition: Any) -> None:
        self.definition = definition
        self.calls: list[tuple[str, float, dict[str, str]]] = []

    def inc(self, value: float, tags: dict[str, str]) -> None:
        assert value > 0, "Ray refuses it"
        self.calls.append(("inc", value, tags))

    def observe(self, value: float, tags: dict[str, str]) -> None:
        self.calls.append(("observe", value, tags))

    def set(self, value: float, tags: dict[str, str]) -> None:
        self.calls.append(("set", value, tags))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, Recorded]:
    made: dict[str, Recorded] = {}

    def make(*definition: Any) -> Recorded:
        assert definition[0] not in made, "registered twice"
        made[definition[0]] = Recorded(*definition)
        return made[definition[0]]

    metrics._metric.cache_clear()
    for name in ("Counter", "Gauge", "Histogram"):
        monkeypatch.setattr(metrics, name, make)
    return made


def test_each_kind_is_recorded_with_safe_labels(made: dict[str, Recorded]) -> None:
    for _ in range(2):
        metrics.record([Sample(series.TOPICS, 1, {"topic": "refund"})])
    metrics.record([Sample(series.TOPICS, 1, {"topic": "my number is 010-1234-5678", "call_id": "x"})])
    metrics.record([Sample(series.CALL_WAITING, 0.5, {"priority": "low"}), Sample(series.DATABASE_UP, 0)])
    refund, other = {"topic": "refund"}, {"topic": "other"}
    assert made["callytics_topics"].calls == [("inc", 1, refund), ("inc", 1, refund), ("inc", 1, other)]
    assert made["callytics_call_waiting_seconds"].calls == [("observe", 0.5, {"priority": "low"})]
    assert made["callytics_database_up"].calls == [("set", 0, {})]


def test_nothing_is_counted_where_there_is_nothing(made: dict[str, Recorded]) -> None:
    metrics.record([Sample(series.LLM_COST, 0.0, {"version": "llm-analyzer"})])
    assert made["callytics_llm_cost_usd"].calls == []


def test_sample_that_ray_refuses_ends_nothing(
    made: dict[str, Recorded], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(Recorded, "set", refuse)
    with caplog.at_level(logging.ERROR, metrics.logger.name):
        metrics.record([Sample(series.DATABASE_UP, 1), Sample(series.TOPICS, 1, {"topic": "order"})])
    assert "callytics_database_up" in caplog.text
    assert made["callytics_topics"].calls


def test_ray_takes_every_series() -> None:
    metrics._metric.cache_clear()
    for each in SERIES:
        info = metrics._metric(each).info
        assert (info["name"], info["tag_keys"]) == (each.name, tuple(label.name for label in each.labels))
    metrics._metric.cache_clear()
