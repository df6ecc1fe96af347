"""call-pipeline: takes calls from the store and runs them through the graph.

A call is a durable job: it is leased for a short time, and the lease is renewed while the call is worked on. A
pipeline that is killed lets its leases expire; the next takes the calls up after their last finished stages.
"""

import asyncio
import logging
import os
import socket
import uuid

from pydantic import BaseModel, ConfigDict, Field
from ray import serve
from ray.serve import Application

from callytics.config import ENGINE_STAGES
from callytics.errors import CallyticsError, ConfigError, ConflictError, UnavailableError
from callytics.store import Lease
from deployments.call_run import CallRun
from deployments.handles import store_client

logger = logging.getLogger(__name__)

STORE_PATIENCE_S = 60.0
POLL_S = 0.5


class PipelineArgs(BaseModel):
    """
    Attributes:
        stages: stage -> the application that does its work, where it is not the one of the stage's name.
        max_concurrent_calls: how many calls one replica works on at once.
        lease_s: after a crash, a call waits so long until it is taken up again.
        stage_timeout_s: of one stage on one call.
    """

    model_config = ConfigDict(extra="forbid")

    stages: dict[str, str] = {}
    max_concurrent_calls: int = Field(2, gt=0)
    lease_s: float = Field(20.0, gt=0)
    stage_timeout_s: float = Field(7200.0, gt=0)


@serve.deployment
class CallPipeline:
    def __init__(self, args: PipelineArgs) -> None:
        self._args = args
        self._applications = {stage: args.stages.get(stage, stage) for stage in ENGINE_STAGES}
        self._store = store_client(STORE_PATIENCE_S)
        self._worker = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._calls: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop().create_task(self._take_calls())

    def check_health(self) -> None:
        if self._loop.done():
            raise RuntimeError(f"the pipeline stopped taking calls: {self._loop.exception()!r}")

    async def __del__(self) -> None:
        """Serve awaits this at a graceful stop: the calls go back to the queue at once, none has to expire."""
        self._loop.cancel()
        for task in self._calls:
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _take_calls(self) -> None:
        while True:
            if len(self._calls) >= self._args.max_concurrent_calls:
                await asyncio.wait(self._calls, return_when=asyncio.FIRST_COMPLETED)
                continue
            try:
                lease = await self._store.lease(self._worker, self._args.lease_s)
            except UnavailableError as error:
                logger.error("no calls: %s", error)
                lease = None
            if lease is None:
                await asyncio.sleep(POLL_S)
                continue
            task = asyncio.create_task(self._work_on(lease))
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)

    async def _work_on(self, lease: Lease) -> None:
        call_id = lease.call.id
        run = CallRun(lease, self._store, self._applications, self._args.stage_timeout_s)
        work = asyncio.create_task(run.execute())
        renewal = asyncio.create_task(self._keep(lease))
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
            await self._store.release(call_id, lease.token)
            raise
        finally:
            for task in (work, renewal):
                task.cancel()
            await asyncio.gather(work, renewal, return_exceptions=True)

    async def _keep(self, lease: Lease) -> None:
        """Renew the lease until it is lost."""
        while True:
            await asyncio.sleep(self._args.lease_s / 4)
            if not await self._store.renew(lease.call.id, lease.token, self._args.lease_s):
                return


def build(args: PipelineArgs) -> Application:
    unknown = set(args.stages) - set(ENGINE_STAGES)
    if unknown:
        raise ConfigError("config_invalid", f"call-pipeline: stages names {', '.join(sorted(unknown))}.")
    return CallPipeline.bind(args)  # type: ignore[attr-defined, no-any-return]
