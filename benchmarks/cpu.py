"""Utilisation of all cores by all processes of the machine, sampled once per second."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any

SAMPLE_INTERVAL_S = 1.0


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


class CpuSampler:
    """Samples while the context is open; ``samples`` grows."""

    def __init__(self) -> None:
        self.samples: list[CpuSample] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> CpuSampler:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        import psutil

        before = psutil.cpu_times()
        while not self._ended.wait(SAMPLE_INTERVAL_S):
            now = psutil.cpu_times()
            self.samples.append(shares(before, now, time.time()))
            before = now


def shares(before: Any, after: Any, at_s: float) -> CpuSample:
    """Shares of the time between two readings of psutil.cpu_times().

    The fields are those of proc_stat(5); time of guests is part of user and nice there.
    """
    spent = {name: getattr(after, name) - getattr(before, name) for name in after._fields}
    total = sum(value for name, value in spent.items() if not name.startswith("guest")) or 1.0
    stolen = spent.get("steal", 0.0)
    idle = spent["idle"] + spent.get("iowait", 0.0)
    return CpuSample(at_s, 1.0 - (idle + stolen) / total, stolen / total)
