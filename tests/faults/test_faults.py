"""Calls stream in while one part after another is killed, breaks, or hangs: none is lost, none is done twice.

A short form is part of every run; CALLYTICS_FAULTS=all (`make test-faults`) goes through every part.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from callytics.config import ENGINE_STAGES
from tests.faults.graph import CONTROLLER, PROXY, FaultGraph, Outcome, Traffic, while_file

ALL = os.environ.get("CALLYTICS_FAULTS") == "all"
CALLS_BEFORE, CALLS_AFTER = 3, 4
PATIENCE_S = 120.0
"""For the graph to accept calls again, and then to finish all of them."""

Fault = Callable[[FaultGraph], None]

KILLS: dict[str, Fault] = {
    **{f"SIGKILL {name}": partial(FaultGraph.kill_application, name=name) for name in ENGINE_STAGES},
    "SIGKILL call-pipeline": partial(FaultGraph.kill_application, name="call-pipeline"),
    "SIGKILL database-service": partial(FaultGraph.kill_application, name="database-service"),
    "SIGKILL api-gateway": partial(FaultGraph.kill_application, name="api-gateway"),
    "SIGKILL Serve controller": lambda graph: graph.kill(CONTROLLER),
    "SIGKILL proxy": lambda graph: graph.kill(PROXY),
    "SIGKILL head, redeploy": FaultGraph.restart,
}
# tests/e2e/test_resilience.py kills others in the middle of a call, with real engines.
SHORT = ("SIGKILL call-pipeline", "SIGKILL database-service")
BROKEN = "recogniser crashes on every call"
HANGING = "analyser hangs"


@pytest.fixture(scope="module")
def outcomes() -> Iterator[list[Outcome]]:
    """What was measured; printed as a table at the end."""
    outcomes: list[Outcome] = []
    yield outcomes
    print("\n" + "\n".join([Outcome.HEAD, "|---" * 8 + "|", *(outcome.row() for outcome in outcomes)]))


def suffer(graph: FaultGraph, name: str, fault: Fault, outcomes: list[Outcome]) -> Outcome:
    traffic = Traffic(graph)
    try:
        traffic.wait_for(CALLS_BEFORE, PATIENCE_S)
        fault(graph)
        traffic.wait_for(CALLS_AFTER, PATIENCE_S)
    finally:
        traffic.end()
    outcome = traffic.outcome(name, PATIENCE_S)
    outcomes.append(outcome)
    print(outcome.row(), flush=True)
    return outcome


@pytest.mark.parametrize("name", [name for name in KILLS if ALL or name in SHORT])
def test_whatever_is_killed_no_call_is_lost_or_done_twice(
    name: str, graph: FaultGraph, outcomes: list[Outcome]
) -> None:
    outcome = suffer(graph, name, KILLS[name], outcomes)
    assert (outcome.lost, outcome.duplicated, outcome.partial) == (0, 0, 0), outcome


@pytest.mark.skipif(not ALL, reason="make test-faults")
def test_calls_that_wait_for_a_broken_stage_finish_by_themselves(
    graph: FaultGraph, outcomes: list[Outcome]
) -> None:
    fault = while_file(graph.home / "fail", 30.0)
    outcome = suffer(graph, BROKEN, fault, outcomes)
    assert (outcome.lost, outcome.duplicated, outcome.partial) == (0, 0, 0), outcome


@pytest.mark.skipif(not ALL, reason="make test-faults")
def test_an_optional_stage_that_hangs_makes_calls_partial_and_stops_no_other(
    graph: FaultGraph, outcomes: list[Outcome]
) -> None:
    outcome = suffer(graph, HANGING, while_file(graph.home / "hang", 40.0), outcomes)
    assert (outcome.lost, outcome.duplicated) == (0, 0), outcome
    assert outcome.partial > 0
    assert outcome.completed > 0
