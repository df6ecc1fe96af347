"""The short calls and statements that the models learn from."""

from __future__ import annotations

import pytest

from evaluation.dialogues import LANGUAGES, read_dialogues
from evaluation.meaning.more_calls import FOLDER, _call, read_more_calls, read_topic_statements
from evaluation.meaning.scores import TOPIC_NAMES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_call_has_its_marks(language: str) -> None:
    for call in read_more_calls(language):
        ids = {turn["id"] for turn in call["turns"]}
        marked = [call["issue"], call["outcome"], *call["action_items"]]
        assert all(item["turn_ids"] and set(item["turn_ids"]) <= ids for item in marked)
        assert call["topic_ok"][0] == call["topic"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_topics_are_those_of_the_corpus(language: str) -> None:
    known = {
        topic for split in ("fit", "choose") for call in read_dialogues(split) for topic in call["topic_ok"]
    }
    texts = read_more_calls(language) + read_topic_statements(language)
    used = {topic for call in texts for topic in call["topic_ok"]}
    assert used <= known - set(TOPIC_NAMES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_taken_from_the_corpus(language: str) -> None:
    of_corpus = {
        turn["text"]
        for split in ("fit", "choose", "report")
        for call in read_dialogues(split, language)
        for turn in call["turns"]
        if len(turn["text"].split()) > 4
    }
    texts = read_more_calls(language) + read_topic_statements(language)
    assert not of_corpus & {turn["text"] for call in texts for turn in call["turns"]}


def test_agent_who_states_the_topic_is_marked() -> None:
    statements = read_topic_statements("en")
    assert any(call["turns"][0]["speaker"] == "A" and call["topic"] == "billing" for call in statements)
    assert not any(call["turns"][0]["text"].startswith("A: ") for call in statements)


def test_line_that_is_no_turn_names_the_call_and_the_file() -> None:
    with pytest.raises(ValueError, match=r"Call 7 of training/en\.txt: no turn in 'X Hello'"):
        _call("billing | | true\nX Hello", "en", 7)


def test_format_is_described_beside_the_files() -> None:
    assert "== topic" in (FOLDER / "README.md").read_text(encoding="utf-8")
