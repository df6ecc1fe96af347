"""The written calls keep to their format: marks name turns that exist, words that are there, speakers with roles."""

from __future__ import annotations

from typing import Any

import pytest

from callytics.domain import Role, SentimentLabel
from evaluation.dialogues import LANGUAGES, read_dialogues

SPLITS = ("fit", "choose", "report")


def calls() -> list[dict[str, Any]]:
    return [call for split in SPLITS for call in read_dialogues(split)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_corpus_has_its_documented_size(language: str) -> None:
    sizes = [len(read_dialogues(split, language)) for split in SPLITS]
    assert sum(sizes) >= 120
    assert max(sizes) - min(sizes) <= 1


def test_ids_are_unique() -> None:
    ids = [call["id"] for call in calls()]
    assert len(set(ids)) == len(ids)


def test_third_of_the_dialogues_is_noisy() -> None:
    noisy = sum("noise" in call["tags"] for call in calls())
    assert noisy / len(calls()) >= 1 / 3


@pytest.mark.parametrize("call", calls(), ids=lambda call: call["id"])
def test_labels_name_existing_parts(call: dict[str, Any]) -> None:
    texts = {turn["id"]: turn["text"] for turn in call["turns"]}
    named = [*call["action_items"], call["issue"] or {}, call["outcome"] or {}]
    assert {i for part in named for i in part.get("turn_ids", [])} <= texts.keys()
    assert {turn["speaker"] for turn in call["turns"]} == call["roles"].keys()
    assert {Role(role) for role in call["roles"].values()} <= {Role.AGENT, Role.CUSTOMER, Role.OTHER}
    for turn in call["turns"]:
        assert SentimentLabel(turn["sentiment"]) in turn.get("sentiment_ok", [turn["sentiment"]])
    for mark in (*call["pii"], *call["pii_optional"]):
        assert mark["text"] in texts[mark["turn_id"]]
    agents = {letter for letter, role in call["roles"].items() if role == "AGENT"}
    speakers = {turn["id"]: turn["speaker"] for turn in call["turns"]}
    assert {speakers[i] for i in call["quality"]["lapse_turn_ids"]} <= agents
