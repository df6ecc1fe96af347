"""Usage by tenant and day (UTC): counters that only grow, and outlive the calls. Each function is part of one
transaction.

Calls are counted in the transactions that accept and complete them, under the source "". Requests are counted by the
gateways, in memory: each writes its totals of the day under its own source, so a repeated write, e.g. after a lost
answer, is not counted twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from callytics.store.records.usage import CallUsage, RequestTotals, TenantUsage, UsageDay
from callytics.store.tables.calls import CallRow
from callytics.store.tables.usage import UsageRow

_COUNTERS = ("requests", "refused", "calls", "uploaded_bytes", "uploaded_audio_ms", "analyzed_audio_ms")
_UPSERT = (
    f"INSERT INTO usage (tenant_id, day, source, {', '.join(_COUNTERS)}) "
    f"VALUES (:tenant, :day, :source, {', '.join(':' + name for name in _COUNTERS)}) "
    "ON CONFLICT (tenant_id, day, source) DO UPDATE SET "
)
_ADD = text(_UPSERT + ", ".join(f"{name} = usage.{name} + excluded.{name}" for name in _COUNTERS))
_REPLACE = text(_UPSERT + ", ".join(f"{name} = excluded.{name}" for name in _COUNTERS))

_NOTHING = dict.fromkeys(_COUNTERS, 0)


def day_of(now_ms: int) -> str:
    return datetime.fromtimestamp(now_ms / 1000, UTC).date().isoformat()


def count_call(session: Session, tenant: str, used: CallUsage, now_ms: int) -> None:
    """Count a call. This is the last lock of a transaction, so there are no deadlocks."""
    counters = {**_NOTHING, **vars(used)}
    session.execute(_ADD, {**counters, "tenant": tenant, "day": day_of(now_ms), "source": ""})


def record_requests(session: Session, source: str, totals: Sequence[RequestTotals]) -> None:
    """Store a gateway's current request counts by tenant and day."""
    for total in sorted(totals, key=lambda total: (total.tenant, total.day)):
        counters = {**_NOTHING, "requests": total.requests, "refused": total.refused}
        session.execute(_REPLACE, {**counters, "tenant": total.tenant, "day": total.day, "source": source})


def usage(session: Session, tenant: str | None, first_day: str, last_day: str) -> tuple[TenantUsage, ...]:
    """Usage of one tenant, or of all tenants with any usage; days without usage are omitted."""
    sums = [func.sum(getattr(UsageRow, name)) for name in _COUNTERS]
    days: Any = (
        select(UsageRow.tenant_id, UsageRow.day, *sums)
        .where(col(UsageRow.day) >= first_day, col(UsageRow.day) <= last_day)
        .group_by(UsageRow.tenant_id, UsageRow.day)
        .order_by(UsageRow.tenant_id, UsageRow.day)
    )
    stored = select(CallRow.tenant_id, func.sum(CallRow.size_bytes)).group_by(CallRow.tenant_id)
    if tenant is not None:
        days = days.where(col(UsageRow.tenant_id) == tenant)
        stored = stored.where(col(CallRow.tenant_id) == tenant)
    by_tenant: dict[str, list[UsageDay]] = {} if tenant is None else {tenant: []}
    for name, day, *counters in session.exec(days):
        numbers = dict(zip(_COUNTERS, map(int, counters), strict=True))
        by_tenant.setdefault(name, []).append(UsageDay(day, **numbers))
    stored_bytes = {name: int(size) for name, size in session.exec(stored)}
    names = sorted({*by_tenant, *stored_bytes})
    return tuple(TenantUsage(n, stored_bytes.get(n, 0), tuple(by_tenant.get(n, ()))) for n in names)
