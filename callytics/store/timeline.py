"""What happened to a call and when, from its events and its webhook messages. Reads only.

An event is written in the transaction of what it tells of, so the timeline is as true as the store, and no tracing
back end is needed. A run without a recorded end (a lost worker) has none here either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from callytics.domain import JobStatus, StageStatus
from callytics.store.jobs import VERSION_FIELDS
from callytics.store.rows import fetch_call
from callytics.store.tables.events import EventRow
from callytics.store.tables.webhooks import WebhookDeliveryRow

MAX_EVENTS = 5000
"""The newest of a call that are read. One run has about 15."""


class TimelineKind(StrEnum):
    QUEUE = "QUEUE"
    RUN = "RUN"
    STAGE = "STAGE"
    WEBHOOK = "WEBHOOK"


class TimelineStatus(StrEnum):
    """``LOST``: the worker was gone before the end was noted. ``ENDED``: of a wait."""

    RUNNING = "RUNNING"
    ENDED = "ENDED"
    COMPLETED = "COMPLETED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"
    REQUEUED = "REQUEUED"
    LOST = "LOST"


@dataclass(frozen=True)
class TimelineEntry:
    """One span of time in the life of a call.

    Attributes:
        name: the stage; the type of the event of a webhook; "queue", "pipeline".
        end_ms: None: it is running, or its end is unknown (LOST).
        run: which run of the call it belongs to, from 1; a retry, a correction or a reprocess begins another.
        attempt: of a stage in this run, of the pipeline in this run; how often a webhook was tried.
        worked_ms: what the engine itself took; the rest of a stage's time is waiting for a place in it, and transport.
        reason: of a wait in the queue: "submitted", "retried", "corrected", ..., "error", "released".
    """

    kind: TimelineKind
    name: str
    status: TimelineStatus
    start_ms: int
    end_ms: int | None = None
    run: int = 0
    attempt: int = 0
    worked_ms: int | None = None
    application: str = ""
    engine: str = ""
    model: str = ""
    model_revision: str = ""
    error_code: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Timeline:
    """``is_complete``: False where the oldest of very many events were left out."""

    call_id: str
    status: JobStatus
    accepted_at_ms: int
    completed_at_ms: int | None
    entries: tuple[TimelineEntry, ...]
    is_complete: bool = True


def timeline(session: Session, call_id: str, tenant: str | None) -> Timeline:
    call = fetch_call(session, call_id, tenant)
    of_call = select(EventRow).where(col(EventRow.call_id) == call_id)
    newest = session.exec(of_call.order_by(col(EventRow.number).desc()).limit(MAX_EVENTS + 1)).all()
    history = _History()
    for event in reversed(newest[:MAX_EVENTS]):
        history.add(event.type, event.data, event.at_ms)
    messages = session.exec(
        select(WebhookDeliveryRow)
        .where(col(WebhookDeliveryRow.call_id) == call_id)
        .order_by(col(WebhookDeliveryRow.created_at_ms), col(WebhookDeliveryRow.id))
        .limit(MAX_EVENTS)
    ).all()
    return Timeline(
        call_id,
        JobStatus(call.status),
        call.created_at_ms,
        call.completed_at_ms,
        (*history.entries, *map(_webhook, messages)),
        len(newest) <= MAX_EVENTS,
    )


_WEBHOOK_STATUS = {"PENDING": TimelineStatus.RUNNING, "DELIVERED": TimelineStatus.COMPLETED}


def _webhook(row: WebhookDeliveryRow) -> TimelineEntry:
    return TimelineEntry(
        TimelineKind.WEBHOOK,
        row.event_type,
        _WEBHOOK_STATUS.get(row.status, TimelineStatus.FAILED),
        row.created_at_ms,
        row.delivered_at_ms,
        attempt=row.attempts,
        error_code="webhook_not_delivered" if row.last_error else "",
    )


@dataclass
class _History:
    """Entries in the order of their starts, from events in their order. ``_open`` holds places of those without end."""

    entries: list[TimelineEntry] = field(default_factory=list)
    _open: dict[str, int] = field(default_factory=dict)
    _run: int = 0

    def add(self, event_type: str, data: Mapping[str, Any], at_ms: int) -> None:
        subject, _, what = event_type.partition(".")
        if event_type == "call.queued":
            self._queued(data, at_ms)
        elif event_type == "call.started":
            self._started(data, at_ms)
        elif subject == "stage":
            self._stage(data, at_ms)
        elif subject == "call" and what.upper() in JobStatus.__members__:
            self._end_stages(TimelineStatus.SKIPPED, at_ms)
            self._end("queue", TimelineStatus.CANCELLED, at_ms)
            self._end("pipeline", TimelineStatus(what.upper()), at_ms, error_code=data.get("error_code", ""))

    def _queued(self, data: Mapping[str, Any], at_ms: int) -> None:
        was_at_work = "pipeline" in self._open
        self._end_stages(TimelineStatus.SKIPPED, at_ms)
        code = data.get("error_code", "")
        self._end("pipeline", TimelineStatus.REQUEUED, at_ms, error_code=code)
        if was_at_work:
            reason = "error" if code else "released"
        else:
            self._run += 1
            reason = data.get("reason") or ("submitted" if self._run == 1 else "queued again")
        self._begin("queue", TimelineKind.QUEUE, at_ms, reason=reason)

    def _started(self, data: Mapping[str, Any], at_ms: int) -> None:
        self._end("queue", TimelineStatus.ENDED, at_ms)
        self._end_stages(TimelineStatus.LOST, None)
        self._end("pipeline", TimelineStatus.LOST, None)  # a lease that ran out: no worker returned the call
        self._begin("pipeline", TimelineKind.RUN, at_ms, attempt=data.get("attempt", 0))

    def _stage(self, data: Mapping[str, Any], at_ms: int) -> None:
        name, status, attempt = data["stage"], StageStatus(data["status"]), data.get("attempts", 0)
        version = {each: data[each] for each in VERSION_FIELDS if each in data}
        if status is StageStatus.RUNNING:
            self._end_attempt(name, data)
            self._begin(name, TimelineKind.STAGE, at_ms, attempt=attempt, **version)
            return
        if name not in self._open:  # it failed before any attempt: the stage was away
            self._begin(name, TimelineKind.STAGE, at_ms, attempt=attempt, **version)
        worked_ms = data.get("duration_ms") if status is StageStatus.COMPLETED else None
        ended = TimelineStatus(status)
        code = data.get("error_code", "")
        self._end(name, ended, at_ms, worked_ms=worked_ms, error_code=code, **version)

    def _end_attempt(self, name: str, data: Mapping[str, Any]) -> None:
        """The next attempt of a stage says how long the one before took; the pause between them belongs to neither."""
        if name in self._open:
            start_ms = self.entries[self._open[name]].start_ms
            took_ms = data.get("duration_ms")
            self._end(name, TimelineStatus.FAILED, None if took_ms is None else start_ms + took_ms)

    def _begin(self, name: str, kind: TimelineKind, at_ms: int, **known: Any) -> None:
        self._open[name] = len(self.entries)
        self.entries.append(TimelineEntry(kind, name, TimelineStatus.RUNNING, at_ms, run=self._run, **known))

    def _end(self, name: str, status: TimelineStatus, end_ms: int | None, **known: Any) -> None:
        if (place := self._open.pop(name, None)) is not None:
            self.entries[place] = replace(self.entries[place], status=status, end_ms=end_ms, **known)

    def _end_stages(self, status: TimelineStatus, end_ms: int | None) -> None:
        for name in [name for name in self._open if name not in ("queue", "pipeline")]:
            self._end(name, status, end_ms)
