"""The targets on two cores, and whether the measurements meet them: the first table of docs/performance.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import overhead, scaling_record, speed
from benchmarks.record import load, load_all
from benchmarks.scaling_record import LENGTH, ScalingRecord
from benchmarks.throughput_record import (
    BACKFILL,
    GRAPH,
    SEQUENTIAL,
    TARGET,
    ThroughputRecord,
    cpu_seconds,
    ratios,
)

CALL_MINUTES = 2


@dataclass(frozen=True)
class Target:
    """``measured`` is None without a measurement."""

    name: str
    target: str
    measured: str | None = None
    is_met: bool = False


def section(source: Path) -> str:
    """The section of docs/performance.md."""
    rows = "".join(
        f"| {one.name} | {one.target} | {one.measured or 'not measured'} "
        f"| {'' if one.measured is None else 'yes' if one.is_met else '**no**'} |\n"
        for one in targets(source)
    )
    return f"## Targets on two cores\n\n| | target | measured | met |\n| --- | --- | --- | --- |\n{rows}"


def targets(source: Path) -> Iterator[Target]:
    """Medians of the records in ``source``."""
    yield from _call_of_two_minutes(load(speed.NAME, speed.Speed, source))
    cpu_s = cpu_seconds(load(SEQUENTIAL, ThroughputRecord, source))
    for name, what in ((GRAPH, "the graph, 10 calls at once"), (BACKFILL, "the batch")):
        record = load(name, ThroughputRecord, source)
        reached = ratios(record, cpu_s) if record else []
        yield _at_least(f"{what}: share of the physical limit", reached)
        if name == BACKFILL:
            runs = record.runs if record else ()
            busy = [
                value
                for run in runs
                if (value := run.steady_busy(record.at_work if record else 1)) is not None
            ]
            yield _at_least(f"{what}: cores busy in the steady part", busy)
    yield _overhead(load(overhead.NAME, overhead.OverheadRecord, source))
    yield from _scaling(load_all(LENGTH, ScalingRecord, source))


def _call_of_two_minutes(measured: speed.Speed | None) -> Iterator[Target]:
    ratio, memory = "a call of two minutes: wall time over its length", "all processes, PSS"
    if measured is None:
        yield Target(ratio, f"{speed.MAX_WALL_RATIO} at most")
        yield Target(memory, f"{speed.MAX_MEMORY_GB:.0f} GB at most")
        return
    yield Target(
        ratio,
        f"{speed.MAX_WALL_RATIO} at most",
        f"{measured.ratio:.3f}",
        measured.ratio <= speed.MAX_WALL_RATIO,
    )
    peak_gb = measured.peak_bytes / 1e9
    yield Target(
        memory, f"{speed.MAX_MEMORY_GB:.0f} GB at most", f"{peak_gb:.2f} GB", peak_gb <= speed.MAX_MEMORY_GB
    )


def _at_least(name: str, values: list[float]) -> Target:
    target = f"{TARGET:.0%} at least"
    if not values:
        return Target(name, target)
    return Target(name, target, f"{median(values):.0%}", median(values) >= TARGET)


def _overhead(measured: overhead.OverheadRecord | None) -> Target:
    name, target = "the graph adds to a call of two minutes", f"{overhead.MAX_OVERHEAD:.0%} at most"
    if measured is None or round(measured.call_s / 60) != CALL_MINUTES:
        return Target(name, target)
    return Target(name, target, f"{measured.overhead:+.1%}", measured.overhead <= overhead.MAX_OVERHEAD)


def _scaling(records: list[ScalingRecord]) -> Iterator[Target]:
    longer, grown = scaling_record.slower(records), scaling_record.growth_bytes(records)
    yield Target(
        "time for a minute of audio at 30 minutes over that at 2",
        f"within {scaling_record.MAX_SLOWER:.0%}",
        None if longer is None else f"{longer:+.1%}",
        longer is not None and abs(longer) <= scaling_record.MAX_SLOWER,
    )
    yield Target(
        "peak memory at 3 hours over that at 2 minutes",
        f"{scaling_record.MAX_GROWTH_BYTES / 1e6:+.0f} MB at most",
        None if grown is None else f"{grown / 1e6:+.0f} MB",
        grown is not None and grown <= scaling_record.MAX_GROWTH_BYTES,
    )
