"""Calls that the call reader does not learn from, and the tables of them."""

from __future__ import annotations

from typing import Any

from callytics.domain import Claim, ContactSummary
from evaluation.dialogues import read_dialogues
from evaluation.meaning import unseen
from evaluation.meaning.call_items import UNSEEN, unseen_calls
from evaluation.meaning.reading import conversation_of


def test_unseen_calls_are_choose_and_some_of_the_third_round() -> None:
    ids = [call["id"] for call in unseen_calls()]
    assert len(set(ids)) == len(ids)
    assert {call["id"] for call in read_dialogues("choose")} <= set(ids)
    assert sum("_third_" in name for name in ids) == UNSEEN
    assert not {call["id"] for call in read_dialogues("report")} & set(ids)


def test_unseen_calls_are_the_same_every_time() -> None:
    assert [call["id"] for call in unseen_calls()] == [call["id"] for call in unseen_calls()]


def test_figures_are_of_all_calls_and_of_each_language() -> None:
    calls = [(call, conversation_of(call, roles=True)) for call in unseen_calls()]
    topics = {turns.turns[0].content: call["topic"] for call, turns in calls if call["language"] == "ko"}

    def analyze(conversation: Any) -> ContactSummary:
        topic = topics.get(conversation.turns[0].content, "never heard of")
        return ContactSummary(None, Claim(topic, ()), None, None, None)

    (cell,) = unseen.figures(calls, analyze, ["topic"])
    assert cell.split()[1:] == ["1.000", "0.000"]
