"""Memory of every step on a long call: each step of the graph in a process of its own, on the outputs of those before.

    python -m benchmarks.stage_memory 2 20 60         about seven minutes on two quiet cores
    python -m benchmarks.stage_memory 2 180           a quarter of an hour

Per length the call is joined of the kit's composed calls (without the kit: of the sample), stereo. A process loads its
engine, then works: its peak of anonymous memory beyond the loaded engine is what a call of that length costs it. The
sound of a call lies in files that are mapped, as Ray maps its object store: it counts once, in a row of its own, not in
every step that reads it; steps that are functions get the audio without its sound, as in the graph. The sum over all
rows is an upper bound of what the graph takes more, for no two steps are at their peak at the same time. Where three
hours were not run, they are extrapolated from the two longest of three lengths or more.
"""

from __future__ import annotations

import json
import mmap
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from benchmarks import record
from benchmarks.calls import join
from benchmarks.command import Conditions, engine_environment, run
from benchmarks.in_process import CONFIG
from benchmarks.record import Record, circumstances
from benchmarks.sampling import Sampler
from callytics.config import load_stages
from callytics.domain import CallOptions, Recording
from callytics.engines import load_engine
from callytics.pipeline import PURE_STEPS
from deployments.backfill.plan import CORRECTIONS, OPTIONS, RECORDING, Step, plan

NAME = "stage-memory"
LIMIT_MB = 500.0
LONGEST_MIN = 180.0
SAMPLE_INTERVAL_S = 0.01
AUDIO, HEARD = "audio-processor", "audio-processor without its sound"
SOUND = "the sound of the call"
app = typer.Typer(add_completion=False, rich_markup_mode=None)


class StepMemory(BaseModel):
    """``loaded_mb``: of the process with its engine; ``added_mb``: at its peak, beyond that."""

    minutes: float
    step: str
    loaded_mb: float
    added_mb: float
    wall_s: float
    cpu_s: float


class StageMemoryRecord(Record):
    runs: tuple[StepMemory, ...] = ()

    def lengths(self) -> list[float]:
        return sorted({one.minutes for one in self.runs})

    def added_mb(self, minutes: float, step: str = "") -> float:
        return sum(one.added_mb for one in self.runs if one.minutes == minutes and step in ("", one.step))

    def over_shortest_mb(self, minutes: float, step: str = "") -> float:
        return self.added_mb(minutes, step) - self.added_mb(self.lengths()[0], step)

    def extrapolated_mb(self, step: str = "") -> float | None:
        """The growth at three hours over the shortest call, by the slope of the two longest; None where these were
        measured, or where there are but two lengths: a recogniser's batches fill up in the first ten minutes, and a
        slope from a short call says nothing."""
        lengths = self.lengths()
        if lengths[-1] >= LONGEST_MIN or len(lengths) < 3:
            return None
        before, longest = lengths[-2:]
        slope = (self.added_mb(longest, step) - self.added_mb(before, step)) / (longest - before)
        return self.over_shortest_mb(longest, step) + slope * (LONGEST_MIN - longest)

    @property
    def figure(self) -> str:
        shortest, longest = self.lengths()[0], self.lengths()[-1]
        grown = f"{self.over_shortest_mb(longest):+,.0f} MB at most"
        told = f"all steps together at {longest:g} min over {shortest:g} min: {grown}"
        if (three_hours := self.extrapolated_mb()) is not None:
            told += f"; at {LONGEST_MIN:g} min, extrapolated, {three_hours:+,.0f} MB"
        return f"{told} (target at three hours {LIMIT_MB:+.0f} at most)"


@app.command(help=__doc__)
def main(
    minutes: Annotated[list[float], typer.Argument(help="Lengths of the call, at least two.")],
    conditions: Conditions = "",
) -> None:
    if len(minutes) < 2:
        raise typer.BadParameter("two lengths at least: a growth is of two")
    into = record.folder()
    measured = StageMemoryRecord(conditions=conditions)
    for length in sorted(minutes):
        with tempfile.TemporaryDirectory(prefix="callytics-") as folder:
            call = join(Path(folder), length, "memory")
            inputs = {RECORDING: Recording("call", str(call.path)), OPTIONS: CallOptions(), CORRECTIONS: ()}
            for name, value in inputs.items():
                _stored(Path(folder), name, value)
            for one in (one for step in plan() for one in _measured(Path(folder), step, length)):
                measured = measured.model_copy(update={"runs": (*measured.runs, one)})
                print(f"{length:g} min, {one.step}: +{one.added_mb:.0f} MB in {one.wall_s:.1f} s")
        if len(measured.lengths()) > 1:  # what is cut off keeps what it has
            record.save(NAME, measured, into)
    print(measured.figure)


def _stored(folder: Path, node: str, value: Any) -> float:
    """Writes a value, its large buffers apart, as Ray does; returns the megabytes of these."""
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    views = [buffer.raw() for buffer in buffers]
    (folder / f"{node}.pickle").write_bytes(pickle.dumps((body, [len(view) for view in views])))
    with (folder / f"{node}.buffers").open("wb") as file:
        for view in views:
            file.write(view)
    return sum(map(len, views)) / 1e6


def _loaded(folder: Path, node: str) -> Any:
    """The value; its buffers stay in the file's pages."""
    body, sizes = pickle.loads((folder / f"{node}.pickle").read_bytes())
    if not sum(sizes):  # there is nothing to map
        return pickle.loads(body, buffers=[b""] * len(sizes))
    with (folder / f"{node}.buffers").open("rb") as file:
        pages = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    ends = list(accumulate(sizes))
    return pickle.loads(
        body, buffers=[pages[end - size : end] for size, end in zip(sizes, ends, strict=True)]
    )


def _measured(folder: Path, step: Step, minutes: float) -> Iterator[StepMemory]:
    """In a new process, with the environment variables of the replicas."""
    pure = step.name in PURE_STEPS
    inputs = [HEARD if pure and node == AUDIO else node for node in step.inputs]
    told = json.dumps({"folder": str(folder), "step": step.name, "inputs": inputs})
    environment = (
        os.environ | engine_environment() | {"MALLOC_ARENA_MAX": "1"}
    )  # as the head of the graph sets it
    command = [sys.executable, "-c", "import benchmarks.stage_memory as own; own.child()", told]
    done = subprocess.run(
        command, cwd=record.PROJECT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    sound_mb = answer.pop("sound_mb")
    yield StepMemory(minutes=minutes, step=step.name, **answer)
    if step.name == AUDIO:
        yield StepMemory(minutes=minutes, step=SOUND, loaded_mb=0.0, added_mb=sound_mb, wall_s=0.0, cpu_s=0.0)


def child() -> None:
    """Runs one step; prints what it took."""
    told = json.loads(sys.argv[1])
    folder, name = Path(told["folder"]), told["step"]
    engine: Any = PURE_STEPS.get(name)
    if engine is None:
        engine = load_engine(load_stages(CONFIG)[name])
    loaded_mb = _anonymous_mb()
    start, before_s = time.perf_counter(), time.process_time()
    with PeakAnonymous() as peak:
        output = engine(*(_loaded(folder, node) for node in told["inputs"]))
        peak.sample()
    wall_s, cpu_s = time.perf_counter() - start, time.process_time() - before_s
    sound_mb = _stored(folder, name, output)
    if name == AUDIO:
        _stored(folder, HEARD, output.without_samples())
    figures = {"loaded_mb": loaded_mb, "added_mb": peak.mb - loaded_mb, "wall_s": wall_s, "cpu_s": cpu_s}
    print(json.dumps({**figures, "sound_mb": sound_mb}))


class PeakAnonymous(Sampler):
    """The largest anonymous memory of this process, read a hundred times a second. (The kernel keeps a peak of all
    pages only, those of mapped files included.)"""

    def __init__(self) -> None:
        super().__init__(SAMPLE_INTERVAL_S)
        self.mb = 0.0

    def sample(self) -> None:
        self.mb = max(self.mb, _anonymous_mb())


def _anonymous_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ValueError("RssAnon")


def section(source: Path) -> str:
    """The section of docs/performance.md."""
    title = "## Memory of each step on a long call\n\n"
    measured = record.load(NAME, StageMemoryRecord, source)
    if measured is None:
        return f"{title}Not measured (`python -m benchmarks.stage_memory 2 20 60`).\n"
    lengths = measured.lengths()
    names = list(dict.fromkeys(one.step for one in measured.runs))
    heads = [*(f"{length:g} min" for length in lengths), f"{lengths[-1]:g} min over {lengths[0]:g}"]
    heads += [f"{LONGEST_MIN:g} min over {lengths[0]:g}, extrapolated"] * (
        measured.extrapolated_mb() is not None
    )
    lines = [f"| MB beyond the loaded engine | {' | '.join(heads)} |", f"|{' --- |' * (len(heads) + 1)}"]
    lines += [_row(measured, name, name) for name in names]
    lines.append(_row(measured, "**together**", ""))
    command = f"python -m benchmarks.stage_memory {' '.join(f'{length:g}' for length in lengths)}"
    return (
        f"{title}{circumstances(measured, command, 1)}\n"
        f"**{measured.figure}**\n\n"
        "Stereo calls joined of the kit's, each step in a process of its own on the outputs of those before: the peak "
        "of its anonymous memory beyond what it takes with its engine loaded. The sound of a call, packed as FLAC from "
        "ten minutes on, lies in Ray's object store and counts once. The sum is an upper bound: no two steps are at "
        "their peak at once."
        "\n\n" + "\n".join(lines) + "\n"
    )


def _row(measured: StageMemoryRecord, title: str, step: str) -> str:
    cells = [f"{measured.added_mb(length, step):,.0f}" for length in measured.lengths()]
    cells.append(f"{measured.over_shortest_mb(measured.lengths()[-1], step):+,.0f}")
    if (three_hours := measured.extrapolated_mb(step)) is not None:
        cells.append(f"{three_hours:+,.0f}")
    return f"| {title} | {' | '.join(cells)} |"


if __name__ == "__main__":
    run(app)
