"""What a second labeller says of a call, beside its gold: how far two people agree, and targets to learn from.

    python -m evaluation.meaning.second_labels      agreement per measure and language, the bound of any engine

Where the two differ, neither is sure: a model learns such a turn or state by half. Two turns of one task, the demand
and the promise, are both learned as such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from callytics.engines.analysis.resolution import RESOLVED
from evaluation.dialogues import LANGUAGES, read_dialogues, read_second_labels
from evaluation.meaning.reading import Reading
from evaluation.meaning.rows import ROWS

Call = Mapping[str, Any]
Vector = npt.NDArray[np.float64]
MEASURES = (
    "issue",
    "outcome",
    "resolved",
    "contradicted",
    "actions",
    "topic",
    "lapses_precision",
    "lapses_recall",
)
"""Rows of the table that the second labeller was asked."""

PARTS = ("earlier", "third", "fourth")
"""Rounds in which the calls were written; the later ones have theirs in the id."""

NEAR_TURNS = 3
"""Two marks of one owner that are at most so far apart, and that the other side lacks, are one task."""

DOUBTED = 0.5
"""Target of a turn that one of the two marks as a task and the other does not."""


def task_target(call: Call, second: Call | None, owner: str, ids: Sequence[str]) -> Vector:
    """Per turn, how far it states a task of ``owner``: 1 if both say so."""
    gold = [set(item["turn_ids"]) for item in call["action_items"] if item["owner"] == owner]
    place = {turn_id: index for index, turn_id in enumerate(ids)}
    target = np.zeros(len(ids))
    if second is None:
        _raise(target, place, (turn for turns in gold for turn in turns), 1.0)
        return target
    others = [turn for name, turn in second["tasks"] if name == owner]
    alone = []
    for turns in gold:
        same = next((turn for turn in others if turn in turns), None)
        _raise(target, place, turns, 1.0 if same else DOUBTED)
        if same:
            others.remove(same)
        else:
            alone.append(turns)
    for turns in alone:
        near = _nearest(turns, others, place)
        if near:
            others.remove(near)
            _raise(target, place, (*turns, near), 1.0)
    _raise(target, place, others, DOUBTED)
    return target


def outcome_target(call: Call, second: Call | None, ids: Sequence[str]) -> Vector:
    """Shape (turns, states): where the outcome is stated and what it makes of the call; sums to 1, or all 0."""
    marked = [set(call["outcome"]["turn_ids"]) if call["outcome"] else set()]
    marked += [set(second["outcome"])] if second else []
    of_turns = [np.array([float(turn_id in turns) for turn_id in ids]) for turns in marked if turns]
    if not of_turns:
        return np.zeros((len(ids), len(RESOLVED)))
    turns = np.mean([each / each.sum() for each in of_turns], axis=0)
    return np.outer(turns, resolved_target(call, second))


def resolved_target(call: Call, second: Call | None) -> Vector:
    """Shape (states,): 1 for what both say, a half each where they differ."""
    target = np.zeros(len(RESOLVED))
    for labels in (call, second) if second else (call,):
        target[RESOLVED.index(labels["resolved"])] += 1.0
    target /= target.sum()
    return target


def _raise(target: Vector, place: Mapping[str, int], turns: Any, value: float) -> None:
    for turn in turns:
        if turn in place:
            target[place[turn]] = max(target[place[turn]], value)


def _nearest(turns: set[str], others: Sequence[str], place: Mapping[str, int]) -> str | None:
    def distance(turn: str) -> int:
        return min(abs(place[turn] - place[of_gold]) for of_gold in turns)

    near = [turn for turn in others if distance(turn) <= NEAR_TURNS]
    return min(near, key=distance) if near else None


def reading_of(labels: Call) -> Reading:
    """The second labels of a call as if a system had said them."""
    return Reading(
        issue=frozenset(labels["issue"]),
        outcome=frozenset(labels["outcome"]),
        resolved=labels["resolved"],
        actions=tuple((owner, frozenset([turn])) for owner, turn in labels["tasks"]),
        topic=labels["topic"],
        lapses=frozenset(labels["lapses"]),
    )


def part_of(call: Call) -> str:
    return next((part for part in PARTS if f"_{part}_" in call["id"]), PARTS[0])


def agreement() -> list[str]:
    """A line per language and part of the corpus."""
    second = read_second_labels()
    calls = [c for split in ("fit", "choose") for c in read_dialogues(split) if c["id"] in second]
    lines = []
    for language in LANGUAGES:
        for part in PARTS:
            of_part = [c for c in calls if c["language"] == language and part_of(c) == part]
            figures = []
            for row in (row for row in ROWS if row.id in MEASURES):
                counts = [
                    np.array(row.score(call, reading_of(second[call["id"]])).counts) for call in of_part
                ]
                figures.append(f"{row.id} {row.figure(np.sum(counts, axis=0)):.2f}")
            lines.append(f"{language} {part} ({len(of_part)}): {', '.join(figures)}")
    return lines


if __name__ == "__main__":
    print("\n".join(agreement()))
