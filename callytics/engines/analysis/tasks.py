"""The tasks that a call leaves: turns with a chance, and a demand with the promise that answers it as one task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from callytics.engines.analysis.features import Seen
from callytics.engines.analysis.open_requests import asks_the_customer, is_unanswered_request

MIN_TASK = 0.35
"""Probability from which a task is reported."""

MIN_PART = 0.1
"""Probability from which a turn belongs to the task of the turn beside it. Both limits were chosen by cross-validation
on fit and choose."""


MIN_ASKED = 0.1
"""Probability from which a request of the agent in plain words ("please send us ...") is the customer's task. On calls
that no model had learned from F1 is as without it (.682 and .681), and recall .01 higher."""


@dataclass(frozen=True)
class Task:
    """``owner`` is AGENT or CUSTOMER; ``turns``: places in the call, the likeliest first, at most two."""

    owner: str
    turns: tuple[int, ...]


def tasks_of(call: Sequence[Seen], agent: Sequence[float], customer: Sequence[float]) -> list[Task]:
    """In the order of the call.

    Args:
        call: the turns.
        agent: per turn, the chance that it leaves the agent a task.
        customer: the same for the customer.
    """
    tasks = _likely(call, "AGENT", agent) + _likely(call, "CUSTOMER", customer)
    asked = {turn for task in tasks if task.owner == "CUSTOMER" for turn in task.turns}
    tasks += [
        Task("CUSTOMER", (index,))
        for index, chance in enumerate(customer)
        if index not in asked and chance >= MIN_ASKED and asks_the_customer(call[index])
    ]
    told = {turn for task in tasks for turn in task.turns}
    tasks += [
        Task("AGENT", (index,))
        for index in range(len(call))
        if index not in told and is_unanswered_request(call, index)
    ]
    return sorted(tasks, key=lambda task: (min(task.turns), task.owner))


def _likely(call: Sequence[Seen], owner: str, chances: Sequence[float]) -> list[Task]:
    """The turns of one owner's tasks. "Send us a photo." and "I will, tonight." are one, whichever was marked: the
    chance that one of the two states it counts."""
    waiting = sorted(
        (index for index, chance in enumerate(chances) if chance >= MIN_PART),
        key=lambda index: (-chances[index], index),
    )
    tasks = []
    while waiting:
        first = waiting.pop(0)
        beside = [index for index in waiting if _answers(call, first, index)][:1]
        waiting = [index for index in waiting if index not in beside]
        missed = 1.0
        for index in (first, *beside):
            missed *= 1.0 - chances[index]
        if 1.0 - missed >= MIN_TASK:
            tasks.append(Task(owner, (first, *beside)))
    return tasks


def _answers(call: Sequence[Seen], one: int, other: int) -> bool:
    return abs(one - other) == 1 and call[one].turn.participant_id != call[other].turn.participant_id
