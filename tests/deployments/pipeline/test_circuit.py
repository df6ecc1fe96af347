"""The circuit breaker: opened by different calls in a row, probed one at a time, closed by one success."""

from __future__ import annotations

import pytest

from deployments.pipeline.circuit import FIRST_PAUSE_S, LONGEST_PAUSE_S, Circuit
from tests.support.clocks import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(clock: Clock) -> Circuit:
    return Circuit(clock)


def test_one_call_that_fails_again_and_again_opens_nothing(circuit: Circuit) -> None:
    for _ in range(10):
        assert not circuit.gave_up("poison")
    assert circuit.admit() == 0.0


def test_two_calls_in_a_row_open_it(circuit: Circuit) -> None:
    circuit.gave_up("a")
    assert circuit.gave_up("b")
    assert circuit.admit() == FIRST_PAUSE_S


def test_success_between_two_failures_keeps_it_closed(circuit: Circuit) -> None:
    circuit.gave_up("a")
    circuit.succeeded()
    assert not circuit.gave_up("b")


def test_one_probe_a_pause_and_the_pauses_grow(circuit: Circuit, clock: Clock) -> None:
    circuit.open()
    pauses = []
    for _ in range(6):
        pause_s = circuit.admit()
        assert pause_s > 0
        pauses.append(pause_s)
        clock.now_s += pause_s
        assert circuit.admit() == 0.0, "the probe"
    assert pauses == [FIRST_PAUSE_S, 10.0, 20.0, 40.0, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_probe_that_fails_leaves_it_open_and_one_that_succeeds_closes_it(
    circuit: Circuit, clock: Clock
) -> None:
    circuit.open()
    clock.now_s += FIRST_PAUSE_S
    assert circuit.admit() == 0.0
    assert circuit.gave_up("probe")
    assert circuit.admit() == 2 * FIRST_PAUSE_S
    circuit.succeeded()
    assert circuit.admit() == 0.0
    circuit.open()
    assert circuit.admit() == FIRST_PAUSE_S
