"""What happened, as samples of the series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from callytics.domain import ContactSummary, StageRun, StageStatus
from callytics.telemetry import series
from callytics.telemetry.series import Series

if TYPE_CHECKING:
    from callytics.result.schema.call import CallResult
    from callytics.store import Backlog, CallBegun, CallEnded

WEBHOOK_OUTCOMES = {"DELIVERED": "delivered", "PENDING": "failed", "FAILED": "given_up"}
"""What a message is after an attempt -> how the attempt went."""


@dataclass(frozen=True)
class Sample:
    """A counter grows by ``value``, a histogram observes it, a gauge is set to it."""

    series: Series
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


Record = Callable[[Sequence[Sample]], None]


def ignore(samples: Sequence[Sample]) -> None:
    """For processes that export no samples: tests, a call in this process."""


def of_call(change: CallBegun | CallEnded) -> list[Sample]:
    # Here, for replicas of stages record samples too, and have no store: its packages take a second to load.
    from callytics.store import DEFAULT_TENANT, WITH_RESULT, CallBegun

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


def of_stage(run: StageRun, audio_s: float) -> list[Sample]:
    """A stage ended on a call.

    Args:
        audio_s: length of the call.
    """
    stage = {"stage": run.name, "version": run.application}
    samples = []
    if run.attempts:  # else it was away, and did nothing
        samples.append(Sample(series.STAGE_DURATION, run.duration_s, {**stage, "status": run.status}))
    if run.status is StageStatus.FAILED:
        samples.append(Sample(series.STAGE_ERRORS, 1, {**stage, "code": run.error_code}))
    elif audio_s > 0:
        samples.append(Sample(series.STAGE_REAL_TIME_FACTOR, run.duration_s / audio_s, stage))
    return samples


def of_batch(stage: str, application: str, pieces: str, num_pieces: int, batch_size: int) -> list[Sample]:
    """An engine computed a batch.

    Args:
        pieces: what it was made of, such as ``windows``.
        batch_size: how many could have been in it.
    """
    labels = {"stage": stage, "version": application, "pieces": pieces}
    return [
        Sample(series.BATCH_PIECES, num_pieces, labels),
        Sample(series.BATCH_FILL, num_pieces / batch_size, labels),
    ]


def of_retry(run: StageRun) -> list[Sample]:
    return [Sample(series.STAGE_RETRIES, 1, {"stage": run.name, "version": run.application})]


def of_summary(summary: ContactSummary, application: str) -> list[Sample]:
    """A language model was asked."""
    usage = summary.usage
    if usage is None:
        return []
    version = {"version": application}
    return [
        Sample(series.LLM_TOKENS, usage.input_tokens, {**version, "direction": "input"}),
        Sample(series.LLM_TOKENS, usage.output_tokens, {**version, "direction": "output"}),
        Sample(series.LLM_COST, usage.cost_usd or 0.0, version),
    ]


def of_result(result: CallResult, applications: Mapping[str, str]) -> Iterator[Sample]:
    """A call has its first result.

    Args:
        applications: stage -> who did its work.
    """
    heard = [item.confidence for turn in result.transcript for item in turn.items if not item.corrected]
    if heard:
        labels = {"version": applications["speech-recognizer"], "language": result.language_code}
        yield Sample(series.CONFIDENCE, sum(heard) / len(heard), labels)
    moods = Counter((turn.sentiment, turn.participant_role) for turn in result.transcript if turn.sentiment)
    for (sentiment, role), count in moods.items():
        labels = {"version": applications["sentiment-analyzer"], "sentiment": sentiment, "role": role}
        yield Sample(series.TURNS, count, labels)
    if result.contact_summary and result.contact_summary.topic:
        yield Sample(series.TOPICS, 1, {"topic": result.contact_summary.topic})
    kinds = Counter(redaction.kind for turn in result.transcript for redaction in turn.redactions)
    for kind, count in kinds.items():
        yield Sample(series.REDACTIONS, count, {"type": kind})


def of_webhook(status: str | None) -> list[Sample]:
    """An attempt ended.

    Args:
        status: of the message now; None: the attempt was not counted, its lease was over.
    """
    if status is None:
        return []
    return [Sample(series.WEBHOOK_DELIVERIES, 1, {"outcome": WEBHOOK_OUTCOMES[status]})]


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
