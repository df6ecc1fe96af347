"""Two readings of a call become one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from callytics.engines.analysis import blending
from callytics.engines.analysis.call_reader import CallReading

READ = CallReading(
    turns=(0, 2),
    issue=np.array([0.0, 3.0], dtype=np.float32),
    outcome=np.array([[0.0, 0.0, 0.0], [4.0, 0.0, 0.0]], dtype=np.float32),
    tasks=np.array([[2.0, -8.0], [-8.0, 0.0]], dtype=np.float32),
    topics={},
)


def test_turns_that_were_not_read_have_no_chance() -> None:
    found = blending.issue_of([0.1, 0.8, 0.1], READ)
    assert found[1] == 0.0
    assert sum(found) == pytest.approx(1)
    assert found[2] > found[0]


def test_both_readings_count() -> None:
    """The linear models prefer the first turn by as much as the reader prefers the third."""
    linear = [math.exp(-1), 0.0, math.exp(-4)]
    share = blending.READER_SHARE["issue"]
    found = blending.issue_of(linear, READ)
    assert math.log(found[2] / found[0]) == pytest.approx(3 * share - 3 * (1 - share), abs=0.02)


def test_endings_sum_to_one_over_turns_and_states() -> None:
    found = blending.endings_of([(0.1, 0.1, 0.1), (0.0, 0.0, 0.0), (0.2, 0.3, 0.2)], READ)
    assert sum(sum(row) for row in found) == pytest.approx(1)
    assert found[1] == (0.0, 0.0, 0.0)
    assert found[2][0] == max(found[2])


def test_chance_of_a_task_lies_between_both_readings() -> None:
    share = blending.READER_SHARE["tasks"]
    found = blending.tasks_of_party([0.5, 0.9, 0.5], READ, 0)
    assert found[0] == pytest.approx(1 / (1 + math.exp(-2 * share)))
    assert found[1] == 0.0
    assert blending.tasks_of_party([0.0, 0.0, 0.0], READ, 1)[0] < 0.001


def test_states_lean_to_what_the_reader_found() -> None:
    even = blending.states_of([1 / 3, 1 / 3, 1 / 3], READ)
    assert sum(even) == pytest.approx(1)
    assert even[0] == max(even)
    against = blending.states_of([0.001, 0.998, 0.001], READ)
    assert against[0] < even[0]


def test_share_of_none_leaves_the_linear_models() -> None:
    assert blending.issue_of([0.2, 0.0, 0.8], READ, 0.0)[2] == pytest.approx(0.8, abs=1e-3)
    assert blending.tasks_of_party([0.2, 0.0, 0.8], READ, 0, 0.0)[2] == pytest.approx(0.8)
    assert blending.states_of([0.2, 0.5, 0.3], READ, 0.0) == pytest.approx([0.2, 0.5, 0.3], abs=1e-3)
