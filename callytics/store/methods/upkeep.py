"""What keeps the store well."""

from __future__ import annotations

from sqlmodel import select

from callytics.store import findings, retention, search
from callytics.store.database import remove_traces, unavailable_errors
from callytics.store.tables.calls import TenantRow
from callytics.store.transactions import Transactions


class UpkeepMethods(Transactions):
    def ping(self) -> None:
        """
        Raises:
            UnavailableError: the database does not answer.
        """
        with self._read() as session:
            session.exec(select(TenantRow.id).limit(1)).first()

    def expired_calls(self, days: float | None, limit: int = 500) -> tuple[str, ...]:
        """Finished calls past the retention period (store/retention.py)."""
        with self._read() as session:
            return retention.expired_calls(session, days, self._now_ms(), limit)

    def reindex_turns(self, limit: int = 200) -> int:
        """Update turns from an earlier index version. Returns the number of turns, 0 if none remain."""
        with self._write() as session:
            return search.reindex_turns(session, limit)

    def fill_findings(self, limit: int = 100) -> int:
        """Write the findings of results from before there were any. Returns the number of calls, 0 if none remain."""
        with self._write() as session:
            return findings.fill(session, limit)

    def remove_traces(self) -> None:
        """Remove traces of deleted calls from an SQLite file; the time grows with the search index."""
        with unavailable_errors():
            remove_traces(self._engine)
