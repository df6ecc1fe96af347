"""Turns of several calls with one forward pass, through the library's own `predict`: written here as version 1.0.1 has
it, with a pipeline that marks by rule. The real library: tests/contract/test_punctuation.py."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from callytics.engines.punctuation.deep_multilingual import DeepMultilingualPunctuationRestorer
from tests.support.talk import talk
from tests.support.waiting import wait_until

CHUNK, OVERLAP = 230, 5


class Pipeline:
    """A full stop after "now", a comma after "well"; two tokens a word. Counts its forward passes."""

    device = "cpu"

    def __init__(self) -> None:
        self.model = SimpleNamespace(config=SimpleNamespace(_commit_hash="abc"))
        self.passes: list[int] = []

    def __call__(self, texts: str | Sequence[str], batch_size: int = 1) -> Any:
        if isinstance(texts, str):
            self.passes.append(1)
            return self._tokens(texts)
        assert batch_size == len(texts)
        self.passes.append(len(texts))
        return [self._tokens(text) for text in texts]

    def _tokens(self, text: str) -> list[dict[str, Any]]:
        tokens, end = [], 0
        for word in text.split():
            middle, end = end + len(word) // 2, end + len(word)
            label = {"now": ".", "well": ","}.get(word, "0")
            tokens += [
                {"end": middle, "entity": "0", "score": 0.9},
                {"end": end, "entity": label, "score": 0.9},
            ]
            end += 1
        return tokens


class PunctuationModel:
    def __init__(self, model: str) -> None:
        self.pipe: Any = Pipeline()

    def predict(self, words: list[str]) -> list[list[Any]]:
        overlap = 0 if len(words) <= CHUNK else OVERLAP
        chunks = [words[i : i + CHUNK] for i in range(0, len(words), CHUNK - overlap)]
        if len(chunks[-1]) <= overlap:
            chunks.pop()
        tagged: list[list[Any]] = []
        for chunk in chunks:
            if chunk == chunks[-1]:
                overlap = 0
            text = " ".join(chunk)
            result = self.pipe(text)
            assert len(text) == result[-1]["end"], "chunk size too large, text got clipped"
            char_index = result_index = 0
            for word in chunk[: len(chunk) - overlap]:
                char_index += len(word) + 1
                label: Any = 0
                while result_index < len(result) and char_index > result[result_index]["end"]:
                    label, score = result[result_index]["entity"], result[result_index]["score"]
                    result_index += 1
                tagged.append([word, label, score])
        assert len(tagged) == len(words)
        return tagged


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("deepmultilingualpunctuation")
    module.PunctuationModel = PunctuationModel
    monkeypatch.setitem(sys.modules, "deepmultilingualpunctuation", module)


LONG = " ".join(f"w{number} well" if number % 50 == 0 else f"w{number}" for number in range(500)) + " now"
CALLS = [
    talk(("a", "well hello I see it now what else"), ("c", "now"), language="en"),
    talk(("a", LONG), ("c", "... yes"), ("a", "안녕하세요"), language="en"),
    talk(language="en"),
]


def test_turns_that_share_a_pass_get_the_marks_that_they_get_alone() -> None:
    shared = DeepMultilingualPunctuationRestorer(batch_across_calls=True)
    alone = DeepMultilingualPunctuationRestorer(batch_across_calls=False)
    assert [shared(call) for call in CALLS] == [alone(call) for call in CALLS]
    passes = shared._punctuation.pipe.passes
    assert passes[0] == 2  # the turns of the first call
    assert passes[1] > 3  # the chunks of a long turn, too
    assert set(alone._punctuation.pipe.passes) == {1}


def test_turns_of_calls_that_wait_share_a_pass() -> None:
    restorer = DeepMultilingualPunctuationRestorer(batch_across_calls=True)
    queue: Any = restorer._queue
    queue._is_started = True  # its thread begins when all wait
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(restorer, talk(("a", f"well {n} now"), language="en")) for n in range(4)]
        wait_until(lambda: len(queue._order) == 4, "all turns wait")
        for thread in queue._threads:
            thread.start()
        assert [one.result(60).turns[0].content for one in asked] == [f"well, {n} now." for n in range(4)]
    assert restorer._punctuation.pipe.passes == [4]
    restorer.close()


def test_on_a_cpu_a_turn_is_alone_unless_asked_otherwise() -> None:
    restorer = DeepMultilingualPunctuationRestorer()
    restorer(CALLS[0])
    assert set(restorer._punctuation.pipe.passes) == {1}
