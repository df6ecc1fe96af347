"""The measurements of a scaling run, their figures, and their section of docs/performance.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from pydantic import BaseModel

from benchmarks.memory import SAMPLE_INTERVAL_S
from benchmarks.record import Record, circumstances, load_all, spread
from callytics.config import ENGINE_STAGES

LENGTH, AT_ONCE = "length", "at-once"
SHORT_MINUTES, LONG_MINUTES, LONGEST_MINUTES = 2.0, 30.0, 180.0
MAX_SLOWER = 0.10
MAX_GROWTH_BYTES = 500_000_000


class ScalingRun(BaseModel):
    """Attributes:
    wall_s: time from the first byte of the first upload to the last stored result.
    calls_s: time of every call, including its wait in the queue.
    stages: stage -> seconds in its engine, all calls together.
    idle_bytes: memory of all processes of the graph before the run.
    busy: mean share of all cores' time.
    """

    wall_s: float
    audio_s: float
    calls_s: tuple[float, ...]
    stages: dict[str, float]
    idle_bytes: int
    peak_bytes: int
    num_processes: int
    busy: float


class ScalingRecord(Record):
    """``minutes``: length of a call; ``channels``: of the recording; ``at_once``: calls submitted together."""

    minutes: float
    channels: int
    at_once: int
    runs: tuple[ScalingRun, ...] = ()

    @property
    def per_minute_s(self) -> float:
        """Seconds of work per minute of audio, over all runs, which use the same material."""
        return sum(one.wall_s for one in self.runs) / sum(one.audio_s for one in self.runs) * 60

    @property
    def peak_bytes(self) -> int:
        return max(one.peak_bytes for one in self.runs)


def _of(records: Sequence[ScalingRecord], minutes: float) -> ScalingRecord | None:
    return next((one for one in records if one.minutes == minutes and one.channels == 2), None)


def slower(records: Sequence[ScalingRecord], minutes: float = LONG_MINUTES) -> float | None:
    """Relative increase of the time per minute of audio over a call of two minutes; None if one was not measured."""
    short, long = _of(records, SHORT_MINUTES), _of(records, minutes)
    return long.per_minute_s / short.per_minute_s - 1 if short and long else None


def growth_bytes(records: Sequence[ScalingRecord]) -> int | None:
    """Peak memory of a three-hour call minus that of a two-minute call."""
    short, longest = _of(records, SHORT_MINUTES), _of(records, LONGEST_MINUTES)
    return longest.peak_bytes - short.peak_bytes if short and longest else None


def figure_lengths(records: Sequence[ScalingRecord]) -> str:
    """One line, with the ratio at the end."""
    grown, longer = growth_bytes(records), slower(records)
    each = ", ".join(f"{one.minutes:g} min {one.per_minute_s:.2f} s" for one in records if one.channels == 2)
    memory = "not measured" if grown is None else f"{grown / 1e6:+.0f} MB"
    ratio = "not measured" if longer is None else f"{1 + longer:.3f}"
    return (
        f"a minute of audio takes, in calls of {each}; peak memory at 180 min against 2 min {memory} (target "
        f"{MAX_GROWTH_BYTES / 1e6:+.0f} at most); time a minute at 30 min over that at 2 min "
        f"(target {1 - MAX_SLOWER:.2f} to {1 + MAX_SLOWER:.2f}): {ratio}"
    )


def figure_at_once(records: Sequence[ScalingRecord]) -> str:
    """One line, with the ratio at the end: audio per second with the most concurrent calls, divided by that of one."""
    speeds = {one.at_once: 60 / one.per_minute_s for one in records}
    each = ", ".join(f"{count} at once {speed:.2f}" for count, speed in sorted(speeds.items()))
    most = max(speeds)
    ratio = f"{speeds[most] / speeds[1]:.3f}" if 1 in speeds else "not measured"
    return f"seconds of audio a second, {each}; {most} calls at once over one after the other: {ratio}"


def section(source: Path) -> str:
    """The section of docs/performance.md."""
    return (
        "## Length of a call\n\n"
        + _lengths(load_all(LENGTH, ScalingRecord, source))
        + "\n## Calls at once\n\n"
        + _at_once(load_all(AT_ONCE, ScalingRecord, source))
    )


def _lengths(records: Sequence[ScalingRecord]) -> str:
    if not records:
        return "Not measured (`python -m benchmarks.scaling lengths 1 2 5 30 180`).\n"
    rows = "".join(
        f"| {one.minutes:g} min, {'stereo' if one.channels == 2 else 'mono'} | {len(one.runs)} "
        f"| {spread([run.wall_s for run in one.runs], 1)} | {one.per_minute_s:.2f} | {_stages(one)} "
        f"| {one.peak_bytes / 1e9:.2f} | {one.measured_at:%Y-%m-%d %H:%M} |\n"
        for one in records
    )
    header = " | ".join(ENGINE_STAGES)
    missing = [
        f"{minutes:g} min"
        for minutes in (1, 2, 5, LONG_MINUTES, LONGEST_MINUTES)
        if not _of(records, minutes)
    ]
    return (
        f"{circumstances(records[-1], 'python -m benchmarks.scaling lengths 1 2 5 30 180', len(records[-1].runs))}\n"
        f"**{figure_lengths(records)}**\n\n"
        "Korean calls joined with pauses, through the graph over HTTP. Runs of short calls take one part of the "
        "material after the other. Wall time: median (least to most), seconds; the stages: seconds for a minute of "
        "audio; memory: peak proportional set size of all processes of the graph, read every "
        f"{SAMPLE_INTERVAL_S:.0f} s.\n\n"
        f"| call | runs | wall time | s a minute | {header} | GB | measured (UTC) |\n"
        f"|{' --- |' * (6 + len(ENGINE_STAGES))}\n{rows}"
        + (f"\nNot measured: {', '.join(missing)}.\n" if missing else "")
    )


def _stages(one: ScalingRecord) -> str:
    minutes = sum(run.audio_s for run in one.runs) / 60
    each = (sum(run.stages.get(stage, 0.0) for run in one.runs) / minutes for stage in ENGINE_STAGES)
    return " | ".join(f"{seconds:.2f}" for seconds in each)


def _at_once(records: Sequence[ScalingRecord]) -> str:
    if not records:
        return "Not measured (`python -m benchmarks.scaling at-once 1 2 5 10 20`).\n"
    rows = "".join(
        f"| {one.at_once} | {len(one.runs)} | {spread([run.audio_s / run.wall_s for run in one.runs])} "
        f"| {median(s for run in one.runs for s in run.calls_s):.0f} "
        f"| {max(s for run in one.runs for s in run.calls_s):.0f} "
        f"| {spread([100 * run.busy for run in one.runs], 0)} | {one.peak_bytes / 1e9:.2f} |\n"
        for one in records
    )
    return (
        f"{circumstances(records[-1], 'python -m benchmarks.scaling at-once 1 2 5 10 20', len(records[-1].runs))}\n"
        f"**{figure_at_once(records)}**\n\n"
        f"Calls of {records[-1].minutes:g} minutes, handed over together; the graph works on `max_concurrent_calls` of "
        "them, the others wait in its queue. Median (least to most).\n\n"
        "| calls | runs | s of audio a second | wait and work of a call, median (s) | longest (s) "
        "| cores busy (%) | GB |\n"
        f"|{' --- |' * 7}\n{rows}"
    )
