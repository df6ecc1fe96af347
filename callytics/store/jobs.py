"""Writes of a worker about its leased call: stages, result, failure. Each function is part of one transaction;
leases are in store/leases.py."""

from __future__ import annotations

import json
from typing import Any

from sqlmodel import Session, col, select

from callytics.domain import Audio, JobStatus, StageRun, StageStatus
from callytics.store import codec, findings, search, usage
from callytics.store.leases import MAX_ATTEMPTS, end, held, try_again
from callytics.store.records.calls import WITH_RESULT
from callytics.store.records.usage import CallUsage
from callytics.store.rows import add_event, plain_text
from callytics.store.tables.calls import CallRow, ReportRow, StageRow

VERSION_FIELDS = ("application", "engine", "model", "model_revision")
"""What an event of a stage says of the version that did the work."""


def record_stage(
    session: Session, call_id: str, token: str, run: StageRun, key: str, output: Any | None, now_ms: int
) -> None:
    """Record the state of a stage, with its output if it is COMPLETED."""
    call = held(session, call_id, token)
    if isinstance(output, Audio):
        _correct_length(call, output.media.duration_s)
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
    row.error_code, row.error_message = run.error_code, plain_text(run.error_message)
    row.output = codec.encode(output) if output is not None else None
    session.add(row)
    data = {"stage": run.name, "status": run.status, "attempts": run.attempts}
    data |= {name: value for name in VERSION_FIELDS if (value := getattr(run, name))}
    if run.duration_s:
        data["duration_ms"] = round(run.duration_s * 1000)
    if run.error_code:
        data |= {"error_code": run.error_code, "error_message": row.error_message}
    add_event(session, call_id, f"stage.{run.status.lower()}", data, now_ms)


def _correct_length(call: CallRow, duration_s: float) -> None:
    """The length of a call is what was decoded. Until then it is what the file's header claims, which is wrong for
    chained Ogg files, joined MP3 files and files that were cut off."""
    if abs(call.duration_s - duration_s) >= 0.001:
        call.duration_s = duration_s
        call.media = {**call.media, "duration_s": duration_s}


def load_stage_output(session: Session, call_id: str, key: str) -> Any | None:
    """The output stored under a key, or None if it is missing or written by an incompatible version."""
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
    except ValueError:  # includes pydantic's ValidationError: the types have changed, so the stage runs again
        return None


def complete(
    session: Session, call_id: str, token: str, status: JobStatus, report_json: bytes, now_ms: int
) -> None:
    """Store the result, make it searchable, end the job.

    Raises:
        ConflictError: ``lease_lost``.
        ValueError: the status has no result.
    """
    if status not in WITH_RESULT:
        raise ValueError(f"a call with a result is COMPLETED or PARTIAL, not {status}")
    row = held(session, call_id, token)
    report = json.loads(report_json)
    row.language_code = report["language_code"]
    _correct_length(row, report["media"]["duration_ms"] / 1000)
    search.index_turns(session, call_id, report["transcript"])
    session.merge(ReportRow(call_id=call_id, created_at_ms=now_ms, body=codec.pack(report_json)))
    findings.write(session, call_id, report, now_ms)
    errors = report.get("job_details", {}).get("errors", [])
    first = (errors[0]["stage"], errors[0]["code"], errors[0]["message"]) if errors else None
    end(session, row, status, now_ms, first)
    analyzed = CallUsage(analyzed_audio_ms=round(row.duration_s * 1000))
    usage.count_call(session, row.tenant_id, analyzed, now_ms)


def fail(
    session: Session,
    call_id: str,
    token: str,
    error: tuple[str, str, str],
    transient: bool,
    now_ms: int,
    max_attempts: int = MAX_ATTEMPTS,
) -> JobStatus:
    """End the job without a new result. The result of an earlier run stays.

    Args:
        error: stage, code, message.
        transient: the fault may be temporary: the call is queued again after a pause, except after the last attempt.

    Returns:
        FAILED, or QUEUED for another attempt.
    """
    row = held(session, call_id, token)
    if transient and row.attempts < max_attempts:
        try_again(session, row, error, now_ms)
        return JobStatus.QUEUED
    end(session, row, JobStatus.FAILED, now_ms, error)
    return JobStatus.FAILED
