"""Whether a call resolved its issue, from what the rankers found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from callytics.domain import Role
from callytics.engines.analysis.encoder import DIMENSIONS, Vector
from callytics.engines.analysis.features import look_at
from callytics.engines.analysis.resolution import (
    LAST_LENGTH,
    LAST_TURNS,
    chances_of,
    decided,
    last_texts,
    seen_of_call,
)
from tests.support.service_calls import ROLES
from tests.support.talk import talk


def encode(texts: Sequence[str]) -> Vector:
    """Every text lies on the axis of its number of letters."""
    return np.eye(DIMENSIONS)[[len(text) for text in texts]]


@pytest.mark.parametrize(
    ("chances", "said", "state"),
    [
        ((0.8, 0.1, 0.1), False, True),
        ((0.1, 0.8, 0.1), False, False),
        ((0.45, 0.35, 0.2), False, None),  # the likeliest, and too likely to be the contrary
        ((0.5, 0.1, 0.4), False, None),
        ((0.2, 0.2, 0.6), True, True),
        ((0.2, 0.3, 0.5), True, None),  # a refusal is too likely to believe it
    ],
)
def test_contradiction_costs_more_than_not_shown(
    chances: tuple[float, ...], said: bool, state: bool | None
) -> None:
    assert decided(chances, said) is state


def test_chances_are_a_softmax() -> None:
    weights = np.array([[0.0, np.log(2.0), np.log(5.0)]])
    assert chances_of(np.array([1.0]), weights) == pytest.approx([0.125, 0.25, 0.625])


def test_last_turns_of_a_party_are_read() -> None:
    lines = [("ac"[number % 2], f"number {number} of ten") for number in range(20)]
    call = look_at(talk(*lines, ("c", "Bye now."), roles=ROLES, language="en"))
    last = last_texts(call, Role.CUSTOMER)
    assert last == [f"number {number} of ten" for number in range(9, 20, 2)]
    assert len(last) == LAST_TURNS


def test_task_after_the_outcome_is_seen() -> None:
    call = look_at(talk(("a", "It is done now."), ("c", "Good, thank you."), roles=ROLES, language="en"))
    endings = ((0.9, 0.0, 0.0), (0.0, 0.0, 0.1))
    none, later = (seen_of_call(call, endings, (0.0, task), (0.0, 0.0), encode) for task in (0.0, 0.8))
    assert none.shape == (19 + 2 * DIMENSIONS,)
    assert (later - none)[(later - none) != 0].tolist() == pytest.approx([0.8] * 4)


def test_means_have_their_length_and_a_silent_party_none() -> None:
    call = look_at(talk(("a", "It is done now."), roles=ROLES, language="en"))
    means = seen_of_call(call, ((1.0, 0.0, 0.0),), (0.0,), (0.0,), encode)[-2 * DIMENSIONS :]
    customer, agent = means.reshape(2, DIMENSIONS)
    assert np.linalg.norm(customer) == 0
    assert np.linalg.norm(agent) == pytest.approx(LAST_LENGTH)
