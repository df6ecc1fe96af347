"""The graph and the batch beside plain faster-whisper, on the same calls in one sitting.

    python -m benchmarks.beside_plain                 nine to ten minutes on two quiet cores

Ten calls (benchmarks/calls.py), half of them stereo. Plain is faster-whisper's BatchedInferencePipeline with the same
weights in int8: beam 5, batches of 8, word times, each channel by itself, two calls at once with a thread each, which
takes the least CPU on two cores; and once with one call at a time on both. Its model is loaded before its clock starts.
All others do everything that the graph does: who speaks, words, punctuation, mood, summary, result stored. The order is
plain, graph, graph with few processes, batch, plain, and only one of them runs at a time: a graph at rest would take a
seventh of a core from the others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from benchmarks import record
from benchmarks.backfill_run import run_backfill
from benchmarks.calls import Call, compose
from benchmarks.command import Conditions, run
from benchmarks.cpu import DescendantsCpu, adopt_orphans, await_orphans
from benchmarks.graph import analyse_together, running_graph
from benchmarks.observability import cpu_s, used_s
from benchmarks.record import Record, circumstances, spread
from callytics import settings

NAME = "beside-plain"
PLAIN, PLAIN_ALONE = "plain", "plain, a call at a time on all cores"
GRAPH, PLACED, BATCH = "graph", "graph with few processes", "batch"
TARGET = 1.0
app = typer.Typer(add_completion=False, rich_markup_mode=None)


class SpeedRun(BaseModel):
    """``cpu_s``: of all processes that the run had, those of its start included where it has one."""

    kind: str
    wall_s: float
    cpu_s: float


class BesidePlainRecord(Record):
    audio_s: float
    num_calls: int
    runs: tuple[SpeedRun, ...] = ()

    def of(self, kind: str) -> list[SpeedRun]:
        return [one for one in self.runs if one.kind == kind]

    def ratio(self, kind: str) -> float:
        """Throughput over that of plain."""
        return median(one.wall_s for one in self.of(PLAIN)) / median(one.wall_s for one in self.of(kind))

    def kinds(self) -> list[str]:
        return list(dict.fromkeys(one.kind for one in self.runs if one.kind != PLAIN))

    @property
    def figure(self) -> str:
        told = ", ".join(f"{kind} {self.ratio(kind):.2f}" for kind in self.kinds())
        over = f"throughput over that of plain faster-whisper batched, {self.num_calls} calls"
        return f"{over}: {told} (target {TARGET:.1f})"


@app.command(help=__doc__)
def main(
    conditions: Conditions = "",
    num_calls: Annotated[int, typer.Option("--calls", min=1)] = 10,
    graphs: Annotated[int, typer.Option(min=0, help="Runs through each graph.")] = 1,
    with_batch: Annotated[bool, typer.Option("--batch/--no-batch")] = True,
    plain_paths: Annotated[list[str] | None, typer.Option("--plain", hidden=True)] = None,
    at_once: Annotated[int, typer.Option(hidden=True)] = 1,
) -> None:
    if plain_paths:
        print(json.dumps(_plain_here(plain_paths, at_once)))
        return
    into = record.folder()
    adopt_orphans()
    measured = BesidePlainRecord(conditions=conditions, audio_s=0.0, num_calls=num_calls)
    kinds = [
        PLAIN,
        PLAIN_ALONE,
        *([GRAPH, PLACED] if graphs else []),
        *([BATCH] if with_batch else []),
        PLAIN,
    ]
    for kind in kinds:
        for one, audio_s in _runs(kind, num_calls, graphs):
            measured = measured.model_copy(update={"runs": (*measured.runs, one), "audio_s": audio_s})
            print(f"{kind}: {one.wall_s:.1f} s, {one.cpu_s:.1f} s of CPU")
    record.save(NAME, measured, into)
    print(measured.figure)


def _runs(kind: str, num_calls: int, graphs: int) -> list[tuple[SpeedRun, float]]:
    with tempfile.TemporaryDirectory(prefix="callytics-") as folder:
        scratch = Path(folder)
        if kind in (GRAPH, PLACED):
            return _graph(scratch, kind, num_calls, graphs)
        (scratch / "calls").mkdir()
        calls = compose(scratch / "calls", num_calls, uuid.uuid4().hex)
        one = _batch(calls, scratch) if kind == BATCH else _plain(calls, kind)
        return [(one, _audio_s(calls))]


def _graph(scratch: Path, kind: str, num_calls: int, runs: int) -> list[tuple[SpeedRun, float]]:
    found = []
    with running_graph(few_processes=kind == PLACED) as graph, graph.client() as client:
        for number in range(runs):
            (scratch / str(number)).mkdir()
            calls = compose(scratch / str(number), num_calls, uuid.uuid4().hex)
            before_s, start = cpu_s(graph.processes()), time.time()
            finished = analyse_together(client, calls, num_calls, lambda count: None)
            used = used_s(before_s, cpu_s(graph.processes()))
            wall_s = max(one.completed_at for one in finished) - start
            found.append((SpeedRun(kind=kind, wall_s=wall_s, cpu_s=used), _audio_s(calls)))
    return found


def _batch(calls: Sequence[Call], scratch: Path) -> SpeedRun:
    """From the first import to the last written result."""
    with DescendantsCpu() as cpu:
        done = run_backfill(calls, scratch, len(os.sched_getaffinity(0)), settings.home(), BATCH)
        await_orphans()
    return SpeedRun(kind=BATCH, wall_s=max(call.completed_s for call in done.calls), cpu_s=cpu.total_s)


def _plain(calls: Sequence[Call], kind: str) -> SpeedRun:
    at_once = len(os.sched_getaffinity(0)) if kind == PLAIN else 1
    paths = [part for call in calls for part in ("--plain", str(call.path))]
    command = [sys.executable, "-m", "benchmarks.beside_plain", "--at-once", str(at_once), *paths]
    done = subprocess.run(command, cwd=record.PROJECT, stdout=subprocess.PIPE, text=True, check=True)
    return SpeedRun(kind=kind, **json.loads(done.stdout.splitlines()[-1]))


def _plain_here(paths: Sequence[str], at_once: int) -> dict[str, float]:
    """In a process of its own, ``at_once`` calls together share the cores. The longest first: no core waits at the
    end."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel
    from faster_whisper.audio import decode_audio

    from callytics.weights.manifest import pull

    cores = len(os.sched_getaffinity(0))
    folder = str(pull("whisper-base"))
    model = WhisperModel(
        folder, device="cpu", compute_type="int8", cpu_threads=cores // at_once, num_workers=at_once
    )
    pipelines = [BatchedInferencePipeline(model) for _ in range(at_once)]

    def transcribe(path: str) -> None:
        pipeline = pipelines.pop()  # it keeps state while it works
        channels: Any = decode_audio(path, sampling_rate=16_000, split_stereo=True)
        same = bool((channels[0] == channels[1]).all())  # of one channel, faster-whisper makes two
        for samples in channels[:1] if same else channels:
            segments, _ = pipeline.transcribe(samples, beam_size=5, batch_size=8, word_timestamps=True)
            list(segments)
        pipelines.append(pipeline)

    start, before_s = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(transcribe, sorted(paths, key=lambda path: -Path(path).stat().st_size)))
    return {"wall_s": time.perf_counter() - start, "cpu_s": time.process_time() - before_s}


def _audio_s(calls: Sequence[Call]) -> float:
    return sum(call.audio_s for call in calls)


def section(source: Path) -> str:
    """The section of docs/performance.md."""
    title = "## Beside plain faster-whisper\n\n"
    measured = record.load(NAME, BesidePlainRecord, source)
    if measured is None:
        return f"{title}Not measured (`python -m benchmarks.beside_plain`).\n"
    rows = "".join(
        f"| {kind} | {spread([one.wall_s for one in found])} | {spread([one.cpu_s for one in found])} | "
        f"{measured.audio_s / median(one.wall_s for one in found):.2f} | "
        f"{'' if kind == PLAIN else f'{measured.ratio(kind):.2f}'} |\n"
        for kind in (PLAIN, *measured.kinds())
        if (found := measured.of(kind))
    )
    return (
        f"{title}{circumstances(measured, 'python -m benchmarks.beside_plain', len(measured.of(PLAIN)))}\n"
        f"**{measured.figure}**\n\n"
        f"{measured.num_calls} calls of {measured.audio_s:.0f} s together, Korean and English, half of them stereo. "
        "Plain: faster-whisper's BatchedInferencePipeline, the same weights, beam 5, word times, each channel by "
        "itself, two calls at once with a thread each, its model loaded before. The others do all stages; the batch "
        "with its start. One runs at a time. Median (least to most).\n\n"
        "| | seconds | CPU seconds | s of audio a second | over plain |\n| --- | --- | --- | --- | --- |\n"
        f"{rows}"
    )


if __name__ == "__main__":
    run(app)
