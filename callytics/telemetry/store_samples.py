"""What the call store reports, as samples of the series.

Not in samples.py: every replica and every worker of a batch counts, and the store behind these types is a second of CPU
to import (SQLAlchemy, Alembic).
"""

from __future__ import annotations

from callytics.store import DEFAULT_TENANT, WITH_RESULT, Backlog, CallBegun, CallEnded
from callytics.telemetry import series
from callytics.telemetry.samples import Sample


def of_call(change: CallBegun | CallEnded) -> list[Sample]:
    if isinstance(change, CallBegun):
        return [Sample(series.CALL_WAITING, change.waited_s, {"priority": change.priority})]
    tenant = {"tenant_class": "operator" if change.tenant == DEFAULT_TENANT else "tenant"}
    labels = {"status": change.status, "language": change.language_code or "und", **tenant}
    samples = [Sample(series.CALLS, 1, labels)]
    if change.status in WITH_RESULT:
        samples.append(Sample(series.AUDIO_SECONDS, change.audio_s, tenant))
    if change.is_first:
        labels = {"status": change.status, "priority": change.priority}
        samples.append(Sample(series.CALL_DURATION, change.duration_s, labels))
    return samples


def of_backlog(backlog: Backlog | None, now_s: float) -> list[Sample]:
    """What waits; None: the store does not answer, and so nothing is known of it."""
    if backlog is None:
        return [Sample(series.DATABASE_UP, 0)]

    def age_s(since_ms: int | None) -> float:
        return 0.0 if since_ms is None else max(0.0, now_s - since_ms / 1000)

    return [
        Sample(series.DATABASE_UP, 1),
        Sample(series.QUEUE_CALLS, backlog.queued, {"status": "QUEUED"}),
        Sample(series.QUEUE_CALLS, backlog.in_progress, {"status": "PROCESSING"}),
        Sample(series.QUEUE_OLDEST, age_s(backlog.oldest_queued_at_ms)),
        Sample(series.WEBHOOKS_PENDING, backlog.webhooks_pending),
        Sample(series.WEBHOOKS_OLDEST, age_s(backlog.oldest_webhook_at_ms)),
    ]
