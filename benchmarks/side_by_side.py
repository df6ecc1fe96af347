"""One process per core, each with one call at a time and single-threaded engines: every core is busy, without Ray. This
is the upper limit for the graph and the batch on these cores."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.pool import Pool
from multiprocessing.synchronize import Barrier
from pathlib import Path

from benchmarks.calls import Call
from benchmarks.command import engine_environment
from benchmarks.in_process import CONFIG, StageAfterStage
from benchmarks.throughput_record import ThroughputCall
from callytics import settings

LOADING_TIMEOUT_S = 300.0

_pipelines: list[StageAfterStage] = []
"""The engines of a worker, loaded once."""


@contextmanager
def side_by_side_workers(count: int, config: Path = CONFIG) -> Iterator[Pool]:
    """Processes with loaded engines. They get the environment of replicas, which glibc reads at the start of a process;
    this process has removed it from its own."""
    context = multiprocessing.get_context("spawn")
    loaded = context.Barrier(count + 1)
    environment = {**engine_environment(), settings.CPU_THREADS: "1"}
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        pool = context.Pool(count, _load, (loaded, config))
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
    with pool:
        loaded.wait(LOADING_TIMEOUT_S)
        yield pool


def analysed_side_by_side(pool: Pool, calls: Sequence[Call], start_at: float) -> Iterator[ThroughputCall]:
    """Analyse the calls, and yield each when it is finished."""
    for call, stages in pool.imap_unordered(_analyse, calls):
        yield ThroughputCall(
            name=call.name,
            audio_s=call.audio_s,
            completed_s=time.time() - start_at,
            stages={name: wall_s for name, (wall_s, _) in stages.items()},
            cpu={name: cpu_s for name, (_, cpu_s) in stages.items()},
        )


def _load(loaded: Barrier, config: Path) -> None:
    _pipelines.append(StageAfterStage(config))
    loaded.wait(LOADING_TIMEOUT_S)


def _analyse(call: Call) -> tuple[Call, dict[str, tuple[float, float]]]:
    """Wall and CPU seconds of every stage."""
    _, stages = _pipelines[0](call.path)
    return call, {name: (stage.wall_s, stage.cpu_s) for name, stage in stages.items()}
