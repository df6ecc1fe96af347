"""Runs of the versions of a stage: shadow results, and the runs for a comparison.

A shadow run is not part of the call's job: it has no lease, may end after the call, and is not in the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, true
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from callytics.domain import StageRun, StageStatus
from callytics.store import codec
from callytics.store.rows import stage_run
from callytics.store.tables.calls import CallRow, ShadowRow, StageRow


@dataclass(frozen=True)
class VersionRun:
    """One finished run of one version (``run.application``) on one call.

    Attributes:
        filename: file name of the uploaded recording.
        audio_s: length of the recording.
        shadow: the call's result is that of another version.
    """

    call_id: str
    filename: str
    external_id: str | None
    audio_s: float
    ended_at_ms: int
    shadow: bool
    run: StageRun


@dataclass(frozen=True)
class ApplicationRuns:
    """What one application of a stage did; ``work_s`` and ``audio_s`` are of completed runs."""

    stage: str
    application: str
    runs: int
    failed: int
    shadow_runs: int
    work_s: float
    audio_s: float


def application_runs(session: Session, since_ms: int) -> tuple[ApplicationRuns, ...]:
    """Every application with runs that ended since then, in the shadow or not; by stage and name."""
    found: dict[tuple[str, str], ApplicationRuns] = {}
    for table in (StageRow, ShadowRow):
        rows = session.exec(
            select(table.stage, table.application, table.status, func.count(), func.sum(table.duration_s))  # type: ignore[call-overload]
            .add_columns(func.sum(CallRow.duration_s))
            .join(CallRow, col(CallRow.id) == col(table.call_id))
            .where(col(table.status).in_((StageStatus.COMPLETED, StageStatus.FAILED)))
            .where(col(table.updated_at_ms) >= since_ms, col(table.application) != "")
            .where(col(StageRow.attempts) > 0 if table is StageRow else true())
            .group_by(table.stage, table.application, table.status)
        )
        for stage, application, status, count, work_s, audio_s in rows:
            before = found.get((stage, application)) or ApplicationRuns(stage, application, 0, 0, 0, 0.0, 0.0)
            is_done = status == StageStatus.COMPLETED
            found[stage, application] = ApplicationRuns(
                stage,
                application,
                before.runs + count,
                before.failed + (0 if is_done else count),
                before.shadow_runs + (count if table is ShadowRow else 0),
                before.work_s + (float(work_s or 0) if is_done else 0.0),
                before.audio_s + (float(audio_s or 0) if is_done else 0.0),
            )
    return tuple(found[key] for key in sorted(found))


def record_shadow(session: Session, call_id: str, run: StageRun, output: Any | None, now_ms: int) -> bool:
    """Store a shadow run. False: the call was deleted meanwhile, and nothing is stored."""
    call = session.get(CallRow, call_id)
    if call is None:
        return False
    if call.options.get(
        "redact_pii"
    ):  # it may end after the call, and contains data that the result must not show
        output = None
    row = ShadowRow(
        call_id=call_id,
        application=run.application,
        stage=run.name,
        status=run.status,
        updated_at_ms=now_ms,
        duration_s=run.duration_s,
        engine=run.engine,
        model=run.model,
        model_revision=run.model_revision,
        config_hash=run.config_hash,
        error_code=run.error_code,
        error_message=run.error_message,
        output=None if output is None else codec.encode(output),
    )
    session.merge(row)
    return True


def version_runs(session: Session, applications: Sequence[str], since_ms: int) -> tuple[VersionRun, ...]:
    """Every run of these applications that completed or failed since then, oldest call first; without outputs."""
    found: list[VersionRun] = []
    ended = (StageStatus.COMPLETED, StageStatus.FAILED)
    for table in (StageRow, ShadowRow):
        rows = session.exec(
            select(table, CallRow.filename, CallRow.external_id, CallRow.duration_s)
            .join(CallRow, col(CallRow.id) == col(table.call_id))
            .options(defer(table.output))  # type: ignore[arg-type]  # large; asked for one by one
            .where(col(table.application).in_(applications), col(table.status).in_(ended))
            .where(col(table.updated_at_ms) >= since_ms)
            # A result that was reused from another call of the same recording is not a second run.
            .where(col(StageRow.attempts) > 0 if table is StageRow else true())
        )
        found += [
            VersionRun(
                row.call_id,
                filename,
                external_id,
                audio_s,
                row.updated_at_ms,
                isinstance(row, ShadowRow),
                stage_run(row),
            )
            for row, filename, external_id, audio_s in rows
        ]
    return tuple(sorted(found, key=lambda version: (version.call_id, version.run.application)))


def version_output(session: Session, call_id: str, application: str) -> Any | None:
    """The output of a version for a call, serving or shadow; None without a readable output."""
    for table in (StageRow, ShadowRow):
        output = session.exec(
            select(table.output).where(
                col(table.call_id) == call_id,
                col(table.application) == application,
                col(table.status) == StageStatus.COMPLETED,
            )
        ).first()
        if output is not None:
            try:
                return codec.decode(output)
            except ValueError:  # written by a version with other types
                return None
    return None
