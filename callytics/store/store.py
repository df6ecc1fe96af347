"""The store of calls: every method is one transaction, safe from several threads and processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from callytics.domain import Role, StageRun
from callytics.errors import NotFoundError
from callytics.store import calls, codec, jobs, keys, versions
from callytics.store.database import open_database, writing
from callytics.store.records import (
    ApiKeyRecord,
    CallFilter,
    CallPage,
    CallRecord,
    EventRecord,
    IssuedApiKey,
    JobStatus,
    Lease,
    NewCall,
    StageStatistics,
    Statistics,
    Submission,
)
from callytics.store.rows import add_event, apply_metadata, call_record, event_record, fetch_call
from callytics.store.tables import CallRow, EventRow, ReportRow, StageRow
from callytics.store.versions import VersionRun


class CallStore:
    """Jobs, stage results, results, metadata, search and API keys in one database.

    Arguments and results are standard-library types and pickle. Methods that name a call raise
    NotFoundError("call_not_found") where there is none.

    Args:
        url: SQLAlchemy URL of an SQLite file; its schema is migrated to the newest.
        clock: seconds since the epoch.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.time) -> None:
        self._engine = open_database(url)
        self._writing_engine = writing(self._engine)
        self._clock = clock

    def close(self) -> None:
        self._engine.dispose()

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    @contextmanager
    def _read(self) -> Iterator[Session]:
        with Session(self._engine) as session:
            yield session

    @contextmanager
    def _write(self) -> Iterator[Session]:
        with Session(self._writing_engine) as session, session.begin():
            yield session

    # ------------------------------------------------------------ calls

    def create_call(self, new: NewCall) -> Submission:
        """Queue a call, or answer an earlier one that it repeats (see NewCall)."""
        with self._write() as session:
            return calls.create(session, new, self._now_ms())

    def get_call(self, call_id: str) -> CallRecord:
        with self._read() as session:
            return call_record(session, fetch_call(session, call_id))

    def list_calls(self, wanted: CallFilter, limit: int = 50, cursor: str | None = None) -> CallPage:
        """A page, newest first; ``cursor`` is the ``next_cursor`` of the page before."""
        with self._read() as session:
            return calls.page(session, wanted, limit, cursor)

    def call_ids(self) -> frozenset[str]:
        with self._read() as session:
            return frozenset(session.exec(select(CallRow.id)))

    def patch_metadata(self, call_id: str, changes: Mapping[str, Any]) -> CallRecord:
        """Change what is named; None clears."""
        with self._write() as session:
            row = fetch_call(session, call_id)
            apply_metadata(row, changes)
            row.updated_at_ms = self._now_ms()
            return call_record(session, row)

    def set_roles(self, call_id: str, roles: Mapping[str, Role]) -> CallRecord:
        """Correct the roles by hand and queue the call again (see calls.set_roles)."""
        with self._write() as session:
            return call_record(session, calls.set_roles(session, call_id, roles, self._now_ms()))

    def retry_call(self, call_id: str) -> CallRecord:
        """Queue a FAILED, PARTIAL or CANCELLED call again; only what did not finish runs."""
        with self._write() as session:
            return call_record(session, calls.retry(session, call_id, self._now_ms()))

    def cancel_call(self, call_id: str) -> CallRecord:
        with self._write() as session:
            return call_record(session, calls.cancel(session, call_id, self._now_ms()))

    def delete_call(self, call_id: str, actor: str = "") -> None:
        """The caller removes the blobs, after this; what it cannot remove is swept (store/blobs.py)."""
        with self._write() as session:
            calls.delete(session, call_id, actor, self._now_ms())

    def get_report(self, call_id: str) -> bytes:
        """The result of a call as JSON.

        Raises:
            NotFoundError: ``result_not_found``: the call has none (yet).
        """
        with self._read() as session:
            row = session.get(ReportRow, call_id)
            if row is None:
                raise NotFoundError("result_not_found", f"Call {call_id!r} has no result.")
            return codec.unpack(row.body)

    # ------------------------------------------------------------ work

    def lease(self, worker: str, seconds: float) -> Lease | None:
        """The next call to work on, for so long; renew it before that. None: nothing to do."""
        with self._write() as session:
            return jobs.lease(session, worker, seconds, self._now_ms())

    def renew(self, call_id: str, token: str, seconds: float) -> bool:
        """False: the lease is lost, stop working on the call."""
        with self._write() as session:
            return jobs.renew(session, call_id, token, seconds, self._now_ms())

    def release(self, call_id: str, token: str, delay_s: float = 0.0) -> None:
        """Give a call back unfinished, e.g. at shutdown."""
        with self._write() as session:
            jobs.release(session, call_id, token, delay_s, self._now_ms())

    def record_stage(
        self, call_id: str, token: str, run: StageRun, key: str = "", output: Any | None = None
    ) -> None:
        """Note how a stage goes; with COMPLETED, its output under a key of its inputs, engine and options.

        Raises:
            ConflictError: ``lease_lost``.
        """
        with self._write() as session:
            jobs.record_stage(session, call_id, token, run, key, output, self._now_ms())

    def load_stage_output(self, call_id: str, key: str) -> Any | None:
        """What record_stage kept under a key; None where the stage has to run. Audio comes without samples."""
        with self._read() as session:
            return jobs.load_stage_output(session, call_id, key)

    def complete(self, call_id: str, token: str, status: JobStatus, report_json: bytes) -> None:
        """Store the result (JSON of result.md) and end the job, all or nothing.

        Raises:
            ConflictError: ``lease_lost``.
        """
        with self._write() as session:
            jobs.complete(session, call_id, token, JobStatus(status), report_json, self._now_ms())

    def fail(self, call_id: str, token: str, stage: str, code: str, message: str) -> None:
        """End the job without a result.

        Raises:
            ConflictError: ``lease_lost``.
        """
        with self._write() as session:
            jobs.fail(session, call_id, token, stage, code, message, self._now_ms())

    # ------------------------------------------------------------ versions of a stage

    def record_shadow(self, call_id: str, run: StageRun, output: Any | None = None) -> bool:
        """Keep what a version did in the shadow of another; False: the call was deleted meanwhile."""
        with self._write() as session:
            return versions.record_shadow(session, call_id, run, output, self._now_ms())

    def version_runs(self, applications: Sequence[str], since_ms: int = 0) -> tuple[VersionRun, ...]:
        """Every run of these applications that ended since then, for the caller or in the shadow; no outputs."""
        with self._read() as session:
            return versions.version_runs(session, applications, since_ms)

    def version_output(self, call_id: str, application: str) -> Any | None:
        """What an application made of a call, for the caller or in the shadow. Audio comes without samples."""
        with self._read() as session:
            return versions.version_output(session, call_id, application)

    # ------------------------------------------------------------ events, numbers

    def append_event(self, call_id: str, event_type: str, data: Mapping[str, Any]) -> None:
        with self._write() as session:
            fetch_call(session, call_id)
            add_event(session, call_id, event_type, data, self._now_ms())

    def events_after(self, call_id: str, number: int = 0, limit: int = 100) -> tuple[EventRecord, ...]:
        """The events of a call after a number, in order."""
        with self._read() as session:
            rows = session.exec(
                select(EventRow)
                .where(col(EventRow.call_id) == call_id, col(EventRow.number) > number)
                .order_by(col(EventRow.number))
                .limit(limit)
            )
            return tuple(event_record(row) for row in rows)

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

    # ------------------------------------------------------------ API keys

    def create_api_key(self, name: str, scopes: Sequence[str], actor: str = "") -> IssuedApiKey:
        """Scopes: calls:read, calls:write, calls:delete, admin."""
        with self._write() as session:
            return keys.create(session, name, scopes, actor, self._now_ms())

    def list_api_keys(self) -> tuple[ApiKeyRecord, ...]:
        with self._read() as session:
            return keys.all_keys(session)

    def revoke_api_key(self, key_id: str, actor: str = "") -> ApiKeyRecord:
        with self._write() as session:
            return keys.revoke(session, key_id, actor, self._now_ms())

    def authenticate(self, sha256: str) -> ApiKeyRecord | None:
        """The valid key whose secret has this SHA-256 (hex), or None."""
        now_ms = self._now_ms()
        with self._read() as session:
            key = keys.authenticate(session, sha256)
        if key is not None and keys.is_use_unrecorded(key, now_ms):
            with self._write() as session:
                keys.record_use(session, key.id, now_ms)
        return key
