"""Prototypes with the real all-MiniLM-L6-v2 (English), inside the environment of sentiment-analyzer."""

from __future__ import annotations

from collections import Counter

import pytest

from callytics.domain import Conversation, Role
from callytics.engines.sentiment.greeting_closing import CLOSING_PARTS, GREETING_PARTS
from callytics.engines.sentiment.prototype import PrototypeSentimentAnalyzer, _prototypes
from callytics.errors import WeightsError
from tests.support.checkpoints import minilm, require
from tests.support.talk import talk

ROLES = {"a": Role.AGENT, "c": Role.CUSTOMER}
GOOD = talk(
    ("a", "Good morning, you have reached Blue Mobile. My name is Oliver. What can I do for you?"),
    ("c", "My phone has had no signal since yesterday and I am getting annoyed."),
    ("a", "I am terribly sorry for that, I see how annoying it must be."),
    ("c", "Okay."),
    ("a", "Would you like help with something more? Thanks a lot for your call. Goodbye, have a lovely day."),
    roles=ROLES,
    language="en",
)
BARE = talk(
    ("a", "Account number."),
    ("c", "My phone has had no signal since yesterday and I am getting annoyed."),
    ("a", "The antenna is in maintenance until six."),
    ("c", "This is terrible service, I am really angry and disappointed."),
    ("a", "Until six."),
    ("c", "I am furious, it is still not working and this is a horrible mess."),
    ("a", "It is in maintenance."),
    roles=ROLES,
    language="en",
)


def test_prototypes_cover_every_part_in_both_languages() -> None:
    asked = {
        "positive",
        "neutral",
        "negative",
        *GREETING_PARTS,
        *CLOSING_PARTS,
        "understanding",
        "trouble",
        "content",
        "other",
    }
    for language in ("ko", "en"):
        found = _prototypes((language,))
        assert set(found) == asked
        assert min(len(sentences) for sentences in found.values()) >= 3
        assert max(Counter(text for of_part in found.values() for text in of_part).values()) == 1


@pytest.fixture(scope="module")
def engine() -> PrototypeSentimentAnalyzer:
    require("sentence_transformers", "sentiment-analyzer")
    return PrototypeSentimentAnalyzer(model=str(minilm()))


def scores(engine: PrototypeSentimentAnalyzer, call: Conversation) -> dict[str, float | None]:
    return {criterion.id: criterion.score for criterion in engine(call).quality_criteria}


def test_criteria_are_found_by_meaning(engine: PrototypeSentimentAnalyzer) -> None:
    good, bare = scores(engine, GOOD), scores(engine, BARE)
    assert good["greeting"] == 100.0
    assert good["closing"] == 100.0
    assert good["empathy"] == 100.0
    assert bare["greeting"] == 0.0
    assert bare["empathy"] == 0.0
    assert (bare["closing"] or 0.0) < 50.0


def test_missing_model_is_reported(engine: PrototypeSentimentAnalyzer) -> None:
    with pytest.raises(WeightsError) as caught:
        PrototypeSentimentAnalyzer(model="callytics/does-not-exist")
    assert caught.value.code == "weights_unavailable"
