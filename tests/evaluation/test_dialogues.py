"""The written calls keep to their format: marks name turns that exist, words that are there, speakers with roles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from callytics.domain import Role, SentimentLabel
from evaluation.dialogues import (
    FILE_NAMES,
    FOLDER,
    LANGUAGES,
    read_agent_turns,
    read_dialogues,
    read_stretches,
    read_turns,
)

SPLITS = ("fit", "choose", "report", "fresh")


def calls() -> list[dict[str, Any]]:
    return [call for split in SPLITS for call in read_dialogues(split)]


def calls_of_file(name: str) -> list[dict[str, Any]]:
    path = FOLDER / name
    return (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_corpus_has_its_documented_size(language: str) -> None:
    first = {call["id"] for call in calls_of_file(FILE_NAMES[language][0])}
    sizes = [len(first & {call["id"] for call in read_dialogues(split, language)}) for split in SPLITS[:3]]
    assert sum(sizes) >= 120
    assert max(sizes) - min(sizes) <= 1
    assert len(read_dialogues("fresh", language)) == 60


@pytest.mark.parametrize("language", LANGUAGES)
def test_second_file_adds_to_fit_only(language: str) -> None:
    more = calls_of_file(FILE_NAMES[language][1])
    assert {call["split"] for call in more} <= {"fit"}
    assert {call["id"] for call in more} <= {call["id"] for call in read_dialogues("fit", language)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_fresh_calls_are_in_no_other_split(language: str) -> None:
    assert {call["split"] for call in calls_of_file(FILE_NAMES[language][2])} == {"fresh"}


def test_second_file_has_its_documented_size() -> None:
    assert len(calls_of_file(FILE_NAMES["ko"][1])) == 705
    assert len(calls_of_file(FILE_NAMES["en"][1])) == 606


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


@pytest.mark.parametrize("language", LANGUAGES)
def test_turns_to_learn_from_have_marks_that_exist(language: str) -> None:
    for kind in ("opening", "ending", "short"):
        for call in read_turns(language, kind):  # type: ignore[arg-type]
            ids = {turn["id"] for turn in call["turns"]}
            marked = [call.get("issue"), call.get("outcome"), *call.get("action_items", ())]
            assert all(item["turn_ids"] and set(item["turn_ids"]) <= ids for item in marked if item), call[
                "id"
            ]
            assert {turn["speaker"] for turn in call["turns"]} <= call["roles"].keys()
            assert call.get("topic") in call.get("topic_ok", (None,))


@pytest.mark.parametrize("language", LANGUAGES)
def test_turns_to_learn_from_are_in_no_call(language: str) -> None:
    of_calls = {
        turn["text"]
        for split in SPLITS
        for call in read_dialogues(split, language)  # type: ignore[arg-type]
        for turn in call["turns"]
        if len(turn["text"].split()) > 4
    }
    kinds = ("opening", "ending", "short")
    learned = {
        turn["text"] for kind in kinds for call in read_turns(language, kind) for turn in call["turns"]
    }  # type: ignore[arg-type]
    assert learned
    assert not of_calls & learned


@pytest.mark.parametrize("language", LANGUAGES)
def test_turns_of_agents_are_labelled_and_each_is_written_once(language: str) -> None:
    turns = read_agent_turns(language)
    assert len({(turn["before"], turn["text"]) for turn in turns}) == len(turns) >= 280
    assert not any(turn["impolite"] and turn["empathy"] for turn in turns)
    assert sum(turn["impolite"] for turn in turns) > 100
    assert sum(turn["empathy"] for turn in turns) > 60


@pytest.mark.parametrize("language", LANGUAGES)
def test_stretches_name_the_role_of_every_speaker(language: str) -> None:
    stretches = read_stretches(language)
    for stretch in stretches:
        assert {turn["speaker"] for turn in stretch["turns"]} == set(stretch["roles"])
        assert set(stretch["roles"].values()) <= {"AGENT", "CUSTOMER", "OTHER"}
    for kind, label in (("opening", "greeting"), ("closing", "closing")):
        labels = [stretch[label] for stretch in stretches if stretch["kind"] == kind]
        assert len(labels) >= 60
        assert set(labels) == {True, False, None}
    assert len({json.dumps(stretch["turns"]) for stretch in stretches}) == len(stretches)
