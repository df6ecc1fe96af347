"""Total memory of several processes: proportional set size, in which shared pages count once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

from benchmarks.sampling import Sampler

SAMPLE_INTERVAL_S = 3.0
"""Reading the pages of a graph's thirty processes takes 0.15 s of a core: shorter intervals would affect the result."""


def proportional_set_size_bytes(pids: Iterable[int]) -> int:
    """Sum of Pss over /proc/<pid>/smaps_rollup; processes that have ended meanwhile count nothing."""
    return sum(map(_pss_bytes, pids))


def _pss_bytes(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass  # it ended between the listing and the reading
    return 0


class PeakMemory(Sampler):
    """Samples the processes in the background while the context is open.

    Attributes:
        first_bytes: at the start, before the work.
        peak_bytes: the largest sample.
        num_processes: at the peak.
    """

    def __init__(self, list_pids: Callable[[], Iterable[int]]) -> None:
        super().__init__(SAMPLE_INTERVAL_S)
        self._list_pids = list_pids
        self.first_bytes = 0
        self.peak_bytes = 0
        self.num_processes = 0

    def begin(self) -> None:
        self.sample()
        self.first_bytes = self.peak_bytes

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self.sample()

    def sample(self) -> None:
        pids = list(self._list_pids())
        total_bytes = proportional_set_size_bytes(pids)
        if total_bytes > self.peak_bytes:
            self.peak_bytes, self.num_processes = total_bytes, len(pids)
