"""What becomes of calls, noted in the transaction that does it and told after its commit: so each is told once, however
many workers held the call, and nothing that was rolled back is told."""

from __future__ import annotations

from sqlmodel import Session, col, select

from callytics.domain import JobStatus
from callytics.store.records.calls import FINISHED
from callytics.store.records.work import CallBegun, CallEnded
from callytics.store.rows import PRIORITIES
from callytics.store.tables.calls import CallRow
from callytics.store.tables.events import EventRow

Change = CallBegun | CallEnded

_KEY = "callytics.changes"
_ENDS = tuple(f"call.{status.lower()}" for status in FINISHED)


def note_begin(session: Session, row: CallRow, now_ms: int) -> None:
    """Before a call is leased."""
    if row.attempts == 0 and not _was(session, row, ("call.started",)):
        _note(session, CallBegun(PRIORITIES[row.priority], (now_ms - row.created_at_ms) / 1000))


def note_end(session: Session, row: CallRow, now_ms: int) -> None:
    """Before the event of the end is added."""
    _note(
        session,
        CallEnded(
            JobStatus(row.status),
            row.tenant_id,
            row.language_code,
            PRIORITIES[row.priority],
            row.duration_s,
            (now_ms - row.created_at_ms) / 1000,
            is_first=not _was(session, row, _ENDS),
        ),
    )


def noted(session: Session) -> list[Change]:
    changes: list[Change] = session.info.pop(_KEY, [])
    return changes


def _note(session: Session, change: Change) -> None:
    session.info.setdefault(_KEY, []).append(change)


def _was(session: Session, row: CallRow, types: tuple[str, ...]) -> bool:
    found = select(EventRow.number).where(col(EventRow.call_id) == row.id, col(EventRow.type).in_(types))
    return session.exec(found.limit(1)).first() is not None
