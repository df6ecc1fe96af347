"""Several calls in one run of the sentence encoder: the same analyses as one by one."""

from __future__ import annotations

from typing import Any

import pytest

from callytics.domain import Conversation, Role
from tests.support.checkpoints import minilm, require
from tests.support.talk import talk

ROLES = {"a": Role.AGENT, "c": Role.CUSTOMER}
ENGLISH = [("a", "Hello, how can I help you?"), ("c", "My invoice is wrong and I am angry.")]
KOREAN = [("c", "정말 감사합니다."), ("a", "도움이 되어 기쁩니다. 좋은 하루 되세요.")]
CALLS = [talk(*ENGLISH, language="en", roles=ROLES), talk(*KOREAN, roles=ROLES), talk(language="en")]


@pytest.fixture(scope="module")
def analyzer() -> Any:
    require("sentence_transformers", "sentiment-analyzer")
    from callytics.engines.sentiment.prototype import PrototypeSentimentAnalyzer

    return PrototypeSentimentAnalyzer(model=str(minilm()))


@pytest.mark.parametrize("calls", [CALLS, CALLS[2:], []], ids=["three", "silent", "none"])
def test_batch_gives_the_same_as_single_calls(analyzer: Any, calls: list[Conversation]) -> None:
    together = analyzer.batch([(call,) for call in calls])
    alone = [analyzer(call) for call in calls]
    for batched, single in zip(together, alone, strict=True):
        assert [turn.label for turn in batched.turns] == [turn.label for turn in single.turns]
        for one, other in zip(batched.turns, single.turns, strict=True):
            scores = (one.positive, one.neutral, one.negative)
            assert scores == pytest.approx((other.positive, other.neutral, other.negative), abs=1e-4)
        assert batched.quality_criteria == single.quality_criteria
