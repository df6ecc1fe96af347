"""Versions of a stage that work in the shadow of another: on the same inputs, their results stored separately.

A shadow belongs to no call's job. The call neither waits for it nor learns of its failure, and it may end after the
call did. Its load on the graph is bounded: a limited number runs at once, and others are skipped.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from callytics.domain import StageRun, StageStatus
from callytics.errors import CallyticsError
from callytics.store import AsyncStore, CallStore
from deployments.handles import application_handle, replica_failure, unwrapped
from deployments.stage import StageInfo, StageOutput

logger = logging.getLogger(__name__)

DESCRIBE_TIMEOUT_S = 10.0


class ShadowRuns:
    """
    Args:
        store: where results go.
        timeouts_s: stage -> seconds; a shadow that takes longer on a call has failed on it.
        max_running: each holds the inputs of its stage, such as the samples of a call, until it ends; while so
            many run, no other is started.
    """

    def __init__(self, store: AsyncStore, timeouts_s: Mapping[str, float], max_running: int) -> None:
        self._store = store
        self._timeouts_s = timeouts_s
        self._max_running = max_running
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, call_id: str, stage: str, application: str, arguments: list[Any]) -> None:
        """Returns at once; never raises for what goes wrong with the shadow.

        Args:
            arguments: of the stage, as they were handed to the version that works for the caller.
        """
        if len(self._tasks) >= self._max_running:
            logger.warning(
                "%s is left out on call %s: %d shadows run", application, call_id, len(self._tasks)
            )
            return
        task = asyncio.create_task(self._run(call_id, stage, application, arguments), name=application)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("shadow %s: its result is lost", task.get_name(), exc_info=error)

    async def _run(self, call_id: str, stage: str, application: str, arguments: list[Any]) -> None:
        run = StageRun(stage, StageStatus.RUNNING, attempts=1, application=application)
        start = time.monotonic()
        value: Any = None
        try:
            handle = await application_handle(application)
            run = described(run, await _info(handle))
            start = time.monotonic()
            async with asyncio.timeout(self._timeouts_s[stage]):
                output: StageOutput = await unwrapped(handle.remote(*arguments))
            value = output.value
            run = replace(
                described(run, output.info), status=StageStatus.COMPLETED, duration_s=output.duration_s
            )
        except Exception as error:  # whatever an engine raises is a failure of the shadow alone
            failure = replica_failure(stage, error)
            run = replace(
                run,
                status=StageStatus.FAILED,
                duration_s=time.monotonic() - start,
                error_code=failure.code,
                error_message=failure.message,
            )
        try:
            await self._store(CallStore.record_shadow, call_id, run, value)
        except CallyticsError as error:
            logger.error("shadow %s on call %s: its result is lost: %s", application, call_id, error)


def described(run: StageRun, info: StageInfo) -> StageRun:
    """With the version that did it."""
    return replace(
        run,
        engine=info.engine,
        model=info.model,
        model_revision=info.model_revision,
        config_hash=info.config_hash,
    )


async def _info(handle: Any) -> StageInfo:
    async with asyncio.timeout(DESCRIBE_TIMEOUT_S):
        info: StageInfo = await unwrapped(handle.describe.remote())
    return info
