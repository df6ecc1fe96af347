"""How fast, and how large: a two-minute stereo call through the whole running graph, over HTTP.

    python -m benchmarks.speed                   starts a graph of its own, and ends it
    python -m benchmarks.speed --url http://...  uses the one that runs there (its home: $CALLYTICS_HOME)

Wall time is from the first byte of the upload to the finished status. Every run gets audio that differs in its
last samples, because results of a known recording are not computed again. Writes docs/performance.md; the last
line is the figure: wall time over the call's length, and the memory of all processes together.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from benchmarks.memory import PeakMemory
from callytics.client import Client
from callytics.errors import CallyticsError
from callytics.evaluation.measurements import machine
from callytics.settings import api_key
from callytics.settings import home as settings_home

PROJECT = Path(__file__).parents[1]
KIT_CALL = PROJECT.parent / "shared/data/calls/composed/ko_call3.stereo.wav"
SAMPLE_CALL = PROJECT / "sample/call.mp3"
CALL_S = 120.0
MAX_WALL_RATIO = 0.6
MAX_MEMORY_GB = 6.0
HTTP_PORT, DASHBOARD_PORT = 8400, 8665
"""Of a graph of our own, beside one that may run. Ray keeps 10002 to 19999 for its workers."""


@dataclass(frozen=True)
class RunTime:
    """One analysis. ``stages_s``: stage -> seconds, as the result's job_details say."""

    wall_s: float
    stages_s: dict[str, float]


@dataclass(frozen=True)
class Speed:
    call: str
    call_s: float
    runs: tuple[RunTime, ...]
    idle_bytes: int
    peak_bytes: int
    num_processes: int
    start_s: float | None

    @property
    def ratio(self) -> float:
        """Median wall time over the length of the call."""
        return statistics.median(run.wall_s for run in self.runs) / self.call_s

    @property
    def figure(self) -> str:
        ratios = [run.wall_s / self.call_s for run in self.runs]
        return (
            f"wall time / call length {self.ratio:.3f} (runs {min(ratios):.3f} to {max(ratios):.3f}, target "
            f"{MAX_WALL_RATIO}); all processes {self.peak_bytes / 1e9:.2f} GB PSS (target {MAX_MEMORY_GB:.0f})"
        )


def write_call(source: Path, path: Path, number: int) -> float:
    """Exactly two minutes of the call (repeated if it is shorter) as 16-bit stereo WAV; its length in seconds.

    ``number`` more samples of silence make every file a recording of its own.
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


def measure(url: str, call: Path, num_runs: int, list_pids: Callable[[], list[int]]) -> Speed:
    """One warm-up on the sample, then the runs, with memory sampled all along."""
    runs = []
    call_s = CALL_S
    with tempfile.TemporaryDirectory() as folder, Client(url, api_key()) as client:
        _analyse(client, SAMPLE_CALL)
        with PeakMemory(list_pids) as memory:
            for number in range(num_runs):
                path = Path(folder) / f"call{number}.wav"
                call_s = write_call(call, path, int(time.time()) % 1000 + number)
                runs.append(_analyse(client, path))
    return Speed(
        call.name, call_s, tuple(runs), memory.first_bytes, memory.peak_bytes, memory.num_processes, None
    )


def _analyse(client: Client, path: Path) -> RunTime:
    start = time.perf_counter()
    call_id = client.submit(path, {"deduplicate": "false"})
    status = client.wait(call_id)
    wall_s = time.perf_counter() - start
    if status["job_status"] != "COMPLETED":
        raise SystemExit(f"{path.name} ended as {status['job_status']}: a run that fails is no measurement.")
    stages = client.result(call_id).job_details.stages
    return RunTime(wall_s, {stage.name: stage.duration_ms / 1000 for stage in stages})


@contextmanager
def graph(home: Path) -> Iterator[tuple[str, float]]:
    """A graph of our own: its address, and how long it took until every stage was healthy."""
    from deployments import local

    os.environ.setdefault("CALLYTICS_MODELS", str(settings_home() / "models"))
    os.environ["CALLYTICS_HOME"] = str(home)
    start = time.perf_counter()
    try:
        run = local.up(home=home, http_port=HTTP_PORT, dashboard_port=DASHBOARD_PORT)
        yield run.url, time.perf_counter() - start
    finally:
        local.down(home=home)


def document(speed: Speed, conditions: str) -> str:
    """docs/performance.md"""
    runs = "".join(
        f"| {number} | {run.wall_s:.1f} | {run.wall_s / speed.call_s:.3f} |\n"
        for number, run in enumerate(speed.runs, start=1)
    )
    names = list(speed.runs[0].stages_s)
    stages = "".join(
        f"| {name} | {statistics.median(run.stages_s.get(name, 0.0) for run in speed.runs):.2f} |\n"
        for name in names
    )
    start = (
        f"Start of the graph until every stage was healthy: {speed.start_s:.0f} s.\n\n"
        if speed.start_s
        else ""
    )
    return (
        "# Performance\n\n<!-- Generated by `python -m benchmarks.speed`. Do not edit: run it again. -->\n\n"
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC on {machine()}. {conditions}\n\n"
        f"A stereo call of {speed.call_s:.0f} s ({speed.call}) through the whole graph of `serve_config.cpu.yaml` over "
        "HTTP: upload, queue, every stage, stored result, found finished by polling every 0.3 s. One warm-up "
        "before.\n\n"
        f"**{speed.figure}**\n\n"
        f"## Wall time\n\n| run | wall time (s) | over the call's length |\n| --- | --- | --- |\n{runs}\n"
        "## Stages\n\nMedian seconds in each stage; speaker-diarizer and speech-recognizer run at the same time, and "
        f"so do sentiment-analyzer and llm-analyzer.\n\n| stage | seconds |\n| --- | --- |\n{stages}\n"
        "## Memory\n\nProportional set size of every process of the graph together, Ray's own included, sampled every "
        f"second (shared pages count once).\n\n| | GB |\n| --- | --- |\n| idle | {speed.idle_bytes / 1e9:.2f} |\n"
        f"| peak ({speed.num_processes} processes) | {speed.peak_bytes / 1e9:.2f} |\n\n{start}"
    ).rstrip() + "\n"


def main(
    call: Annotated[
        Path | None, typer.Option(help="A stereo recording; default: the kit's, else the sample.")
    ] = None,
    url: Annotated[str, typer.Option(help="A running graph; default: start one.")] = "",
    runs: Annotated[int, typer.Option(min=1)] = 3,
    output: Annotated[Path, typer.Option(help="The page to write.")] = PROJECT / "docs/performance.md",
    conditions: Annotated[str, typer.Option(help="What else the machine was doing.")] = "",
) -> None:
    """Measure speed and memory of the whole graph."""
    from deployments import local

    call = call or (KIT_CALL if KIT_CALL.is_file() else SAMPLE_CALL)
    console = Console()
    if url:
        with console.status(f"{runs} runs of {call.name}"):
            speed = measure(url, call, runs, local.processes)
    else:
        home = settings_home() / "benchmark"
        with console.status("starting a graph") as status, graph(home) as (address, start_s):
            status.update(f"{runs} runs of {call.name}")
            speed = measure(address, call, runs, lambda: local.processes(home=home))
            speed = replace(speed, start_s=start_s)
    part = output.with_suffix(".part")
    part.write_text(document(speed, conditions), encoding="utf-8")
    part.replace(output)
    console.print(f"Written: {output}")
    print(speed.figure)


if __name__ == "__main__":
    try:
        typer.run(main)
    except CallyticsError as error:
        raise SystemExit(f"error: {error.message} [{error.code}]") from error
