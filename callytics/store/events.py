"""What happened to many calls since they were last asked about, and what waits. Each function is a part of one
transaction."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from callytics.domain import JobStatus
from callytics.store.records.work import Backlog, EventRecord
from callytics.store.rows import event_record
from callytics.store.tables.calls import CallRow
from callytics.store.tables.events import EventRow
from callytics.store.tables.webhooks import WebhookDeliveryRow, WebhookEndpointRow
from callytics.store.webhooks import DeliveryStatus

_CALLS_PER_QUERY = 100  # SQLite limits the depth of an expression


def news(session: Session, after: Mapping[str, int]) -> dict[str, tuple[JobStatus, tuple[EventRecord, ...]]]:
    """By call, its status and its events after a number."""
    found: dict[str, tuple[JobStatus, tuple[EventRecord, ...]]] = {}
    names = sorted(after)
    for start in range(0, len(names), _CALLS_PER_QUERY):
        some = names[start : start + _CALLS_PER_QUERY]
        statuses = session.exec(select(CallRow.id, CallRow.status).where(col(CallRow.id).in_(some)))
        is_new = (and_(col(EventRow.call_id) == name, col(EventRow.number) > after[name]) for name in some)
        events: dict[str, list[EventRecord]] = {}
        for row in session.exec(select(EventRow).where(or_(*is_new)).order_by(col(EventRow.number))):
            events.setdefault(row.call_id, []).append(event_record(row))
        for call_id, status in statuses:
            found[call_id] = (JobStatus(status), tuple(events.get(call_id, ())))
    return found


def backlog(session: Session) -> Backlog:
    """Each query reads the rows that wait, through an index, and none of what is done."""
    unfinished = select(CallRow.status, func.count(), func.min(CallRow.created_at_ms))
    unfinished = unfinished.where(col(CallRow.status).in_((JobStatus.QUEUED, JobStatus.IN_PROGRESS)))
    calls = {
        status: (count, oldest) for status, count, oldest in session.exec(unfinished.group_by(CallRow.status))
    }
    queued, oldest_queued_at_ms = calls.get(JobStatus.QUEUED, (0, None))
    message = WebhookDeliveryRow
    pending = select(func.count(), func.min(message.created_at_ms)).where(
        col(message.endpoint_id).in_(select(WebhookEndpointRow.id)),  # the index begins with it
        col(message.status) == DeliveryStatus.PENDING,
    )
    webhooks_pending, oldest_webhook_at_ms = session.exec(pending).one()
    return Backlog(
        queued,
        calls.get(JobStatus.IN_PROGRESS, (0, None))[0],
        oldest_queued_at_ms,
        webhooks_pending,
        oldest_webhook_at_ms,
    )
