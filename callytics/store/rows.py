"""Converts rows to records, and has the helpers of every transaction: time, fetching a call, events, audit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from callytics.domain import Correction, JobStatus, Media, StageRun, StageStatus
from callytics.errors import NotFoundError
from callytics.store.codec import options_from_json
from callytics.store.records.access import ApiKeyRecord
from callytics.store.records.audit import AuditRecord
from callytics.store.records.calls import DEFAULT_TENANT, METADATA_FIELDS, CallFailure, CallRecord, Priority
from callytics.store.records.work import EventRecord
from callytics.store.tables.access import ApiKeyRow
from callytics.store.tables.calls import CallRow, CorrectionRow, ReportRow, ShadowRow, StageRow
from callytics.store.tables.events import AuditRow, EventRow

_PRIORITY_NUMBERS = {Priority.HIGH: 0, Priority.NORMAL: 1, Priority.LOW: 2}
PRIORITIES = {number: priority for priority, number in _PRIORITY_NUMBERS.items()}

_ID = re.compile(r"[0-9A-Za-z]{1,26}")


def is_id(value: str) -> bool:
    """Whether the value can be the id of a row. PostgreSQL rejects a NUL character, so a query would fail."""
    return _ID.fullmatch(value) is not None


def plain_text(value: str) -> str:
    """The text without characters that a database or UTF-8 rejects: NUL, and halves of surrogate pairs."""
    return value.replace("\0", "").encode("utf-8", "replace").decode()


def priority_number(priority: Priority) -> int:
    """Smaller comes first."""
    return _PRIORITY_NUMBERS[Priority(priority)]


def fetch_call(session: Session, call_id: str, tenant: str | None = None, *, lock: bool = False) -> CallRow:
    """
    Args:
        tenant: the required owner; None: any tenant. A call of another tenant is treated as missing.
        lock: prevent other changes until the transaction ends.

    Raises:
        NotFoundError: the call does not exist, or no longer.
    """
    row = session.get(CallRow, call_id, with_for_update=lock or None) if is_id(call_id) else None
    if row is None or (tenant is not None and row.tenant_id != tenant):
        raise NotFoundError("call_not_found", f"There is no call {call_id!r}; it may have been deleted.")
    return row


def call_record(session: Session, row: CallRow) -> CallRecord:
    return call_records(session, [row])[0]


def call_records(session: Session, rows: Sequence[CallRow]) -> tuple[CallRecord, ...]:
    """The calls with their stages, in three queries for any number of calls."""
    ids = [row.id for row in rows]
    stages = stage_runs(session, ids)
    results = select(ReportRow.call_id, ReportRow.created_at_ms).where(col(ReportRow.call_id).in_(ids))
    result_at_ms = dict(session.exec(results).all())
    return tuple(_call_record(row, stages.get(row.id, ()), result_at_ms.get(row.id)) for row in rows)


def _call_record(row: CallRow, stages: Sequence[StageRun], result_at_ms: int | None) -> CallRecord:
    return CallRecord(
        id=row.id,
        status=JobStatus(row.status),
        created_at_ms=row.created_at_ms,
        updated_at_ms=row.updated_at_ms,
        completed_at_ms=row.completed_at_ms,
        uri=row.uri,
        size_bytes=row.size_bytes,
        filename=row.filename,
        media=Media(**row.media),
        options=options_from_json(row.options),
        metadata={**{name: getattr(row, name) for name in METADATA_FIELDS}, "custom": row.custom},
        language_code=row.language_code,
        attempts=row.attempts,
        error=CallFailure(row.error_stage or "", row.error_code, row.error_message or "")
        if row.error_code
        else None,
        stages=tuple(stages),
        tenant=row.tenant_id,
        created_by=row.created_by,
        priority=PRIORITIES[row.priority],
        available_at_ms=row.available_at_ms,
        result_at_ms=result_at_ms,
        called_at_ms=row.called_at_ms,
    )


def stage_runs(session: Session, call_ids: Sequence[str]) -> dict[str, list[StageRun]]:
    """By call, in the order of their start."""
    rows = session.exec(
        select(StageRow)
        .options(defer(StageRow.output))  # type: ignore[arg-type]  # large, and not needed here
        .where(col(StageRow.call_id).in_(call_ids))
        .order_by(col(StageRow.started_at_ms), col(StageRow.stage))
    )
    runs: dict[str, list[StageRun]] = {}
    for row in rows:
        runs.setdefault(row.call_id, []).append(stage_run(row))
    return runs


def stage_run(row: StageRow | ShadowRow) -> StageRun:
    """A run of a stage; one in the shadow of another has a single attempt."""
    return StageRun(
        name=row.stage,
        status=StageStatus(row.status),
        attempts=row.attempts if isinstance(row, StageRow) else 1,
        duration_s=row.duration_s,
        application=row.application,
        engine=row.engine,
        model=row.model,
        model_revision=row.model_revision,
        config_hash=row.config_hash,
        error_code=row.error_code,
        error_message=row.error_message,
    )


def correction_rows(session: Session, call_id: str) -> list[CorrectionRow]:
    """All corrections of a call, including undone ones, oldest first."""
    statement = select(CorrectionRow).where(col(CorrectionRow.call_id) == call_id)
    order = (col(CorrectionRow.created_at_ms), col(CorrectionRow.number), col(CorrectionRow.id))
    return list(session.exec(statement.order_by(*order)))


def corrections_in_force(session: Session, call_id: str) -> tuple[Correction, ...]:
    """The corrections for the graph to apply, oldest first."""
    return tuple(
        Correction(
            id=row.id,
            kind=row.kind,
            turn_id=row.turn_id,
            participant_id=row.participant_id,
            channel_index=row.channel_index,
            start_s=row.begin_offset_ms / 1000,
            end_s=row.end_offset_ms / 1000,
            before=row.before,
            after=row.after,
            detail=row.detail,
        )
        for row in correction_rows(session, call_id)
        if row.undone_at_ms is None
    )


def apply_metadata(row: CallRow, changes: Mapping[str, Any]) -> None:
    """Set the named fields; ``custom`` is merged, None removes an entry (JSON merge patch, RFC 7396, one level)."""
    for name in METADATA_FIELDS:
        if name in changes:
            setattr(row, name, changes[name])
    if "started_at" in changes:
        row.started_at_ms = _time_ms(changes["started_at"])
    row.called_at_ms = row.created_at_ms if row.started_at_ms is None else row.started_at_ms
    if "custom" in changes:
        merged = {**(row.custom or {}), **(changes["custom"] or {})}
        row.custom = {} if changes["custom"] is None else {k: v for k, v in merged.items() if v is not None}


def _time_ms(time: str | None) -> int | None:
    """Milliseconds of an ISO 8601 time. Without an offset, which earlier versions accepted, it is UTC."""
    if time is None:
        return None
    parsed = datetime.fromisoformat(time)
    return round((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp() * 1000)


def add_event(
    session: Session, call_id: str, event_type: str, data: Mapping[str, Any], now_ms: int
) -> EventRow:
    row = EventRow(call_id=call_id, type=event_type, data=dict(data), at_ms=now_ms)
    session.add(row)
    return row


def event_record(row: EventRow) -> EventRecord:
    assert row.number is not None
    return EventRecord(row.number, row.call_id, row.type, row.data, row.at_ms)


def add_audit(
    session: Session,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    now_ms: int,
    tenant: str = DEFAULT_TENANT,
) -> None:
    row = AuditRow(at_ms=now_ms, actor=actor, action=action, subject=subject, detail=dict(detail))
    row.tenant_id = tenant
    session.add(row)


def audit_record(row: AuditRow) -> AuditRecord:
    assert row.number is not None
    return AuditRecord(row.number, row.at_ms, row.tenant_id, row.actor, row.action, row.subject, row.detail)


def api_key_record(row: ApiKeyRow) -> ApiKeyRecord:
    return ApiKeyRecord(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=tuple(row.scopes),
        created_at_ms=row.created_at_ms,
        revoked_at_ms=row.revoked_at_ms,
        last_used_at_ms=row.last_used_at_ms,
        tenant=row.tenant_id,
        expires_at_ms=row.expires_at_ms,
        limits=row.limits,
    )


def media_json(media: Media) -> dict[str, Any]:
    return asdict(media)
