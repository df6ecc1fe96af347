"""What an operator looks at: the queue and the speed of stages, versions side by side, batches, links elsewhere."""

from __future__ import annotations

import math
import os
import time
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from callytics.api.auth import Operator, Principal, Reader
from callytics.api.errors import problem_responses
from callytics.api.schemas.fields import ShortText, WholeNumber
from callytics.api.services import Services, ServicesDep
from callytics.api.strict import StrictRoute
from callytics.api.views import time_of
from callytics.errors import ForbiddenError, InvalidRequestError
from callytics.settings import GRAFANA_URL, RAY_DASHBOARD_URL
from callytics.store import DEFAULT_TENANT, BatchRecord, CallStore
from callytics.store.batches import SILENT_AFTER_S

router = APIRouter(route_class=StrictRoute, prefix="/v1", tags=["monitoring"])

DAY_S = 24 * 3600
SPEED_WINDOW_S = DAY_S


class Queue(BaseModel):
    """What waits now."""

    queued: int = Field(description="Calls that wait")
    in_progress: int = Field(description="Calls that a worker has")
    oldest_queued_s: float | None = Field(description="How long the oldest has waited; null: none waits")
    webhooks_pending: int = Field(description="Messages that wait to be sent")


class ApplicationSpeed(BaseModel):
    """One application of a stage, over the calls that it ended in the last 24 hours."""

    stage: str
    application: str = Field(description="Name of the application", examples=["speech-recognizer-v2"])
    runs: int = Field(description="Calls that it is done with; shadow runs too")
    failed: int = Field(description="Of them, those that failed")
    shadow_runs: int = Field(description="Of them, those whose output no result has")
    seconds_per_minute: float | None = Field(description="Of work, for a minute of audio; null: not known")


class Links(BaseModel):
    """Where else to look; null: not configured."""

    ray_dashboard: str | None = Field(description="Address of the Ray dashboard")
    grafana: str | None = Field(description="Address of Grafana")


class Operations(BaseModel):
    """The graph at work."""

    queue: Queue
    speeds: list[ApplicationSpeed] = Field(description="Each application that ended a call in 24 hours")
    links: Links


class EstimateView(BaseModel):
    """A figure with its 95 % interval; null: not measured."""

    value: float | None = Field(description="The figure")
    low: float | None = Field(description="Lower end of the interval")
    high: float | None = Field(description="Upper end of the interval")


class ComparedVersion(BaseModel):
    """One version of a stage, measured."""

    application: str = Field(description="Name of the application")
    engine: str
    model: str
    model_revision: str
    calls: int
    shadow_calls: int = Field(description="Of them, those whose result is that of another version")
    failed: int = Field(description="Of them, those that failed")
    failures: EstimateView = Field(description="Share of its calls")
    latency_p50_s: EstimateView = Field(description="Seconds of work, median of its calls")
    latency_p95_s: EstimateView = Field(description="Seconds of work, 95th percentile of its calls")
    time_per_audio: EstimateView = Field(description="Seconds of work for a second of audio")


class CriterionView(BaseModel):
    """One criterion of the recommendation."""

    name: str
    difference: EstimateView = Field(description="Second minus first; less is better")
    tolerance: float = Field(description="How much worse still counts as not worse")
    calls: int
    verdict: str = Field(description="better, not worse, worse, undecided", examples=["not worse"])
    note: str = Field(description="Why it is undecided, where more calls would not help")


class ComparisonView(BaseModel):
    """Two versions of a stage, and which to use."""

    stage: str
    first: ComparedVersion = Field(description="The application in use")
    second: ComparedVersion = Field(description="The one that may replace it")
    common_calls: int = Field(description="Calls that both completed")
    criteria: list[CriterionView] = Field(description="What the recommendation follows from")
    advice: str = Field(description="migrate, keep, or not enough data", examples=["not enough data"])
    reason: str
    rule: str = Field(description="When which advice is given")


class Comparisons(BaseModel):
    """Which applications can be compared, and the comparison that was asked for."""

    applications: list[ApplicationSpeed] = Field(
        description="What worked in that time; two of one stage can be compared"
    )
    comparison: ComparisonView | None = Field(description="null where no two applications were asked for")


class BatchView(BaseModel):
    """A batch of `callytics backfill`, as its job last told."""

    id: str
    input: str = Field(description="Folder, pattern or manifest that it was told")
    status: str = Field(
        description="running, done, failed (the job itself), or silent: not heard of for 2 minutes"
    )
    started_at: datetime = Field(description="When its job began")
    updated_at: datetime = Field(description="When its job told last")
    ended_at: datetime | None = Field(description="When its job ended; null: it has not")
    error: str = Field(description="Why the job itself ended early")
    calls: int = Field(description="Recordings that it has")
    done: int = Field(description="Recordings that it is done with")
    by_status: dict[str, int] = Field(description="COMPLETED, PARTIAL, FAILED, SKIPPED: had a result already")
    audio_s: float = Field(description="Length of the recordings that it analysed")
    left_s: float | None = Field(description="Time that the rest takes at the speed so far; null: not known")


class BatchList(BaseModel):
    """Batches of a tenant."""

    batches: list[BatchView] = Field(description="The newest first")


@router.get("/operations", response_model=Operations, responses=problem_responses(401, 403, 503))
async def get_operations(services: ServicesDep, principal: Reader) -> Operations:
    """How much waits, and how fast each application works. Over all tenants, so only for keys of the operator's own
    tenant (`default`)."""
    _check_operator(principal)
    backlog = await services.store(CallStore.backlog)
    oldest_ms = backlog.oldest_queued_at_ms
    settings = services.settings
    return Operations(
        queue=Queue(
            queued=backlog.queued,
            in_progress=backlog.in_progress,
            oldest_queued_s=max(0.0, time.time() - oldest_ms / 1000) if oldest_ms else None,
            webhooks_pending=backlog.webhooks_pending,
        ),
        speeds=await _speeds(services, SPEED_WINDOW_S),
        links=Links(
            ray_dashboard=settings.ray_dashboard_url or os.environ.get(RAY_DASHBOARD_URL) or None,
            grafana=settings.grafana_url or os.environ.get(GRAFANA_URL) or None,
        ),
    )


@router.get(
    "/comparisons", response_model=Comparisons, responses=problem_responses(400, 401, 403, 404, 422, 503)
)
async def compare_versions(
    services: ServicesDep,
    principal: Operator,
    first: Annotated[ShortText | None, Query(description="The application in use")] = None,
    second: Annotated[ShortText | None, Query(description="The one that may replace it")] = None,
    days: Annotated[WholeNumber, Query(ge=1, le=90, description="Calls of the last so many days")] = 7,
) -> Comparisons:
    """Two versions of a stage side by side, on the newest 200 calls of each, with a recommendation. What
    `callytics compare` prints, without references."""
    _check_operator(principal)
    if (first is None) != (second is None):
        raise InvalidRequestError("not_comparable", "Name two applications: first and second.")
    applications = await _speeds(services, days * DAY_S)
    if first is None or second is None:
        return Comparisons(applications=applications, comparison=None)
    since_ms = round((time.time() - days * DAY_S) * 1000)
    view = await _compared(services, first, second, since_ms)
    return Comparisons(applications=applications, comparison=view)


@router.get("/batches", response_model=BatchList, responses=problem_responses(401, 403, 422))
async def list_batches(
    services: ServicesDep,
    principal: Reader,
    limit: Annotated[WholeNumber, Query(ge=1, le=200)] = 20,
) -> BatchList:
    """The newest batches of `callytics backfill` in this tenant, and how far each is."""
    found = await services.store(CallStore.list_batches, principal.tenant, limit)
    return BatchList(batches=[_batch(record) for record in found])


def _check_operator(principal: Principal) -> None:
    if principal.tenant != DEFAULT_TENANT:
        raise ForbiddenError(
            "operator_only", "These numbers are over all tenants, and only for their operator."
        )


async def _speeds(services: Services, window_s: float) -> list[ApplicationSpeed]:
    found = await services.store(CallStore.application_runs, round((time.time() - window_s) * 1000))
    return [
        ApplicationSpeed(
            stage=of.stage,
            application=of.application,
            runs=of.runs,
            failed=of.failed,
            shadow_runs=of.shadow_runs,
            seconds_per_minute=60 * of.work_s / of.audio_s if of.audio_s else None,
        )
        for of in found
    ]


async def _compared(services: Services, first: str, second: str, since_ms: int) -> ComparisonView:
    # Here: the gateway itself needs neither numpy nor scipy. In a graph, monitoring computes.
    from callytics.comparison import Version, remote
    from callytics.comparison.intervals import Estimate
    from callytics.comparison.recommendation import MAX_SLOWDOWN, rule

    def estimate(of: Estimate | None) -> EstimateView:
        numbers = (of.value, of.low, of.high) if of is not None else (math.nan,) * 3
        value, low, high = (number if math.isfinite(number) else None for number in numbers)
        return EstimateView(value=value, low=low, high=high)

    def version(of: Version) -> ComparedVersion:
        return ComparedVersion(
            application=of.run.application,
            engine=of.run.engine,
            model=of.run.model,
            model_revision=of.run.model_revision,
            calls=of.calls,
            shadow_calls=of.shadow_calls,
            failed=of.failed,
            failures=estimate(of.failures),
            latency_p50_s=estimate(of.latency_p50_s),
            latency_p95_s=estimate(of.latency_p95_s),
            time_per_audio=estimate(of.time_per_audio),
        )

    if services.comparisons is not None:
        found = await services.comparisons.compare(first, second, since_ms)
    else:
        found = await remote.compare_newest(services.store, first, second, since_ms)
    return ComparisonView(
        stage=found.stage,
        first=version(found.first),
        second=version(found.second),
        common_calls=found.common_calls,
        criteria=[
            CriterionView(
                name=of.name,
                difference=estimate(of.difference),
                tolerance=of.tolerance,
                calls=of.calls,
                verdict=of.verdict.value,
                note=of.note,
            )
            for of in found.criteria
        ],
        advice=found.advice.value,
        reason=found.reason,
        rule=rule(MAX_SLOWDOWN),
    )


def _batch(record: BatchRecord) -> BatchView:
    done = sum(record.by_status.values())
    worked = done - record.by_status.get("SKIPPED", 0)
    elapsed_s = (record.updated_at_ms - record.started_at_ms) / 1000
    if record.ended_at_ms is not None:
        status = "failed" if record.error else "done"
    else:
        is_silent = time.time() - record.updated_at_ms / 1000 > SILENT_AFTER_S
        status = "silent" if is_silent else "running"
    is_running = status == "running" and worked > 0
    return BatchView(
        id=record.id,
        input=record.input,
        status=status,
        started_at=time_of(record.started_at_ms),
        updated_at=time_of(record.updated_at_ms),
        ended_at=time_of(record.ended_at_ms) if record.ended_at_ms is not None else None,
        error=record.error,
        calls=record.calls,
        done=done,
        by_status=dict(record.by_status),
        audio_s=record.audio_s,
        left_s=elapsed_s / worked * (record.calls - done) if is_running else None,
    )
