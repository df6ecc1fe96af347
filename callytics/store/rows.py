"""Between rows and records, and what every transaction needs: time, fetching a call, events, audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from callytics.domain import Media, StageRun, StageStatus
from callytics.errors import NotFoundError
from callytics.store.codec import options_from_json
from callytics.store.records import (
    METADATA_FIELDS,
    ApiKeyRecord,
    CallFailure,
    CallRecord,
    EventRecord,
    JobStatus,
)
from callytics.store.tables import ApiKeyRow, AuditRow, CallRow, EventRow, StageRow


def fetch_call(session: Session, call_id: str) -> CallRow:
    """
    Raises:
        NotFoundError: there is none (any more).
    """
    row = session.get(CallRow, call_id)
    if row is None:
        raise NotFoundError("call_not_found", f"There is no call {call_id!r}; it may have been deleted.")
    return row


def call_record(session: Session, row: CallRow) -> CallRecord:
    return call_records(session, [row])[0]


def call_records(session: Session, rows: Sequence[CallRow]) -> tuple[CallRecord, ...]:
    """With their stages, in two queries however many they are."""
    stages = _stage_runs(session, [row.id for row in rows])
    return tuple(_call_record(row, stages.get(row.id, ())) for row in rows)


def _call_record(row: CallRow, stages: Sequence[StageRun]) -> CallRecord:
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
    )


def _stage_runs(session: Session, call_ids: Sequence[str]) -> dict[str, list[StageRun]]:
    """By call, in the order in which they started."""
    rows = session.exec(
        select(StageRow)
        .options(defer(StageRow.output))  # type: ignore[arg-type]  # large, and not needed here
        .where(col(StageRow.call_id).in_(call_ids))
        .order_by(col(StageRow.started_at_ms), col(StageRow.stage))
    )
    runs: dict[str, list[StageRun]] = {}
    for row in rows:
        runs.setdefault(row.call_id, []).append(_stage_run(row))
    return runs


def _stage_run(row: StageRow) -> StageRun:
    return StageRun(
        name=row.stage,
        status=StageStatus(row.status),
        attempts=row.attempts,
        duration_s=row.duration_s,
        application=row.application,
        engine=row.engine,
        model=row.model,
        model_revision=row.model_revision,
        config_hash=row.config_hash,
        error_code=row.error_code,
        error_message=row.error_message,
    )


def apply_metadata(row: CallRow, changes: Mapping[str, Any]) -> None:
    """Set what is named; ``custom`` is merged, None removes an entry (JSON merge patch, RFC 7396, one level)."""
    for name in METADATA_FIELDS:
        if name in changes:
            setattr(row, name, changes[name])
    if "custom" in changes:
        merged = {**(row.custom or {}), **(changes["custom"] or {})}
        row.custom = {} if changes["custom"] is None else {k: v for k, v in merged.items() if v is not None}


def add_event(session: Session, call_id: str, event_type: str, data: Mapping[str, Any], now_ms: int) -> None:
    session.add(EventRow(call_id=call_id, type=event_type, data=dict(data), at_ms=now_ms))


def event_record(row: EventRow) -> EventRecord:
    assert row.number is not None
    return EventRecord(row.number, row.call_id, row.type, row.data, row.at_ms)


def add_audit(
    session: Session, actor: str, action: str, subject: str, detail: Mapping[str, Any], now_ms: int
) -> None:
    session.add(AuditRow(at_ms=now_ms, actor=actor, action=action, subject=subject, detail=dict(detail)))


def api_key_record(row: ApiKeyRow) -> ApiKeyRecord:
    return ApiKeyRecord(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=tuple(row.scopes),
        created_at_ms=row.created_at_ms,
        revoked_at_ms=row.revoked_at_ms,
        last_used_at_ms=row.last_used_at_ms,
    )


def media_json(media: Media) -> dict[str, Any]:
    return asdict(media)
