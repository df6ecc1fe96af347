"""The reader of whole calls, as it ships."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from callytics.domain import Conversation, Role
from callytics.engines.analysis.call_reader import (
    HEAD_PIECES,
    MOST_PIECES,
    STATES,
    TAIL_PIECES,
    CallReader,
    load_call_reader,
    pieces_within,
    reading_order,
)
from callytics.engines.analysis.features import look_at
from tests.support.service_calls import ENGLISH, KOREAN, ROLES
from tests.support.talk import talk


@pytest.fixture(scope="module")
def read() -> CallReader:
    return load_call_reader()


@pytest.mark.parametrize("call", [KOREAN, ENGLISH])
def test_whole_call_is_read_in_its_order(read: CallReader, call: Conversation) -> None:
    turns = look_at(call)
    found = read(turns, range(len(turns)))
    backwards = read(turns, range(len(turns) - 1, -1, -1))
    assert found.turns == backwards.turns == tuple(range(len(turns)))
    assert np.array_equal(found.outcome, backwards.outcome)
    assert found.issue.shape == (len(turns),)
    assert found.outcome.shape == (len(turns), len(STATES))
    assert found.tasks.shape == (len(turns), 2)
    assert found.turns[int(found.issue.argmax())] == 1


def test_state_follows_what_came_of_the_request(read: CallReader) -> None:
    def state(end: str) -> bool | None:
        call = talk(
            ("a", "Good morning, Aurora Electric, this is Ann."),
            ("c", "Hello, you charged me twice for March and I want the second one back."),
            ("a", "One moment, please. I see both payments here."),
            ("a", end),
            ("c", "Okay."),
            ("a", "Anything else today?"),
            ("c", "No, that was all. Bye."),
            roles=ROLES,
            language="en",
        )
        turns = look_at(call)
        scores = np.logaddexp.reduce(read(turns, range(len(turns))).outcome, axis=0)
        return STATES[int(scores.argmax())]

    assert state("I have just refunded the second payment to your account, it is done.") is True
    assert state("I am sorry, we do not refund that. There is nothing I can do for you.") is False


def test_roles_are_seen(read: CallReader) -> None:
    turns = look_at(ENGLISH)
    swapped = [
        replace(seen, role=Role.AGENT if seen.role is Role.CUSTOMER else Role.CUSTOMER) for seen in turns
    ]
    order = range(len(turns))
    assert not np.allclose(read(turns, order).tasks, read(swapped, order).tasks, atol=0.1)


def test_long_call_is_read_as_far_as_the_order_asks(read: CallReader) -> None:
    said = "Well, the second parcel with the blue lamp has not come to my house in Leeds so far."
    call = talk(
        *[("ac"[i % 2], f"{said} That is number {i}.") for i in range(80)], roles=ROLES, language="en"
    )
    turns = look_at(call)
    order = [70, 3, *range(80)]
    found = read(turns, order)
    assert {3, 70} <= set(found.turns)
    assert len(found.turns) < 80
    assert max(set(found.turns) - {70}) == len(found.turns) - 2
    assert len(found.turns) * 20 < MOST_PIECES


def test_long_turn_is_read_at_its_edges() -> None:
    pieces = list(range(500))
    found = pieces_within(pieces)
    assert found == pieces[:HEAD_PIECES] + pieces[-TAIL_PIECES:]
    assert pieces_within(pieces[:60]) == pieces[:60]


def test_order_begins_with_the_ends_and_takes_the_rankings_in_turn() -> None:
    order = reading_order([[5, 2, 0], [3, 5, 1]], 9)
    assert order[:4] == [0, 8, 1, 7]
    assert order[4:] == [5, 6, 3, 4, 2]
    assert reading_order([[0]], 1) == [0]
