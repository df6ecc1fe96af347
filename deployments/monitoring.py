"""monitoring: the health of every application, what went wrong last, the gauges about the whole graph, and the alerts
that Alertmanager reports."""

import asyncio
import importlib.metadata
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ray import serve
from ray.exceptions import RayError
from ray.serve import Application
from ray.serve.exceptions import RayServeException
from ray.serve.schema import ApplicationStatusOverview

from callytics.api import StageHealth
from callytics.config import ENGINE_STAGES, LLM_SERVER, split_address
from callytics.errors import CallyticsError
from callytics.store import AlertNotice, CallFilter, CallStore, JobStatus
from deployments.handles import application_handle, store_client, unwrapped
from deployments.operations.serve_api import last_line
from deployments.replica import metrics
from deployments.replica.answers import Refused, answered
from deployments.replica.environment import prepare_environment
from deployments.replica.graph_gauges import GraphGauges, state_folders
from deployments.replica.logs import to_serve_log
from deployments.stage import StageInfo

if TYPE_CHECKING:  # numpy and scipy, imported where they are needed
    from callytics.comparison import Comparison

logger = logging.getLogger(__name__)

CALLYTICS_VERSION = importlib.metadata.version("callytics")

DESCRIBE_TIMEOUT_S = 2.0
"""A stage that does not answer in this time is busy or gone; its status says which."""

PLACED = "PlacedStages"
"""The deployment of an application that holds several stages (deployments/replica/placement.py)."""

RECENT_CALLS = 50
"""How far back the last error of a stage is looked for."""


@serve.deployment
class Monitoring:
    def __init__(self) -> None:
        to_serve_log()
        self._store = store_client(give_up_after_s=DESCRIBE_TIMEOUT_S)
        self._infos: dict[str, StageInfo] = {}
        self._placed: dict[str, tuple[StageInfo, ...]] = {}
        gauges = GraphGauges(self._store, state_folders(), metrics.record)
        self._gauges = asyncio.get_running_loop().create_task(gauges.set_for_ever())

    def check_health(self) -> None:
        if self._gauges.done():
            raise RuntimeError(f"the gauges of the graph stopped: {self._gauges.exception()!r}")

    async def stages(self) -> list[StageHealth]:
        """Every application that is deployed, in the order of the configuration; behind one that holds several stages,
        each of those, by its address."""
        status = await asyncio.to_thread(serve.status)
        errors = await self._last_errors()
        found = await asyncio.gather(
            *(self._application(name, of, errors) for name, of in status.applications.items())
        )
        return [stage for of_one in found for stage in of_one]

    async def record_alerts(self, notices: Sequence[AlertNotice], actor: str) -> None:
        """Store alerts; each change is sent on as a webhook."""
        changed = await self._store(CallStore.record_alerts, notices, actor)
        logger.info("%d alerts reported, %d changed", len(notices), changed)

    async def compare(self, first: str, second: str, since_ms: int) -> "Comparison | Refused":
        """Two versions of a stage on their newest calls."""
        from callytics.comparison.remote import compare_newest

        return await answered(compare_newest(self._store, first, second, since_ms))

    async def _application(
        self, name: str, of: ApplicationStatusOverview, errors: dict[str, str]
    ) -> list[StageHealth]:
        health = await self._stage(name, of, errors)
        if PLACED not in of.deployments:
            return [health]
        if health.replicas:
            self._placed[name] = await self._placed_in(name)
        return [health, *(_placed_health(health, info, errors) for info in self._placed.get(name, ()))]

    async def _placed_in(self, name: str) -> tuple[StageInfo, ...]:
        """What is placed in an application; what was when it last answered, where it does not."""
        try:
            handle = await application_handle(name)
            infos: Any = await asyncio.wait_for(unwrapped(handle.describe_all.remote()), DESCRIBE_TIMEOUT_S)
        except (RayError, RayServeException, TimeoutError, CallyticsError):
            return self._placed.get(name, ())
        return tuple(infos)

    async def _stage(self, name: str, of: ApplicationStatusOverview, errors: dict[str, str]) -> StageHealth:
        replicas = sum(
            n for d in of.deployments.values() for state, n in d.replica_states.items() if state == "RUNNING"
        )
        info = await self._describe(name) if replicas and _runs_an_engine(name) else None
        messages = [of.message, *(d.message for d in of.deployments.values())]
        healthy = of.status.value == "RUNNING" and replicas > 0
        return StageHealth(
            name=name,
            healthy=healthy,
            status=of.status.value,
            message=(info.notice if info else "")
            if healthy
            else last_line(next((m for m in reversed(messages) if m), "")),
            replicas=replicas,
            version=info.config_hash if info else CALLYTICS_VERSION,
            engine=info.engine if info else "",
            model=info.model if info else "",
            model_revision=info.model_revision if info else "",
            last_error=errors.get(name, ""),
        )

    async def _describe(self, name: str) -> StageInfo | None:
        """What runs in an engine stage; what did when it last answered, where it does not."""
        try:
            handle = await application_handle(name)
            info: Any = await asyncio.wait_for(unwrapped(handle.describe.remote()), DESCRIBE_TIMEOUT_S)
        except (RayError, RayServeException, TimeoutError, CallyticsError):
            return self._infos.get(name)
        self._infos[name] = info
        return self._infos[name]

    async def _last_errors(self) -> dict[str, str]:
        """Stage -> the error of the newest call that it failed on."""
        wanted = CallFilter(statuses=(JobStatus.FAILED, JobStatus.PARTIAL))
        try:
            page = await self._store(CallStore.list_calls, wanted, RECENT_CALLS)
        except CallyticsError:
            return {}  # the store is down: its own line says so
        newest: dict[str, str] = {}
        for call in page.calls:
            if call.error is not None:
                newest.setdefault(call.error.stage, f"{call.error.code}: {call.error.message}")
        return newest


def _placed_health(of_process: StageHealth, info: StageInfo, errors: dict[str, str]) -> StageHealth:
    """A stage is as healthy as the process that it shares."""
    return replace(
        of_process,
        name=info.application,
        message=info.notice if of_process.healthy else of_process.message,
        version=info.config_hash,
        engine=info.engine,
        model=info.model,
        model_revision=info.model_revision,
        last_error=errors.get(split_address(info.application)[1], ""),
    )


def _runs_an_engine(application: str) -> bool:
    """By its name, or the stage's name and a version: speech-recognizer-v2."""
    names = (*ENGINE_STAGES, LLM_SERVER)
    return any(application == name or application.startswith(f"{name}-") for name in names)


def build(args: dict[str, Any]) -> Application:
    prepare_environment()
    return Monitoring.bind()  # type: ignore[attr-defined, no-any-return]
