"""Utilisation of all cores by all processes of the machine, and CPU seconds of those that were started here."""

from __future__ import annotations

import ctypes
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.sampling import Sampler

SAMPLE_INTERVAL_S = 1.0
DESCENDANTS_INTERVAL_S = 0.25
PR_SET_CHILD_SUBREAPER = 36
"""prctl(2): processes below this one whose parent has ended become its children."""


@dataclass(frozen=True)
class CpuSample:
    """One second.

    Attributes:
        at_s: end of the second, in seconds since the epoch.
        busy: busy share of all cores' time.
        stolen: share that the hypervisor gave to other machines, and that was not available here.
    """

    at_s: float
    busy: float
    stolen: float


class CpuSampler(Sampler):
    """Samples while the context is open; ``samples`` grows."""

    def __init__(self) -> None:
        super().__init__(SAMPLE_INTERVAL_S)
        self.samples: list[CpuSample] = []

    def begin(self) -> None:
        import psutil

        self._before = psutil.cpu_times()

    def sample(self) -> None:
        import psutil

        now = psutil.cpu_times()
        self.samples.append(shares(self._before, now, time.time()))
        self._before = now


def shares(before: Any, after: Any, at_s: float) -> CpuSample:
    """Shares of the time between two readings of psutil.cpu_times().

    The fields are those of proc_stat(5); time of guests is part of user and nice there.
    """
    spent = {name: getattr(after, name) - getattr(before, name) for name in after._fields}
    total = sum(value for name, value in spent.items() if not name.startswith("guest")) or 1.0
    stolen = spent.get("steal", 0.0)
    idle = spent["idle"] + spent.get("iowait", 0.0)
    return CpuSample(at_s, 1.0 - (idle + stolen) / total, stolen / total)


class DescendantsCpu(Sampler):
    """CPU seconds of every process below this one, also of those that end: read several times a second. (Ray lets the
    kernel forget its ended workers: they are in no parent's times.)"""

    def __init__(self) -> None:
        super().__init__(DESCENDANTS_INTERVAL_S)
        self._seen: dict[tuple[int, str], float] = {}
        self._before: dict[tuple[int, str], float] = {}

    @property
    def total_s(self) -> float:
        return sum(self._seen.values()) - sum(self._before.values())

    @property
    def processes(self) -> int:
        return len(self._seen) - len(self._before)

    def begin(self) -> None:
        self.sample()
        self._before = dict(self._seen)  # what ran, or ended unseen by its parent, before

    def sample(self) -> None:
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


def adopt_orphans() -> None:
    """From now on processes of Ray that leave their parent are counted, too. Linux only."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def await_orphans() -> None:
    """Ray's processes, which end after the job that started them."""
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return
