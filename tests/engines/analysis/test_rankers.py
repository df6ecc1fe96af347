"""The committed models, and how they are fitted."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from callytics.domain import Role
from callytics.engines.analysis.features import features_of, kind_of, look_at
from callytics.engines.analysis.rankers import Rankers, best
from evaluation.meaning import train
from tests.support.service_calls import ENGLISH, KOREAN, ROLES
from tests.support.talk import talk

MODELS: dict[str, Any] = json.loads(train.TABLE.read_text(encoding="utf-8"))


def test_models_were_not_fitted_on_the_report_split() -> None:
    assert set(MODELS["trained_on"]) <= {"fit", "choose"}


def test_revision_is_the_digest_of_the_weights() -> None:
    models = {"turns": MODELS["turns"], "resolved": MODELS["resolved"]}
    digest = hashlib.sha256(json.dumps(models, sort_keys=True).encode()).hexdigest()[:12]
    assert MODELS["revision"] == digest


@pytest.mark.parametrize("call", [KOREAN, ENGLISH])
def test_chances_of_a_call_sum_to_one(call: Any) -> None:
    reading = Rankers()(look_at(call))
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
