"""The measurements of a throughput run, and their figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, median

from pydantic import BaseModel

from benchmarks.cpu import CpuSample
from benchmarks.record import Record, spread

SEQUENTIAL, SIDE_BY_SIDE = "throughput-sequential", "throughput-side-by-side"
GRAPH, BACKFILL = "throughput-graph", "throughput-backfill"
TARGET = 0.9
"""Targets on two cores: share of the physical limit, and of all cores' time in the steady part."""


class ThroughputCall(BaseModel):
    """Seconds. ``completed_s`` counts from the start of the run; ``stages`` and ``cpu``: wall and CPU seconds of every
    engine, the latter only where the call was alone in its process."""

    name: str
    audio_s: float
    completed_s: float
    stages: dict[str, float]
    cpu: dict[str, float] = {}


class ThroughputRun(BaseModel):
    """``busy`` and ``stolen``: shares of all cores' time, one per second; ``sampled_s``: times since the start."""

    wall_s: float
    calls: tuple[ThroughputCall, ...]
    sampled_s: tuple[float, ...] = ()
    busy: tuple[float, ...] = ()
    stolen: tuple[float, ...] = ()

    @classmethod
    def of(
        cls, calls: Sequence[ThroughputCall], wall_s: float, start_at: float, samples: Sequence[CpuSample]
    ) -> ThroughputRun:
        return cls(
            wall_s=wall_s,
            calls=tuple(calls),
            sampled_s=tuple(round(sample.at_s - start_at, 2) for sample in samples),
            busy=tuple(round(sample.busy, 4) for sample in samples),
            stolen=tuple(round(sample.stolen, 4) for sample in samples),
        )

    @property
    def audio_s(self) -> float:
        return sum(call.audio_s for call in self.calls)

    @property
    def speed(self) -> float:
        """Audio seconds per wall second."""
        return self.audio_s / self.wall_s

    @property
    def start_up_s(self) -> float:
        """Minimum time until the engines began (processes, environments, weights): the first finished call cannot have
        needed more time since then than the sum of its engines' times."""
        first = min(self.calls, key=lambda call: call.completed_s)
        return max(0.0, first.completed_s - sum(first.stages.values()))

    def steady_busy(self, at_work: int) -> float | None:
        """Mean share of all cores' time from the first finished call until fewer than ``at_work`` calls remain: during
        this time every worker has work. None if there are too few calls. Time that the hypervisor gave to other
        machines does not count."""
        ended = sorted(call.completed_s for call in self.calls)
        if len(ended) < at_work + 2:
            return None
        start_s, end_s = ended[0], ended[len(ended) - at_work]
        inside = [
            busy / (1 - stolen)
            for at_s, busy, stolen in zip(self.sampled_s, self.busy, self.stolen, strict=True)
            if start_s + 1 <= at_s <= end_s and stolen < 1
        ]
        return fmean(inside) if inside else None

    def stages_s(self) -> dict[str, float]:
        """Stage -> wall seconds in its engine, all calls together."""
        return {stage: sum(call.stages[stage] for call in self.calls) for stage in self.calls[0].stages}


class ThroughputRecord(Record):
    """``at_once``: calls submitted together; ``at_work``: concurrent calls; ``threads``: threads per engine."""

    at_once: int
    at_work: int
    threads: int
    runs: tuple[ThroughputRun, ...] = ()


def cpu_seconds(sequential: ThroughputRecord | None) -> dict[str, float]:
    """Call -> CPU seconds of all its engines, the median over the runs; empty if not measured."""
    found: dict[str, list[float]] = {}
    for run in sequential.runs if sequential else ():
        for call in run.calls:
            found.setdefault(call.name, []).append(sum(call.cpu.values()))
    return {name: median(values) for name, values in found.items()}


def limit_s(run: ThroughputRun, cpu_s: Mapping[str, float], cores: int) -> float | None:
    """The minimum time in which these cores could do the engines' work for the run's calls; None if one of the calls
    was not measured sequentially."""
    if any(call.name not in cpu_s for call in run.calls):
        return None
    return sum(cpu_s[call.name] for call in run.calls) / cores


def ratios(record: ThroughputRecord, cpu_s: Mapping[str, float], started: bool = False) -> list[float]:
    """The limit divided by the time of every run. ``started``: without the time before the first engine began."""
    found = []
    for run in record.runs:
        limit = limit_s(run, cpu_s, record.cores)
        if limit is not None:
            found.append(limit / (run.wall_s - (run.start_up_s if started else 0.0)))
    return found


def summary(name: str, record: ThroughputRecord, cpu_s: Mapping[str, float]) -> str:
    """One line for people, with the ratio at the end."""
    speed = spread([run.speed for run in record.runs])
    busy = [value for run in record.runs if (value := run.steady_busy(record.at_work)) is not None]
    reached = ratios(record, cpu_s)
    return (
        f"{name}: {speed} s of audio a second; cores busy in the steady part "
        f"{spread(busy) if busy else 'not measured (too few calls)'}; of the physical limit "
        f"{spread(reached) if reached else 'not known: run `python -m benchmarks.throughput sequential` first'}"
    )
