"""Targets of two labellers, and their agreement."""

from __future__ import annotations

from typing import Any

import pytest

from evaluation.dialogues import read_dialogues, read_second_labels
from evaluation.meaning.second_labels import outcome_target, resolved_target, task_target

IDS = [f"t{number}" for number in range(1, 9)]


def call(*tasks: tuple[str, list[str]], outcome: str = "t4", resolved: bool | None = True) -> dict[str, Any]:
    items = [{"owner": owner, "turn_ids": turns} for owner, turns in tasks]
    return {"action_items": items, "outcome": {"turn_ids": [outcome]}, "resolved": resolved}


def second(*tasks: tuple[str, str], outcome: str = "t4", resolved: bool | None = True) -> dict[str, Any]:
    return {"tasks": [list(task) for task in tasks], "outcome": [outcome], "resolved": resolved}


@pytest.mark.parametrize(
    ("gold", "labels", "target"),
    [
        ((["t2"],), ("t2",), {"t2": 1.0}),
        ((["t2"],), ("t3",), {"t2": 1.0, "t3": 1.0}),  # the demand and the promise
        ((["t2"],), ("t7",), {"t2": 0.5, "t7": 0.5}),
        ((["t2", "t5"],), (), {"t2": 0.5, "t5": 0.5}),
        ((), ("t6",), {"t6": 0.5}),
        ((["t2"], ["t3"]), ("t3",), {"t2": 0.5, "t3": 1.0}),  # one mark is one task
    ],
)
def test_turn_is_learned_as_far_as_both_mark_it(
    gold: tuple[list[str], ...], labels: tuple[str, ...], target: dict[str, float]
) -> None:
    found = task_target(
        call(*(("AGENT", turns) for turns in gold)),
        second(*(("AGENT", turn) for turn in labels), ("CUSTOMER", "t8")),
        "AGENT",
        IDS,
    )
    assert {name: value for name, value in zip(IDS, found.tolist(), strict=True) if value} == target


def test_without_a_second_labeller_the_gold_counts() -> None:
    assert task_target(call(("AGENT", ["t2"])), None, "AGENT", IDS).tolist() == [0, 1, 0, 0, 0, 0, 0, 0]
    assert resolved_target(call(resolved=False), None).tolist() == [0.0, 1.0, 0.0]


def test_outcome_is_shared_between_turns_and_states() -> None:
    target = outcome_target(call(outcome="t4"), second(outcome="t6", resolved=None), IDS)
    assert target.sum() == pytest.approx(1)
    assert target[3].tolist() == target[5].tolist() == [0.25, 0.0, 0.25]


def test_second_labels_name_calls_and_turns_that_exist() -> None:
    labels = read_second_labels()
    splits = ("fit", "choose", "report", "fresh")
    known = {c["id"]: c for split in splits for c in read_dialogues(split)}  # type: ignore[arg-type]
    assert labels.keys() == known.keys()
    for name, of_call in labels.items():
        turns = {turn["id"] for turn in known[name]["turns"]}
        assert {*of_call["issue"], *of_call["outcome"], *(turn for _, turn in of_call["tasks"])} <= turns
