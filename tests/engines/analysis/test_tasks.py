"""Which turns become one task."""

from __future__ import annotations

import pytest

from callytics.engines.analysis.features import look_at
from callytics.engines.analysis.tasks import MIN_ASKED, MIN_TASK, Task, tasks_of
from tests.support.service_calls import ROLES
from tests.support.talk import talk

LINES = ("Hello.", "The lamp is broken.", "Please send us a photo.", "I will, tonight.", "Thank you.")


def found(agent: list[float], customer: list[float]) -> list[Task]:
    spoken = (("ac"[number % 2], line) for number, line in enumerate(LINES))
    return tasks_of(look_at(talk(*spoken, roles=ROLES, language="en")), agent, customer)


@pytest.mark.parametrize(
    ("customer", "turns"),
    [
        ([0.0, 0.0, 0.3, 0.2, 0.0], [(2, 3)]),  # neither is likely enough alone
        ([0.0, 0.0, 0.5, 0.8, 0.0], [(3, 2)]),
        ([0.0, 0.0, 0.05, 0.3, 0.0], []),
        ([0.0, 0.0, 0.9, 0.05, 0.0], [(2,)]),
        ([0.0, 0.9, 0.0, 0.9, 0.0], [(1,), (3,)]),  # not side by side
        ([0.0, 0.6, 0.9, 0.8, 0.0], [(1,), (2, 3)]),  # a turn belongs to one task
    ],
)
def test_demand_and_promise_are_one_task(customer: list[float], turns: list[tuple[int, ...]]) -> None:
    assert found([0.0] * 5, customer) == [Task("CUSTOMER", places) for places in turns]


def test_turns_of_one_party_are_two_tasks() -> None:
    call = talk(("a", "I will call you."), ("a", "I will send a form."), roles=ROLES, language="en")
    assert len(tasks_of(look_at(call), [0.9, 0.9], [0.0, 0.0])) == 2


def test_owners_have_their_own_tasks_in_the_order_of_the_call() -> None:
    tasks = found([0.0, 0.0, 0.0, 0.0, MIN_TASK], [0.0, 0.0, MIN_TASK, 0.0, 0.0])
    assert tasks == [Task("CUSTOMER", (2,)), Task("AGENT", (4,))]


def test_request_that_the_agent_passes_over_is_the_agents() -> None:
    lines = (("c", "Please call me back about the lamp."), ("a", "Lamps are on the first floor."))
    call = look_at(talk(*lines, roles=ROLES, language="en"))
    assert tasks_of(call, [0.0, 0.0], [0.0, 0.0]) == [Task("AGENT", (0,))]
    assert tasks_of(call, [0.9, 0.0], [0.0, 0.0]) == [Task("AGENT", (0,))]


def test_request_of_the_agent_in_plain_words_is_the_customers() -> None:
    """Although the models are in doubt; not where they see no task at all."""
    assert found([0.0] * 5, [0.0, 0.0, MIN_ASKED, 0.0, 0.0]) == [Task("CUSTOMER", (2,))]
    assert found([0.0] * 5, [0.0, MIN_ASKED, MIN_ASKED / 2, 0.0, 0.0]) == []
