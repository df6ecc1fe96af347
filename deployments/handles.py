"""Calls from one application to another: by name, with the library's own errors, patient where a replica is gone.

Ray wraps what a replica raises into RayTaskError, whose text is a whole traceback, and says of a replica that died
only that: nothing is called a second time for us. Here both become what the library's callers expect.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, TypeVar

from ray import serve
from ray.exceptions import (
    NodeDiedError,
    ObjectLostError,
    RayActorError,
    RayTaskError,
    WorkerCrashedError,
)
from ray.serve.exceptions import (
    BackPressureError,
    DeploymentUnavailableError,
    RayServeException,
    ReplicaUnavailableError,
)
from ray.serve.handle import DeploymentHandle

from callytics.config import split_address
from callytics.domain import StageFailure
from callytics.errors import NotFoundError, UnavailableError
from callytics.pipeline import stage_failure
from callytics.store import AsyncStore
from callytics.store.asynchronous import marked
from callytics.store.marks import not_repeatable, removes
from deployments.replica.answers import Refused
from deployments.replica.call_session import with_call

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

LOST = (
    RayActorError,
    WorkerCrashedError,
    NodeDiedError,
    ObjectLostError,
    ReplicaUnavailableError,
    DeploymentUnavailableError,
    BackPressureError,
)
"""The replica, not the call, is at fault: it was killed, or its machine is gone. Calling again may help."""

NOT_REPEATABLE = marked(not_repeatable)
"""Methods of the store that would do their work twice; writes of a worker are fenced by its lease instead."""

REMOVING = marked(removes)
"""Methods of the store that find nothing where they are called again."""

DATABASE = "database-service"

WorkSeen = tuple[str, int]
"""What database-service answered when it was asked for work, for the next question."""

ANSWER_WITHIN_S = 30.0
"""Longer than the answer to a question takes; the work of a stage has its own limit."""


class PlacedHandle:
    """The handle of a stage that is placed in an application of several: as that of an application of its own."""

    def __init__(self, handle: Any, stage: str) -> None:
        self._handle = handle
        self._stage = stage

    def options(self, **options: Any) -> PlacedHandle:
        return PlacedHandle(self._handle.options(**options), self._stage)

    def remote(self, *inputs: Any) -> Any:
        return self._handle.run.remote(self._stage, *inputs)

    def __getattr__(self, method: str) -> Any:
        if method.startswith("_"):
            raise AttributeError(method)
        return _PlacedMethod(getattr(self._handle, method), self._stage)


class _PlacedMethod:
    def __init__(self, method: Any, stage: str) -> None:
        self._method = method
        self._stage = stage

    def remote(self, *arguments: Any) -> Any:
        return self._method.remote(self._stage, *arguments)


@cache
def _cached_handle(application: str) -> DeploymentHandle[Any]:
    return serve.get_app_handle(application)


async def application_handle(address: str) -> Any:
    """The handle of an application, or of a stage placed in one (callytics.config); it stays valid when the
    application's replicas are replaced. What is asked through it belongs to the call that is worked on.

    Raises:
        UnavailableError: ``stage_not_deployed``.
    """
    application, stage = split_address(address)
    try:
        handle = with_call(await asyncio.to_thread(_cached_handle, application))
        return PlacedHandle(handle, stage) if stage else handle
    except RayServeException as error:
        raise UnavailableError("stage_not_deployed", f"{address} is not deployed.") from error


async def unwrapped(response: Awaitable[Result | Refused]) -> Result:
    """The result of a response, or what was raised in the replica, as it was raised there."""
    try:
        result = await response
    except RayTaskError as error:
        cause: BaseException = error
        while isinstance(cause, RayTaskError) and cause.cause is not None:
            cause = cause.cause
        raise cause from None
    if isinstance(result, Refused):
        raise result.error
    return result


def replica_failure(stage: str, error: BaseException) -> StageFailure:
    """What a reader is told about a stage that failed behind a handle."""
    if isinstance(error, TimeoutError):
        return StageFailure(stage, "stage_timeout", f"{stage} took too long on this call.")
    if isinstance(error, LOST):
        return StageFailure(
            stage, "stage_lost", f"{stage} went down while it worked on this call, every time."
        )
    return stage_failure(stage, error)


async def patiently(
    call: Callable[[], Awaitable[Result]], give_up_after_s: float, answer_within_s: float = ANSWER_WITHIN_S
) -> Result:
    """The result of ``call``, repeated while replicas are lost, with pauses of 0.5, 1, 2, 4, 4 ... s.

    Args:
        give_up_after_s: no new attempt after that.
        answer_within_s: of one attempt. Without it, a caller would wait without limit: while a deployment has no
            replica, Serve holds its requests and reports nothing.

    Raises:
        UnavailableError: ``no_answer``; or what ``call`` raised last.
    """
    deadline = time.monotonic() + give_up_after_s
    pause_s = 0.5
    while True:
        try:
            return await _answer(call, answer_within_s)
        except (*LOST, UnavailableError) as error:
            if time.monotonic() + pause_s > deadline:
                raise
            logger.warning("calling again in %.1f s: %s", pause_s, type(error).__name__)
        await asyncio.sleep(pause_s)
        pause_s = min(4.0, 2 * pause_s)


async def _answer(call: Callable[[], Awaitable[Result]], within_s: float) -> Result:
    try:
        async with asyncio.timeout(within_s) as limit:
            return await call()
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise UnavailableError("no_answer", f"No answer within {within_s:.0f} s; try again later.") from error


def store_client(give_up_after_s: float) -> AsyncStore:
    """The store behind ``database-service``; waits up to ``give_up_after_s`` for a replica that is being replaced.

    Its methods raise what CallStore's raise, and UnavailableError when the wait was in vain.
    """

    async def invoke(method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        attempts = 0

        async def call() -> Any:
            nonlocal attempts
            handle = await application_handle(DATABASE)
            attempts += 1
            try:
                return await unwrapped(handle.call.remote(method, args, kwargs))
            except NotFoundError:
                if attempts > 1 and method in REMOVING:
                    return None  # an earlier attempt removed it; only its answer was lost
                raise

        try:
            patience_s = 0.0 if method in NOT_REPEATABLE else give_up_after_s
            return await patiently(call, patience_s, answer_within_s=give_up_after_s)
        except LOST as error:
            raise UnavailableError(
                "database_unavailable", "The call store does not answer; try again in a few seconds."
            ) from error

    return AsyncStore(invoke)


async def wait_for_work(within_s: float, seen: WorkSeen | None) -> WorkSeen | None:
    """Until ``database-service`` says that a call may have been queued, or ``within_s``, whether it answers or not.

    Args:
        seen: what this returned before.
    """

    async def call() -> WorkSeen:
        handle = await application_handle(DATABASE)
        answer: WorkSeen = await unwrapped(handle.wait_for_work.remote(within_s, seen))
        return answer

    deadline = time.monotonic() + within_s
    try:
        return await _answer(call, within_s + 1.0)
    except Exception as error:
        # Nothing depends on it; while versions change it may not even know the question.
        logger.warning("database-service does not say when there is work: %s", type(error).__name__)
        await asyncio.sleep(max(0.0, deadline - time.monotonic()))
        return None
