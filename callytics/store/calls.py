"""Operations of a call's owner: submit, read, list, correct, delete. Each function is part of one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlmodel import Session, col, select
from sqlmodel import delete as delete_rows

from callytics.domain import CallOptions, JobStatus, StageStatus
from callytics.errors import ConflictError
from callytics.store import search, usage
from callytics.store.codec import options_to_json
from callytics.store.leases import clear_lease, end, ensure_tenant
from callytics.store.records.calls import DEFAULT_TENANT, FINISHED, NewCall, Submission
from callytics.store.records.usage import CallUsage
from callytics.store.rows import (
    add_audit,
    add_event,
    apply_metadata,
    call_record,
    corrections_in_force,
    fetch_call,
    media_json,
    plain_text,
    priority_number,
)
from callytics.store.tables.calls import CallRow, StageRow

MAX_PAGE_SIZE = 200


def create(session: Session, new: NewCall, now_ms: int) -> Submission:
    """
    Raises:
        ConflictError: the idempotency key was used for another request.
    """
    request = (new.tenant, new.media.sha256, new.options, new.metadata)
    request_hash = request_key(*request)
    if new.idempotency_key is not None:
        earlier = session.exec(
            select(CallRow).where(col(CallRow.idempotency_key) == new.idempotency_key)
        ).first()
        if earlier is not None:
            if earlier.request_hash != request_hash:
                raise ConflictError(
                    "idempotency_key_reused",
                    "This Idempotency-Key was used for another request; send a new key with a new request.",
                )
            return Submission(call_record(session, earlier), created=False)
    key = request_hash if new.deduplicate else None
    if key is not None:
        same = same_request(session, *request, lock=True)
        if same is not None and not _came_to_nothing(session, same):
            return Submission(call_record(session, same), created=False)
        if same is not None:  # a call without an outcome does not block another attempt
            same.dedupe_key = None
            session.flush()
    row = CallRow(
        id=new.id,
        status=JobStatus.QUEUED,
        created_at_ms=now_ms,
        updated_at_ms=now_ms,
        queued_at_ms=now_ms,
        available_at_ms=now_ms,
        traceparent=new.traceparent,
        uri=new.uri,
        size_bytes=new.size_bytes,
        filename=plain_text(new.filename),
        sha256=new.media.sha256,
        duration_s=new.media.duration_s,
        media=media_json(new.media),
        options=options_to_json(new.options),
        custom={},
        dedupe_key=key,
        idempotency_key=new.idempotency_key,
        request_hash=request_hash,
        tenant_id=new.tenant,
        created_by=new.created_by,
        priority=priority_number(new.priority),
    )
    ensure_tenant(session, new.tenant, now_ms)
    apply_metadata(row, new.metadata)
    session.add(row)
    session.flush()
    if new.deduplicate:
        _reuse_stages(session, row, now_ms)
    add_event(session, row.id, "call.queued", {"job_status": row.status}, now_ms)
    add_audit(session, new.created_by, "call.submitted", row.id, {"sha256": row.sha256}, now_ms, new.tenant)
    used = CallUsage(1, new.size_bytes, uploaded_audio_ms=round(new.media.duration_s * 1000))
    usage.count_call(session, new.tenant, used, now_ms)
    return Submission(call_record(session, row), created=True)


def _came_to_nothing(session: Session, row: CallRow) -> bool:
    """Whether the call failed or was cancelled without corrections; a corrected call is never replaced by a new one."""
    ended_without = row.status in (JobStatus.FAILED, JobStatus.CANCELLED)
    return ended_without and not corrections_in_force(session, row.id)


def request_key(tenant: str, sha256: str, options: CallOptions, metadata: Mapping[str, Any]) -> str:
    """The key of submissions of one recording with the same options and the same metadata.

    Other metadata mean another call: an announcement without an answer has the same sound each time.
    """
    return _hash([*_recording_and_options(tenant, sha256, options), dict(metadata)])


def same_request(
    session: Session,
    tenant: str,
    sha256: str,
    options: CallOptions,
    metadata: Mapping[str, Any],
    *,
    lock: bool = False,
) -> CallRow | None:
    """The call of the same submission; None if deduplication is off."""
    key = request_key(tenant, sha256, options, metadata)
    before_0_3 = _hash(_recording_and_options(tenant, sha256, options))  # for existing calls
    statement = select(CallRow).where(
        col(CallRow.dedupe_key).in_([key, before_0_3]), col(CallRow.request_hash) == key
    )
    return session.exec(statement.with_for_update() if lock else statement).first()


def _recording_and_options(tenant: str, sha256: str, options: CallOptions) -> list[Any]:
    request: list[Any] = [sha256, options_to_json(options)]
    # Hashes from versions without tenants remain valid.
    return request if tenant == DEFAULT_TENANT else [tenant, *request]


def _reuse_stages(session: Session, row: CallRow, now_ms: int) -> None:
    """Reuse stage outputs of another call of this recording with these options, regardless of its metadata. An output
    is used if its engine is still the current one. ``attempts`` is 0, because this call did no work."""
    same_audio = col(CallRow.sha256) == row.sha256, col(CallRow.tenant_id) == row.tenant_id
    others = select(CallRow).where(*same_audio, col(CallRow.id) != row.id).order_by(col(CallRow.id).desc())
    sibling = next((other for other in session.exec(others.limit(20)) if other.options == row.options), None)
    if sibling is None:
        return
    done = select(StageRow).where(
        col(StageRow.call_id) == sibling.id,
        col(StageRow.status) == StageStatus.COMPLETED,
        col(StageRow.output).is_not(None),
    )
    for stage in session.exec(done).all():
        known = stage.model_dump() | {"call_id": row.id, "attempts": 0, "duration_s": 0.0}
        session.add(StageRow(**known | {"started_at_ms": now_ms, "updated_at_ms": now_ms}))


def retry(session: Session, call_id: str, now_ms: int, tenant: str | None) -> CallRow:
    """Queue an unsuccessful call again; finished stages keep their results.

    Raises:
        ConflictError: nothing failed.
    """
    row = fetch_call(session, call_id, tenant, lock=True)
    if row.status not in (JobStatus.FAILED, JobStatus.PARTIAL, JobStatus.CANCELLED):
        raise ConflictError("nothing_to_retry", f"Call {call_id} is {row.status}: no stage of it failed.")
    unfinished = select(StageRow).where(
        col(StageRow.call_id) == call_id, col(StageRow.status) != StageStatus.COMPLETED
    )
    for stage in session.exec(unfinished).all():
        session.delete(stage)
    enqueue(session, row, now_ms, "retried")
    return row


def reprocess(
    session: Session, call_id: str, stages: Collection[str], now_ms: int, tenant: str | None
) -> CallRow:
    """Delete the outputs of these stages and queue the call again. Its result stays until there is a new one, even if
    the new run fails or is cancelled.

    Raises:
        ConflictError: the call is being worked on, or is about to be.
    """
    row = fetch_call(session, call_id, tenant, lock=True)
    if JobStatus(row.status) not in FINISHED:
        raise ConflictError(
            "call_not_finished", f"Call {call_id} is {row.status}: wait for its end, or cancel it first."
        )
    session.execute(
        delete_rows(StageRow).where(col(StageRow.call_id) == call_id, col(StageRow.stage).in_(stages))
    )
    enqueue(session, row, now_ms, "reprocessed")
    return row


def enqueue(session: Session, row: CallRow, now_ms: int, reason: str) -> None:
    """Queue a call for one more run; ``reason`` is for its timeline."""
    row.status = JobStatus.QUEUED
    row.attempts = 0
    row.queued_at_ms = now_ms
    row.available_at_ms = now_ms
    row.updated_at_ms = now_ms
    row.completed_at_ms = None
    row.error_stage = row.error_code = row.error_message = None
    clear_lease(row)
    session.add(row)
    add_event(session, row.id, "call.queued", {"job_status": row.status, "reason": reason}, now_ms)


def cancel(session: Session, call_id: str, now_ms: int, tenant: str | None) -> CallRow:
    """Stop a call; its worker loses the lease. Cancelling twice is not an error.

    Raises:
        ConflictError: it has already finished.
    """
    row = fetch_call(session, call_id, tenant, lock=True)
    if row.status == JobStatus.CANCELLED:
        return row
    if JobStatus(row.status) in FINISHED:
        raise ConflictError("call_finished", f"Call {call_id} is {row.status}: there is nothing to cancel.")
    end(session, row, JobStatus.CANCELLED, now_ms, None)
    return row


def delete(session: Session, call_id: str, actor: str, now_ms: int, tenant: str | None) -> None:
    """Remove a call and all derived data. The audit keeps the time of the deletion and its actor."""
    row = fetch_call(session, call_id, tenant, lock=True)
    search.remove_turns(session, call_id)
    session.delete(row)  # also deletes stage results, report, events, webhooks: ON DELETE CASCADE
    detail = {"sha256": row.sha256, "status": row.status}
    add_audit(session, actor, "call.deleted", call_id, detail, now_ms, row.tenant_id)


def _hash(parts: list[Any]) -> str:
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
