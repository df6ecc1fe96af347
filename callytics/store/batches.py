"""Batches of `callytics backfill`: how far each is, as its job last said."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session, col, select

from callytics.store.leases import ensure_tenant
from callytics.store.records.batches import BatchRecord
from callytics.store.records.calls import new_call_id
from callytics.store.tables.usage import BatchRow

SILENT_AFTER_S = 120
"""A job tells every few seconds (deployments/backfill); one that has not for this long was killed or cannot."""


def begin(session: Session, tenant: str, source: str, num_calls: int, now_ms: int) -> str:
    """The id of a new batch."""
    ensure_tenant(session, tenant, now_ms)
    row = BatchRow(
        id=new_call_id(),
        tenant_id=tenant,
        input=source,
        started_at_ms=now_ms,
        updated_at_ms=now_ms,
        calls=num_calls,
        by_status={},
    )
    session.add(row)
    return row.id


def tell(
    session: Session,
    batch_id: str,
    by_status: Mapping[str, int],
    audio_s: float,
    now_ms: int,
    has_ended: bool,
    error: str,
) -> None:
    """What the batch has done so far. One that is not there is not an error: it may have been begun elsewhere."""
    row = session.get(BatchRow, batch_id, with_for_update=True)
    if row is None:
        return
    row.by_status, row.audio_s, row.updated_at_ms = dict(by_status), audio_s, now_ms
    row.ended_at_ms, row.error = (now_ms if has_ended else None), error


def newest(session: Session, tenant: str, limit: int) -> tuple[BatchRecord, ...]:
    rows = session.exec(
        select(BatchRow)
        .where(col(BatchRow.tenant_id) == tenant)
        .order_by(col(BatchRow.id).desc())
        .limit(limit)
    )
    return tuple(
        BatchRecord(
            id=row.id,
            tenant=row.tenant_id,
            input=row.input,
            started_at_ms=row.started_at_ms,
            updated_at_ms=row.updated_at_ms,
            ended_at_ms=row.ended_at_ms,
            error=row.error,
            calls=row.calls,
            by_status=row.by_status,
            audio_s=row.audio_s,
        )
        for row in rows
    )
