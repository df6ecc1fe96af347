"""The analysis as a Ray Data pipeline: the third interpreter of callytics.pipeline.analyse.

A node is the name of a column. Running ``analyse`` over a Plan writes down the steps in order; every engine step, with
the pure ones that follow it, becomes one ``map_batches`` over a table with a row a call, whose cells are pickled
values: a pool of actors with the same engine class, options and environment as its Serve application.
"""

from __future__ import annotations

import logging
import pickle
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from callytics.config import OPTIONAL_STAGES, StageConfig
from callytics.domain import StageFailure, StageRun, StageStatus
from callytics.engines import load_engine
from callytics.pipeline import PURE_STEPS, analyse, stage_failure
from callytics.telemetry.call_context import CallContext, working_on
from deployments.replica.log_fields import in_stage, to_worker_log

logger = logging.getLogger(__name__)

RECORDING, OPTIONS, CORRECTIONS, ITEM = "recording", "options", "corrections", "item"
RUNS, NODES, FAILURE = "runs", "nodes", "failure"
CARRIED = (ITEM, RUNS, NODES, FAILURE)
"""Columns beside the nodes of the graph: the batch's item, how the stages went, which machines (nodes of the cluster)
worked on it, and why a call is lost."""


@dataclass(frozen=True)
class Step:
    """One node of the graph.

    Attributes:
        name: of the stage or pure function, and of the column with its result.
        inputs: columns that it reads.
        finished: columns that no later step reads.
        unheard: columns of audio whose samples no later step reads, only what was measured.
    """

    name: str
    inputs: tuple[str, ...]
    finished: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()


def plan() -> list[Step]:
    """The steps of the whole graph, each after those that it reads."""
    steps: list[Step] = []

    def run(step: str, *inputs: str) -> str:
        steps.append(Step(step, inputs))
        return step

    report = analyse(run, RECORDING, OPTIONS, CORRECTIONS)
    return [
        replace(step, finished=_last_reads(steps, i, report), unheard=_last_heard(steps, i))
        for i, step in enumerate(steps)
    ]


def _last_reads(steps: list[Step], i: int, report: str) -> tuple[str, ...]:
    later = {name for step in steps[i + 1 :] for name in step.inputs} | {report, RECORDING}
    return tuple(name for name in dict.fromkeys(steps[i].inputs) if name not in later)


def _last_heard(steps: list[Step], i: int) -> tuple[str, ...]:
    """Pure steps look at what was measured of a recording, only engines listen."""
    later = {name for step in steps[i + 1 :] if step.name not in PURE_STEPS for name in step.inputs}
    return tuple(name for name in steps[i].inputs if name == "audio-processor" and name not in later)


def _reach_applications() -> None:
    """The model of a graph that runs on the same cluster; without one the report of a batch is extractive."""
    from callytics.engines.analysis import endpoints
    from deployments.replica.llm_transport import (
        HandleTransport,
    )  # imports Serve, which a batch needs for this only

    endpoints.provide(HandleTransport)


class StepWorker:
    """Runs one step on rows of the table; its engine is loaded once.

    Args:
        stage: of an engine step; None for a pure one.
    """

    def __init__(self, step: Step, stage: StageConfig | None) -> None:
        self._step = step
        self._stage = stage
        if stage and stage.options.get("endpoint"):
            _reach_applications()
        self._run: Callable[..., Any] = load_engine(stage) if stage else PURE_STEPS[step.name]

    def __call__(self, table: pa.Table) -> pa.Table:
        rows = [self._row(row) for row in table.to_pylist()]
        names = list(rows[0]) if rows else []
        columns = {name: pa.array([row[name] for row in rows], pa.large_binary()) for name in names}
        return pa.table(columns)

    def _row(self, row: dict[str, bytes | None]) -> dict[str, bytes | None]:
        after = {name: cell for name, cell in row.items() if name not in self._step.finished}
        after[self._step.name] = None
        if row[FAILURE] is not None:
            return after
        inputs = {name: pickle.loads(row[name] or b"") for name in self._step.inputs}
        try:
            output = self._timed(row, after, [inputs[name] for name in self._step.inputs])
        except Exception as error:
            failure = stage_failure(self._step.name, error)
            if self._step.name not in OPTIONAL_STAGES:
                after[FAILURE] = pickle.dumps(failure)
                return after
            output = failure
        after[self._step.name] = pickle.dumps(output, protocol=5)
        for name in self._step.unheard:
            if name in after:
                after[name] = pickle.dumps(inputs[name].without_samples(), protocol=5)
        return after

    def _timed(self, row: dict[str, bytes | None], after: dict[str, bytes | None], inputs: list[Any]) -> Any:
        if self._stage is None:
            return self._run(*inputs)
        run = StageRun(
            self._step.name,
            StageStatus.COMPLETED,
            attempts=1,
            application=self._step.name,
            config_hash=self._stage.config_hash,
        )
        start = time.perf_counter()
        try:
            output = self._run(*inputs)
            engine: Any = self._run
            run = replace(
                run, engine=self._stage.engine, model=engine.model, model_revision=engine.model_revision
            )
            return output
        except Exception as error:
            failure: StageFailure = stage_failure(self._step.name, error)
            logger.warning("%s failed: %s", self._step.name, failure.code, exc_info=error)
            run = replace(
                run,
                status=StageStatus.FAILED,
                error_code=failure.code,
                error_message=failure.message,
            )
            raise
        finally:
            runs: tuple[StageRun, ...] = pickle.loads(row[RUNS] or b"")
            run = replace(run, duration_s=time.perf_counter() - start)
            after[RUNS] = pickle.dumps((*runs, run))
            logger.info("%s in %.2f s by %s", run.status.value.lower(), run.duration_s, self._stage.engine)


class StageWorker:
    """An engine step and the pure steps up to the next one: what an actor of a pool does.

    A pure step takes milliseconds and a process for it seconds to begin, so it has none of its own.
    """

    def __init__(self, steps: Sequence[Step], stage: StageConfig | None, tenant: str = "") -> None:
        first, *pure = steps
        self._tenant = tenant
        self._log_fields: dict[str, str] = {}
        if stage is not None and _is_in_actor():
            to_worker_log(first.name, stage.config_hash)
            self._log_fields = {"stage": first.name, "version": stage.config_hash}
        self._workers = [StepWorker(first, stage), *(StepWorker(step, None) for step in pure)]

    def __call__(self, table: pa.Table) -> pa.Table:
        with working_on(self._call(table)), in_stage(self._log_fields):
            for worker in self._workers:
                table = worker(table)
        return _worked_here(table)

    def _call(self, table: pa.Table) -> CallContext | None:
        """The only row's: `analysed` asks for batches of one."""
        recordings = [pickle.loads(cell) for cell in table.column(RECORDING).to_pylist()]
        return CallContext(recordings[0].call_id, self._tenant) if len(recordings) == 1 else None


@dataclass(frozen=True)
class Part:
    """What a worker has one of: ``kind(*args, **kwargs)``, a function of tables."""

    kind: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


class Worker:
    """One process for the parts that follow each other: what is imported for one is there for all."""

    def __init__(self, *parts: Part) -> None:
        self._parts = [part.kind(*part.args, **part.kwargs) for part in parts]

    def __call__(self, table: pa.Table) -> pa.Table:
        for part in self._parts:
            table = part(table)
        return table


def _worked_here(table: pa.Table) -> pa.Table:
    """With this node's id behind those of the stages before."""
    import ray

    node = ray.get_runtime_context().get_node_id() if _is_in_actor() else ""
    places = [pickle.dumps((*pickle.loads(cell), node)) for cell in table.column(NODES).to_pylist()]
    return table.set_column(table.column_names.index(NODES), NODES, pa.array(places, pa.large_binary()))


def _is_in_actor() -> bool:
    import ray

    return ray.is_initialized() and ray.get_runtime_context().get_actor_id() is not None


def by_stage() -> list[list[Step]]:
    """The steps of the whole graph, each engine's with the pure ones that follow it."""
    groups: list[list[Step]] = []
    for step in plan():
        if step.name in PURE_STEPS and groups:
            groups[-1].append(step)
        else:
            groups.append([step])
    return groups


def stage_parts(stages: Mapping[str, StageConfig], tenant: str = "") -> dict[str, Part]:
    """Stage -> its engine with the pure steps that follow, in the order of the graph.

    Args:
        tenant: whose calls they are, for the log lines.
    """
    groups = {steps[0].name: steps for steps in by_stage()}
    return {name: Part(StageWorker, (steps, stages.get(name), tenant)) for name, steps in groups.items()}
