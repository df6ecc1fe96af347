"""Whether a call resolved its issue, judged by the whole of it.

The turn of the outcome alone does not tell: a promise after it, or what the customer says to it, makes it pending or
solved. A softmax over true, false and null weighs what the rankers found and the mean embeddings of the last turns of
both parties. evaluation/meaning/train.py fitted it on calls that the rankers had not learned from.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from callytics.domain import Role
from callytics.engines.analysis.encoder import DIMENSIONS, Encode, Vector
from callytics.engines.analysis.features import Seen
from callytics.engines.analysis.solved import says_solved

RESOLVED = (True, False, None)
"""The order of the states."""

LAST_TURNS, LAST_WORDS = 6, 3
"""Turns of a party whose mean embedding is seen: the last ones with so many words. With 3 the negative logarithm in
cross-validation is .68, with 4 to 8 .66."""

LAST_LENGTH = 1.5
"""Length of a mean embedding beside the rest."""

REGRET = 1.5
"""How much a contradiction counts beside a right answer: a wrong yes costs more than a "not shown"."""

SURELY_NOT = 0.25
"""Probability of false above which a customer who says that it is solved is not believed."""

TINY, MOST_TASKS, LONG_CALL = 1e-3, 3.0, 20


def last_texts(call: Sequence[Seen], role: Role) -> list[str]:
    of_party = [seen.turn.content for seen in call if seen.role is role and seen.length >= LAST_WORDS]
    return of_party[-LAST_TURNS:]


def seen_of_call(
    call: Sequence[Seen],
    endings: Sequence[Sequence[float]],
    agent: Sequence[float],
    customer: Sequence[float],
    encode: Encode,
) -> Vector:
    """Shape (19 + 2 * 512,).

    Args:
        call: at least one turn.
        endings: per turn, the chances that it states the outcome and that this is true, false or null.
        agent: per turn, the chance that it leaves the agent a task.
        customer: the same for the customer.
        encode: the encoder of this call.
    """
    chances = np.array(endings)
    of_turns = chances.sum(axis=1)
    stated = int(of_turns.argmax())
    found = [1.0, np.mean([seen.language == "ko" for seen in call])]
    found += np.log(chances.sum(axis=0) + TINY).tolist()
    for tasks in (np.array(agent), np.array(customer)):
        after = tasks[stated + 1 :].max(initial=0.0)
        found += [tasks.max(), min(MOST_TASKS, tasks.sum()), 1 - np.prod(1 - tasks), tasks[stated], after]
    place = float(of_turns @ np.arange(len(call))) / len(call)
    found += [place, min(1.0, len(call) / LONG_CALL), of_turns[stated], float(says_solved(call))]
    means = [_mean(last_texts(call, role), encode) for role in (Role.CUSTOMER, Role.AGENT)]
    return np.concatenate([np.array(found, dtype=np.float64), *means])


def _mean(texts: Sequence[str], encode: Encode) -> Vector:
    """Shape (512,): of LAST_LENGTH, zero where the party says nothing."""
    if not texts:
        return np.zeros(DIMENSIONS)
    mean: Vector = encode(texts).mean(axis=0)
    return LAST_LENGTH * mean / (np.linalg.norm(mean) or 1.0)


def decided(chances: Sequence[float], said: bool = False) -> bool | None:
    """The state with the highest expected worth: 1 for a right answer, -REGRET for a contradiction, 0 for null where it
    is wrong.

    Args:
        chances: of true, false and null.
        said: the customer says that it is solved; one of 753 calls has that, so no model can learn it.
    """
    true, false, neither = chances
    if said and false < SURELY_NOT:
        return True
    worth = (true - REGRET * false, false - REGRET * true, neither)
    return RESOLVED[max(range(len(worth)), key=lambda state: (worth[state], state))]


def chances_of(seen: Vector, weights: Vector) -> list[float]:
    """Args:
    seen: shape (numbers,), of seen_of_call.
    weights: shape (numbers, states).
    """
    scores = seen @ weights
    powers = np.exp(scores - scores.max())
    return [float(chance) for chance in powers / powers.sum()]
