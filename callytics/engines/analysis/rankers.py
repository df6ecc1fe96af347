"""Linear models over the features of turns: which turn states the issue and the outcome, which turns leave tasks, and
whether the call resolved the issue. evaluation/meaning/train.py fitted models.json on the written calls.

The signs of every turn are weighed in pure Python. The likeliest outcomes are read by their sentence embedding as well:
some hundredths of a second for a call of ten minutes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from typing import Any

import numpy as np

from callytics.domain import Role
from callytics.engines.analysis.blending import READER_SHARE, endings_of, issue_of, states_of, tasks_of_party
from callytics.engines.analysis.call_reader import ReadCall, reading_order
from callytics.engines.analysis.encoder import Remembering, Vector
from callytics.engines.analysis.features import (
    Features,
    Seen,
    features_after,
    features_of,
    followed_by,
    whole_call,
)
from callytics.engines.analysis.resolution import (
    RESOLVED,
    chances_of,
    decided,
    last_texts,
    seen_of_call,
)
from callytics.engines.analysis.solved import says_solved

CANDIDATES = 8
"""Turns whose embedding is read: the likeliest by their signs, for the outcome and for tasks. The others are none."""

EMBEDDING_WEIGHT, NEXT_SHARE = 3.0, 0.7
"""Length of the embedding beside the signs, and that of the next turn's beside it: what is said to a turn tells whether
it was the outcome, and which."""

PARTIES = ("AGENT", "CUSTOMER")
CHOICES = ("issue", *PARTIES)
"""The first columns of the weights; those of the outcome's states follow."""

NOTHING = 0
"""Row of the weights that no feature has, so that every turn has one."""

TASK_SHARE = 0.3
"""How much the weights of an agent's task count for the sentence that is quoted as the outcome: in one turn, what the
agent will do says more of it than what went wrong."""


@dataclass(frozen=True)
class Reading:
    """Probabilities per turn, in the order of the call, and whether the issue was resolved. ``endings``: of stating the
    outcome and of its being true, false and null."""

    issue: tuple[float, ...]
    endings: tuple[tuple[float, ...], ...]
    agent_task: tuple[float, ...]
    customer_task: tuple[float, ...]
    resolved: bool | None
    topics: Mapping[str, float] = field(default_factory=dict)
    """Scores of the topics by the call reader."""

    @cached_property
    def outcome(self) -> tuple[float, ...]:
        return tuple(sum(chances) for chances in self.endings)


class Rankers:
    """Safe to call from several threads; deterministic.

    Args:
        document: what evaluation/meaning/train.py fitted; models.json by default.
        read_call: reads the call as a whole, beside the linear models; None leaves these alone.
        shares: how much it counts, by name as in READER_SHARE.
    """

    def __init__(
        self,
        document: Mapping[str, Any] | None = None,
        read_call: ReadCall | None = None,
        shares: Mapping[str, float] = READER_SHARE,
    ) -> None:
        self._read_call, self._shares = read_call, shares
        document = document or _committed()
        self.revision = str(document["revision"])
        self._row, self._weights = _matrix(document)
        self._of_embedding: Mapping[str, Vector] = {
            name: np.array(weights, dtype=np.float64) for name, weights in document["embedding"].items()
        }
        """Shape (512,) for the tasks of a party, (1024, states) for the outcome: the turn's and the next turn's."""
        self._of_call: Vector = np.array(document["resolved"], dtype=np.float64)  # (numbers, states)

    def __call__(self, call: Sequence[Seen], encode: Remembering) -> Reading:
        """Args:
        call: at least one turn.
        encode: the encoder of this call.
        """
        issue, endings, agent, customer = self.chances(call, encode)
        seen = seen_of_call(call, endings, agent, customer, encode)
        states = chances_of(seen, self._of_call)
        if self._read_call is None:
            return Reading(issue, endings, agent, customer, decided(states, says_solved(call)))
        outcome = [sum(chances) for chances in endings]
        rankings = [_ranked(chances) for chances in (outcome, agent, customer, issue)]
        read = self._read_call(call, reading_order(rankings, len(call)))
        return Reading(
            issue_of(issue, read, self._shares["issue"]),
            endings_of(endings, read, self._shares["outcome"]),
            tasks_of_party(agent, read, 0, self._shares["tasks"]),
            tasks_of_party(customer, read, 1, self._shares["tasks"]),
            decided(states_of(states, read, self._shares["resolved"]), says_solved(call)),
            read.topics,
        )

    def chances(self, call: Sequence[Seen], encode: Remembering) -> tuple[Any, Any, Any, Any]:
        """Per turn: of the issue, of the outcome by state, and of a task of the agent and of the customer."""
        totals = self._totals([features_of(call, index) for index in range(len(call))])
        scores: dict[str, Any] = {name: totals[:, place].tolist() for place, name in enumerate(CHOICES)}
        issue = _softmax(scores["issue"])
        added = self._added(call, best(issue))
        scores["outcome"] = (totals[:, len(CHOICES) :] + added[:, len(CHOICES) :]).tolist()
        likely = {name: _likeliest(scores[name]) for name in PARTIES}
        likely["outcome"] = _likeliest([_log_total(states) for states in scores["outcome"]])
        encode(_texts(call, likely))  # all at once: twice as fast as one by one
        chances = {name: self._tasks(name, call, scores[name], likely[name], encode) for name in PARTIES}
        endings = self._endings(call, scores["outcome"], likely["outcome"], encode)
        return issue, endings, chances["AGENT"], chances["CUSTOMER"]

    def weight(self, model: str, seen: Seen, sentence_signs: frozenset[str]) -> float:
        """How much the signs of a sentence speak for the statement that its turn was chosen for."""
        names = [name for sign in sentence_signs for name in (f"s:{sign}", f"s:{seen.letter}:{sign}")]
        of_names = self._weights[[self._row[name] for name in names if name in self._row]].sum(axis=0)
        if model == "outcome":
            came_of_it, of_agent = of_names[len(CHOICES) :].mean(), of_names[CHOICES.index("AGENT")]
            return float(came_of_it + TASK_SHARE * of_agent)
        return float(of_names[CHOICES.index(model)])

    def _totals(self, rows: Sequence[Features]) -> Vector:
        """Shape (len(rows), columns): the weights of the known features times their values."""
        starts: list[int] = []
        places: list[int] = []
        values: list[float] = []
        for found in rows:
            starts.append(len(places))
            places.append(NOTHING)
            values.append(0.0)
            for name, value in found.items():
                place = self._row.get(name)
                if place is not None:
                    places.append(place)
                    values.append(value)
        weighed: Vector = self._weights[places]
        weighed *= np.array(values)[:, None]
        totals: Vector = np.add.reduceat(weighed, starts)
        return totals

    def _tasks(
        self,
        owner: str,
        call: Sequence[Seen],
        scores: Sequence[float],
        likely: Sequence[int],
        encode: Remembering,
    ) -> tuple[float, ...]:
        added = self._read(owner, call, likely, encode)
        chances = {i: _logistic(scores[i] + more) for i, more in zip(likely, added, strict=True)}
        return tuple(chances.get(i, 0.0) for i in range(len(call)))

    def _added(self, call: Sequence[Seen], stated: int) -> Vector:
        """Shape (turns, columns): what the turn of the issue, what follows a turn and the whole call add."""
        of_turns = [
            features_after(call, index, stated) | after for index, after in enumerate(followed_by(call))
        ]
        return self._totals(of_turns) + self._totals([whole_call(call)])

    def _endings(
        self,
        call: Sequence[Seen],
        scores: Sequence[Sequence[float]],
        likely: Sequence[int],
        encode: Remembering,
    ) -> tuple[tuple[float, ...], ...]:
        """Per turn, the chances that it states the outcome and that this is true, false or null: one softmax over all,
        since a turn that refuses is an outcome for the same words that make it "not resolved"."""
        added = self._read("outcome", call, likely, encode)
        flat = [
            score + more
            for index, of_turn in zip(likely, added, strict=True)
            for score, more in zip(scores[index], of_turn, strict=True)
        ]
        chances, size = _softmax(flat), len(RESOLVED)
        found_chances: list[tuple[float, ...]] = [(0.0,) * size for _ in call]
        for place, index in enumerate(likely):
            found_chances[index] = chances[place * size : (place + 1) * size]
        return tuple(found_chances)

    def _read(self, model: str, call: Sequence[Seen], likely: Sequence[int], encode: Remembering) -> Any:
        """What the embeddings of these turns add to their scores: a number each, or one per state."""
        vectors = EMBEDDING_WEIGHT * encode([call[index].turn.content for index in likely])
        if model == "outcome":
            last = len(call) - 1
            following = encode([call[min(last, index + 1)].turn.content for index in likely])
            following[[index == last for index in likely]] = 0.0
            vectors = np.hstack([vectors, EMBEDDING_WEIGHT * NEXT_SHARE * following])
        return (vectors @ self._of_embedding[model]).tolist()


def _matrix(document: Mapping[str, Any]) -> tuple[dict[str, int], Vector]:
    """The row of every feature, and the weights: a column for each of CHOICES and for each state of the outcome."""
    turns, outcome = document["turns"], document["outcome"]
    names = ["", *sorted(set(outcome).union(*turns.values()))]
    row = {name: number for number, name in enumerate(names)}
    weights = np.zeros((len(names), len(CHOICES) + len(RESOLVED)))
    for column, choice in enumerate(CHOICES):
        for name, weight in turns[choice].items():
            weights[row[name], column] = weight
    for name, of_states in outcome.items():
        weights[row[name], len(CHOICES) :] = of_states
    return row, weights


def _committed() -> Mapping[str, Any]:
    table = resources.files("callytics.engines.analysis").joinpath("models.json")
    document: Mapping[str, Any] = json.loads(table.read_text(encoding="utf-8"))
    return document


def _likeliest(scores: Sequence[float]) -> list[int]:
    return _ranked(scores)[:CANDIDATES]


def _ranked(scores: Sequence[float]) -> list[int]:
    return sorted(range(len(scores)), key=lambda index: (-scores[index], index))


def _texts(call: Sequence[Seen], likely: Mapping[str, Sequence[int]]) -> list[str]:
    """What is read of a call: its candidates, the turns after those of the outcome, and the last turns."""
    last = len(call) - 1
    places = {index for of_model in likely.values() for index in of_model}
    places |= {min(last, index + 1) for index in likely["outcome"]}
    texts = [call[index].turn.content for index in sorted(places)]
    return [*texts, *last_texts(call, Role.CUSTOMER), *last_texts(call, Role.AGENT)]


def best(values: Sequence[float]) -> int:
    """The index of the highest value, the first of equal ones."""
    return max(range(len(values)), key=lambda index: (values[index], -index))


def _softmax(scores: Sequence[float]) -> tuple[float, ...]:
    highest = max(scores)
    powers = [math.exp(score - highest) for score in scores]
    total = sum(powers)
    return tuple(power / total for power in powers)


def _log_total(scores: Sequence[float]) -> float:
    """The logarithm of the sum of the powers."""
    highest = max(scores)
    return highest + math.log(sum(math.exp(score - highest) for score in scores))


def _logistic(score: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score))))
