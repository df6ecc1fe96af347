"""Time and memory of a two-minute stereo call through the whole running graph, over HTTP.

    python -m benchmarks.speed                   starts its own graph, and stops it
    python -m benchmarks.speed --url http://...  uses the graph that runs there (its home: $CALLYTICS_HOME)

Wall time is from the first byte of the upload to the finished status. Every run gets audio that differs in its
last samples, because results of a known recording are not computed again. The last line is the figure: wall time over
the call's length, and the memory of all processes together. `python -m benchmarks.report` writes the page.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from pydantic import BaseModel

from benchmarks import record
from benchmarks.command import Conditions, Runs, run
from benchmarks.graph import Graph, running_graph
from benchmarks.memory import SAMPLE_INTERVAL_S, PeakMemory
from benchmarks.record import Record, circumstances
from callytics.client import Client

PROJECT = Path(__file__).parents[1]
KIT_CALL = PROJECT.parent / "shared/data/calls/composed/ko_call3.stereo.wav"
SAMPLE_CALL = PROJECT / "sample/call.mp3"
CALL_S = 120.0
MAX_WALL_RATIO = 0.6
MAX_MEMORY_GB = 6.0
NAME = "speed"
app = typer.Typer(add_completion=False, rich_markup_mode=None)


class RunTime(BaseModel):
    """One analysis. ``stages_s``: stage -> seconds, from the result's job_details."""

    wall_s: float
    stages_s: dict[str, float]


class Speed(Record):
    call: str
    call_s: float
    runs: tuple[RunTime, ...]
    idle_bytes: int
    peak_bytes: int
    num_processes: int
    start_s: float | None

    @property
    def ratio(self) -> float:
        """Median wall time divided by the length of the call."""
        return statistics.median(one.wall_s for one in self.runs) / self.call_s

    @property
    def figure(self) -> str:
        ratios = [one.wall_s / self.call_s for one in self.runs]
        return (
            f"wall time / call length {self.ratio:.3f} (runs {min(ratios):.3f} to {max(ratios):.3f}, target "
            f"{MAX_WALL_RATIO}); all processes {self.peak_bytes / 1e9:.2f} GB PSS (target {MAX_MEMORY_GB:.0f})"
        )


def write_call(source: Path, path: Path, number: int) -> float:
    """Exactly two minutes of the call (repeated if it is shorter) as 16-bit stereo WAV; its length in seconds.

    ``number`` more samples of silence make every file a different recording.
    """
    import soundfile

    samples, rate_hz = soundfile.read(source, dtype="int16", always_2d=True)
    if samples.shape[1] != 2:
        raise typer.BadParameter(f"{source} has {samples.shape[1]} channel(s); a stereo call is measured.")
    wanted = round(CALL_S * rate_hz)
    repeated = np.tile(samples, (-(-wanted // len(samples)), 1))[:wanted]
    audio = np.concatenate([repeated, np.zeros((number, 2), np.int16)])
    soundfile.write(path, audio, rate_hz, subtype="PCM_16")
    return float(len(audio) / rate_hz)


def measure(graph: Graph, call: Path, num_runs: int, conditions: str) -> Speed:
    """The runs, with memory sampled throughout."""
    runs = []
    call_s = CALL_S
    with (
        tempfile.TemporaryDirectory() as folder,
        graph.client() as client,
        PeakMemory(graph.processes) as memory,
    ):
        for number in range(num_runs):
            path = Path(folder) / f"call{number}.wav"
            call_s = write_call(call, path, int(time.time()) % 1000 + number)
            runs.append(_analyse(client, path))
            print(f"run {number + 1}: {runs[-1].wall_s:.1f} s")
    return Speed(
        conditions=conditions,
        call=call.name,
        call_s=call_s,
        runs=tuple(runs),
        idle_bytes=memory.first_bytes,
        peak_bytes=memory.peak_bytes,
        num_processes=memory.num_processes,
        start_s=graph.start_s,
    )


def _analyse(client: Client, path: Path) -> RunTime:
    start = time.perf_counter()
    call_id = client.submit(path, {"deduplicate": "false"})
    status = client.wait(call_id)
    wall_s = time.perf_counter() - start
    if status["job_status"] != "COMPLETED":
        raise SystemExit(f"{path.name} ended as {status['job_status']}: a run that fails is no measurement.")
    stages = client.result(call_id).job_details.stages
    return RunTime(wall_s=wall_s, stages_s={stage.name: stage.duration_ms / 1000 for stage in stages})


def section(source: Path) -> str:
    """The section of docs/performance.md."""
    title = "## A call of two minutes\n\n"
    speed = record.load(NAME, Speed, source)
    if speed is None:
        return f"{title}Not measured (`make bench-speed`).\n"
    walls = ", ".join(f"{one.wall_s:.1f}" for one in speed.runs)
    stages = "".join(
        f"| {name} | {statistics.median(one.stages_s.get(name, 0.0) for one in speed.runs):.2f} |\n"
        for name in speed.runs[0].stages_s
    )
    start = (
        f" Start of the graph until every stage was healthy: {speed.start_s:.0f} s." if speed.start_s else ""
    )
    return (
        f"{title}{circumstances(speed, 'make bench-speed', len(speed.runs))}\n**{speed.figure}**\n\n"
        f"A stereo call of {speed.call_s:.0f} s ({speed.call}) through the whole graph of `serve_config.cpu.yaml` over "
        "HTTP: upload, queue, every stage, stored result, found finished by asking for its status. The runs took "
        f"{walls} s. Memory is the proportional set size of every process of the graph together, Ray's own included, "
        f"read every {SAMPLE_INTERVAL_S:.0f} s (shared pages count once): idle {speed.idle_bytes / 1e9:.2f} GB, "
        f"peak {speed.peak_bytes / 1e9:.2f} GB in {speed.num_processes} processes.{start}\n\n"
        "Median seconds in each stage; speaker-diarizer and speech-recognizer run at the same time, and so do "
        f"sentiment-analyzer and llm-analyzer.\n\n| stage | seconds |\n| --- | --- |\n{stages}"
    )


@app.command(help=__doc__)
def main(
    call: Annotated[
        Path | None, typer.Option(help="A stereo recording; default: the kit's, else the sample.")
    ] = None,
    url: Annotated[str, typer.Option(help="A running graph; default: start one.")] = "",
    runs: Runs = 3,
    conditions: Conditions = "",
) -> None:
    into = record.folder()
    call = call or (KIT_CALL if KIT_CALL.is_file() else SAMPLE_CALL)
    with running_graph(url) as graph:
        speed = measure(graph, call, runs, conditions)
    record.save(NAME, speed, into)
    print(speed.figure)


if __name__ == "__main__":
    run(app)
