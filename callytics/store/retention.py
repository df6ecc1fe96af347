"""The retention period of calls: calls that ended before it are deleted, with all derived data. A tenant may have
its own period (tenants.settings, ``retention_days``)."""

from __future__ import annotations

from sqlmodel import Session, col, select

from callytics.store.records.calls import FINISHED
from callytics.store.tables.calls import CallRow, TenantRow

_DAY_MS = 24 * 3600 * 1000


def expired_calls(session: Session, days: float | None, now_ms: int, limit: int) -> tuple[str, ...]:
    """Ids of finished calls past the retention period, oldest first.

    Args:
        days: the period of tenants without their own; None: such calls are kept.
    """
    own_terms = {row.id: row.settings.get("retention_days") for row in session.exec(select(TenantRow))}
    expired: list[str] = []
    for tenant, own_days in sorted(own_terms.items()):
        term_days = days if own_days is None else float(own_days)
        if term_days is None:
            continue
        statement = (
            select(CallRow.id)
            .where(col(CallRow.tenant_id) == tenant, col(CallRow.status).in_(FINISHED))
            .where(col(CallRow.completed_at_ms) < now_ms - round(term_days * _DAY_MS))
            .order_by(col(CallRow.completed_at_ms))
            .limit(limit - len(expired))
        )
        expired += session.exec(statement)
    return tuple(expired)
