"""How the model's predictions become marks; the real library runs in tests/contract/test_punctuation.py."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest

from callytics.domain import Conversation
from callytics.engines.punctuation.deep_multilingual import DeepMultilingualPunctuationRestorer
from callytics.engines.punctuation.routed import RoutedPunctuationRestorer
from tests.support.talk import talk


class PunctuationModel:
    """Predicts what it is told: a mark after these words."""

    MARKS: ClassVar = {"hello": ",", "late": ".", "why": "?", "well": "-"}

    def __init__(self, model: str) -> None:
        self.pipe = SimpleNamespace(model=SimpleNamespace(config=SimpleNamespace(_commit_hash="abc")))

    def predict(self, words: list[str]) -> list[list[Any]]:
        assert all(any(c.isalnum() for c in word) for word in words)
        return [[word, self.MARKS.get(word.lower(), "0"), 0.9] for word in words]


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("deepmultilingualpunctuation")
    module.PunctuationModel = PunctuationModel
    monkeypatch.setitem(sys.modules, "deepmultilingualpunctuation", module)


def contents(conversation: Conversation) -> list[list[str]]:
    restored = DeepMultilingualPunctuationRestorer()(conversation)
    return [[sentence.text for sentence in turn.sentences] for turn in restored.turns]


def test_marks_are_added_and_sentences_split() -> None:
    call = talk(("a", "hello my order is late why"), language="en")
    assert contents(call) == [["hello, my order is late.", "why?"]]


def test_marks_of_the_recogniser_are_kept() -> None:
    call = talk(("a", "Hello! It is late, why. Yes"), language="en")
    assert contents(call) == [["Hello!", "It is late, why.", "Yes."]]


def test_dash_is_a_separate_word() -> None:
    assert contents(talk(("a", "well it works"), language="en")) == [["well - it works."]]


def test_words_without_letters_are_not_passed_to_the_model() -> None:
    assert contents(talk(("a", "hello ... 42 ?"), language="en")) == [["hello, ... 42 ?"]]


def test_other_languages_keep_their_marks() -> None:
    assert contents(talk(("a", "hello. late why"), language="ja")) == [["hello.", "late why"]]


def test_the_commit_of_the_hub_is_the_revision() -> None:
    engine = DeepMultilingualPunctuationRestorer()
    assert (engine.model, engine.model_revision) == ("oliverguhr/fullstop-punctuation-multilang-large", "abc")


def test_korean_goes_to_kiwi_and_english_to_the_model() -> None:
    engine = RoutedPunctuationRestorer()
    korean = engine(talk(("a", "언제 되나요 내일 됩니다")))
    assert korean.turns[0].content == "언제 되나요? 내일 됩니다."
    assert engine(talk(("a", "hello why"), language="en")).turns[0].content == "hello, why?"
    assert "kiwi" in engine.model
    assert "fullstop" in engine.model
