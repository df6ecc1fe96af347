"""Possible irony: flagged where praise means its opposite, and not where it is meant."""

from __future__ import annotations

import numpy as np
import pytest

from callytics.domain import Role, SentimentLabel
from callytics.engines.sentiment.assembly import analyze
from callytics.engines.sentiment.lexicon import Lexicon
from callytics.engines.sentiment.mood import may_be_irony
from tests.support.talk import talk


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for nothing.",
        "Great, just great.",
        "Oh how generous, and it still doesn't work.",
        "Fat lot of good that does me.",
        "Brilliant. Nobody came again, for the third time.",
    ],
)
def test_english_irony_is_flagged(text: str) -> None:
    assert may_be_irony(text, "en")


@pytest.mark.parametrize(
    "text",
    [
        "참 잘도 해 주시네요.",
        "세 번째 전화인데 아주 감동적이네요.",
        "눈물 나게 고맙네요.",
        "아직도 안 왔다니, 참 훌륭한 서비스네요.",
    ],
)
def test_korean_irony_is_flagged(text: str) -> None:
    assert may_be_irony(text, "ko")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Thank you, that's lovely."),
        ("en", "You've been brilliant, I was stuck for an hour."),
        ("en", "Great, see you on Tuesday."),
        ("ko", "덕분에 해결됐어요. 감동이에요."),
        ("ko", "정말 친절하시네요. 감사합니다."),
        ("fr", "Merci pour rien."),
    ],
)
def test_sincere_words_are_not_flagged(language: str, text: str) -> None:
    assert not may_be_irony(text, language)


def test_ironic_praise_counts_as_negative() -> None:
    call = talk(
        ("a", "Thanks for nothing."),
        ("c", "Thanks for nothing."),
        language="en",
        roles={"a": Role.AGENT, "c": Role.CUSTOMER},
    )
    praise = analyze(call, lambda texts, _: np.array([[0.1, 0.1, 0.8]] * len(texts)), Lexicon(), 10)
    of_agent, of_customer = praise.turns
    assert (of_agent.possible_irony, of_agent.label) == (False, SentimentLabel.POSITIVE)
    assert of_customer.possible_irony
    assert of_customer.label is SentimentLabel.NEGATIVE
    assert of_customer.positive == 0.0
    assert of_customer.negative == pytest.approx(0.9)
