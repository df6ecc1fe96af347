"""What every engine of punctuation-restorer must do."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from callytics.config import StageConfig
from callytics.domain import Conversation
from callytics.engines import load_engine
from tests.support.checkpoints import PUNCTUATION_LABELS, require, tiny_classifier
from tests.support.talk import talk

KIWI = "callytics.engines.punctuation.kiwi:KiwiPunctuationRestorer"
MULTILINGUAL = (
    "callytics.engines.punctuation.deep_multilingual:DeepMultilingualPunctuationRestorer",
    "callytics.engines.punctuation.routed:RoutedPunctuationRestorer",
)
Restore = Callable[[Conversation], Conversation]

CALLS = [
    talk(
        ("a", "안녕하세요 무엇을 도와드릴까요"),
        ("b", "환불하고 싶은데요 언제 되나요"),
        ("a", "네 내일 됩니다"),
    ),
    talk(("a", "Hello. How can I help?"), ("b", "My order is late."), language="en"),
    talk(("a", "もしもし。元気ですか？"), language="ja"),
    talk(("a", "..."), ("b", "?"), ("a", "음")),
    Conversation("ko", 0.0, (), (), ()),
]


@pytest.fixture(scope="module", params=[KIWI, *MULTILINGUAL], ids=lambda name: name.partition(":")[2])
def restore(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Restore:
    options = {}
    if request.param in MULTILINGUAL:
        require("deepmultilingualpunctuation", "punctuation-restorer")
        folder = tmp_path_factory.mktemp("checkpoint")
        options = {"model": str(tiny_classifier(folder, PUNCTUATION_LABELS, of_tokens=True))}
    engine: Restore = load_engine(StageConfig("punctuation-restorer", request.param, options))
    return engine


@pytest.mark.parametrize("call", CALLS)
def test_what_was_recognised_stays(restore: Restore, call: Conversation) -> None:
    result = restore(call)
    assert (result.participants, result.speech, result.duration_s) == (
        call.participants,
        call.speech,
        call.duration_s,
    )
    assert [(t.id, t.participant_id, t.start_s, t.end_s, t.content_raw, t.words) for t in result.turns] == [
        (t.id, t.participant_id, t.start_s, t.end_s, t.content_raw, t.words) for t in call.turns
    ]


@pytest.mark.parametrize("call", CALLS)
def test_no_letter_is_added_or_lost(restore: Restore, call: Conversation) -> None:
    for before, after in zip(call.turns, restore(call).turns, strict=True):
        assert re.sub(r"[^\w]", "", after.content) == re.sub(r"[^\w]", "", before.content_raw)


@pytest.mark.parametrize("call", CALLS)
def test_sentences_make_up_the_turn_in_order(restore: Restore, call: Conversation) -> None:
    for turn in restore(call).turns:
        assert " ".join(s.text for s in turn.sentences) == turn.content
        times = [time for s in turn.sentences for time in (s.start_s, s.end_s)]
        assert times == sorted(times)
        assert times[0] == turn.start_s
        assert times[-1] == turn.end_s


def test_deterministic_also_from_two_threads(restore: Restore) -> None:
    once = [restore(call) for call in CALLS]
    with ThreadPoolExecutor(2) as pool:
        again = list(pool.map(restore, CALLS * 4))
    assert again == once * 4


def test_result_crosses_processes(restore: Restore) -> None:
    result = restore(CALLS[0])
    assert pickle.loads(pickle.dumps(result)) == result


def test_it_names_its_model(restore: Restore) -> None:
    assert restore.model  # type: ignore[attr-defined]
    assert restore.model_revision  # type: ignore[attr-defined]
