"""`callytics compare`: two versions of a stage side by side, and a recommendation."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from callytics.comparison import Comparison, Version, compare, read_references
from callytics.comparison.intervals import Estimate
from callytics.comparison.recommendation import rule
from callytics.errors import InvalidRequestError
from callytics.store import CallStore

UNIT_S = {"m": 60, "h": 3600, "d": 86_400}


def run(
    database_url: str,
    first: str,
    second: str,
    references: Path | None,
    since: str | None,
    max_slowdown: float,
    console: Console,
) -> Comparison:
    """Compare and print.

    Raises:
        CallyticsError: see ``callytics.comparison.compare``; or ``since`` is invalid.
    """
    store = CallStore(database_url)
    try:
        with console.status("reading") as status:
            comparison = compare(
                store,
                first,
                second,
                read_references(references) if references else None,
                since_ms(since) if since else 0,
                max_slowdown,
                lambda done, calls: status.update(f"reading call {done + 1} of {calls}"),
            )
    finally:
        store.close()
    console.print(report(comparison, max_slowdown))
    return comparison


def since_ms(text: str) -> int:
    """Milliseconds since the epoch, from "2026-11-22", "2026-11-22T08:00+09:00" or an age such as "90m", "12h", "7d".

    A time without a zone is in the time zone of this machine.
    """
    if ago := re.fullmatch(r"(\d+)([mhd])", text):
        return round((time.time() - int(ago[1]) * UNIT_S[ago[2]]) * 1000)
    try:
        return round(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError as error:
        raise InvalidRequestError(
            "since_invalid", f"--since {text}: give a date (2026-11-22) or a length of time (90m, 12h, 7d)."
        ) from error


def report(comparison: Comparison, max_slowdown: float) -> RenderableType:
    return Group(
        _versions(comparison),
        Text(),
        _criteria(comparison),
        Text(),
        Text(rule(max_slowdown), style="dim"),
        Text(),
        Text.assemble("Recommendation: ", (comparison.advice.value, "bold"), f" - {comparison.reason}"),
    )


def _versions(comparison: Comparison) -> Table:
    first, second = comparison.first, comparison.second
    table = Table("", *(version.run.application for version in (first, second)), title=comparison.stage)

    for name in ("engine", "model", "model_revision", "config_hash"):
        table.add_row(
            name.replace("_", " "), *(str(getattr(v.run, name)).rpartition(":")[2] for v in (first, second))
        )
    table.add_row(
        "calls (of them in the shadow)", *(f"{v.calls} ({v.shadow_calls})" for v in (first, second))
    )
    if first.earlier_runs or second.earlier_runs:
        table.add_row("not counted: earlier configurations", *(str(v.earlier_runs) for v in (first, second)))
    table.add_row("failures", *(f"{v.failed}: {interval(v.failures, percent)}" for v in (first, second)))
    table.add_row("latency p50", *(interval(v.latency_p50_s, seconds) for v in (first, second)))
    table.add_row("latency p95", *(interval(v.latency_p95_s, seconds) for v in (first, second)))
    table.add_row(
        "time per minute of audio", *(interval(v.time_per_audio, per_minute) for v in (first, second))
    )
    if first.confidence or second.confidence:
        table.add_row("confidence", *(interval(v.confidence, share) for v in (first, second)))
    _error_rows(table, first, second)
    for name, distance in comparison.distance.items():
        cell = f"{interval(distance, percent)} on {comparison.common_calls} calls"
        table.add_row(f"differs from the first: {name}", "", cell)
    return table


def _error_rows(table: Table, first: Version, second: Version) -> None:
    for name in sorted(first.errors.keys() | second.errors.keys()):
        cells = [
            f"{interval(v.errors[name], percent)} on {v.reference_calls} calls" if name in v.errors else "-"
            for v in (first, second)
        ]
        table.add_row(f"{name}, against references", *cells)


def _criteria(comparison: Comparison) -> Table:
    table = Table("criterion", "second minus first", "tolerated", "calls", "verdict")
    for criterion in comparison.criteria:
        difference = interval(criterion.difference, signed_percent)
        tolerated = f"{criterion.tolerance:+.1%}"
        table.add_row(criterion.name, difference, tolerated, str(criterion.calls), criterion.verdict.value)
    return table


def interval(estimate: Estimate | None, show: Callable[[float], str]) -> str:
    """ "12.0 % (10.1 % to 14.2 %)"; a dash if nothing was measured."""
    if estimate is None or math.isnan(estimate.value):
        return "-"
    if math.isnan(estimate.low):
        return show(estimate.value)
    return f"{show(estimate.value)} ({show(estimate.low)} to {show(estimate.high)})"


def percent(value: float) -> str:
    return f"{value:.1%}"


def signed_percent(value: float) -> str:
    return f"{value:+.1%}"


def seconds(value: float) -> str:
    return f"{value:.2f} s"


def per_minute(value: float) -> str:
    return f"{60 * value:.1f} s"


def share(value: float) -> str:
    return f"{value:.3f}"
