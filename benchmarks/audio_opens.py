"""CPU time of the whole audio stage before and after a recording was opened once, on long two-channel MP3s.

    python -m benchmarks.audio_opens 30 180           about ten minutes on two cores; needs the git history

Each run is the audio-processor's engine on one recording, in a fresh process with the environment of its replica: user
and system seconds by getrusage, how often the recording was opened, and how many bytes the process read. The code
before comes out of the git history, and both take turns. The hash of the upload is handed in, where the engine takes
it. The last line is the ratio.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from pydantic import BaseModel, Field

from benchmarks import record
from benchmarks.calls import join
from benchmarks.command import Conditions, engine_environment, run
from benchmarks.record import PROJECT, Record, circumstances, spread
from callytics.engines.audio.convert import convert_to

NAME = "audio-opens"
BEFORE = "db39c04^"
"""The commit before "The audio engine opens a recording once"."""

MAX_DURATION_S = 24 * 3600.0
app = typer.Typer(add_completion=False, rich_markup_mode=None)

CHILD = """\
import dataclasses, json, resource, sys

tree, path, sha256 = sys.argv[1:]
sys.path.insert(0, tree)
import callytics
from callytics.domain import CallOptions, Recording
from callytics.engines.audio.standard import StandardAudioProcessor

assert callytics.__file__.startswith(tree), callytics.__file__
takes_hash = "sha256" in {field.name for field in dataclasses.fields(Recording)}
recording = Recording("measured", path, *([sha256] if takes_hash else []))
engine = StandardAudioProcessor()
opened = []
sys.addaudithook(lambda event, args: opened.append(args[0]) if event == "open" and args[0] == path else None)


def used():
    each = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    read = next(int(line.split()[1]) for line in open("/proc/self/io") if line.startswith("rchar"))
    return sum(one.ru_utime for one in each), sum(one.ru_stime for one in each), read


before = used()
audio = engine(recording, CallOptions())
user_s, system_s, read_bytes = (now - then for now, then in zip(used(), before))
assert audio.media.sha256 == sha256 and len(audio.channel_indices) == 2
print(json.dumps(dict(user_s=user_s, system_s=system_s, read_bytes=read_bytes, opens=len(opened))))
"""


class StageRun(BaseModel):
    """``read_bytes``: of the whole process, whatever it read, meanwhile."""

    minutes: float
    is_before: bool
    user_s: float
    system_s: float
    read_bytes: int
    opens: int

    @property
    def cpu_s(self) -> float:
        return self.user_s + self.system_s


class AudioOpensRecord(Record):
    before_commit: str
    file_bytes: dict[float, int] = Field(default_factory=dict)
    runs: tuple[StageRun, ...] = ()

    def of(self, minutes: float, is_before: bool) -> list[StageRun]:
        return [one for one in self.runs if (one.minutes, one.is_before) == (minutes, is_before)]

    def cpu_s(self, minutes: float, is_before: bool) -> list[float]:
        return [one.cpu_s for one in self.of(minutes, is_before)]

    @property
    def figure(self) -> str:
        ratios = ", ".join(
            f"{minutes:g} min {median(self.cpu_s(minutes, False)) / median(self.cpu_s(minutes, True)):.3f}"
            for minutes in self.file_bytes
            if self.cpu_s(minutes, False) and self.cpu_s(minutes, True)
        )
        return f"CPU seconds of the audio stage, now over before: {ratios}"


@app.command(help=__doc__)
def main(
    minutes: Annotated[list[float], typer.Argument(help="Lengths of the recordings.")],
    runs: Annotated[
        list[int] | None,
        typer.Option("--runs", min=1, help="Per length, in the same order. Default: 3 each."),
    ] = None,
    conditions: Conditions = "",
) -> None:
    counts = runs or [3] * len(minutes)
    if len(counts) != len(minutes):
        raise typer.BadParameter("--runs must be given once per length")
    into = record.folder()
    with tempfile.TemporaryDirectory(prefix="callytics-") as scratch:
        old, commit = _tree_before(Path(scratch))
        measured = AudioOpensRecord(conditions=conditions, before_commit=commit)
        for length, count in zip(minutes, counts, strict=True):
            path = _recording(Path(scratch), length)
            measured.file_bytes[length] = path.stat().st_size
            for number in range(2 * count):
                is_before = number % 4 in (
                    0,
                    3,
                )  # before now, now before: a drift of the machine weighs on both
                one = _stage_run(old if is_before else PROJECT, path, length, is_before)
                measured = measured.model_copy(update={"runs": (*measured.runs, one)})
                print(
                    f"{length:g} min, {'before' if is_before else 'now'}: {one.cpu_s:.2f} s, {one.opens} opens"
                )
                record.save(NAME, measured, into)
            path.unlink()
    print(section(into))
    print(measured.figure)


def _tree_before(scratch: Path) -> tuple[Path, str]:
    """The library as it was, and its commit."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", BEFORE], cwd=PROJECT, check=True, capture_output=True, text=True
    ).stdout.strip()
    tree = scratch / "before"
    tree.mkdir()
    archive = subprocess.run(
        ["git", "archive", commit, "callytics"], cwd=PROJECT, check=True, capture_output=True
    ).stdout
    subprocess.run(["tar", "-x", "-C", str(tree)], input=archive, check=True)
    return tree, commit


def _recording(scratch: Path, minutes: float) -> Path:
    call = join(scratch, minutes, "opens")
    path = call.path.with_suffix(".mp3")
    with path.open("wb") as sink:
        convert_to(str(call.path), "mp3", sink, max_duration_s=MAX_DURATION_S)
    call.path.unlink()
    return path


def _stage_run(tree: Path, path: Path, minutes: float, is_before: bool) -> StageRun:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tree), str(path), sha256],
        cwd=tree,
        env=os.environ | engine_environment(),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return StageRun(minutes=minutes, is_before=is_before, **json.loads(done.stdout))


def section(source: Path) -> str:
    """Of docs/performance.md."""
    title = "## A recording is opened once\n\n"
    measured = record.load(NAME, AudioOpensRecord, source)
    if measured is None:
        return f"{title}Not measured (`python -m benchmarks.audio_opens 30 180`).\n"
    rows = "".join(
        _row(measured, minutes, is_before) for minutes in measured.file_bytes for is_before in (True, False)
    )
    lengths = " ".join(f"{minutes:g}" for minutes in measured.file_bytes)
    counts = [len(measured.of(minutes, False)) for minutes in measured.file_bytes]
    return (
        f"{title}{circumstances(measured, f'python -m benchmarks.audio_opens {lengths}', max(counts))}\n"
        f"**{measured.figure}**\n\n"
        "The whole audio stage (decoding, measuring, enhancing) on a two-channel MP3 on a local disk, "
        f"per run in a fresh process; before: commit {measured.before_commit}. Median (least to most).\n\n"
        "| recording | code | runs | opens | MB read | user s | system s | CPU s |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
        f"{rows}"
    )


def _row(measured: AudioOpensRecord, minutes: float, is_before: bool) -> str:
    runs = measured.of(minutes, is_before)
    if not runs:
        return ""
    opens = "/".join(sorted({str(one.opens) for one in runs}))
    read_mb = median(one.read_bytes for one in runs) / 1e6
    times = [spread([getattr(one, name) for one in runs]) for name in ("user_s", "system_s", "cpu_s")]
    what = f"{minutes:g} min, {measured.file_bytes[minutes] / 1e6:.1f} MB"
    code = "before" if is_before else "now"
    return f"| {what} | {code} | {len(runs)} | {opens} | {read_mb:.1f} | {' | '.join(times)} |\n"


if __name__ == "__main__":
    run(app)
