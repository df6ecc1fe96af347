"""Throughput of a machine: one call after the other, through the graph, and as a batch.

    python -m benchmarks.throughput sequential     one file at a time, stage after stage, one process
    python -m benchmarks.throughput side-by-side   one process per core, each one file at a time: every core is busy
    python -m benchmarks.throughput graph          the running graph over HTTP, ten calls at once
    python -m benchmarks.throughput backfill       `python -m deployments.backfill.job`, with its own Ray
    python -m benchmarks.throughput all            the four, in this order

Each works on the same calls (--calls, default 20: half an hour, Korean and English) and needs two to eight minutes a
run on two cores. The last line is the ratio: the least time in which these cores could do what the engines compute
(their CPU seconds, measured by `sequential`, over the cores), over the time that it took.
"""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import calls, record
from benchmarks.backfill_run import run_backfill
from benchmarks.calls import Call
from benchmarks.command import Conditions, Runs, run
from benchmarks.cpu import CpuSampler
from benchmarks.graph import Graph, analyse_together, calls_at_work, running_graph
from benchmarks.in_process import CONFIG, StageAfterStage
from benchmarks.side_by_side import analysed_side_by_side, side_by_side_workers
from benchmarks.throughput_record import (
    BACKFILL,
    GRAPH,
    SEQUENTIAL,
    SIDE_BY_SIDE,
    ThroughputCall,
    ThroughputRecord,
    ThroughputRun,
    cpu_seconds,
    summary,
)
from callytics import settings

app = typer.Typer(add_completion=False, help=__doc__, rich_markup_mode=None)

Calls = Annotated[int, typer.Option("--calls", min=1, help="How many; 20 are half an hour of audio.")]
DEFAULT_THREADS = settings.cpu_threads()  # which the graph uses; a batch takes 1
Measure = Callable[[list[Call], Path, str], ThroughputRun]


@app.command()
def sequential(
    num_calls: Calls = 20,
    runs: Runs = 3,
    conditions: Conditions = "",
    threads: Annotated[int, typer.Option(min=1, help="Of an engine.")] = DEFAULT_THREADS,
) -> None:
    """One file at a time, stage after stage, with the CPU seconds of every engine."""
    os.environ[settings.CPU_THREADS] = str(threads)
    print(f"loading the engines, {threads} threads each")
    pipeline = StageAfterStage()

    def measure(composed: list[Call], scratch: Path, label: str) -> ThroughputRun:
        start_at = time.time()
        done: list[ThroughputCall] = []
        with CpuSampler() as cpu:
            for call in composed:
                wall_s, stages = pipeline(call.path)
                done.append(
                    ThroughputCall(
                        name=call.name,
                        audio_s=call.audio_s,
                        completed_s=time.time() - start_at,
                        stages={name: stage.wall_s for name, stage in stages.items()},
                        cpu={name: stage.cpu_s for name, stage in stages.items()},
                    )
                )
                print(f"{label}: {len(done)} of {len(composed)} calls, {call.name} in {wall_s:.1f} s")
            wall_s = time.time() - start_at
        return ThroughputRun.of(done, wall_s, start_at, cpu.samples)

    name = SEQUENTIAL if threads == DEFAULT_THREADS else f"{SEQUENTIAL}-{threads}-thread"
    empty = ThroughputRecord(conditions=conditions, at_once=1, at_work=1, threads=threads)
    _measure(name, empty, num_calls, runs, measure)


@app.command()
def side_by_side(num_calls: Calls = 20, runs: Runs = 3, conditions: Conditions = "") -> None:
    """One process per core, single-threaded engines: the limit without a graph or a batch."""
    cores = len(os.sched_getaffinity(0))
    print(f"loading the engines in {cores} processes")
    with side_by_side_workers(cores) as pool:

        def measure(composed: list[Call], scratch: Path, label: str) -> ThroughputRun:
            start_at = time.time()
            done: list[ThroughputCall] = []
            with CpuSampler() as cpu:
                for call in analysed_side_by_side(pool, composed, start_at):
                    done.append(call)
                    print(f"{label}: {len(done)} of {len(composed)} calls, {call.name}")
            return ThroughputRun.of(done, max(call.completed_s for call in done), start_at, cpu.samples)

        empty = ThroughputRecord(conditions=conditions, at_once=cores, at_work=cores, threads=1)
        _measure(SIDE_BY_SIDE, empty, num_calls, runs, measure)


@app.command()
def graph(
    num_calls: Calls = 20,
    runs: Runs = 3,
    conditions: Conditions = "",
    at_once: Annotated[int, typer.Option(min=1, help="Calls in the graph.")] = 10,
    url: Annotated[str, typer.Option(help="A running graph; default: start one.")] = "",
) -> None:
    """The graph over HTTP."""
    home = settings.home()
    with running_graph(url) as running:
        measure = _through(running, at_once)
        empty = ThroughputRecord(
            conditions=conditions, at_once=at_once, at_work=calls_at_work(CONFIG), threads=DEFAULT_THREADS
        )
        _measure(GRAPH, empty, num_calls, runs, measure, home)


def _through(running: Graph, at_once: int) -> Measure:
    def measure(composed: list[Call], scratch: Path, label: str) -> ThroughputRun:
        start_at = time.time()
        with CpuSampler() as cpu, running.client() as client:
            finished = analyse_together(
                client, composed, at_once, lambda count: print(f"{label}: {count} of {len(composed)} calls")
            )
        done = [
            ThroughputCall(
                name=item.call.name,
                audio_s=item.call.audio_s,
                completed_s=item.completed_at - start_at,
                stages=item.stages_s,
            )
            for item in finished
        ]
        return ThroughputRun.of(done, max(call.completed_s for call in done), start_at, cpu.samples)

    return measure


@app.command()
def backfill(
    num_calls: Calls = 20,
    runs: Runs = 3,
    conditions: Conditions = "",
    cpus: Annotated[int, typer.Option(min=0, help="--cpus of the job; 0: every core.")] = 0,
) -> None:
    """The batch, with its own Ray and an empty store."""
    cpus = cpus or len(os.sched_getaffinity(0))
    home = settings.home()

    def measure(composed: list[Call], scratch: Path, label: str) -> ThroughputRun:
        return run_backfill(composed, scratch, cpus, home, label)

    empty = ThroughputRecord(conditions=conditions, at_once=num_calls, at_work=cpus, threads=1)
    _measure(BACKFILL, empty, num_calls, runs, measure, home)


@app.command(name="all")
def every(num_calls: Calls = 20, runs: Runs = 3, conditions: Conditions = "") -> None:
    """The four, one after the other."""
    sequential(num_calls, runs, conditions)
    side_by_side(num_calls, runs, conditions)
    graph(num_calls, runs, conditions)
    backfill(num_calls, runs, conditions)


def _measure(
    name: str,
    empty: ThroughputRecord,
    num_calls: int,
    num_runs: int,
    measure: Measure,
    home: Path | None = None,
) -> None:
    """Runs, each with its own recordings, stored after every run. The last line is the ratio."""
    into = (home or settings.home()) / "benchmark"
    done = empty
    for number in range(1, num_runs + 1):
        with tempfile.TemporaryDirectory(prefix="callytics-") as scratch:
            (Path(scratch) / "calls").mkdir()
            composed = calls.compose(Path(scratch) / "calls", num_calls, uuid.uuid4().hex)
            audio_s = sum(call.audio_s for call in composed)
            print(f"{name}, run {number} of {num_runs}: {len(composed)} calls, {audio_s / 60:.1f} minutes")
            measured = measure(composed, Path(scratch), f"{name} {number}/{num_runs}")
        done = done.model_copy(update={"runs": (*done.runs, measured)})
        record.save(name, done, into)
    print(summary(name, done, cpu_seconds(record.load(SEQUENTIAL, ThroughputRecord, into))))


if __name__ == "__main__":
    run(app)
