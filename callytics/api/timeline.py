"""/v1/calls/{call_id}/timeline: what happened to a call and when, from the store alone."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from callytics.api.auth import Reader
from callytics.api.errors import problem_responses
from callytics.api.services import ServicesDep
from callytics.api.strict import StrictRoute
from callytics.api.views import time_of
from callytics.store import CallStore, JobStatus
from callytics.store.timeline import TimelineEntry, TimelineKind, TimelineStatus

router = APIRouter(route_class=StrictRoute, prefix="/v1/calls/{call_id}", tags=["calls"])


class TimelineEntryView(BaseModel):
    """One span of time in the life of a call."""

    model_config = ConfigDict(extra="forbid")

    kind: TimelineKind = Field(
        description="QUEUE: it waited in the queue; RUN: a worker had it; STAGE: one attempt of a stage; WEBHOOK"
    )
    name: str = Field(description="`queue`, `pipeline`, the stage, or the type of the webhook event")
    status: TimelineStatus = Field(
        description="How it ended; RUNNING: it has not; LOST: its worker was gone before the end was noted"
    )
    started_at: datetime = Field(description="When it began")
    ended_at: datetime | None = Field(description="When it ended; null: it has not, or nobody knows (LOST)")
    duration_ms: int | None = Field(description="From its start to its end; null where there is no end")
    run: int = Field(
        description="Which run of the call, from 1: a retry, a correction or a reprocess begins another; "
        "0 for a webhook"
    )
    attempt: int = Field(
        description="Of the pipeline or the stage, which attempt; of a webhook, how often it was tried"
    )
    worked_ms: int | None = Field(
        description="How long the engine itself worked; the rest of a stage's time is the wait for a place in it, "
        "and transport. Null where it is not known"
    )
    application: str = Field(
        description="The application that did the stage's work; empty where there is none"
    )
    engine: str
    model: str
    model_revision: str
    error_code: str
    reason: str = Field(
        description="Why it waits in the queue: submitted, retried, reprocessed, corrected, correction_undone, "
        "roles_corrected; error: the attempt before failed; released: its worker gave it back. Empty for others"
    )


class TimelineView(BaseModel):
    """What happened to a call and when. Between two entries nothing is known: gaps are gaps."""

    model_config = ConfigDict(extra="forbid")

    call_id: str = Field(examples=["01kaqf3v9x6z2h8m4n7p5r1t0w"])
    job_status: JobStatus
    accepted_at: datetime = Field(description="When the upload was stored and queued")
    completed_at: datetime | None
    entries: list[TimelineEntryView] = Field(description="In the order in which they began; webhooks last")
    is_complete: bool = Field(description="False where the oldest of very many events were left out")


@router.get(
    "/timeline",
    operation_id="get_call_timeline",
    response_model=TimelineView,
    responses=problem_responses(401, 403, 404),
)
async def get_call_timeline(call_id: str, services: ServicesDep, principal: Reader) -> TimelineView:
    """When a call was accepted, how long it waited, every attempt of every stage with its version, every later run,
    and its webhooks. `callytics timeline` draws it.

        curl -H "Authorization: Bearer $KEY" http://127.0.0.1:8000/v1/calls/$ID/timeline
    """
    found = await services.store(CallStore.timeline, call_id, principal.tenant)
    return TimelineView(
        call_id=found.call_id,
        job_status=found.status,
        accepted_at=time_of(found.accepted_at_ms),
        completed_at=time_of(found.completed_at_ms) if found.completed_at_ms is not None else None,
        entries=[_entry(entry) for entry in found.entries],
        is_complete=found.is_complete,
    )


def _entry(entry: TimelineEntry) -> TimelineEntryView:
    return TimelineEntryView(
        kind=entry.kind,
        name=entry.name,
        status=entry.status,
        started_at=time_of(entry.start_ms),
        ended_at=time_of(entry.end_ms) if entry.end_ms is not None else None,
        duration_ms=max(0, entry.end_ms - entry.start_ms) if entry.end_ms is not None else None,
        run=entry.run,
        attempt=entry.attempt,
        worked_ms=entry.worked_ms,
        application=entry.application,
        engine=entry.engine,
        model=entry.model,
        model_revision=entry.model_revision,
        error_code=entry.error_code,
        reason=entry.reason,
    )
