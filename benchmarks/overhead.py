"""Overhead of the graph: one two-minute call over HTTP, compared with its engines in this process without the graph.

    python -m benchmarks.overhead                     about eight minutes on two cores, with its own graphs

In process the same engines run with the same options, threads and order, with the diarizer beside the recogniser: the
critical path. Half of these runs precede the runs of the graph and half follow them, which cancels a drift of the
machine. The floor is a bare Serve graph with as many applications and the same engines (plain_serve.py): what Ray alone
adds. The same graph runs again with its small stages in one replica (`callytics up --few-processes`). Every run has its
own recording. The last line is the ratio. On a machine with other work, compare CPU seconds.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from pydantic import BaseModel

from benchmarks import record
from benchmarks.calls import join
from benchmarks.command import Conditions, Runs, run
from benchmarks.graph import Graph, analyse_together, running_graph
from benchmarks.in_process import CriticalPath
from benchmarks.memory import proportional_set_size_bytes
from benchmarks.observability import cpu_s, used_s
from benchmarks.record import Record, circumstances, spread
from callytics.config import ENGINE_STAGES

NAME = "overhead"
MAX_OVERHEAD = 0.05
MAX_ABOVE_FLOOR = 0.03
IDLE_S = 15.0
app = typer.Typer(add_completion=False, rich_markup_mode=None)


class OverheadRun(BaseModel):
    """``stages``: stage -> seconds in its engine. ``cpu_s``: of all processes; None where it was not measured."""

    wall_s: float
    stages: dict[str, float] = {}
    cpu_s: float | None = None


class StartRun(BaseModel):
    """A start of the graph, until every stage is healthy: of its processes, and what they take at rest."""

    wall_s: float
    cpu_s: float
    processes: int
    pss_mb: float
    idle_cores: float


class OverheadRecord(Record):
    """``placed``: as ``graph``, with the small stages in one replica."""

    call_s: float
    in_process: tuple[OverheadRun, ...] = ()
    graph: tuple[OverheadRun, ...] = ()
    floor: tuple[OverheadRun, ...] = ()
    placed: tuple[OverheadRun, ...] = ()
    start: StartRun | None = None
    placed_start: StartRun | None = None

    @property
    def overhead(self) -> float:
        """Time that the graph adds, as a share of the critical path."""
        return median(one.wall_s for one in self.graph) / median(one.wall_s for one in self.in_process) - 1

    @property
    def above_floor(self) -> float | None:
        """The same against the floor."""
        if not self.floor:
            return None
        return median(one.wall_s for one in self.graph) / median(one.wall_s for one in self.floor) - 1

    @property
    def figure(self) -> str:
        return (
            f"a call of {self.call_s:.0f} s: {spread([one.wall_s for one in self.graph])} s through the graph, "
            f"{spread([one.wall_s for one in self.in_process])} s its engines in process; the graph adds "
            f"{self.overhead:+.1%} (target {MAX_OVERHEAD:.0%} at most): ratio {1 + self.overhead:.3f}"
            + self._of_floor()
            + self._of_placed()
        )

    def _of_placed(self) -> str:
        if not self.placed:
            return ""
        ours = [one.wall_s for one in self.placed]
        added = median(ours) / median(one.wall_s for one in self.in_process) - 1
        told = f"; with the small stages in one replica {spread(ours)} s: {added:+.1%}"
        if self.floor:
            told += f", {median(ours) / median(one.wall_s for one in self.floor) - 1:+.1%} against the floor"
        return told

    def _of_floor(self) -> str:
        if self.above_floor is None:
            return ""
        floor_s = spread([one.wall_s for one in self.floor])
        return (
            f"; a bare Serve graph takes {floor_s} s: {self.above_floor:+.1%} against it "
            f"(target {MAX_ABOVE_FLOOR:.0%} at most)"
        )


@app.command(help=__doc__)
def main(
    runs: Runs = 3,
    conditions: Conditions = "",
    minutes: Annotated[float, typer.Option(min=0.1, help="Length of the call.")] = 2.0,
    url: Annotated[str, typer.Option(help="A running graph; default: start one.")] = "",
) -> None:
    into = record.folder()
    print("loading the engines")
    critical_path = CriticalPath()
    before = [_in_process(critical_path, minutes) for _ in range(runs)]
    start, call_s, through = _through(minutes, runs, url)
    placed_start, _, placed = (None, 0.0, ()) if url else _through(minutes, runs, few_processes=True)
    floor = _floor(minutes, runs)
    after = [_in_process(critical_path, minutes) for _ in range(runs)]
    measured = OverheadRecord(
        conditions=conditions,
        call_s=call_s,
        in_process=(*before, *after),
        graph=through,
        floor=floor,
        placed=placed,
        start=start,
        placed_start=placed_start,
    )
    record.save(NAME, measured, into)
    print(measured.figure)


def _through(
    minutes: float, runs: int, url: str = "", few_processes: bool = False
) -> tuple[StartRun | None, float, tuple[OverheadRun, ...]]:
    """The start of a graph, the length of the calls, and what they took."""
    name = "with few processes" if few_processes else "through the graph"
    found = []
    with (
        running_graph(url, few_processes) as graph,
        graph.client() as client,
        tempfile.TemporaryDirectory() as scratch,
    ):
        start = None if url else _start_of(graph)
        print(f"{name}: {start}")
        for _ in range(runs):
            call = join(Path(scratch), minutes, uuid.uuid4().hex)
            before_s = cpu_s(graph.processes())
            (finished,) = analyse_together(client, [call], 1, lambda count: None)
            used = used_s(before_s, cpu_s(graph.processes()))
            found.append(OverheadRun(wall_s=finished.wall_s, stages=finished.stages_s, cpu_s=used))
            print(f"{name}: {finished.wall_s:.2f} s, {used:.2f} s of CPU")
    return start, call.audio_s, tuple(found)


def _start_of(graph: Graph) -> StartRun:
    """The start of a graph that has just become healthy; the short calls that warm it up are in its CPU seconds."""
    pids = graph.processes()
    before_s = cpu_s(pids)
    time.sleep(IDLE_S)
    idle_s = used_s(before_s, cpu_s(pids))
    return StartRun(
        wall_s=graph.start_s or 0.0,
        cpu_s=sum(cpu_s(pids, with_ended=True).values()),
        processes=len(pids),
        pss_mb=proportional_set_size_bytes(pids) / 1e6,
        idle_cores=idle_s / IDLE_S,
    )


def _in_process(critical_path: CriticalPath, minutes: float) -> OverheadRun:
    with tempfile.TemporaryDirectory() as scratch:
        path = join(Path(scratch), minutes, uuid.uuid4().hex).path
        before_s = time.process_time()
        wall_s, steps_s = critical_path(path)
        used = time.process_time() - before_s
    print(f"in process: {wall_s:.2f} s, {used:.2f} s of CPU")
    return OverheadRun(wall_s=wall_s, stages={stage: steps_s[stage] for stage in ENGINE_STAGES}, cpu_s=used)


def _floor(minutes: float, runs: int) -> tuple[OverheadRun, ...]:
    """In a process of its own, which becomes the driver of its own Ray."""
    with tempfile.TemporaryDirectory() as scratch:
        paths = [str(join(Path(scratch), minutes, uuid.uuid4().hex).path) for _ in range(runs)]
        command = [sys.executable, "-m", "benchmarks.plain_serve", *paths]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=record.PROJECT)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    found = tuple(OverheadRun.model_validate_json(line) for line in lines)
    for one in found:
        print(f"bare Serve: {one.wall_s:.2f} s, {one.cpu_s:.2f} s of CPU")
    return found


def section(source: Path) -> str:
    """The section of docs/performance.md."""
    title = "## What the graph adds\n\n"
    measured = record.load(NAME, OverheadRecord, source)
    if measured is None:
        return f"{title}Not measured (`python -m benchmarks.overhead`).\n"
    rows = "".join(
        f"| {stage} | {_stage(measured.in_process, stage)} | {_stage(measured.graph, stage)} | "
        f"{_stage(measured.placed, stage) if measured.placed else ''} | |\n"
        for stage in ENGINE_STAGES
    )
    all_runs = (measured.in_process, measured.graph, measured.placed, measured.floor)
    whole = " | ".join(spread([one.wall_s for one in runs]) if runs else "not measured" for runs in all_runs)
    cpu = " | ".join(_cpu(runs) for runs in all_runs)
    return (
        f"{title}{circumstances(measured, 'python -m benchmarks.overhead', len(measured.graph))}\n"
        f"**{measured.figure}**\n\n"
        "In process: the same engines, options and threads, the diarizer beside the recogniser, half of the runs "
        "before the graph ran and half after. Through the graph: from the first byte of the upload until the result "
        "is in the store, the wait for the next look at the queue included. Bare Serve: as many applications, the same "
        "engines, an upload, and nothing else of ours: Ray's own share. Median (least to most), seconds.\n\n"
        "| | in process | through the graph | small stages in one replica | bare Serve |\n"
        "| --- | --- | --- | --- | --- |\n"
        f"{rows}| **whole** | {whole} |\n| CPU of all processes | {cpu} |\n" + _starts(measured)
    )


def _starts(measured: OverheadRecord) -> str:
    if measured.start is None or measured.placed_start is None:
        return ""
    both = (("a replica for each stage", measured.start), ("small stages in one", measured.placed_start))
    rows = "".join(
        f"| {name} | {one.wall_s:.0f} | {one.cpu_s:.0f} | {one.processes} | {one.pss_mb:,.0f} | "
        f"{one.idle_cores:.3f} |\n"
        for name, one in both
    )
    return (
        "\nThe start of each graph, once, until every stage is healthy (CPU seconds with those of processes that have "
        f"ended, and of two short calls), and the cores it takes at rest over {IDLE_S:.0f} s:\n\n"
        "| | start, s | CPU seconds | processes | MB (PSS) | cores at rest |\n| --- | --- | --- | --- | --- | --- |\n"
        f"{rows}"
    )


def _cpu(runs: tuple[OverheadRun, ...]) -> str:
    known = [one.cpu_s for one in runs if one.cpu_s is not None]
    return spread(known) if known else "not measured"


def _stage(runs: tuple[OverheadRun, ...], stage: str) -> str:
    return spread([one.stages.get(stage, 0.0) for one in runs])


if __name__ == "__main__":
    run(app)
