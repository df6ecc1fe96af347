"""One call through the graph, on Serve: the interpreter of callytics.pipeline.analyse behind call-pipeline.

A node is an asyncio task, so branches run in parallel; its result is an :class:`Output`. Large results stay in the
object store: what is handed on to the next stage is the response of the last, which Ray passes by reference.

Every finished stage is recorded under a key made of its inputs' keys and its configuration (a Merkle tree), so a
call that is taken up again, or that a user corrected, runs only what is missing or changed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from typing import Any

from callytics.config import ENGINE_STAGES, OPTIONAL_STAGES
from callytics.domain import (
    Audio,
    ContactSummary,
    StageFailure,
    StageRun,
    StageStatus,
)
from callytics.errors import CallyticsError, StageError
from callytics.pipeline import PURE_STEPS, analyse, stage_failure
from callytics.result.build import complete
from callytics.store import AsyncStore, CallStore, JobStatus, Lease
from callytics.telemetry import Record, ignore, samples, tracing
from deployments.handles import replica_failure
from deployments.pipeline.circuit import Circuit
from deployments.pipeline.outputs import Output, corrections_node, relevant, result_key, stage_key
from deployments.pipeline.routing import Assignment
from deployments.pipeline.shadow import ShadowRuns, described
from deployments.pipeline.stage_caller import STAGE_PATIENCE_S, StageAwayError, StageCaller
from deployments.stage import StageOutput

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
"""Attempts per stage and call: something else may kill a replica, three times in a row it is the call."""

TRANSIENT = frozenset({"stage_not_deployed", "stage_unavailable"})
"""Codes of failures that are not the call's: the store queues it again, later. A call that killed its replica
MAX_ATTEMPTS times is not among them: it would do it again."""


class StageWaitError(StageError):
    """The call waits for a stage; ``delay_s``: when to come back."""

    def __init__(self, stage: str, code: str, message: str, delay_s: float) -> None:
        Exception.__init__(self, stage, code, message, delay_s)
        self.stage, self.code, self.message, self.delay_s = stage, code, message, delay_s


class CallRun:
    """Runs one leased call.

    Args:
        lease: the right to the call; every write shows its token.
        store: the call store.
        assignments: stage -> the applications that work on it; the same for the whole run, whatever is
            configured meanwhile.
        shadows: runs the versions that the call does not wait for.
        timeouts_s: stage -> seconds; one that takes longer on the call has failed.
        circuits: application -> its circuit breaker, shared by the calls of a pipeline.
        stage_patience_s: see STAGE_PATIENCE_S.
        count: is given the samples of what happened, each after the store took it.
    """

    def __init__(
        self,
        lease: Lease,
        store: AsyncStore,
        assignments: Mapping[str, Assignment],
        shadows: ShadowRuns,
        timeouts_s: Mapping[str, float],
        circuits: defaultdict[str, Circuit] | None = None,
        stage_patience_s: float = STAGE_PATIENCE_S,
        count: Record = ignore,
    ) -> None:
        self._call = lease.call
        self._corrections = lease.corrections
        self._token = lease.token
        self._traceparent, self._waiting_since_ms = lease.traceparent, lease.waiting_since_ms
        self._store = store
        self._assignments = assignments
        self._shadows = shadows
        self._timeouts_s = timeouts_s
        self._circuits = defaultdict(Circuit) if circuits is None else circuits
        self._stage_patience_s = stage_patience_s
        self._count = count
        self._earlier = {run.name: run for run in lease.call.stages}
        self._runs: dict[str, StageRun] = {}
        self._tasks: list[asyncio.Task[Any]] = []
        self._samples: asyncio.Task[Any] | None = None

    async def execute(self) -> None:
        """Work until the call is completed or has failed. Every failure of the call ends in the store.

        Raises:
            ConflictError: ``lease_lost``: the call belongs to another worker now, or was cancelled or deleted.
            UnavailableError: the store does not answer; the lease will expire and the call be taken up again.
        """
        about: dict[str, str | int] = {
            "callytics.call_id": self._call.id,
            "callytics.tenant": self._call.tenant,
            "callytics.attempt": self._call.attempts,
        }
        with tracing.span(
            "queue wait", about, parent=self._traceparent, start_ms=self._waiting_since_ms
        ) as waited:
            parent = self._traceparent or waited.traceparent  # of a call that came while traces were off
        with tracing.span("pipeline", about, parent=parent) as span:
            await self._execute(span)

    async def _execute(self, span: tracing.Span) -> None:
        try:
            report = (await self._analyse()).value
            result = complete(report, [self._runs[stage] for stage in ENGINE_STAGES])
        except StageWaitError as error:
            span.fail(error.code)
            await self._skip_running()
            logger.warning(
                "call %s waits %.0f s for %s: %s", self._call.id, error.delay_s, error.stage, error.code
            )
            await self._store(CallStore.release, self._call.id, self._token, error.delay_s)
            return
        except StageError as error:
            span.fail(error.code)
            await self._fail(error.stage, error.code, error.message)
            return
        status = JobStatus(result.job_status)
        span.note({"callytics.job_status": status.value})
        with tracing.span("store result"):
            await self._store(
                CallStore.complete, self._call.id, self._token, status, result.model_dump_json().encode()
            )
        if self._call.result_at_ms is None:
            applications = {name: run.application for name, run in self._runs.items()}
            self._count(list(samples.of_result(result, applications)))
        logger.info("call %s is %s", self._call.id, status.value)

    async def _skip_running(self) -> None:
        for run in self._runs.values():
            if run.status is StageStatus.RUNNING:
                await self._record(replace(run, status=StageStatus.SKIPPED))

    async def _fail(self, stage: str, code: str, message: str) -> None:
        await self._skip_running()
        status = await self._store(
            CallStore.fail, self._call.id, self._token, stage, code, message, code in TRANSIENT
        )
        logger.warning("call %s is %s: %s: %s", self._call.id, status.value, stage, code)

    async def _analyse(self) -> Output:
        recording = self._call.recording
        options = self._call.options
        sha256 = self._call.media.sha256
        try:
            output: Output = await analyse(
                self._start,
                Output(sha256, recording, recording),
                Output("", options, options),
                corrections_node(self._corrections),
            )
            return output
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, step: str, *inputs: Output | asyncio.Task[Output]) -> asyncio.Task[Output]:
        task = asyncio.create_task(self._step(step, inputs), name=step)
        self._tasks.append(task)
        return task

    async def _step(self, step: str, nodes: tuple[Output | asyncio.Task[Output], ...]) -> Output:
        inputs = [await node if isinstance(node, asyncio.Task) else node for node in nodes]
        inputs = [relevant(step, item) for item in inputs]
        if step in PURE_STEPS:
            try:
                with tracing.span(step):
                    value = await asyncio.to_thread(PURE_STEPS[step], *(item.value for item in inputs))
            except Exception as error:  # a fault of the library: the call fails with it, the service goes on
                logger.exception("step %s of call %s", step, self._call.id)
                failure = stage_failure(step, error)
                raise StageError(step, failure.code, failure.message) from error
            return Output(result_key(step, *(item.key for item in inputs)), value, value)
        try:
            return await self._stage(step, inputs)
        except StageError as error:
            if step not in OPTIONAL_STAGES:
                raise
            failure = StageFailure(step, error.code, error.message)
            return Output(result_key(step, "failed"), failure, failure)

    # ------------------------------------------------------------ stages with an engine

    async def _stage(self, stage: str, inputs: list[Output]) -> Output:
        application = self._assignments[stage].application
        run = StageRun(stage, StageStatus.RUNNING, attempts=0, application=application)
        self._runs[stage] = run
        caller = self._caller(stage)
        try:
            with tracing.span("admission", {"callytics.stage": stage, "callytics.application": application}):
                info = await caller.admitted()
        except StageAwayError as error:
            failure = await self._failed(run, error)
            raise StageWaitError(stage, failure.code, failure.message, error.delay_s) from error
        keys = [item.key for item in inputs]
        run = described(run, info)
        key = stage_key(stage, info, keys)
        # A stage that never ran on this call has no result to be found: a question less per stage of a new call.
        earlier = self._earlier.get(stage)
        kept = await self._store(CallStore.load_stage_output, self._call.id, key) if earlier else None
        if earlier and kept is not None:
            self._runs[stage] = earlier
            return Output(key, kept, kept)
        response, output, run = await self._attempts(run, caller, inputs)
        info = output.info  # of the replica that did it: the stage may have been updated in between
        key = stage_key(stage, info, keys)
        run = replace(described(run, info), status=StageStatus.COMPLETED, duration_s=output.duration_s)
        # Pure steps and the store need what was measured; listening stages get the samples through the response. As an
        # argument they would be written to the object store a second time, and a third with every retry.
        value = output.value.without_samples() if isinstance(output.value, Audio) else output.value
        await self._record(run, key, value)
        self._count(samples.of_stage(run, self._call.media.duration_s))
        if isinstance(value, ContactSummary):
            self._count(samples.of_summary(value, run.application))
        return Output(key, value, response)

    def _caller(self, stage: str) -> StageCaller:
        application = self._assignments[stage].application
        circuit, timeout_s = self._circuits[application], self._timeouts_s[stage]
        return StageCaller(application, self._call.id, circuit, self._stage_patience_s, timeout_s)

    async def _attempts(
        self, run: StageRun, caller: StageCaller, inputs: list[Output]
    ) -> tuple[Any, StageOutput, StageRun]:
        """The response, what it stands for, and the state of the stage after the attempts that it took."""
        while True:
            run = replace(run, attempts=run.attempts + 1)
            await self._record(run)
            if run.attempts > 1:
                self._count(samples.of_retry(run))
            start = time.monotonic()
            try:
                with tracing.span(run.name, _version_of(run)) as span:
                    response, output = await self._attempt(run, caller, inputs)
                    span.note(_version_of(described(run, output.info)))
                    span.note({"callytics.engine_duration_s": output.duration_s})
                return response, output, run
            except Exception as error:
                run = replace(run, duration_s=time.monotonic() - start)
                if isinstance(error, CallyticsError):
                    raise await self._failed(run, error) from error
                if run.attempts >= MAX_ATTEMPTS:
                    raise await self._failed(run, caller.gave_up(error)) from error
                logger.warning(
                    "%s on call %s: %s; trying again", run.name, self._call.id, type(error).__name__
                )
                await asyncio.sleep(2.0 ** (run.attempts - 1))
            try:
                await caller.back()
            except CallyticsError as error:
                raise await self._failed(run, error) from error

    async def _attempt(
        self, run: StageRun, caller: StageCaller, inputs: list[Output]
    ) -> tuple[Any, StageOutput]:
        arguments = [await self._argument(item) for item in inputs]
        if run.attempts == 1:
            for shadow in self._assignments[run.name].shadows:
                self._shadows.start(self._call.id, run.name, shadow, arguments)
        return await caller.call(arguments)

    async def _argument(self, item: Output) -> Any:
        """What stands for an input. Audio from the store came without samples: it is decoded again, once, and only
        where a stage that listens has to run."""
        if not isinstance(item.argument, Audio):
            return item.argument
        if self._samples is None:
            self._samples = asyncio.create_task(self._decode_again(), name="audio-processor, again")
            self._tasks.append(self._samples)
        try:
            return await self._samples
        except Exception:
            self._samples = None  # the next attempt decodes anew
            raise

    async def _decode_again(self) -> Any:
        arguments = [self._call.recording, replace(self._call.options, roles=())]
        response, _ = await self._caller("audio-processor").call(arguments)
        return response

    async def _failed(self, run: StageRun, error: Exception) -> StageError:
        failure = replica_failure(run.name, error)
        run = replace(run, status=StageStatus.FAILED, error_code=failure.code, error_message=failure.message)
        logger.warning(
            "%s on call %s failed: %s", run.name, self._call.id, failure.code
        )  # its text may quote the call
        await self._record(run)
        self._count(samples.of_stage(run, self._call.media.duration_s))
        return StageError(run.name, failure.code, failure.message)

    def _record(self, run: StageRun, key: str = "", output: Any = None) -> Awaitable[None]:
        self._runs[run.name] = run
        return self._store(CallStore.record_stage, self._call.id, self._token, run, key, output)


def _version_of(run: StageRun) -> dict[str, str | int]:
    """What the span of an attempt says of it."""
    return {
        "callytics.stage": run.name,
        "callytics.application": run.application,
        "callytics.engine": run.engine,
        "callytics.model": run.model,
        "callytics.model_revision": run.model_revision,
        "callytics.attempt": run.attempts,
    }
