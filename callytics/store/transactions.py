"""A database and the transactions on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlmodel import Session

from callytics.store import changes
from callytics.store.database import open_database, reading, unavailable_errors, writing
from callytics.store.leases import MAX_ATTEMPTS
from callytics.store.records.calls import CallRecord
from callytics.store.rows import add_audit, call_record
from callytics.store.tables.calls import CallRow


class Transactions:
    """The database of a CallStore, whose docstring describes the arguments."""

    def __init__(
        self,
        url: str,
        clock: Callable[[], float] = time.time,
        max_attempts: int = MAX_ATTEMPTS,
        on_change: Callable[[changes.Change], None] | None = None,
    ) -> None:
        self._engine = open_database(url)
        self._writing_engine = writing(self._engine)
        self._reading_engine = reading(self._engine)
        self._clock = clock
        self._max_attempts = max_attempts
        self._on_change = on_change

    def close(self) -> None:
        self._engine.dispose()

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    @contextmanager
    def _read(self) -> Iterator[Session]:
        with unavailable_errors(), Session(self._reading_engine) as session:
            yield session

    @contextmanager
    def _write(self) -> Iterator[Session]:
        with unavailable_errors(), Session(self._writing_engine) as session:
            with session.begin():
                yield session
            noted = changes.noted(session)
        if self._on_change is not None:
            for change in noted:
                self._on_change(change)

    def _changed(
        self, session: Session, row: CallRow, actor: str, action: str, detail: Mapping[str, Any] | None = None
    ) -> CallRecord:
        """The changed call, with an audit entry: both are written, or neither."""
        add_audit(session, actor, action, row.id, detail or {}, self._now_ms(), row.tenant_id)
        return call_record(session, row)
