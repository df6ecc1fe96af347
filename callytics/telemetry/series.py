"""Every series of Callytics that Prometheus can scrape; docs/monitoring.md has the table.

Names are without the prefix ``ray_`` and, for counters, without the suffix ``_total``: the exporter adds both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from callytics.telemetry import labels
from callytics.telemetry.labels import Label

PREFIX = "ray_"


class Kind(StrEnum):
    COUNTER = "counter"
    HISTOGRAM = "histogram"
    GAUGE = "gauge"


@dataclass(frozen=True)
class Series:
    """
    Attributes:
        buckets: upper bounds, of a histogram.
    """

    name: str
    kind: Kind
    meaning: str
    labels: tuple[Label, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def exported_name(self) -> str:
        """As Prometheus sees it; a histogram's with ``_bucket``, ``_count`` and ``_sum`` behind it."""
        return PREFIX + self.name + ("_total" if self.kind is Kind.COUNTER else "")

    def safe_labels(self, given: Mapping[str, str]) -> dict[str, str]:
        """Every label of the series, each with a value that it may have."""
        return {label.name: label.safe(given.get(label.name, "")) for label in self.labels}


CALL_BUCKETS_S = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21600.0)
STAGE_BUCKETS_S = (0.05, 0.1, 0.2, 0.5, *CALL_BUCKETS_S[:-1])
REAL_TIME_FACTORS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
PIECES = (1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0, 64.0, 128.0)
FILLS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
CONFIDENCES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)


def _counter(name: str, meaning: str, *of: Label) -> Series:
    return Series(f"callytics_{name}", Kind.COUNTER, meaning, of)


def _gauge(name: str, meaning: str, *of: Label) -> Series:
    return Series(f"callytics_{name}", Kind.GAUGE, meaning, of)


def _histogram(name: str, meaning: str, buckets: tuple[float, ...], *of: Label) -> Series:
    return Series(f"callytics_{name}", Kind.HISTOGRAM, meaning, of, buckets)


CALLS = _counter(
    "calls",
    "Analyses that ended, once each; one that is asked for again (a correction, a retry) counts again",
    labels.STATUS, labels.TENANT_CLASS, labels.LANGUAGE,
)  # fmt: skip
AUDIO_SECONDS = _counter("audio_seconds", "Length of the calls that got a result", labels.TENANT_CLASS)
CALL_DURATION = _histogram(
    "call_duration_seconds",
    "From the upload of a call to its first end",
    CALL_BUCKETS_S,
    labels.STATUS, labels.PRIORITY,
)  # fmt: skip
CALL_WAITING = _histogram(
    "call_waiting_seconds",
    "From the upload of a call to its first worker",
    CALL_BUCKETS_S,
    labels.PRIORITY,
)
STAGE_DURATION = _histogram(
    "stage_duration_seconds",
    "Work of a stage on one call; of a failed one with its wait",
    STAGE_BUCKETS_S,
    labels.STAGE, labels.VERSION, labels.STAGE_STATUS,
)  # fmt: skip
STAGE_REAL_TIME_FACTOR = _histogram(
    "stage_real_time_factor",
    "Seconds of work per second of audio",
    REAL_TIME_FACTORS,
    labels.STAGE, labels.VERSION,
)  # fmt: skip
STAGE_RETRIES = _counter(
    "stage_retries", "Attempts of a stage on a call after the first", labels.STAGE, labels.VERSION
)
STAGE_ERRORS = _counter(
    "stage_errors", "Stages that failed on a call", labels.STAGE, labels.VERSION, labels.CODE
)
BATCH_PIECES = _histogram(
    "batch_pieces",
    "Windows, turns or sentences per batch of an engine; those of several calls where they share batches",
    PIECES,
    labels.STAGE, labels.VERSION, labels.PIECES,
)  # fmt: skip
BATCH_FILL = _histogram(
    "batch_fill_ratio",
    "Their number per batch, as a share of the engine's `batch_size`",
    FILLS,
    labels.STAGE, labels.VERSION, labels.PIECES,
)  # fmt: skip
CONFIDENCE = _histogram(
    "recognition_confidence",
    "Mean confidence of the recognised words of a call",
    CONFIDENCES,
    labels.VERSION, labels.LANGUAGE,
)  # fmt: skip
TURNS = _counter(
    "turns",
    "Turns of calls by sentiment, at their first result",
    labels.VERSION, labels.SENTIMENT, labels.ROLE,
)  # fmt: skip
TOPICS = _counter("topics", "Calls by topic, at their first result", labels.TOPIC)
LLM_TOKENS = _counter("llm_tokens", "Tokens as the endpoint counted them", labels.VERSION, labels.DIRECTION)
LLM_COST = _counter(
    "llm_cost_usd",
    "US dollars by the prices of the configuration; absent where it names none",
    labels.VERSION,
)
WEBHOOK_DELIVERIES = _counter("webhook_deliveries", "Attempts to deliver a webhook", labels.OUTCOME)
REDACTIONS = _counter(
    "redactions", "Personal data that was taken out of calls, at their first result", labels.PII_TYPE
)

QUEUE_CALLS = _gauge("queue_calls", "Calls that have not ended", labels.QUEUE_STATUS)
QUEUE_OLDEST = _gauge("queue_oldest_seconds", "Age of the oldest call that waits; 0: none does")
WEBHOOKS_PENDING = _gauge("webhooks_pending", "Webhook messages that wait")
WEBHOOKS_OLDEST = _gauge(
    "webhooks_oldest_seconds", "Age of the oldest webhook message that waits; 0: none does"
)
STAGE_HEALTHY = _gauge("stage_healthy", "1 where the application is healthy, else 0", labels.APPLICATION)
STAGE_REPLICAS = _gauge("stage_replicas", "Replicas that run", labels.APPLICATION)
DATABASE_UP = _gauge("database_up", "1 where the call store answers, else 0")
DISK_FREE_BYTES = _gauge("disk_free_bytes", "Free space of the file system", labels.FOLDER)
DISK_FREE_RATIO = _gauge("disk_free_ratio", "Its share of the file system, from 0 to 1", labels.FOLDER)

SERIES: tuple[Series, ...] = (
    CALLS, AUDIO_SECONDS, CALL_DURATION, CALL_WAITING, STAGE_DURATION, STAGE_REAL_TIME_FACTOR, STAGE_RETRIES,
    STAGE_ERRORS, BATCH_PIECES, BATCH_FILL, CONFIDENCE, TURNS,
    TOPICS, LLM_TOKENS, LLM_COST, WEBHOOK_DELIVERIES, REDACTIONS, QUEUE_CALLS,
    QUEUE_OLDEST, WEBHOOKS_PENDING, WEBHOOKS_OLDEST, STAGE_HEALTHY, STAGE_REPLICAS, DATABASE_UP, DISK_FREE_BYTES,
    DISK_FREE_RATIO,
)  # fmt: skip
