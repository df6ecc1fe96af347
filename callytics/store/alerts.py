"""Alerts as Alertmanager reports them: stored once, and sent on as webhooks. Parts of one transaction.

An alert is known by its fingerprint (a hash of its labels) and the time at which it started. Alertmanager repeats a
notification while an alert lasts: only a change of its status is sent on. An alert that was resolved and is reported
as firing with the same start fires again: Alertmanager resolves an alert that Prometheus did not confirm for a while.

Alerts are about the whole graph, so they belong to its operator: the tenant ``default``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete as delete_rows
from sqlmodel import Session, col, select

from callytics.store import webhooks
from callytics.store.calls import MAX_PAGE_SIZE
from callytics.store.cursors import decode_cursor, encode_cursor
from callytics.store.records.calls import DEFAULT_TENANT, new_call_id
from callytics.store.rows import add_audit
from callytics.store.tables.events import AlertRow

KEPT_DAYS = 90.0
"""An alert is deleted when it was not reported for this time, whether it ended or not."""

_ORDER = "alerts"
_DAY_MS = 24 * 3600 * 1000


class AlertStatus(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class AlertNotice:
    """What Alertmanager reports of one alert. ``ended_at_ms``: None while it is firing."""

    fingerprint: str
    status: AlertStatus
    started_at_ms: int
    ended_at_ms: int | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@dataclass(frozen=True)
class AlertRecord:
    """``name`` and ``severity`` are labels of it, "" where it has none; ``received_at_ms``: when it was reported
    last."""

    id: str
    name: str
    severity: str
    status: AlertStatus
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    started_at_ms: int
    ended_at_ms: int | None
    received_at_ms: int


@dataclass(frozen=True)
class AlertPage:
    """``next_cursor``: None on the last page."""

    alerts: tuple[AlertRecord, ...]
    next_cursor: str | None


def record(session: Session, notices: Sequence[AlertNotice], actor: str, now_ms: int) -> int:
    """Store what was reported; each change becomes a webhook and a line of the audit. Returns how many changed."""
    # In one order, so that two notifications at the same moment do not wait for each other.
    ordered = sorted(notices, key=lambda notice: (notice.fingerprint, notice.started_at_ms))
    return sum(_record(session, notice, actor, now_ms) for notice in ordered)


def _record(session: Session, notice: AlertNotice, actor: str, now_ms: int) -> bool:
    identity = select(AlertRow).where(
        col(AlertRow.fingerprint) == notice.fingerprint, col(AlertRow.started_at_ms) == notice.started_at_ms
    )
    row = session.exec(identity.with_for_update()).first()
    is_changed = row is None or row.status != notice.status
    if row is None:
        row = AlertRow(
            id=new_call_id(), fingerprint=notice.fingerprint, started_at_ms=notice.started_at_ms, status=""
        )
        session.add(row)
    row.name, row.severity = notice.labels.get("alertname", ""), notice.labels.get("severity", "")
    row.labels, row.annotations = dict(notice.labels), dict(notice.annotations)
    row.status, row.received_at_ms = notice.status, now_ms
    row.ended_at_ms = notice.ended_at_ms if notice.status is AlertStatus.RESOLVED else None
    if is_changed:
        session.flush()
        event = webhooks.FIRED_EVENT if notice.status is AlertStatus.FIRING else webhooks.RESOLVED_EVENT
        webhooks.announce(session, DEFAULT_TENANT, event, _data(row), now_ms)
        add_audit(session, actor, event, row.id, {"name": row.name}, now_ms, DEFAULT_TENANT)
    return is_changed


def _data(row: AlertRow) -> dict[str, object]:
    """The alert in the form of a webhook."""
    return {
        "alert_id": row.id,
        "name": row.name,
        "severity": row.severity,
        "summary": row.annotations.get("summary", ""),
        "description": row.annotations.get("description", ""),
        "runbook_url": row.annotations.get("runbook_url", ""),
        "labels": row.labels,
        "started_at": webhooks.iso_time(row.started_at_ms),
        "ended_at": webhooks.iso_time(row.ended_at_ms) if row.ended_at_ms is not None else None,
    }


def page(
    session: Session, status: AlertStatus | None, severity: str | None, limit: int, cursor: str | None
) -> AlertPage:
    """The newest first.

    Raises:
        InvalidRequestError: ``cursor_invalid``.
    """
    statement = select(AlertRow).order_by(col(AlertRow.id).desc())
    if status is not None:
        statement = statement.where(col(AlertRow.status) == status)
    if severity is not None:
        statement = statement.where(col(AlertRow.severity) == severity)
    if cursor is not None:
        statement = statement.where(col(AlertRow.id) < decode_cursor(cursor, _ORDER)[1])
    limit = max(1, min(limit, MAX_PAGE_SIZE))
    rows = list(session.exec(statement.limit(limit + 1)))
    shown = rows[:limit]
    return AlertPage(
        alerts=tuple(_alert(row) for row in shown),
        next_cursor=encode_cursor(_ORDER, 0, shown[-1].id) if len(rows) > limit else None,
    )


def _alert(row: AlertRow) -> AlertRecord:
    return AlertRecord(
        id=row.id,
        name=row.name,
        severity=row.severity,
        status=AlertStatus(row.status),
        labels=dict(row.labels),
        annotations=dict(row.annotations),
        started_at_ms=row.started_at_ms,
        ended_at_ms=row.ended_at_ms,
        received_at_ms=row.received_at_ms,
    )


def delete_old(session: Session, now_ms: int) -> int:
    """Those that were not reported for KEPT_DAYS. Returns how many."""
    before_ms = now_ms - round(KEPT_DAYS * _DAY_MS)
    old = session.exec(select(AlertRow.id).where(col(AlertRow.received_at_ms) < before_ms)).all()
    if old:
        session.execute(delete_rows(AlertRow).where(col(AlertRow.received_at_ms) < before_ms))
    return len(old)
