"""Figures over many calls: the overview, counts, what waits, what tenants use."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func
from sqlmodel import col, select

from callytics.domain import JobStatus
from callytics.store import events, overview, usage
from callytics.store.overview import Overview
from callytics.store.records.lists import CallFilter
from callytics.store.records.usage import RequestTotals, TenantUsage
from callytics.store.records.work import Backlog, StageStatistics, Statistics
from callytics.store.tables.calls import CallRow, StageRow
from callytics.store.transactions import Transactions


class FigureMethods(Transactions):
    def overview(self, wanted: CallFilter, day_starts_ms: Sequence[int]) -> Overview:
        """What the calls of a period have in common (overview.overview)."""
        with self._read() as session:
            return overview.overview(session, wanted, day_starts_ms)

    def queued_calls(self, tenant: str | None = None) -> int:
        """Number of waiting calls of one tenant, or of all."""
        waiting = select(func.count()).select_from(CallRow).where(col(CallRow.status) == JobStatus.QUEUED)
        if tenant is not None:
            waiting = waiting.where(col(CallRow.tenant_id) == tenant)
        with self._read() as session:
            return session.exec(waiting).one()

    def statistics(self) -> Statistics:
        with self._read() as session:
            by_status = session.exec(select(CallRow.status, func.count()).group_by(CallRow.status)).all()
            oldest = session.exec(
                select(func.min(CallRow.created_at_ms)).where(col(CallRow.status) == JobStatus.QUEUED)
            ).one()
            duration_s, size = session.exec(
                select(func.sum(CallRow.duration_s), func.sum(CallRow.size_bytes))
            ).one()
            stages = session.exec(
                select(StageRow.stage, StageRow.status, func.count(), func.sum(StageRow.duration_s)).group_by(
                    StageRow.stage, StageRow.status
                )
            ).all()
        counts = dict(by_status)
        return Statistics(
            calls_by_status={status.value: counts.get(status.value, 0) for status in JobStatus},
            oldest_queued_at_ms=oldest,
            audio_duration_s=float(duration_s or 0.0),
            audio_bytes=int(size or 0),
            stages=tuple(StageStatistics(stage, status, n, float(s)) for stage, status, n, s in stages),
        )

    def backlog(self) -> Backlog:
        """What waits; it costs as much as there is waiting, and not what is stored."""
        with self._read() as session:
            return events.backlog(session)

    def record_requests(self, source: str, totals: Sequence[RequestTotals]) -> None:
        """Store the current counts of a gateway; ``source`` is the gateway's own name. Safe to repeat."""
        with self._write() as session:
            usage.record_requests(session, source, totals)

    def usage(self, tenant: str | None, first_day: str, last_day: str) -> tuple[TenantUsage, ...]:
        """Usage of one tenant or of all (None), between two days (ISO 8601, UTC), inclusive."""
        with self._read() as session:
            return usage.usage(session, tenant, first_day, last_day)
