"""What the start of a batch costs: a batch of one call of six seconds, with and without shared workers.

    python -m benchmarks.batch_start                  about two minutes on two cores

Both take turns: the shipped configuration, whose small and heavy stages share workers on a machine with few cores, and
the same without the common environment, where every stage has workers of its own. Each is a whole batch with its own
Ray, from the first import until its processes have ended. On a machine with other work, compare CPU seconds.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
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
from benchmarks.cpu import DescendantsCpu, adopt_orphans, await_orphans
from benchmarks.graph import share
from benchmarks.in_process import CONFIG
from benchmarks.record import Record, circumstances, spread
from callytics import settings
from callytics.home import resources
from deployments.operations.placement_config import ENVIRONMENT

NAME = "batch-start"
CALL_S = 6.0
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
    adopt_orphans()
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
            await_orphans()
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
    run(app)
