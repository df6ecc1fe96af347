"""Every part that the quality asks about has an answer, with or without prototypes; the encoder only hashes here."""

from __future__ import annotations

import hashlib
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from callytics.domain import Role
from callytics.engines.sentiment import quality
from callytics.engines.sentiment.prototype import PrototypeSentimentAnalyzer
from tests.support.talk import talk

ROLES = {"a": Role.AGENT, "c": Role.CUSTOMER}
KOREAN = talk(
    ("a", "안녕하세요. 행복카드 김민지입니다. 무엇을 도와드릴까요?"),
    ("c", "요금이 두 번 결제됐는데 아무도 연락을 안 줘서 너무 짜증 나고 화가 나요."),
    ("a", "많이 답답하셨겠습니다. 바로 확인해 드리겠습니다."),
    ("c", "네, 감사합니다."),
    ("a", "더 필요하신 것은 없으신가요? 감사합니다."),
    roles=ROLES,
)
ENGLISH = talk(
    ("c", "Hello, my internet is broken again, I have been waiting for three weeks and I am really upset about this."),
    ("a", "This is Oliver from Blue Mobile. I am sorry for that."),
    ("c", "Okay."),
    ("a", "Goodbye."),
    roles=ROLES,
    language="en",
)  # fmt: skip
FRENCH = talk(("a", "Bonjour."), ("c", "Bonjour, ça ne marche pas."), roles=ROLES, language="fr")


class Hashing:
    def __init__(self, model: str, **options: object) -> None: ...

    def __getitem__(self, index: int) -> Any:
        return SimpleNamespace(config=None)

    def encode(self, sentences: list[str], **options: object) -> Any:
        seeds = [int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) for text in sentences]
        rows = [np.random.default_rng(seed).standard_normal(16) for seed in seeds]
        return np.array([row / np.linalg.norm(row) for row in rows]).reshape(-1, 16)


@pytest.fixture
def analyzer(monkeypatch: pytest.MonkeyPatch) -> PrototypeSentimentAnalyzer:
    monkeypatch.setitem(sys.modules, "sentence_transformers", SimpleNamespace(SentenceTransformer=Hashing))
    return PrototypeSentimentAnalyzer()


@pytest.mark.parametrize("call", [KOREAN, ENGLISH, FRENCH], ids=["ko", "en", "fr"])
def test_call_is_judged_whatever_part_is_asked(analyzer: PrototypeSentimentAnalyzer, call: Any) -> None:
    result = analyzer(call)
    assert len(result.turns) == len(call.turns)
    assert {criterion.id for criterion in result.quality_criteria} == set(quality.WEIGHTS)


def test_part_without_prototypes_is_told_by_words(
    analyzer: PrototypeSentimentAnalyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, list[bool]] = {}
    empathy = quality.empathy

    def noted(conversation: Any, turns: Any, shows: Any, **options: Any) -> Any:
        seen["hardship"] = [shows("hardship", turn) for turn in conversation.turns]
        return empathy(conversation, turns, shows, **options)

    monkeypatch.setattr(quality, "empathy", noted)
    analyzer(ENGLISH)
    assert seen["hardship"] == [True, False, False, False]
