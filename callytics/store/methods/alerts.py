"""What Alertmanager reported."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError

from callytics.store import alerts
from callytics.store.alerts import AlertNotice, AlertPage, AlertStatus
from callytics.store.transactions import Transactions


class AlertMethods(Transactions):
    def record_alerts(self, notices: Sequence[AlertNotice], actor: str = "") -> int:
        """Store what Alertmanager reports, and send on what changed; returns how many did. Safe to repeat."""
        try:
            with self._write() as session:
                return alerts.record(session, notices, actor, self._now_ms())
        except IntegrityError:  # another Alertmanager reported the same alert at the same moment
            with self._write() as session:
                return alerts.record(session, notices, actor, self._now_ms())

    def list_alerts(
        self,
        status: AlertStatus | None = None,
        severity: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> AlertPage:
        """A page, newest first; ``cursor`` is the ``next_cursor`` of the page before."""
        with self._read() as session:
            return alerts.page(session, status, severity, limit, cursor)

    def delete_old_alerts(self) -> int:
        """Those that are kept no longer (alerts.KEPT_DAYS); returns how many."""
        with self._write() as session:
            return alerts.delete_old(session, self._now_ms())
