"""Is it well, and what does it do: health, readiness, stages, models, Prometheus metrics."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from pydantic import BaseModel, Field

from callytics.api.auth import Reader, Scraper
from callytics.api.errors import problem_responses
from callytics.api.services import ServicesDep, StageHealth
from callytics.api.strict import StrictRoute
from callytics.config import split_address
from callytics.errors import CallyticsError, ForbiddenError, NotFoundError
from callytics.store import DEFAULT_TENANT, CallStore, Statistics

router = APIRouter(route_class=StrictRoute, tags=["monitoring"])

GRAPH_MODEL = "callytics"

MODEL_ALIASES = (
    "whisper-1",
    "gpt-transcribe",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-4o-transcribe-diarize",
)
"""Names that programs written for OpenAI have built in; they get the models of this graph."""
RECOGNIZER = "speech-recognizer"


class StageHealthView(BaseModel):
    name: str = Field(examples=["speech-recognizer"])
    healthy: bool
    status: str = Field(examples=["RUNNING"])
    message: str
    replicas: int
    version: str
    engine: str
    model: str
    model_revision: str
    last_error: str


class StageList(BaseModel):
    stages: list[StageHealthView]


class Readiness(BaseModel):
    status: str = Field(examples=["ready"])
    not_ready: dict[str, str] = Field(description="What is not ready, and why")


class ModelView(BaseModel):
    id: str = Field(examples=["callytics"])
    object: Literal["model"] = "model"
    created: int = Field(default=0, description="0: not known")
    owned_by: str = "callytics"


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelView]


@router.get("/healthz", responses={200: {"content": {"application/json": {"example": {"status": "ok"}}}}})
async def healthz() -> dict[str, str]:
    """The gateway answers."""
    return {"status": "ok"}


@router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
async def readyz(services: ServicesDep) -> Response:
    """Calls can be analysed: the store answers and every stage is healthy. 503 otherwise."""
    not_ready = {}
    try:
        await services.store(CallStore.statistics)
    except CallyticsError as error:
        not_ready["database-service"] = error.message
    try:
        stages = await services.health.stages()
        not_ready |= {stage.name: stage.message or stage.status for stage in stages if not stage.healthy}
    except CallyticsError as error:
        not_ready["monitoring"] = error.message
    body = Readiness(status="not ready" if not_ready else "ready", not_ready=not_ready)
    return JSONResponse(body.model_dump(), 503 if not_ready else 200)


@router.get("/v1/stages", response_model=StageList, responses=problem_responses(401, 403, 503))
async def list_stages(services: ServicesDep, principal: Reader) -> StageList:
    """Every stage of the graph: its state, version and model, and its last error."""
    stages = await services.health.stages()
    if (
        principal.tenant != DEFAULT_TENANT
    ):  # the error may be about another tenant's call: its code tells enough
        stages = [replace(stage, last_error=stage.last_error.partition(":")[0]) for stage in stages]
    return StageList(stages=[StageHealthView(**_fields(stage)) for stage in stages])


def _fields(stage: StageHealth) -> dict[str, Any]:
    return {name: getattr(stage, name) for name in StageHealthView.model_fields}


def model_ids(stages: Sequence[StageHealth]) -> list[str]:
    """The whole graph, and the models of its recognisers."""
    names = {stage.name: split_address(stage.name) for stage in stages}
    recognise = [stage for stage in stages if (names[stage.name][1] or stage.name).startswith(RECOGNIZER)]
    models = [stage.model for stage in recognise if stage.model]
    return list(dict.fromkeys([GRAPH_MODEL, *models]))


@router.get("/v1/models", response_model=ModelList, responses=problem_responses(401, 403, 503))
async def list_models(services: ServicesDep, principal: Reader) -> ModelList:
    """Names for the `model` of a transcription, as OpenAI lists them."""
    ids = model_ids(await services.health.stages())
    return ModelList(data=[ModelView(id=name) for name in ids])


@router.get(
    "/v1/models/{model_id:path}",  # a model of a hub has a slash in its name
    response_model=ModelView,
    responses=problem_responses(401, 403, 404, 503),
)
async def get_model(model_id: str, services: ServicesDep, principal: Reader) -> ModelView:
    """One of /v1/models, or a name of OpenAI that stands for it."""
    known = [*model_ids(await services.health.stages()), *MODEL_ALIASES]
    if model_id not in known:
        raise NotFoundError(
            "model_not_found", f"No model {model_id[:80]!r}; there are {', '.join(known)}.", "model"
        )
    return ModelView(id=model_id)


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        **problem_responses(401, 403),
    },
)
async def metrics(services: ServicesDep, principal: Scraper) -> Response:
    """Prometheus: counted in the store at every scrape, so the same from each replica of the gateway. Over all
    tenants, and so only for keys of the operator's own (`default`)."""
    if principal.tenant != DEFAULT_TENANT:
        raise ForbiddenError(
            "operator_only", "These numbers are over all tenants, and only for their operator."
        )
    registry = CollectorRegistry()
    statistics = await services.store(CallStore.statistics)
    try:
        stages = await services.health.stages()
    except CallyticsError:  # what is stored can be told without it
        stages = []
    registry.register(_StoreCollector(statistics, stages))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _StoreCollector(Collector):
    def __init__(self, statistics: Statistics, stages: Sequence[StageHealth]) -> None:
        self._statistics = statistics
        self._stages = stages

    def collect(self) -> Iterator[Metric]:
        numbers = self._statistics
        calls = GaugeMetricFamily("callytics_calls", "Calls in the store", labels=["status"])
        for status, count in numbers.calls_by_status.items():
            calls.add_metric([status], count)
        yield calls
        waiting_s = (
            max(0.0, time.time() - numbers.oldest_queued_at_ms / 1000) if numbers.oldest_queued_at_ms else 0.0
        )
        yield GaugeMetricFamily("callytics_queue_oldest_seconds", "Age of the oldest queued call", waiting_s)
        yield GaugeMetricFamily(
            "callytics_audio_seconds", "Length of all recordings in the store", numbers.audio_duration_s
        )
        yield GaugeMetricFamily(
            "callytics_audio_bytes", "Size of all recordings in the store", numbers.audio_bytes
        )
        runs = GaugeMetricFamily(
            "callytics_stage_results",
            "Last runs of stages, of the calls in the store",
            labels=["stage", "status"],
        )
        seconds = GaugeMetricFamily(
            "callytics_stage_result_seconds", "Time that these runs took", labels=["stage", "status"]
        )
        for stage in numbers.stages:
            runs.add_metric([stage.stage, stage.status], stage.runs)
            seconds.add_metric([stage.stage, stage.status], stage.duration_s)
        yield runs
        yield seconds
        healthy = GaugeMetricFamily(
            "callytics_stage_healthy", "1 where the stage is healthy", labels=["stage"]
        )
        for health in self._stages:
            healthy.add_metric([health.name], float(health.healthy))
        yield healthy
