"""The audit: who did what and who read what. Entries of changes are written by the transaction that changes (rows.py).

Reading is noted once per person, call and READ_WINDOW_S: a player asks for a recording in many ranges.
On PostgreSQL, two gateways that write at the same moment may note it twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlmodel import Session, col, select

from callytics.store.records.audit import AuditFilter, AuditRecord, ReadRecord
from callytics.store.rows import add_audit, audit_record
from callytics.store.tables.events import AuditRow

READ_WINDOW_S = 300


def add_reads(session: Session, reads: Iterable[ReadRecord]) -> None:
    """Those that are not there yet. Safe to repeat."""
    for read in reads:
        if not _is_noted(session, read):
            where = (read.action, read.subject, read.detail, read.at_ms, read.tenant)
            add_audit(session, read.actor, *where)
            session.flush()


def _is_noted(session: Session, read: ReadRecord) -> bool:
    rows = session.exec(
        select(AuditRow)
        .where(col(AuditRow.tenant_id) == read.tenant, col(AuditRow.subject) == read.subject)
        .where(col(AuditRow.actor) == read.actor, col(AuditRow.action) == read.action)
        .where(col(AuditRow.at_ms) > read.at_ms - READ_WINDOW_S * 1000)
    )
    return any(same_reading(row.detail, read.detail) for row in rows)


def same_reading(one: object, other: object) -> bool:
    """Whether the format and the view are the same, and both are of a turn or both of the whole."""
    return kind_of(one) == kind_of(other)


def kind_of(detail: object) -> tuple[object, bool, object]:
    """What tells readings of one subject apart."""
    if not isinstance(detail, Mapping):
        return (None, False, None)
    return (detail.get("format"), "turn_id" in detail, detail.get("view"))


def page(session: Session, wanted: AuditFilter, before: int | None, limit: int) -> tuple[AuditRecord, ...]:
    """Entries with numbers below ``before``, newest first."""
    statement = select(AuditRow).order_by(col(AuditRow.number).desc()).limit(limit)
    for column, value in (
        (AuditRow.tenant_id, wanted.tenant),
        (AuditRow.subject, wanted.subject),
        (AuditRow.actor, wanted.actor),
        (AuditRow.action, wanted.action),
    ):
        if value is not None:
            statement = statement.where(col(column) == value)
    if before is not None:
        statement = statement.where(col(AuditRow.number) < before)
    if wanted.since_ms is not None:
        statement = statement.where(col(AuditRow.at_ms) >= wanted.since_ms)
    if wanted.until_ms is not None:
        statement = statement.where(col(AuditRow.at_ms) < wanted.until_ms)
    return tuple(audit_record(row) for row in session.exec(statement))
