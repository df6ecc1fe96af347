"""What the start of a batch costs: a batch of one call of six seconds, with and without shared workers.

    python -m benchmarks.batch_start                  about two minutes on two cores

Both take turns: the shipped configuration, whose small and heavy stages share workers on a machine with few cores, and
the same without the common environment, where every stage has workers of its own. Each is a whole batch with its own
Ray, from the first import until its processes have ended. On a machine with other work, compare CPU seconds.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from pydantic import BaseModel

from benchmarks import record
from benchmarks.backfill_run import command, environment
from benchmarks.calls import join
from benchmarks.command import Conditions, Runs, run
from benchmarks.graph import share
from benchmarks.in_process import CONFIG
from benchmarks.record import Record, circumstances, spread
from callytics import settings
from callytics.home import resources
from deployments.operations.placement_config import ENVIRONMENT

NAME = "batch-start"
PR_SET_CHILD_SUBREAPER = 36
CALL_S = 6.0
SAMPLE_INTERVAL_S = 0.25
WORKERS = re.compile(r"^workers: (.+)$", re.MULTILINE)
app = typer.Typer(add_completion=False, rich_markup_mode=None)


class BatchStart(BaseModel):
    """``cpu_s``: of every process of the batch, those that ended included. ``kinds``: of workers."""

    shared: bool
    wall_s: float
    cpu_s: float
    processes: int
    kinds: str


class BatchStartRecord(Record):
    cpus: int
    call_s: float
    runs: tuple[BatchStart, ...] = ()

    def of(self, shared: bool) -> list[BatchStart]:
        return [one for one in self.runs if one.shared == shared]

    @property
    def figure(self) -> str:
        each, shared = (self.of(False), self.of(True))
        ratio = median(one.cpu_s for one in shared) / median(one.cpu_s for one in each)
        return (
            f"a batch of one call of {self.call_s:.0f} s with shared workers: "
            f"{spread([one.cpu_s for one in shared])} CPU seconds, {spread([one.wall_s for one in shared])} s; "
            f"with workers of its own for each stage {spread([one.cpu_s for one in each])} and "
            f"{spread([one.wall_s for one in each])}: ratio {ratio:.2f}"
        )


@app.command(help=__doc__)
def main(
    runs: Runs = 3,
    conditions: Conditions = "",
    cpus: Annotated[int, typer.Option(min=1, help="Cores that the batch takes.")] = 2,
) -> None:
    into = record.folder()
    ctypes.CDLL(None, use_errno=True).prctl(
        PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0
    )  # Ray's processes leave their parent
    found: list[BatchStart] = []
    with tempfile.TemporaryDirectory(prefix="callytics-") as folder:
        separate = _without_common_environment(Path(folder))
        for number in range(2 * runs):
            shared = number % 4 in (0, 3)  # alternating order: a drift of the machine affects both
            one = _batch(CONFIG if shared else separate, cpus, shared)
            found.append(one)
            print(
                f"{'shared' if shared else 'each its own'}: {one.cpu_s:.1f} CPU s, {one.wall_s:.1f} s, "
                f"{one.processes} processes"
            )
    measured = BatchStartRecord(conditions=conditions, cpus=cpus, call_s=CALL_S, runs=tuple(found))
    record.save(NAME, measured, into)
    print(measured.figure)


def _without_common_environment(folder: Path) -> Path:
    config = folder / CONFIG.name
    shutil.copy(CONFIG, config)
    shutil.copytree(resources.pins_folder(CONFIG), folder / resources.PINS)
    (folder / resources.PINS / f"{ENVIRONMENT}.txt").unlink()
    return config


def _batch(config: Path, cpus: int, shared: bool) -> BatchStart:
    home = settings.home()
    with (
        tempfile.TemporaryDirectory(prefix="batch-") as place,
        tempfile.TemporaryDirectory(prefix="ray-") as ray,
    ):
        scratch = Path(place)
        (scratch / "calls").mkdir()
        join(scratch / "calls", CALL_S / 60, uuid.uuid4().hex)
        share(home, scratch / "home")
        start = time.perf_counter()
        with DescendantsCpu() as cpu:
            done = subprocess.run(
                [*command(scratch, cpus), "--config", str(config)],
                cwd=record.PROJECT,
                env=environment(scratch, home, ray),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            wall_s = time.perf_counter() - start
            _await_orphans()
    if done.returncode != 0:
        raise SystemExit(
            f"{done.stdout}\nthe batch ended with exit code {done.returncode}: that is no measurement."
        )
    kinds = WORKERS.search(done.stdout)
    return BatchStart(
        shared=shared,
        wall_s=wall_s,
        cpu_s=cpu.total_s,
        processes=cpu.processes,
        kinds=kinds.group(1) if kinds else "",
    )


class DescendantsCpu:
    """CPU seconds of every process below this one, also of those that end: read several times a second. (Ray lets the
    kernel forget its ended workers: they are in no parent's times.)"""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, str], float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def total_s(self) -> float:
        return sum(self._seen.values())

    @property
    def processes(self) -> int:
        return len(self._seen)

    def __enter__(self) -> DescendantsCpu:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(SAMPLE_INTERVAL_S):
            self._sample()

    def _sample(self) -> None:
        ticks, stats = os.sysconf("SC_CLK_TCK"), {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it just ended
            stats[int(path.parent.name)] = fields
        below = {os.getpid()}
        while more := {pid for pid, fields in stats.items() if int(fields[1]) in below and pid not in below}:
            below |= more
        for pid in below - {os.getpid()}:
            fields = stats[pid]
            self._seen[pid, fields[19]] = (
                int(fields[11]) + int(fields[12])
            ) / ticks  # pid and start: one process


def _await_orphans() -> None:
    """Ray's processes, which end after the job that started them."""
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def section(source: Path) -> str:
    """The section of docs/performance.md."""
    title = "## The start of a batch\n\n"
    measured = record.load(NAME, BatchStartRecord, source)
    if measured is None:
        return f"{title}Not measured (`python -m benchmarks.batch_start`).\n"
    rows = "".join(
        f"| {name} | {spread([one.cpu_s for one in found])} | {spread([one.wall_s for one in found])} | "
        f"{found[0].processes} | {found[0].kinds} |\n"
        for name, found in (("shared workers", measured.of(True)), ("each stage its own", measured.of(False)))
    )
    return (
        f"{title}{circumstances(measured, 'python -m benchmarks.batch_start', len(measured.of(True)))}\n"
        f"**{measured.figure}**\n\n"
        f"A whole batch of one call on {measured.cpus} cores, its own Ray included, until every process has ended. "
        "Median (least to most).\n\n"
        "| | CPU seconds | seconds | processes | workers |\n| --- | --- | --- | --- | --- |\n"
        f"{rows}"
    )


if __name__ == "__main__":
    if sys.platform != "linux":
        raise SystemExit("CPU seconds of processes that leave their parent are counted on Linux only.")
    run(app)
