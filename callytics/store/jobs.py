"""Calls as a worker sees them: lease, renew, record stages, complete. Each function is a part of one transaction.

A lease is a right for a limited time. Whoever holds it shows its token with every write; once the lease is over
and another worker took the call, or the call was cancelled or deleted, the writes of the first are refused
(the fencing token of Kleppmann, "How to do distributed locking", 2016).
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from callytics.domain import StageRun, StageStatus
from callytics.errors import ConflictError
from callytics.store import codec, search
from callytics.store.calls import release_lease
from callytics.store.records import WITH_RESULT, JobStatus, Lease
from callytics.store.rows import add_event, call_record
from callytics.store.tables import CallRow, ReportRow, StageRow

MAX_ATTEMPTS = 5
"""A call that was leased so often without an end kills its workers: it fails instead of doing so for ever."""


def lease(session: Session, worker: str, seconds: float, now_ms: int) -> Lease | None:
    """The oldest call that waits, or whose worker let its lease expire. None when there is nothing to do."""
    while (row := _next(session, now_ms)) is not None:
        if row.attempts >= MAX_ATTEMPTS:
            message = f"The call was given up after {row.attempts} attempts; the worker of the last was lost."
            _end(session, row, JobStatus.FAILED, now_ms, ("call-pipeline", "attempts_exhausted", message))
            session.flush()
            continue
        row.status = JobStatus.IN_PROGRESS
        row.attempts += 1
        row.updated_at_ms = now_ms
        row.lease_owner = worker
        row.lease_token = secrets.token_hex(16)
        row.lease_expires_at_ms = now_ms + round(seconds * 1000)
        session.flush()
        add_event(
            session, row.id, "call.started", {"job_status": row.status, "attempt": row.attempts}, now_ms
        )
        return Lease(call_record(session, row), row.lease_token, row.lease_expires_at_ms)
    return None


def _next(session: Session, now_ms: int) -> CallRow | None:
    waiting = and_(col(CallRow.status) == JobStatus.QUEUED, col(CallRow.available_at_ms) <= now_ms)
    abandoned = and_(col(CallRow.status) == JobStatus.IN_PROGRESS, col(CallRow.lease_expires_at_ms) <= now_ms)
    statement = select(CallRow).where(or_(waiting, abandoned)).order_by(col(CallRow.id)).limit(1)
    # SQLite's transaction is exclusive already and ignores the clause; PostgreSQL's workers pass each other by.
    return session.exec(statement.with_for_update(skip_locked=True)).first()


def renew(session: Session, call_id: str, token: str, seconds: float, now_ms: int) -> bool:
    """False: the lease is lost (expired and taken, cancelled, deleted); stop working on the call."""
    row = session.get(CallRow, call_id)
    if row is None or row.lease_token != token:
        return False
    row.lease_expires_at_ms = now_ms + round(seconds * 1000)
    return True


def release(session: Session, call_id: str, token: str, delay_s: float, now_ms: int) -> None:
    """Give the call back unfinished, to be leased again after a while; the attempt is not counted."""
    row = held(session, call_id, token)
    row.status = JobStatus.QUEUED
    row.attempts -= 1
    row.available_at_ms = now_ms + round(delay_s * 1000)
    row.updated_at_ms = now_ms
    release_lease(row)
    add_event(session, call_id, "call.queued", {"job_status": row.status}, now_ms)


def held(session: Session, call_id: str, token: str) -> CallRow:
    """
    Raises:
        ConflictError: ``lease_lost``.
    """
    row = session.get(CallRow, call_id)
    if row is None or row.lease_token != token:
        raise ConflictError("lease_lost", f"The lease of call {call_id} is over; this worker must stop.")
    return row


def record_stage(
    session: Session, call_id: str, token: str, run: StageRun, key: str, output: Any | None, now_ms: int
) -> None:
    """Note how a stage goes, with its output when it is COMPLETED."""
    held(session, call_id, token)
    row = session.get(StageRow, (call_id, run.name))
    if row is None:
        row = StageRow(
            call_id=call_id,
            stage=run.name,
            status=run.status,
            result_key=key,
            started_at_ms=now_ms,
            updated_at_ms=now_ms,
        )
    row.status = run.status
    row.result_key = key
    row.updated_at_ms = now_ms
    for name in ("attempts", "duration_s", "application", "engine", "model", "model_revision", "config_hash"):
        setattr(row, name, getattr(run, name))
    row.error_code, row.error_message = run.error_code, run.error_message
    row.output = codec.encode(output) if output is not None else None
    session.add(row)
    data = {"stage": run.name, "status": run.status, "attempts": run.attempts}
    if run.duration_s:
        data["duration_ms"] = round(run.duration_s * 1000)
    if run.error_code:
        data |= {"error_code": run.error_code, "error_message": run.error_message}
    add_event(session, call_id, f"stage.{run.status.lower()}", data, now_ms)


def load_stage_output(session: Session, call_id: str, key: str) -> Any | None:
    """The output stored under a key, or None: not there, or written by an incompatible version."""
    row = session.exec(
        select(StageRow).where(
            col(StageRow.call_id) == call_id,
            col(StageRow.result_key) == key,
            col(StageRow.status) == StageStatus.COMPLETED,
        )
    ).first()
    if row is None or row.output is None:
        return None
    try:
        return codec.decode(row.output)
    except ValueError:  # pydantic's ValidationError is one: the types changed since, so the stage runs again
        return None


def complete(
    session: Session, call_id: str, token: str, status: JobStatus, report_json: bytes, now_ms: int
) -> None:
    """Store the result, make it searchable, end the job.

    Raises:
        ConflictError: ``lease_lost``.
        ValueError: the status is none that has a result.
    """
    if status not in WITH_RESULT:
        raise ValueError(f"a call with a result is COMPLETED or PARTIAL, not {status}")
    row = held(session, call_id, token)
    report = json.loads(report_json)
    row.language_code = report["language_code"]
    search.index_turns(session, call_id, report["transcript"])
    session.merge(ReportRow(call_id=call_id, created_at_ms=now_ms, body=codec.pack(report_json)))
    errors = report.get("job_details", {}).get("errors", [])
    first = (errors[0]["stage"], errors[0]["code"], errors[0]["message"]) if errors else None
    _end(session, row, status, now_ms, first)


def fail(
    session: Session, call_id: str, token: str, stage: str, code: str, message: str, now_ms: int
) -> None:
    """End the job without a result; what an earlier run of the call had found is removed."""
    row = held(session, call_id, token)
    earlier = session.get(ReportRow, call_id)
    if earlier is not None:
        session.delete(earlier)
        search.remove_turns(session, call_id)
    _end(session, row, JobStatus.FAILED, now_ms, (stage, code, message))


def _end(
    session: Session, row: CallRow, status: JobStatus, now_ms: int, error: tuple[str, str, str] | None
) -> None:
    row.status = status
    row.updated_at_ms = row.completed_at_ms = now_ms
    row.error_stage, row.error_code, row.error_message = error or (None, None, None)
    release_lease(row)
    session.add(row)
    data: dict[str, str] = {"job_status": status}
    if error is not None:
        data |= {"error_stage": error[0], "error_code": error[1], "error_message": error[2]}
    add_event(session, row.id, f"call.{status.lower()}", data, now_ms)
