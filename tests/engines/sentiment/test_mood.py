"""The mood of turns: what their neighbours, roles and words make of it."""

from __future__ import annotations

import time

import numpy as np
import pytest

from callytics.domain import Role, SentimentAnalysis, SentimentLabel
from callytics.engines.sentiment.embedding import EmbeddingSentimentAnalyzer
from callytics.engines.sentiment.mood import MoodModel, cues_of, embedding_features, neighbours_of, ngrams
from tests.support.talk import talk

ROLES = {"a": Role.AGENT, "c": Role.CUSTOMER}
NEGATIVE = SentimentLabel.NEGATIVE


@pytest.fixture(scope="module")
def feel() -> EmbeddingSentimentAnalyzer:
    return EmbeddingSentimentAnalyzer()


def labels(found: SentimentAnalysis) -> list[SentimentLabel]:
    return [turn.label for turn in found.turns]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ko", "이 씨발 놈아"),
        ("ko", "벌써 세 번째 전화하는 건데 왜 아무도 답을 안 해요?"),
        ("ko", "다시 전화하라고요? 책임자 바꿔 주세요."),
        ("en", "You people are useless idiots."),
        ("en", "This is the third time I've called and it's still broken."),
        ("en", "Thanks for nothing."),
    ],
)
def test_customers_complaint_is_negative(feel: EmbeddingSentimentAnalyzer, language: str, text: str) -> None:
    opening = "네, 말씀하세요." if language == "ko" else "Go ahead."
    call = talk(("a", opening), ("c", text), language=language, roles=ROLES)
    assert labels(feel(call))[1] is NEGATIVE


@pytest.mark.parametrize(
    ("language", "speaker", "text"),
    [
        ("ko", "c", "안 좋은 건 아니에요."),
        ("ko", "c", "환불 받았어요."),
        ("ko", "c", "친절보험 만기가 언제인지 알고 싶어서요."),
        ("ko", "a", "정말 답답하셨겠어요. 제가 확인해 보겠습니다."),
        ("en", "a", "How frustrating that must be. Let me check that for you."),
        ("en", "c", "Yeah, well, I was told to call support."),
        ("en", "c", "I need the address of your po box."),
        ("en", "c", "I have a policy with Good Life Insurance."),
    ],
)
def test_plain_words_are_not_negative(
    feel: EmbeddingSentimentAnalyzer, language: str, speaker: str, text: str
) -> None:
    opening = "네." if language == "ko" else "Okay."
    call = talk(("c" if speaker == "a" else "a", opening), (speaker, text), language=language, roles=ROLES)
    assert labels(feel(call))[1] is not NEGATIVE


def test_mood_is_the_same_again(feel: EmbeddingSentimentAnalyzer) -> None:
    call = talk(("a", "네."), ("c", "아직도 안 왔어요."), roles=ROLES)
    assert feel(call) == feel(call)


def test_neighbours_are_told_apart_by_party() -> None:
    assert neighbours_of(["a", "c", "c", "a"]) == [
        {1: 1, 2: 3},
        {-1: 0, 1: 3, 2: 2},
        {-1: 0, -2: 1, 1: 3},
        {-1: 2, -2: 0},
    ]


def test_embeddings_of_the_other_party_stand_beside_the_turn() -> None:
    embeddings = np.array([[1.0], [2.0], [3.0]])
    rows = embedding_features(embeddings, neighbours_of(["a", "c", "a"]))
    assert rows.tolist() == [[2.0, 0.0, 2.0], [4.0, 1.0, 3.0], [6.0, 2.0, 0.0]]


def test_repetition_and_pressure_are_cues() -> None:
    assert {"repeat", "press"} <= set(cues_of("세 번째 말씀드려요, 책임자 바꿔 주세요.", "ko"))
    assert {"repeat", "press"} <= set(cues_of("I told you again, I want your supervisor.", "en"))
    assert cues_of("Encore une fois.", "fr") == {}


def test_numbers_are_one_sign_in_ngrams() -> None:
    assert ngrams("12 apples", "en") == ngrams("7 apples", "en")
    assert ngrams("douze pommes", "fr") == set()


def test_label_follows_the_thresholds() -> None:
    document = {
        "revision": "x",
        "weights": {},
        "dense": [],
        "bias": [0, 0, 0],
        "thresholds": {"en": [2.0, 1.0, 1.0]},
    }
    model = MoodModel(document)
    assert model.label((0.3, 0.5, 0.2), "en") == 0
    assert model.label((0.3, 0.5, 0.2), "ko") == 1


@pytest.mark.alone
def test_call_of_ten_minutes_costs_little_time(feel: EmbeddingSentimentAnalyzer) -> None:
    lines = [
        ("ac"[n % 2], f"네, 그러면 {n}번 요금이 왜 아직도 안 바뀌었는지 다시 확인해 주세요.")
        for n in range(120)
    ]
    call = talk(*lines, roles=ROLES)
    feel(call)
    begun_s = time.process_time()
    feel(call)
    assert time.process_time() - begun_s < 2.0  # .3 s by itself; the machine of the tests may be busy
