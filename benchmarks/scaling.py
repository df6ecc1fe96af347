"""Growth of time and memory with the length of a call, and with the number of concurrent calls.

    python -m benchmarks.scaling lengths 1 2 5 30        minutes; each length is stored separately,
    python -m benchmarks.scaling lengths 180             so lengths can be measured one by one
    python -m benchmarks.scaling at-once 1 2 5 10 20     concurrent calls of two minutes in the graph

Long calls are composed calls joined with pauses, never whole in memory. Runs of a short call use consecutive parts of
the material, so all lengths use about the same audio. Time is from the first byte of the upload to the stored result;
memory is the proportional set size of every process of the graph. The last line is the ratio.
"""

from __future__ import annotations

import math
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Annotated

import typer

from benchmarks import record
from benchmarks.calls import Call, join, material_s
from benchmarks.command import Conditions, run
from benchmarks.cpu import CpuSampler
from benchmarks.graph import Graph, analyse_together, running_graph
from benchmarks.memory import PeakMemory
from benchmarks.scaling_record import (
    AT_ONCE,
    LENGTH,
    ScalingRecord,
    ScalingRun,
    figure_at_once,
    figure_lengths,
)

CALL_MINUTES = 2.0
LONG_MINUTES = 10
"""From this length one run is the default: it uses all of the material, and takes long."""

app = typer.Typer(add_completion=False, help=__doc__, rich_markup_mode=None)
Url = Annotated[str, typer.Option(help="A running graph; default: start one.")]
NumRuns = Annotated[
    int, typer.Option("--runs", min=0, help="0: until the material was heard once, at least 3.")
]
Mono = Annotated[bool, typer.Option("--mono", help="Calls of one channel: speakers are told apart by voice.")]


@app.command()
def lengths(
    minutes: Annotated[list[float], typer.Argument(min=0.1, help="Lengths of calls.")],
    runs: NumRuns = 0,
    mono: Mono = False,
    conditions: Conditions = "",
    url: Url = "",
) -> None:
    """One call at a time, of these lengths."""
    into = record.folder()
    channels = 1 if mono else 2
    with running_graph(url) as graph:
        for length in sorted(minutes):
            done = ScalingRecord(conditions=conditions, minutes=length, channels=channels, at_once=1)
            name = f"{LENGTH}-{length:07.1f}-{'mono' if mono else 'stereo'}"
            for number in range(runs or default_runs(length)):
                with _calls(length, 1, number * length * 60, channels) as calls:
                    one = _run(graph, calls, 1)
                done = done.model_copy(update={"runs": (*done.runs, one)})
                record.save(name, done, into)
                print(
                    f"{length:g} minutes, run {number + 1}: {one.wall_s:.1f} s, {one.peak_bytes / 1e9:.2f} GB"
                )
    print(figure_lengths(record.load_all(LENGTH, ScalingRecord, into)))


@app.command()
def at_once(
    calls_at_once: Annotated[list[int], typer.Argument(min=1, help="Numbers of calls.")],
    runs: Annotated[int, typer.Option("--runs", min=1)] = 3,
    minutes: Annotated[float, typer.Option(min=0.1, help="Length of a call.")] = CALL_MINUTES,
    conditions: Conditions = "",
    url: Url = "",
) -> None:
    """Calls submitted together, in these numbers."""
    into = record.folder()
    with running_graph(url) as graph:
        for count in sorted(calls_at_once):
            done = ScalingRecord(conditions=conditions, minutes=minutes, channels=2, at_once=count)
            for number in range(runs):
                with _calls(minutes, count, number * minutes * 60, 2) as calls:
                    one = _run(graph, calls, count)
                done = done.model_copy(update={"runs": (*done.runs, one)})
                record.save(f"{AT_ONCE}-{count:03d}", done, into)
                print(f"{count} at once, run {number + 1}: {one.wall_s:.1f} s, {one.peak_bytes / 1e9:.2f} GB")
    print(figure_at_once(record.load_all(AT_ONCE, ScalingRecord, into)))


def default_runs(minutes: float) -> int:
    """Enough runs to use the whole material, but at least three; one for calls that contain all of it."""
    return 1 if minutes >= LONG_MINUTES else max(3, math.ceil(material_s() / 60 / minutes))


@contextmanager
def _calls(minutes: float, count: int, offset_s: float, channels: int) -> Iterator[list[Call]]:
    """``count`` recordings; each starts at the end of the previous one."""
    with tempfile.TemporaryDirectory(prefix="callytics-") as scratch:
        yield [
            join(Path(scratch), minutes, uuid.uuid4().hex, offset_s + i * minutes * 60, channels)
            for i in range(count)
        ]


def _run(graph: Graph, calls: list[Call], count: int) -> ScalingRun:
    with (
        graph.client() as client,
        PeakMemory(graph.processes) as memory,
        CpuSampler() as cpu,
    ):
        finished = analyse_together(client, calls, count, lambda done: None)
    return ScalingRun(
        wall_s=max(item.completed_at for item in finished) - min(item.submitted_at for item in finished),
        audio_s=sum(call.audio_s for call in calls),
        calls_s=tuple(item.wall_s for item in finished),
        stages={
            stage: sum(item.stages_s.get(stage, 0.0) for item in finished) for stage in finished[0].stages_s
        },
        idle_bytes=memory.first_bytes,
        peak_bytes=memory.peak_bytes,
        num_processes=memory.num_processes,
        busy=fmean(sample.busy for sample in cpu.samples) if cpu.samples else 0.0,
    )


if __name__ == "__main__":
    run(app)
