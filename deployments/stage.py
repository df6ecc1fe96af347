"""An engine behind Serve: what the six engine stages have in common.

A stage is an application of its own, so its arguments in serve_config.yaml are the same ``engine`` and
``options`` that the in-process interpreter reads. The engine is loaded in the replica, in the environment that
the configuration pins for the stage, and runs in a thread: the replica's event loop stays free for health checks.

An engine with a method ``batch``, a list of argument tuples -> a list of outputs, is given the calls that wait
together, as many as ``user_config`` allows: on a GPU one run over the texts of eight calls costs little more than one
over a single call's. An engine without it works on ``concurrency`` calls at a time, and may batch their windows or
sentences itself (callytics/engines/batch_queue.py). Each call has a ticket for that: one that is cancelled or timed out
leaves the queue.
"""

from __future__ import annotations

import asyncio
import contextvars
import importlib.metadata
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from ray import serve

from callytics.config import stage_config
from callytics.engines import load_engine
from callytics.engines.batch_listeners import BatchDone, listen
from callytics.engines.tickets import Ticket, working_for
from callytics.errors import CallyticsError, ConfigError
from callytics.telemetry import samples
from deployments.replica import metrics
from deployments.replica.answers import Refused, answered
from deployments.replica.logs import to_serve_log

logger = logging.getLogger(__name__)


class EngineArgs(BaseModel):
    """The ``args`` of an engine stage.

    Attributes:
        engine: a class, "package.module:Class".
        options: its keyword arguments.
        concurrency: how many calls one replica works on at once; others wait in it. Not ``max_ongoing_requests``:
            a stage that is at work still answers who it is, and probes files. For an engine that takes batches:
            how many batches.
    """

    model_config = ConfigDict(extra="forbid")

    engine: str
    options: dict[str, Any] = {}
    concurrency: int = Field(1, gt=0)


class BatchConfig(BaseModel):
    """The ``user_config`` of an engine stage; may change without a restart.

    Attributes:
        max_batch_size: calls handed to the engine's ``batch`` at once; with 1 every call runs by itself.
        batch_wait_timeout_s: how long the first call of a batch waits for others.
    """

    model_config = ConfigDict(extra="forbid")

    max_batch_size: int = Field(1, gt=0)
    batch_wait_timeout_s: float = Field(0.0, ge=0)


@dataclass(frozen=True)
class StageInfo:
    """What runs in a stage; its ``config_hash`` is part of the key of every result it makes. ``notice`` is what a user
    should know of it though it is healthy, such as a language model that it works without."""

    application: str
    engine: str
    model: str
    model_revision: str
    config_hash: str
    notice: str = ""


@dataclass(frozen=True)
class StageOutput:
    """The result of an engine and what made it. Goes from replica to replica through the object store."""

    value: Any
    info: StageInfo
    duration_s: float


@dataclass(frozen=True)
class InstalledPackage:
    version: str
    location: str


class EngineReplica:
    """One replica of a stage.

    Args:
        stage: name of the pipeline's stage; the application's own name may be another (``speech-recognizer-v2``).
        args: see EngineArgs.
        address: what names it in requests and results; "" for the application's name.
    """

    THREADS_OF_A_METHOD = 8
    """For calls of one other method at once: those of a gateway at least (ApiSettings.probes_at_once)."""

    MAX_CRASHES_IN_A_ROW = 3
    """Then the replica reports itself unhealthy, and Serve replaces it: a library may be left broken."""

    def __init__(self, stage: str, args: dict[str, Any], address: str = "") -> None:
        config = stage_config(stage, args)
        address = address or serve.get_replica_context().app_name
        self.log_fields = {"stage": stage, "application": address, "version": config.config_hash}
        to_serve_log(stage, config.config_hash)
        self._engine = load_engine(config)
        self._turn = asyncio.Semaphore(args["concurrency"])
        # Threads of its own for each kind of work: probes of a second never wait behind conversions of minutes.
        self._threads = {"__call__": ThreadPoolExecutor(args["concurrency"], "engine")}
        self._max_batch_size = 1
        self._in_batch: Any = serve.batch(max_concurrent_batches=args["concurrency"])(self._together)
        self._crashes_in_a_row = 0
        self._stage = stage
        self._info = StageInfo(
            application=address,
            engine=config.engine,
            model=self._engine.model,
            model_revision=self._engine.model_revision,
            config_hash=config.config_hash,
            notice=getattr(self._engine, "notice", ""),
        )
        self._stop_listening = listen(self._count_batch)

    def reconfigure(self, user_config: dict[str, Any]) -> None:
        """Serve calls it at the start of a replica, and when ``user_config`` changes.

        Raises:
            ConfigError: batches are asked of an engine that takes none.
        """
        batches = BatchConfig(**user_config)
        if batches.max_batch_size > 1 and not hasattr(self._engine, "batch"):
            raise ConfigError(
                "config_invalid",
                f"{self._info.application}: {self._info.engine} takes no batches; leave max_batch_size at 1.",
            )
        self._max_batch_size = batches.max_batch_size
        self._in_batch.set_max_batch_size(batches.max_batch_size)
        self._in_batch.set_batch_wait_timeout_s(batches.batch_wait_timeout_s)

    async def __call__(self, *inputs: Any) -> StageOutput | Refused:
        """Run the engine on the outputs of earlier stages, or on plain values."""
        return await answered(self._run(inputs))

    async def _run(self, inputs: tuple[Any, ...]) -> StageOutput:
        values = tuple(item.value if isinstance(item, StageOutput) else item for item in inputs)
        if self._max_batch_size > 1:
            output: StageOutput | Exception = await self._in_batch((values, contextvars.copy_context()))
            if isinstance(output, Exception):
                raise output
        else:
            output = await self._alone(values)
        logger.info("done in %.2f s by %s, model %s", output.duration_s, self._info.engine, self._info.model)
        return output

    async def _alone(self, values: tuple[Any, ...]) -> StageOutput:
        async with self._turn:
            start = time.perf_counter()
            output = await self._in_thread("__call__", self._engine, *values)
            return StageOutput(output, self._info, time.perf_counter() - start)

    async def _together(
        self, requests: list[tuple[tuple[Any, ...], contextvars.Context]]
    ) -> list[StageOutput | Exception]:
        """The output of each call, in their order, or its error: a call that cannot be analysed does not take the
        others of its batch with it. Each ``duration_s`` is that of the batch. The context is that of the request:
        a call that runs by itself logs under its own name."""
        calls = [values for values, _ in requests]
        async with self._turn:
            start = time.perf_counter()
            try:
                outputs = await self._in_thread("__call__", self._engine.batch, calls)
            except CallyticsError as error:  # of one of them, which is told so when it runs by itself
                logger.info("a batch of %d calls: %s; each runs by itself", len(calls), error.code)
            except Exception:
                logger.exception("a batch of %d calls failed; each runs by itself", len(calls))
            else:
                duration_s = time.perf_counter() - start
                return [StageOutput(output, self._info, duration_s) for output in outputs]
        tasks = [asyncio.create_task(self._alone(values), context=context) for values, context in requests]
        alone = await asyncio.gather(*tasks, return_exceptions=True)
        return [_output_or_error(result) for result in alone]

    async def call(self, method: str, *args: Any) -> Any:
        """Another public method of the engine, such as ``probe`` of the audio-processor."""
        if method.startswith("_"):
            raise AttributeError(method)
        return await answered(self._in_thread(method, getattr(self._engine, method), *args))

    async def _in_thread(self, kind: str, function: Any, *args: Any) -> Any:
        if kind not in self._threads:
            self._threads[kind] = ThreadPoolExecutor(self.THREADS_OF_A_METHOD, kind)
        ticket = Ticket()
        work = partial(_for_ticket, ticket, function, *args)
        in_context = partial(contextvars.copy_context().run, work)  # as asyncio.to_thread: Ray's log fields
        try:
            result = await asyncio.get_running_loop().run_in_executor(self._threads[kind], in_context)
        except asyncio.CancelledError:
            ticket.cancel()  # what waits in a queue of the engine is dropped, and its thread is free
            raise
        except CallyticsError:
            raise  # the engine did its work: this input has no result
        except Exception:
            self._crashes_in_a_row += 1
            raise
        self._crashes_in_a_row = 0
        return result

    def describe(self) -> StageInfo:
        return self._info

    def installed(self, packages: list[str]) -> dict[str, InstalledPackage]:
        """Which versions this replica sees, and where they lie: shows that the pinned environment is in use."""
        found = {name: importlib.metadata.distribution(name) for name in packages}
        return {name: InstalledPackage(d.version, str(d.locate_file(""))) for name, d in found.items()}

    def __del__(self) -> None:
        """Serve calls it when the last request has ended. The threads of an engine's queue end with it."""
        close = getattr(getattr(self, "_engine", None), "close", None)
        if close is not None:
            close()
        getattr(self, "_stop_listening", lambda: None)()

    def _count_batch(self, done: BatchDone) -> None:
        name = self._info.application
        metrics.record(samples.of_batch(self._stage, name, done.queue, done.num_pieces, done.batch_size))

    def check_health(self) -> None:
        if self._crashes_in_a_row >= self.MAX_CRASHES_IN_A_ROW:
            raise RuntimeError(f"{self._info.engine} crashed {self._crashes_in_a_row} times in a row")


def _for_ticket(ticket: Ticket, function: Any, *args: Any) -> Any:
    with working_for(ticket):
        return function(*args)


def _output_or_error(result: StageOutput | BaseException) -> StageOutput | Exception:
    """One result of ``gather``: an exception that ends the process is no result."""
    if isinstance(result, StageOutput | Exception):
        return result
    raise result
