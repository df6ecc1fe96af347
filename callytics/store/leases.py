"""The queue: turns of tenants, leases, later attempts. Each function is part of one transaction.

A lease is a right for a limited time. Its worker sends the token with every write. After the lease has expired and
another worker has taken the call, or the call was cancelled or deleted, the writes of the first worker are refused
(the fencing token of Kleppmann, "How to do distributed locking", 2016).

Workers that lease at the same time do not block each other: on PostgreSQL through FOR UPDATE SKIP LOCKED, on SQLite
one after the other. Tenants take turns: the tenant with the fewest running calls first, then the one that was served
longest ago. A priority orders the calls of one tenant only.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, exists, func, or_, text, update
from sqlmodel import Session, col, select

from callytics.domain import JobStatus, StageStatus
from callytics.errors import ConflictError
from callytics.store import changes, webhooks
from callytics.store.records.work import Lease
from callytics.store.rows import add_event, call_record, corrections_in_force, plain_text
from callytics.store.tables.calls import CallRow, StageRow, TenantRow

MAX_ATTEMPTS = 5
"""A call that was leased this many times without an end kills its workers, or always meets the same fault: it fails
instead of an endless repetition."""

RETRY_BASE_S = 5.0
RETRY_CAP_S = 300.0


def lease(
    session: Session,
    worker: str,
    seconds: float,
    now_ms: int,
    max_attempts: int = MAX_ATTEMPTS,
    at_work: Sequence[str] = (),
) -> Lease | None:
    """The next waiting call, or one with an expired lease. None if there is nothing to do.

    Args:
        at_work: calls of this worker that are running. If a renewal is late, on a busy machine or after an outage of
            the store, the worker keeps them: the renewal may still come.
    """
    for tenant in _tenants_in_turn(session, now_ms):
        while (row := _next_of(session, tenant.id, now_ms, at_work)) is not None:
            if row.attempts >= max_attempts:
                _give_up(session, row, now_ms)
                continue
            was_queued = row.status == JobStatus.QUEUED
            waiting_since_ms = row.queued_at_ms if was_queued else row.lease_expires_at_ms
            changes.note_begin(session, row, now_ms)
            row.status = JobStatus.IN_PROGRESS
            row.attempts += 1
            row.updated_at_ms = now_ms
            row.lease_owner = worker
            row.lease_token = secrets.token_hex(16)
            row.lease_expires_at_ms = now_ms + round(seconds * 1000)
            tenant.last_served_at_ms = now_ms
            session.flush()
            data = {"job_status": row.status, "attempt": row.attempts}
            add_event(session, row.id, "call.started", data, now_ms)
            return Lease(
                call_record(session, row),
                row.lease_token,
                row.lease_expires_at_ms,
                corrections_in_force(session, row.id),
                row.traceparent,
                waiting_since_ms or now_ms,
            )
    return None


def _waiting(now_ms: int) -> Any:
    return and_(col(CallRow.status) == JobStatus.QUEUED, col(CallRow.available_at_ms) <= now_ms)


def _abandoned(now_ms: int) -> Any:
    return and_(col(CallRow.status) == JobStatus.IN_PROGRESS, col(CallRow.lease_expires_at_ms) <= now_ms)


def _tenants_in_turn(session: Session, now_ms: int) -> list[TenantRow]:
    """The tenants with waiting calls, in order."""
    in_work = (
        select(col(CallRow.tenant_id), func.count().label("calls"))
        .where(col(CallRow.status) == JobStatus.IN_PROGRESS, col(CallRow.lease_expires_at_ms) > now_ms)
        .group_by(col(CallRow.tenant_id))
        .subquery()
    )
    has_work = exists().where(
        col(CallRow.tenant_id) == TenantRow.id, or_(_waiting(now_ms), _abandoned(now_ms))
    )
    statement = (
        select(TenantRow)
        .outerjoin(in_work, in_work.c.tenant_id == TenantRow.id)
        .where(has_work)
        .order_by(func.coalesce(in_work.c.calls, 0), col(TenantRow.last_served_at_ms), col(TenantRow.id))
    )
    return list(session.exec(statement))


def _next_of(session: Session, tenant: str, now_ms: int, at_work: Sequence[str]) -> CallRow | None:
    """The next call of a tenant; abandoned calls come first, because they have waited already."""
    abandoned = and_(_abandoned(now_ms), col(CallRow.id).not_in(at_work))
    for claimable in (abandoned, _waiting(now_ms)):
        statement = select(CallRow).where(col(CallRow.tenant_id) == tenant, claimable)
        statement = statement.order_by(col(CallRow.priority), col(CallRow.id)).limit(1)
        row = session.exec(statement.with_for_update(skip_locked=True)).first()
        if row is not None:
            return row
    return None


def _give_up(session: Session, row: CallRow, now_ms: int) -> None:
    message = f"The call was given up after {row.attempts} attempts; the worker of the last was lost."
    if row.error_code:
        message += f" The error before that: {row.error_stage}: {row.error_message}"
    end(session, row, JobStatus.FAILED, now_ms, ("call-pipeline", "attempts_exhausted", message))
    session.flush()


def renew(session: Session, call_id: str, token: str, seconds: float, now_ms: int) -> bool:
    """False: the lease is lost (expired and taken, cancelled, deleted); stop working on the call."""
    row = session.get(CallRow, call_id, with_for_update=True)
    if row is None or row.lease_token != token:
        return False
    row.lease_expires_at_ms = now_ms + round(seconds * 1000)
    return True


def release(session: Session, call_id: str, token: str, delay_s: float, now_ms: int) -> None:
    """Give the call back unfinished, to be leased again after a while; the attempt is not counted."""
    row = held(session, call_id, token)
    row.attempts -= 1
    _queue_again(session, row, delay_s, now_ms)


def held(session: Session, call_id: str, token: str) -> CallRow:
    """The call, locked until the transaction ends: no other worker can take it between this check and the write, and
    the events of a call are numbered in the order in which they become visible.

    Raises:
        ConflictError: ``lease_lost``.
    """
    row = session.get(CallRow, call_id, with_for_update=True)
    if row is None or row.lease_token != token:
        raise ConflictError("lease_lost", f"The lease of call {call_id} is over; this worker must stop.")
    return row


def try_again(session: Session, row: CallRow, error: tuple[str, str, str], now_ms: int) -> None:
    """Queue a held call again after a pause that grows with its attempts; the error is kept meanwhile."""
    row.error_stage, row.error_code, row.error_message = (plain_text(part) for part in error)
    _queue_again(session, row, retry_delay_s(row.attempts), now_ms, error)


def retry_delay_s(attempts: int) -> float:
    """5 s after the first attempt, then doubled each time, at most 300 s. Half of it is random, so calls that failed
    together do not return together ("equal jitter": Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog,
    2015)."""
    pause_s = min(RETRY_CAP_S, RETRY_BASE_S * 2.0 ** (attempts - 1))
    return pause_s / 2 + random.uniform(0.0, pause_s / 2)


def _queue_again(
    session: Session, row: CallRow, delay_s: float, now_ms: int, error: tuple[str, str, str] | None = None
) -> None:
    row.status = JobStatus.QUEUED
    row.queued_at_ms = now_ms
    row.available_at_ms = now_ms + round(delay_s * 1000)
    row.updated_at_ms = now_ms
    clear_lease(row)
    data: dict[str, Any] = {"job_status": row.status, **_error_data(error)}
    if delay_s > 0:
        data["delay_ms"] = round(delay_s * 1000)
    add_event(session, row.id, "call.queued", data, now_ms)


def clear_lease(row: CallRow) -> None:
    row.lease_owner = row.lease_token = row.lease_expires_at_ms = None


def end(
    session: Session, row: CallRow, status: JobStatus, now_ms: int, error: tuple[str, str, str] | None
) -> None:
    """End the job. ``error`` is (stage, code, message)."""
    row.status = status
    row.updated_at_ms = row.completed_at_ms = now_ms
    row.error_stage, row.error_code, row.error_message = error or (None, None, None)
    if error is not None:
        row.error_message = plain_text(error[2])
    clear_lease(row)
    session.add(row)
    broken_off = update(StageRow).where(
        col(StageRow.call_id) == row.id, col(StageRow.status) == StageStatus.RUNNING
    )
    session.execute(broken_off.values(status=StageStatus.SKIPPED))
    if row.options.get("redact_pii"):  # the outputs of stages contain data that the result must not show
        originals = update(StageRow).where(col(StageRow.call_id) == row.id)
        session.execute(originals.values(output=None, result_key=""))
    changes.note_end(session, row, now_ms)
    data = {"job_status": status, **_error_data(error)}
    event = add_event(session, row.id, f"call.{status.lower()}", data, now_ms)
    session.flush()  # numbers the event
    assert event.number is not None
    webhooks.enqueue(session, row, event.number, event.type, now_ms)


def _error_data(error: tuple[str, str, str] | None) -> dict[str, str]:
    if error is None:
        return {}
    return {"error_stage": error[0], "error_code": error[1], "error_message": plain_text(error[2])}


def ensure_tenant(session: Session, tenant: str, now_ms: int) -> None:
    if session.get(TenantRow, tenant) is None:
        statement = (
            "INSERT INTO tenants (id, created_at_ms, last_served_at_ms, settings) "
            "VALUES (:id, :now_ms, 0, '{}') ON CONFLICT (id) DO NOTHING"
        )
        session.execute(text(statement), {"id": tenant, "now_ms": now_ms})
