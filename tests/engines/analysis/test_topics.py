"""The topic, on sentences that are in no training file and no corpus."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pytest

from callytics.engines.analysis.encoder import DIMENSIONS, Remembering, SentenceEncoder
from callytics.engines.analysis.features import look_at
from callytics.engines.analysis.topics import Topics, context, topic_features
from evaluation.meaning import train_topics
from tests.support.service_calls import ROLES
from tests.support.talk import talk

TABLE: dict[str, Any] = json.loads(train_topics.TABLE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def encode() -> Remembering:
    return Remembering(SentenceEncoder())


@pytest.fixture(scope="module")
def topic_of() -> Topics:
    return Topics()


@pytest.mark.parametrize(
    ("language", "said", "topic"),
    [
        ("en", "The tumble dryer hums but the drum doesn't move.", "technical_support"),
        ("en", "I'd like to stop my cheese club at the end of June.", "cancellation"),
        ("en", "Your courier tossed my box into the hedge.", "delivery"),
        ("en", "Someone pinched my rucksack and my bank card was in it.", "card_loss"),
        ("en", "What would the monthly rate be if I borrowed nine thousand?", "loan"),
        ("ko", "건조기가 웅웅거리기만 하고 통이 안 돌아요.", "technical_support"),
        ("ko", "치즈 정기구독을 유월까지만 받고 그만하려고요.", "cancellation"),
        ("ko", "택배 기사님이 상자를 담 너머로 던져 놓고 가셨어요.", "delivery"),
        ("ko", "배낭을 도둑맞았는데 은행 카드가 들어 있었어요.", "card_loss"),
        ("ko", "구백만 원 빌리면 한 달 이자가 얼마나 돼요?", "loan"),
    ],
)
def test_topic_of_new_words(
    topic_of: Topics, encode: Remembering, language: str, said: str, topic: str
) -> None:
    hello = {"en": "Good morning, how can I help?", "ko": "네, 무엇을 도와드릴까요?"}[language]
    call = talk(("a", hello), ("c", said), roles=ROLES, language=language)
    assert topic_of(look_at(call), [0.1, 0.9], encode).text == topic


def test_topic_without_a_cue_names_the_turn_of_the_issue(topic_of: Topics, encode: Remembering) -> None:
    call = talk(("a", "Hello."), ("c", "Zib zab zob."), roles=ROLES, language="en")
    claim = topic_of(look_at(call), [0.1, 0.9], encode)
    assert claim.evidence_turn_ids == (call.turns[1].id,)


def test_doubtful_issue_does_not_decide_alone(topic_of: Topics, encode: Remembering) -> None:
    """The recording begins late: no turn states the issue, the others speak of a loan."""
    call = talk(
        ("c", "Yes, that is right."),
        ("a", "The rate of the mortgage is four percent, fixed for ten years."),
        ("c", "And if I repay the loan early?"),
        ("a", "Then the lender charges one monthly repayment."),
        roles=ROLES,
        language="en",
    )
    assert topic_of(look_at(call), [0.4, 0.1, 0.35, 0.15], encode).text == "loan"


def test_topic_is_the_same_on_every_call(topic_of: Topics, encode: Remembering) -> None:
    call = talk(("a", "Hello."), ("c", "The gate at the depot is jammed."), roles=ROLES, language="en")
    seen = look_at(call)
    assert {topic_of(seen, [0.1, 0.9], encode) for _ in range(3)} == {topic_of(seen, [0.1, 0.9], encode)}


def test_context_grows_with_the_turns(encode: Remembering) -> None:
    said = [f"The gate at depot {number} is jammed." for number in range(7)]

    def length(turns: int) -> float:
        call = talk(*(("c", text) for text in said[:turns]), roles=ROLES, language="en")
        return float(np.linalg.norm(context(look_at(call), encode)))

    assert [length(turns) for turns in (1, 2, 6, 7)] == pytest.approx([0.0, 0.2, 1.0, 1.0])


def test_words_of_the_issue_weigh_more_than_the_rest() -> None:
    call = talk(("a", "Which boiler?"), ("c", "The kettle."), roles=ROLES, language="en")
    found = topic_features(look_at(call), 1)
    assert found["en:kettle"] > found["en:boiler"]


def test_other_texts_of_a_request_change_the_last_digit_at_most() -> None:
    encode = SentenceEncoder()
    alone = encode(["My oven is cold."])
    together = encode(["Hello.", "My oven is cold."])
    assert alone.shape == (1, DIMENSIONS)
    assert alone[0].tolist() == pytest.approx(together[1].tolist(), abs=1e-6)
    assert encode(["Hello.", "My oven is cold."]).tolist() == together.tolist()


def test_table_was_not_fitted_on_the_report_split() -> None:
    assert set(TABLE["trained_on"]) <= {"fit", "choose"}


def test_revision_is_the_digest_of_the_table() -> None:
    table = {name: TABLE[name] for name in ("labels", "features", "weights", "embedding", "context")}
    digest = hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()[:12]
    assert TABLE["revision"] == digest
