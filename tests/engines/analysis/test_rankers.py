"""The committed models, and how they are fitted."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pytest

from callytics.domain import Role
from callytics.engines.analysis.encoder import DIMENSIONS, Remembering, SentenceEncoder
from callytics.engines.analysis.features import features_of, followed_by, kind_of, look_at
from callytics.engines.analysis.rankers import Rankers, best
from evaluation.meaning import train
from tests.support.service_calls import ENGLISH, KOREAN, ROLES
from tests.support.talk import talk

MODELS: dict[str, Any] = json.loads(train.TABLE.read_text(encoding="utf-8"))


def test_models_were_not_fitted_on_the_report_split() -> None:
    assert set(MODELS["trained_on"]) <= {"fit", "choose"}


def test_revision_is_the_digest_of_the_weights() -> None:
    models = {name: MODELS[name] for name in ("turns", "outcome", "embedding", "resolved")}
    digest = hashlib.sha256(json.dumps(models, sort_keys=True).encode()).hexdigest()[:12]
    assert MODELS["revision"] == digest


@pytest.mark.parametrize("call", [KOREAN, ENGLISH])
def test_chances_of_a_call_sum_to_one(call: Any) -> None:
    reading = Rankers()(look_at(call), Remembering(SentenceEncoder()))
    assert sum(reading.issue) == pytest.approx(1)
    assert sum(reading.outcome) == pytest.approx(1)
    assert call.turns[best(reading.issue)].id == "t2"


def test_fitted_model_prefers_what_was_marked() -> None:
    """Three calls whose customer states the issue second: the model learns the place and the sign."""
    gold = {"language": "en", "issue": {"turn_ids": ["t2"]}}
    calls = [
        talk(("a", "Hello."), ("c", text), ("a", "One moment."), roles=ROLES, language="en")
        for text in ("My lamp is broken.", "My card is lost.", "The parcel is late.")
    ]
    examples = [train.Example(gold, look_at(call), 1.0) for call in calls]
    weights = train.fit_choice(examples, "issue", [example.features() for example in examples])
    scores = [
        sum(weights.get(name, 0.0) * value for name, value in features_of(examples[0].seen, i).items())
        for i in range(3)
    ]
    assert best(scores) == 1


def test_fitted_outcome_tells_where_it_is_and_which() -> None:
    """Six calls whose agent ends the matter third: what the turn says decides between true and false."""
    said = {True: "I have refunded it.", False: "I cannot refund it."}
    examples = []
    for resolved in (True, False) * 3:
        call = talk(
            ("a", "Hello."), ("c", "A refund, please."), ("a", said[resolved]), roles=ROLES, language="en"
        )
        gold = {"language": "en", "outcome": {"turn_ids": ["t3"]}, "resolved": resolved}
        examples.append(train.Example(gold, look_at(call), 1.0))
    rows = [example.features(1) for example in examples]
    embedded = {seen.turn.content: np.zeros(DIMENSIONS) for example in examples for seen in example.seen}
    weights, _ = train.fit_outcome(examples, rows, embedded)
    for example in examples[:2]:
        scores = [
            [
                sum(weights.get(name, (0, 0, 0))[state] * value for name, value in row.items())
                for state in range(3)
            ]
            for row in example.features(1)
        ]
        states = (True, False, None)
        place, state = max(((i, s) for i in range(3) for s in range(3)), key=lambda at: scores[at[0]][at[1]])
        assert (place, states[state]) == (2, example.gold["resolved"])


def test_turns_are_followed_by_the_signs_of_later_turns_only() -> None:
    call = look_at(talk(("a", "I have cancelled it."), ("c", "Thank you."), roles=ROLES, language="en"))
    first, last = followed_by(call)
    assert "p:C:thanks" in first
    assert not any(name.startswith("p:A") for name in first)
    assert last == {}


def test_text_is_encoded_once_in_a_call() -> None:
    asked: list[str] = []

    class Counting(SentenceEncoder):
        def __init__(self) -> None:
            """Without weights."""

        def __call__(self, texts: Any) -> Any:
            asked.extend(texts)
            return np.array([[float(len(text))] for text in texts])

    encode = Remembering(Counting())
    assert encode(["a", "bb", "a"]).tolist() == [[1.0], [2.0], [1.0]]
    assert encode(["bb", "ccc"]).tolist() == [[2.0], [3.0]]
    assert asked == ["a", "bb", "ccc"]


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["Hi, I have four questions for our survey.", "Fine, go on then please."], "outbound"),
        (
            [
                "City Water.",
                "You lost my bin.",
                "This is the water company, wrong number.",
                "Isn't this the council?",
            ],
            "wrong",
        ),
        (["City Water, hello.", "There is a leak in my street."], ""),
    ],
)
def test_kind_of_call(lines: list[str], kind: str) -> None:
    spoken = (("ac"[number % 2], line) for number, line in enumerate(lines))
    assert kind_of(look_at(talk(*spoken, roles=ROLES, language="en"))) == kind


def test_other_party_speaks_for_the_customer() -> None:
    call = talk(("a", "Hello."), ("d", "My mother's phone is dead."), roles=ROLES | {"d": Role.OTHER})
    assert [seen.letter for seen in look_at(call)] == ["A", "C"]
