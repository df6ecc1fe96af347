"""Overhead of the graph: one two-minute call over HTTP, compared with its engines in this process without the graph.

    python -m benchmarks.overhead                     about four minutes on two cores, with its own graph

In process the same engines run with the same options, threads and order, with the diarizer beside the recogniser: the
critical path. Half of these runs precede the runs of the graph and half follow them, which cancels a drift of the
machine. Every run has its own recording. The last line is the ratio.
"""

from __future__ import annotations

import tempfile
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
from benchmarks.record import Record, circumstances, spread
from callytics.config import ENGINE_STAGES

NAME = "overhead"
MAX_OVERHEAD = 0.05
app = typer.Typer(add_completion=False, rich_markup_mode=None)


class OverheadRun(BaseModel):
    """``stages``: stage -> seconds in its engine."""

    wall_s: float
    stages: dict[str, float]


class OverheadRecord(Record):
    call_s: float
    in_process: tuple[OverheadRun, ...] = ()
    graph: tuple[OverheadRun, ...] = ()

    @property
    def overhead(self) -> float:
        """Time that the graph adds, as a share of the critical path."""
        return median(one.wall_s for one in self.graph) / median(one.wall_s for one in self.in_process) - 1

    @property
    def figure(self) -> str:
        return (
            f"a call of {self.call_s:.0f} s: {spread([one.wall_s for one in self.graph])} s through the graph, "
            f"{spread([one.wall_s for one in self.in_process])} s its engines in process; the graph adds "
            f"{self.overhead:+.1%} (target {MAX_OVERHEAD:.0%} at most): ratio {1 + self.overhead:.3f}"
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
            (finished,) = analyse_together(client, [call], 1, lambda count: None)
            through.append(OverheadRun(wall_s=finished.wall_s, stages=finished.stages_s))
            print(f"through the graph: {finished.wall_s:.2f} s")
    after = [_in_process(critical_path, minutes) for _ in range(runs)]
    measured = OverheadRecord(
        conditions=conditions,
        call_s=call.audio_s,
        in_process=(*before, *after),
        graph=tuple(through),
    )
    record.save(NAME, measured, into)
    print(measured.figure)


def _in_process(critical_path: CriticalPath, minutes: float) -> OverheadRun:
    with tempfile.TemporaryDirectory() as scratch:
        wall_s, steps_s = critical_path(join(Path(scratch), minutes, uuid.uuid4().hex).path)
    print(f"in process: {wall_s:.2f} s")
    return OverheadRun(wall_s=wall_s, stages={stage: steps_s[stage] for stage in ENGINE_STAGES})


def section(source: Path) -> str:
    """The section of docs/performance.md."""
    title = "## What the graph adds\n\n"
    measured = record.load(NAME, OverheadRecord, source)
    if measured is None:
        return f"{title}Not measured (`python -m benchmarks.overhead`).\n"
    rows = "".join(
        f"| {stage} | {_stage(measured.in_process, stage)} | {_stage(measured.graph, stage)} |\n"
        for stage in ENGINE_STAGES
    )
    whole = [spread([one.wall_s for one in runs]) for runs in (measured.in_process, measured.graph)]
    return (
        f"{title}{circumstances(measured, 'python -m benchmarks.overhead', len(measured.graph))}\n"
        f"**{measured.figure}**\n\n"
        "In process: the same engines, options and threads, the diarizer beside the recogniser, half of the runs "
        "before the graph ran and half after. Through the graph: from the first byte of the upload until the result "
        "is in the store, the wait for the next look at the queue included. Median (least to most), seconds.\n\n"
        f"| | in process | through the graph |\n| --- | --- | --- |\n{rows}| **whole** | {whole[0]} | {whole[1]} |\n"
    )


def _stage(runs: tuple[OverheadRun, ...], stage: str) -> str:
    return spread([one.stages.get(stage, 0.0) for one in runs])


if __name__ == "__main__":
    run(app)
