"""The section of docs/performance.md on throughput."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks.record import circumstances, load, load_all, spread
from benchmarks.throughput_record import (
    BACKFILL,
    GRAPH,
    SEQUENTIAL,
    SIDE_BY_SIDE,
    TARGET,
    ThroughputRecord,
    cpu_seconds,
    ratios,
)
from callytics.config import ENGINE_STAGES

MODES = {
    SEQUENTIAL: ("sequential", "one after the other, one process"),
    SIDE_BY_SIDE: ("side-by-side", "side by side, a process a core"),
    GRAPH: ("graph", "the graph over HTTP"),
    BACKFILL: ("backfill", "the batch"),
}


def section(source: Path) -> str:
    """The section of docs/performance.md."""
    title = "## Throughput\n\n"
    records = {name: load(name, ThroughputRecord, source) for name in MODES}
    measured = {name: record for name, record in records.items() if record}
    if not measured:
        return f"{title}Not measured (`python -m benchmarks.throughput all`).\n"
    cpu_s, busy_cpu_s = (cpu_seconds(measured.get(name)) for name in (SEQUENTIAL, SIDE_BY_SIDE))
    when = "".join(
        f"- {circumstances(record, f'python -m benchmarks.throughput {MODES[name][0]}', len(record.runs))}"
        for name, record in measured.items()
    )
    missing = "".join(
        f"\n{MODES[name][1].capitalize()}: not measured (`python -m benchmarks.throughput {MODES[name][0]}`).\n"
        for name in MODES
        if name not in measured
    )
    first = next(iter(measured.values())).runs[0]
    return (
        f"{title}{len(first.calls)} calls composed of the test kit, Korean and English, one and two channels, "
        f"{first.audio_s / 60:.0f} minutes together. Median (least to most).\n\n{when}\n"
        "| | s of audio a second | cores busy in the steady part (%) | of the physical limit | without the start-up "
        "| of the limit with all cores at work | without the start-up |\n"
        f"|{' --- |' * 7}\n{''.join(_row(name, one, cpu_s, busy_cpu_s) for name, one in measured.items())}{missing}\n"
        "*Steady part*: from the first finished call until fewer calls are left than are worked on at once. *Physical "
        "limit*: the CPU seconds of all engines for these calls, every thread counted, measured one after the other, "
        "over the number of cores. *With all cores at work*: the same seconds measured side by side, a process a core, "
        "for a core does less in a second while the others compute. *Start-up*: what a batch spends on "
        "processes, environments and weights before its first engine begins; the longer the batch, the less it is. "
        f"Targets on two cores: {TARGET:.0%} each.\n\n{_limits(source)}"
        f"Seconds in the engines, all calls together (of one run, median):\n\n{_stages(measured)}"
    )


def _row(
    name: str, record: ThroughputRecord, cpu_s: Mapping[str, float], busy_cpu_s: Mapping[str, float]
) -> str:
    busy = [100 * value for run in record.runs if (value := run.steady_busy(record.at_work)) is not None]
    what = f"{MODES[name][1]}: {record.at_once} at once, {record.at_work} at work, {record.threads} thread(s) an engine"
    cells = [
        spread([run.speed for run in record.runs]),
        spread(busy, 0) if busy else "too few calls",
    ]
    for known in (cpu_s, busy_cpu_s):
        whole, started = ratios(record, known), ratios(record, known, started=True)
        cells += [
            spread(whole) if whole else "not known",
            spread(started) if started and name == BACKFILL else "",
        ]
    return f"| {what} | {' | '.join(cells)} |\n"


def _limits(source: Path) -> str:
    """The work of the engines, with the threads of the graph and with others, if measured."""
    lines = ""
    side_by_side = load_all(SIDE_BY_SIDE, ThroughputRecord, source)
    for record in [*load_all(SEQUENTIAL, ThroughputRecord, source), *side_by_side]:
        cpu_s = [sum(sum(call.cpu.values()) for call in run.calls) for run in record.runs]
        limit = median(run.audio_s for run in record.runs) / (median(cpu_s) / record.cores)
        lines += (
            f"- with {record.threads} thread(s) an engine{' and all cores at work' if record in side_by_side else ''}, "
            f"{spread(cpu_s, 0)} CPU seconds on "
            f"{len(record.runs[0].calls)} calls: at most {limit:.2f} s of audio a second on {record.cores} cores\n"
        )
    return f"The physical limit:\n\n{lines}\n" if lines else ""


def _stages(measured: Mapping[str, ThroughputRecord]) -> str:
    columns = []
    for name, record in measured.items():
        columns.append((MODES[name][1], [run.stages_s() for run in record.runs]))
        if name in (SEQUENTIAL, SIDE_BY_SIDE):
            cpu = [
                {stage: sum(call.cpu.get(stage, 0.0) for call in run.calls) for stage in ENGINE_STAGES}
                for run in record.runs
            ]
            columns.append(("CPU seconds of it", cpu))
    rows = "".join(
        f"| {stage} | {' | '.join(f'{median(run.get(stage, 0.0) for run in runs):.1f}' for _, runs in columns)} |\n"
        for stage in ENGINE_STAGES
    )
    heads = " | ".join(head for head, _ in columns)
    return f"| stage | {heads} |\n|{' --- |' * (1 + len(columns))}\n{rows}"
