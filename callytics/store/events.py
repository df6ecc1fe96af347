"""New events of many calls. Part of one transaction."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from callytics.store.records import EventRecord, JobStatus
from callytics.store.rows import event_record
from callytics.store.tables import CallRow, EventRow

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
