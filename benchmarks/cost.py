"""What a year of a call centre costs, on paper: `python -m benchmarks.cost` prints the section of docs/performance.md.

Arithmetic from a measured throughput and stated assumptions, not a measurement. Prices are the reader's: the table has
a column for several, and `--price` puts in one's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated

import typer

from benchmarks.command import run
from benchmarks.record import load
from benchmarks.throughput_record import BACKFILL, ThroughputRecord

BEGIN, END = "<!-- cost: begin -->", "<!-- cost: end -->"
YEAR_MINUTES = 6_000_000.0
"""About 500 seats (issue 18): 250 days of 48 minutes of speech at each seat."""

CARD_RATES = {
    "H100, large-v3-turbo, batches of 32 (published)": 404.0,
    "H100, large-v3-turbo, one file at a time (published)": 597.0,
}
"""Seconds of audio a second of the recogniser alone, as published and quoted in issue 18; not measured by us."""

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@dataclass(frozen=True)
class Need:
    """What a machine with a rate needs for the calls of a year.

    Attributes:
        rate: seconds of audio a second and unit (core or card).
        unit_hours_a_year: hours of one unit for the whole year.
        units_overnight: units that finish one day's calls in one night.
    """

    rate: float
    unit_hours_a_year: float
    units_overnight: float


def need(rate: float, year_minutes: float, work_days: int, night_hours: float, busy: float) -> Need:
    """
    Args:
        rate: seconds of audio a second that one unit does while it works.
        year_minutes: minutes of calls in a year.
        work_days: days in a year that have calls.
        night_hours: hours in which a day's calls have to be finished.
        busy: share of the time in which the unit works, above 0 to 1.
    """
    unit_hours = year_minutes / 60 / (rate * busy)
    return Need(rate, unit_hours, unit_hours / work_days / night_hours)


def section(
    audio_per_second: float,
    cores: int,
    year_minutes: float = YEAR_MINUTES,
    work_days: int = 250,
    night_hours: float = 8.0,
    busy: float = 0.9,
    core_prices: tuple[float, ...] = (0.02, 0.05),
    card_prices: tuple[float, ...] = (2.0, 4.0),
) -> str:
    """The section of the document, between its marks."""
    per_core = audio_per_second / cores
    rows = [("a core, whisper-base, every stage (measured here)", per_core, core_prices)]
    rows += [(name, rate, card_prices) for name, rate in CARD_RATES.items()]
    lines = [
        "| unit | s of audio a second | hours of it a year | units for a night | a year, at two prices an hour |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, rate, prices in rows:
        one = need(rate, year_minutes, work_days, night_hours, busy)
        money = ", ".join(
            f"{_dollars(one.unit_hours_a_year * price)} at {price:.2f} dollars" for price in prices
        )
        lines.append(
            f"| {name} | {rate:.1f} | {one.unit_hours_a_year:,.0f} | {one.units_overnight:.2f} | {money} |"
        )
    command = f"python -m benchmarks.cost {audio_per_second:g} {cores}"
    return "\n".join(
        [
            BEGIN,
            "## What a year costs, on paper",
            "",
            f"`{command}`. Arithmetic, not a measurement: {year_minutes:,.0f} minutes of calls a year (500 seats) on "
            f"{work_days} days, a day's calls finished in {night_hours:g} hours of the night, {busy:.0%} busy; "
            f"{audio_per_second:g} seconds of audio a second on {cores} cores is the batch's measured median above.",
            "",
            *lines,
            "",
            "Prices are examples, not offers: `--core-price` and `--card-price` put in one's own. The rates of "
            "cards are published ones of the recogniser alone; nothing of ours has run on a card, and the other stages "
            "come on top. A larger model on cores costs more: large-v3-turbo has eleven times the parameters of base.",
            END,
            "",
        ]
    )


def section_of_records(source: Path) -> str:
    """The section by the measured batch, for benchmarks/report.py."""
    measured = load(BACKFILL, ThroughputRecord, source)
    if measured is None:
        title = "## What a year costs, on paper"
        return f"{title}\n\nThe batch was not measured (`python -m benchmarks.throughput backfill`).\n"
    return section(round(median(one.speed for one in measured.runs), 2), measured.cores)


def _dollars(amount: float) -> str:
    return f"{amount:,.0f}"


@app.command(help=__doc__)
def main(
    audio_per_second: Annotated[float, typer.Argument(help="Measured seconds of audio a second.", min=0.001)],
    cores: Annotated[int, typer.Argument(help="Cores of that machine.", min=1)],
    year_minutes: Annotated[float, typer.Option(help="Minutes of calls in a year.", min=1)] = YEAR_MINUTES,
    work_days: Annotated[int, typer.Option(help="Days in a year that have calls.", min=1, max=366)] = 250,
    night_hours: Annotated[float, typer.Option(help="Hours for a day's calls.", min=0.1, max=24)] = 8.0,
    core_price: Annotated[list[float] | None, typer.Option(help="Dollars for an hour of a core.")] = None,
    card_price: Annotated[list[float] | None, typer.Option(help="Dollars for an hour of a card.")] = None,
) -> None:
    prices = {
        name: tuple(given)
        for name, given in (("core_prices", core_price), ("card_prices", card_price))
        if given
    }
    print(section(audio_per_second, cores, year_minutes, work_days, night_hours, **prices))  # type: ignore[arg-type]


if __name__ == "__main__":
    run(app)
