"""Samples of callytics.telemetry as Ray's own metrics: its agent on each node exports them to Prometheus."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import cache
from typing import Any

from ray.util.metrics import Counter, Gauge, Histogram

from callytics.telemetry import Kind, Sample, Series

logger = logging.getLogger(__name__)


def record(samples: Iterable[Sample]) -> None:
    """Never raises: no call fails because it could not be counted."""
    for sample in samples:
        try:
            _record(sample)
        except Exception:
            logger.exception("a sample of %s is lost", sample.series.name)


def _record(sample: Sample) -> None:
    metric, labels = _metric(sample.series), sample.series.safe_labels(sample.labels)
    match sample.series.kind:
        case Kind.COUNTER:
            if sample.value > 0:  # Ray refuses to count nothing
                metric.inc(sample.value, labels)
        case Kind.HISTOGRAM:
            metric.observe(sample.value, labels)
        case Kind.GAUGE:
            metric.set(sample.value, labels)


@cache
def _metric(series: Series) -> Any:
    """One object a series and process: Ray registers each that is made."""
    names = tuple(label.name for label in series.labels)
    match series.kind:
        case Kind.COUNTER:
            return Counter(series.name, series.meaning, names)
        case Kind.HISTOGRAM:
            return Histogram(series.name, series.meaning, list(series.buckets), names)
        case Kind.GAUGE:
            return Gauge(series.name, series.meaning, names)
