from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks import cost

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"


def test_need_of_a_round_example() -> None:
    """600 minutes are 10 hours of audio; ten times as fast, half of the time busy: 2 hours, over 4 nights of one."""
    one = cost.need(rate=10.0, year_minutes=600.0, work_days=4, night_hours=1.0, busy=0.5)
    assert one.unit_hours_a_year == pytest.approx(2.0)
    assert one.units_overnight == pytest.approx(0.5)


def test_section_of_the_document_is_what_the_command_prints() -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = page[page.index(cost.BEGIN) : page.index(cost.END) + len(cost.END)]
    command = re.search(r"`python -m benchmarks\.cost (\S+) (\d+)`", shown)
    assert command
    printed = CliRunner().invoke(cost.app, list(command.groups())).output
    assert printed.strip() == shown


def test_rate_is_the_measured_one_of_the_batch() -> None:
    page = PAGE.read_text(encoding="utf-8")
    measured = re.search(r"\| the batch: 20 at once[^|]*\| ([\d.]+) \(", page)
    command = re.search(r"benchmarks\.cost (\S+) 2`", page)
    assert measured
    assert command
    assert measured[1] == command[1]


def test_prices_of_ones_own() -> None:
    printed = CliRunner().invoke(cost.app, ["10", "2", "--card-price", "9"]).output
    assert "at 9.00 dollars" in printed
    assert "at 0.05 dollars" in printed
