"""Overhead of the graph: one two-minute call over HTTP, compared with its engines in this process without the graph.

    python -m benchmarks.overhead                     about six minutes on two cores, with its own graph

In process the same engines run with the same options, threads and order, with the diarizer beside the recogniser: the
critical path. Half of these runs precede the runs of the graph and half follow them, which cancels a drift of the
machine. The floor is a bare Serve graph with as many applications and the same engines (plain_serve.py): what Ray alone
adds. Every run has its own recording. The last line is the ratio. On a machine with other work, compare CPU seconds.
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
from benchmarks.graph import analyse_together, running_graph
from benchmarks.in_process import CriticalPath
from benchmarks.observability import cpu_s, used_s
from benchmarks.record import Record, circumstances, spread
from callytics.config import ENGINE_STAGES

NAME = "overhead"
MAX_OVERHEAD = 0.05
MAX_ABOVE_FLOOR = 0.03
app = typer.Typer(add_completion=False, rich_markup_mode=None)


class OverheadRun(BaseModel):
    """``stages``: stage -> seconds in its engine. ``cpu_s``: of all processes; None where it was not measured."""

    wall_s: float
    stages: dict[str, float] = {}
    cpu_s: float | None = None


class OverheadRecord(Record):
    call_s: float
    in_process: tuple[OverheadRun, ...] = ()
    graph: tuple[OverheadRun, ...] = ()
    floor: tuple[OverheadRun, ...] = ()

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
        )

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
    with running_graph(url) as graph, graph.client() as client, tempfile.TemporaryDirectory() as scratch:
        through = []
        for _ in range(runs):
            call = join(Path(scratch), minutes, uuid.uuid4().hex)
            before_s = cpu_s(graph.processes())
            (finished,) = analyse_together(client, [call], 1, lambda count: None)
            used = used_s(before_s, cpu_s(graph.processes()))
            through.append(OverheadRun(wall_s=finished.wall_s, stages=finished.stages_s, cpu_s=used))
            print(f"through the graph: {finished.wall_s:.2f} s, {used:.2f} s of CPU")
    floor = _floor(minutes, runs)
    after = [_in_process(critical_path, minutes) for _ in range(runs)]
    measured = OverheadRecord(
        conditions=conditions,
        call_s=call.audio_s,
        in_process=(*before, *after),
        graph=tuple(through),
        floor=floor,
    )
    record.save(NAME, measured, into)
    print(measured.figure)


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
        f"| {stage} | {_stage(measured.in_process, stage)} | {_stage(measured.graph, stage)} | |\n"
        for stage in ENGINE_STAGES
    )
    all_runs = (measured.in_process, measured.graph, measured.floor)
    whole = " | ".join(spread([one.wall_s for one in runs]) if runs else "not measured" for runs in all_runs)
    cpu = " | ".join(_cpu(runs) for runs in all_runs)
    return (
        f"{title}{circumstances(measured, 'python -m benchmarks.overhead', len(measured.graph))}\n"
        f"**{measured.figure}**\n\n"
        "In process: the same engines, options and threads, the diarizer beside the recogniser, half of the runs "
        "before the graph ran and half after. Through the graph: from the first byte of the upload until the result "
        "is in the store, the wait for the next look at the queue included. Bare Serve: as many applications, the same "
        "engines, an upload, and nothing else of ours: Ray's own share. Median (least to most), seconds.\n\n"
        "| | in process | through the graph | bare Serve |\n| --- | --- | --- | --- |\n"
        f"{rows}| **whole** | {whole} |\n| CPU of all processes | {cpu} |\n"
    )


def _cpu(runs: tuple[OverheadRun, ...]) -> str:
    known = [one.cpu_s for one in runs if one.cpu_s is not None]
    return spread(known) if known else "not measured"


def _stage(runs: tuple[OverheadRun, ...], stage: str) -> str:
    return spread([one.stages.get(stage, 0.0) for one in runs])


if __name__ == "__main__":
    run(app)
