"""Adds calls that were analysed elsewhere (a batch) and are finished. Parts of one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

from callytics.domain import CallOptions, JobStatus, StageRun
from callytics.store import calls, jobs
from callytics.store.records.calls import DEFAULT_TENANT, NewCall, Submission
from callytics.store.rows import fetch_call
from callytics.store.tables.calls import ReportRow


def import_call(
    session: Session,
    new: NewCall,
    runs: Sequence[StageRun],
    status: JobStatus,
    report_json: bytes,
    now_ms: int,
) -> Submission:
    """Add a call with its result, all or nothing; or return the existing call (see NewCall)."""
    submission = calls.create(session, new, now_ms)
    if not submission.created:
        return submission
    token = secrets.token_hex(16)
    row = fetch_call(session, new.id, lock=True)
    row.status, row.lease_token, row.attempts = JobStatus.IN_PROGRESS, token, 1
    session.flush()
    for run in runs:
        jobs.record_stage(session, new.id, token, run, "", None, now_ms)
    jobs.complete(session, new.id, token, status, report_json, now_ms)
    return submission


def finished_call(
    session: Session,
    sha256: str,
    options: CallOptions,
    metadata: Mapping[str, Any],
    tenant: str = DEFAULT_TENANT,
) -> str | None:
    """Id of a call with a result for this recording, these options and this metadata."""
    row = calls.same_request(session, tenant, sha256, options, metadata)
    # Includes a call that is analysed again, e.g. after a correction: a new analysis by a batch would lack it.
    has_result = row is not None and session.get(ReportRow, row.id) is not None
    return row.id if row is not None and has_result else None
