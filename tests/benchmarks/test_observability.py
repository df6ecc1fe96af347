"""What `up --observe` costs: how it is computed and told. It is measured by python -m benchmarks.observability."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from benchmarks import record
from benchmarks.observability import NAME, ObservabilityRecord, Turn, cpu_s, section, used_s


def turn(rest: float, call_s: float, cpu: float, **servers: float) -> Turn:
    return Turn(rest_cores=rest, call_s=call_s, call_cpu_s=cpu, servers_cores=servers)


RECORD = ObservabilityRecord(
    rest_s=60.0,
    call_s=120.0,
    without=(turn(0.10, 20.0, 30.0), turn(0.12, 22.0, 31.0), turn(0.50, 90.0, 99.0)),
    observed=(turn(0.126, 22.0, 31.0, prometheus=0.01),),
)


def test_growth_is_median_against_median() -> None:
    assert RECORD.growth("rest_cores") == pytest.approx(0.05)
    assert RECORD.growth("call_s") == pytest.approx(0.0)
    assert "+5.0% CPU" in RECORD.figure


def test_section_lists_the_servers_apart(tmp_path: Path) -> None:
    assert "Not measured" in section(tmp_path)
    record.save(NAME, RECORD, tmp_path)
    page = section(tmp_path)
    assert RECORD.figure in page
    assert "| prometheus at rest, cores | | 0.010 |" in page


def test_cpu_of_a_process_that_ended_is_left_out() -> None:
    before = cpu_s([os.getpid(), 2**22 + 1])
    assert list(before) == [os.getpid()]
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    assert used_s({**before, 1: 5.0}, cpu_s([os.getpid()])) > 0.0
