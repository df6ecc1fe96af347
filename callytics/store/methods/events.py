"""What happened to calls: events, the timeline, log lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import col, select

from callytics.domain import JobStatus
from callytics.store import call_lines, events
from callytics.store.call_lines import CallLine
from callytics.store.marks import not_repeatable
from callytics.store.records.work import EventRecord
from callytics.store.rows import add_event, event_record, fetch_call, is_id
from callytics.store.tables.events import EventRow
from callytics.store.timeline import Timeline, timeline
from callytics.store.transactions import Transactions

MAX_NUMBER = (1 << 63) - 1
"""The number of an event; a caller may request the events after any number."""


class EventMethods(Transactions):
    @not_repeatable
    def append_event(self, call_id: str, event_type: str, data: Mapping[str, Any]) -> None:
        with self._write() as session:
            fetch_call(session, call_id, lock=True)
            add_event(session, call_id, event_type, data, self._now_ms())

    def events_after(self, call_id: str, number: int = 0, limit: int = 100) -> tuple[EventRecord, ...]:
        """The events of a call after a number, in order; empty if the call does not exist."""
        if not is_id(call_id) or number >= MAX_NUMBER:
            return ()
        with self._read() as session:
            rows = session.exec(
                select(EventRow)
                .where(col(EventRow.call_id) == call_id, col(EventRow.number) > number)
                .order_by(col(EventRow.number))
                .limit(limit)
            )
            return tuple(event_record(row) for row in rows)

    def news(self, after: Mapping[str, int]) -> dict[str, tuple[JobStatus, tuple[EventRecord, ...]]]:
        """By call, its status and its events after a number, in one snapshot; calls that do not exist (any more) are
        omitted."""
        asked = {
            call_id: number for call_id, number in after.items() if is_id(call_id) and number < MAX_NUMBER
        }
        with self._read() as session:
            return events.news(session, asked)

    def timeline(self, call_id: str, tenant: str | None = None) -> Timeline:
        """What happened to a call and when: waits, runs, attempts of stages, webhooks."""
        with self._read() as session:
            return timeline(session, call_id, tenant)

    @not_repeatable
    def append_call_lines(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Log lines of calls, as deployments/replica/call_lines.py makes them."""
        with self._write() as session:
            call_lines.append(session, lines)

    def lines_of_call(
        self, call_id: str, tenant: str | None = None, after: int = 0, stage: str | None = None
    ) -> tuple[CallLine, ...]:
        """What replicas logged while they worked on a call, by time; those that arrived after a number."""
        with self._read() as session:
            return call_lines.of_call(session, call_id, tenant, min(after, MAX_NUMBER), stage)

    def trim_call_lines(self, limit: int = call_lines.MAX_LINES_OF_A_TENANT) -> None:
        """The newest of each tenant are kept."""
        with self._write() as session:
            call_lines.trim(session, limit)
