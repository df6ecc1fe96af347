"""call-pipeline: takes calls from the store and runs them through the graph.

A call is a durable job: it is leased for a short time, and the lease is renewed while the call is worked on. A
pipeline that is killed lets its leases expire; the next takes the calls up after their last finished stages.

Which version of a stage works on a call is the pipeline's ``user_config`` (deployments/pipeline/routing.py). Serve
hands a change of it to the running replicas: calls that are taken from then on follow it, those at work go on as they
began.
"""

import asyncio
import logging
import os
import random
import socket
import uuid
from collections import defaultdict
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, field_validator
from ray import serve
from ray.serve import Application

from callytics.config import ENGINE_STAGES
from callytics.domain import StageStatus
from callytics.errors import CallyticsError, ConfigError, ConflictError, UnavailableError
from callytics.store import CallStore, Lease
from callytics.telemetry import tracing
from callytics.telemetry.call_context import CallContext, working_on
from deployments.handles import WorkSeen, store_client, wait_for_work
from deployments.pipeline.call_run import CallRun
from deployments.pipeline.circuit import Circuit
from deployments.pipeline.routing import Assignment, Routing, assign, read_routing
from deployments.pipeline.shadow import ShadowRuns
from deployments.pipeline.stage_caller import STAGE_PATIENCE_S
from deployments.replica import metrics
from deployments.replica.environment import prepare_environment
from deployments.replica.logs import to_serve_log

logger = logging.getLogger(__name__)

STORE_PATIENCE_S = 60.0
POLL_S = 2.0
"""Longest pause between looks for work: calls due later, or queued through another replica of database-service.
Twice a second took 3 % of a core from the engines, all day long."""


class PipelineArgs(BaseModel):
    """
    Attributes:
        stages: stage -> the application that does its work, if it is not the one of the stage's name. A route of
            ``user_config`` that has weights takes precedence.
        max_concurrent_calls: how many calls one replica works on at once.
        lease_s: how long a call waits after a crash until it is taken up again.
        timeouts_s: stage -> how long it may take on one call, its wait for others in the replica included. It
            applies to the application in use, its versions and their shadows.
        stage_timeout_s: the same for stages that ``timeouts_s`` does not name.
        stage_patience_s: how long a call waits in its place for a stage that is down, before it returns to the queue.
        max_shadow_runs: how many versions one replica lets work in the shadow of others at once.
    """

    model_config = ConfigDict(extra="forbid")

    stages: dict[str, str] = {}
    max_concurrent_calls: int = Field(2, gt=0)
    lease_s: float = Field(20.0, gt=0)
    timeouts_s: dict[str, PositiveFloat] = {}
    stage_timeout_s: float = Field(7200.0, gt=0)
    stage_patience_s: float = Field(STAGE_PATIENCE_S, gt=0)
    max_shadow_runs: int = Field(4, gt=0)

    @field_validator("stages", "timeouts_s")
    @classmethod
    def _names_stages(cls, value: dict[str, Any]) -> dict[str, Any]:
        if unknown := sorted(set(value) - set(ENGINE_STAGES)):
            raise ValueError(f"no stage is named {', '.join(unknown)}; there are {', '.join(ENGINE_STAGES)}")
        return value

    def timeouts(self) -> dict[str, float]:
        """Timeout of every stage, in seconds."""
        return {stage: self.timeouts_s.get(stage, self.stage_timeout_s) for stage in ENGINE_STAGES}


@serve.deployment
class CallPipeline:
    def __init__(self, args: PipelineArgs) -> None:
        to_serve_log()
        tracing.start("call-pipeline")
        self._args = args
        self._defaults = {stage: args.stages.get(stage, stage) for stage in ENGINE_STAGES}
        self._routing: Routing | None = None
        self._rejected = ""
        self._draws = random.Random()
        self._store = store_client(STORE_PATIENCE_S)
        self._timeouts_s = args.timeouts()
        self._shadows = ShadowRuns(self._store, self._timeouts_s, args.max_shadow_runs)
        self._circuits: defaultdict[str, Circuit] = defaultdict(Circuit)
        self._worker = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._calls: set[asyncio.Task[None]] = set()
        self._at_work: set[str] = set()
        self._loop: asyncio.Task[None] | None = None

    async def reconfigure(self, user_config: dict[str, Any] | None, rank: object) -> None:
        """Serve calls this after the start and at every change of ``user_config``; with a ``rank`` in its signature,
        also where there is none (any more). No call is taken before the first.

        Raises:
            ConfigError: the first configuration is wrong: this replica does not start, and the one before it goes
                on. A later one that is wrong changes nothing, for an error would end a replica that works: it is
                logged, and `routing` tells.
        """
        try:
            self._routing = read_routing(user_config)
            self._rejected = ""
        except ConfigError as error:
            if self._routing is None:
                raise
            self._rejected = error.message
            logger.error("the routes stay as they were: %s", error.message)
        if self._loop is None:
            self._loop = asyncio.get_running_loop().create_task(self._take_calls())

    def routing(self) -> dict[str, Any]:
        """The routes in force, and why the last change was rejected ("" where it was not)."""
        assert self._routing is not None
        return {**self._routing.model_dump(), "rejected": self._rejected}

    def check_health(self) -> None:
        if self._loop is not None and self._loop.done():
            raise RuntimeError(f"the pipeline stopped taking calls: {self._loop.exception()!r}")

    async def __del__(self) -> None:
        """Serve awaits this at a graceful stop: the calls go back to the queue at once, none has to expire."""
        if self._loop is not None:
            self._loop.cancel()
        for task in self._calls:
            task.cancel()
        await asyncio.gather(*self._calls, self._shadows.stop(), return_exceptions=True)
        await asyncio.to_thread(tracing.flush)

    async def _take_calls(self) -> None:
        seen: WorkSeen | None = None
        while True:
            if len(self._calls) >= self._args.max_concurrent_calls:
                await asyncio.wait(self._calls, return_when=asyncio.FIRST_COMPLETED)
                continue
            try:
                lease = await self._store(
                    CallStore.lease, self._worker, self._args.lease_s, tuple(self._at_work)
                )
            except UnavailableError as error:
                logger.error("no calls: %s", error)
                lease = None
            if lease is None:
                seen = await wait_for_work(POLL_S, seen)
                continue
            with working_on(
                CallContext(lease.call.id, lease.call.tenant)
            ):  # the task copies it, for its log lines
                task = asyncio.create_task(self._work_on(lease))
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)

    async def _work_on(self, lease: Lease) -> None:
        call_id = lease.call.id
        logger.info("call %s is taken up, attempt %d", call_id, lease.call.attempts)
        args = self._args
        run = CallRun(
            lease,
            self._store,
            self._assign(lease),
            self._shadows,
            self._timeouts_s,
            self._circuits,
            args.stage_patience_s,
            metrics.record,
        )
        work = asyncio.create_task(run.execute())
        renewal = asyncio.create_task(self._keep(lease))
        self._at_work.add(call_id)
        try:
            await asyncio.wait({work, renewal}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                await work
        except ConflictError:
            logger.warning("call %s belongs to another worker now, or was cancelled", call_id)
        except (
            CallyticsError
        ) as error:  # the store is away: another worker takes the call up when the lease is over
            logger.error("call %s is left to expire: %s", call_id, error)
        except asyncio.CancelledError:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await self._store(CallStore.release, call_id, lease.token)
            raise
        finally:
            for task in (work, renewal):
                task.cancel()
            await asyncio.gather(work, renewal, return_exceptions=True)
            self._at_work.discard(call_id)

    def _assign(self, lease: Lease) -> dict[str, Assignment]:
        assert self._routing is not None
        finished = {r.name: r.application for r in lease.call.stages if r.status is StageStatus.COMPLETED}
        return assign(self._routing, self._defaults, lease.call.id, finished, self._draws)

    async def _keep(self, lease: Lease) -> None:
        """Renew the lease until it is lost."""
        while True:
            await asyncio.sleep(self._args.lease_s / 4)
            if not await self._store(CallStore.renew, lease.call.id, lease.token, self._args.lease_s):
                return


def build(args: PipelineArgs) -> Application:
    prepare_environment()
    return CallPipeline.bind(args)  # type: ignore[attr-defined, no-any-return]
