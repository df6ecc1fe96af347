"""The learned share of greeting, closing and empathy."""

from __future__ import annotations

import numpy as np
import pytest

from callytics.domain import Conversation, CriterionState, Participant, Role, RoleSource, Turn
from callytics.engines.sentiment.criteria import shows_by_rules
from callytics.engines.sentiment.quality import assess_quality
from callytics.engines.sentiment.quality_model import LEARNED, NOTHING, signs, state_of

STATES = (CriterionState.SHOWN, CriterionState.NOT_SHOWN)


def call(language: str) -> Conversation:
    said = [("A", "네 여보세요."), ("C", "물이 새요."), ("A", "예.")]
    if language == "en":
        said = [("A", "Yeah."), ("C", "There is a leak."), ("A", "Right.")]
    turns = tuple(
        Turn(f"t{n}", who, float(n), n + 0.9, text, text, (), 1.0) for n, (who, text) in enumerate(said)
    )
    people = (
        Participant("A", Role.AGENT, RoleSource.MANUAL, 1.0),
        Participant("C", Role.CUSTOMER, RoleSource.MANUAL, 1.0),
    )
    return Conversation(language, 3.0, people, turns, ())


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("name", LEARNED)
def test_meaning_decides_beside_the_rules(language: str, name: str) -> None:
    """Some direction of the embeddings makes it shown, and another does not: the model is asked at all."""
    conversation = call(language)
    shows = shows_by_rules(conversation)
    assert shows is not None
    agent = [conversation.turns[0], conversation.turns[2]]
    found = set()
    for vector in 30 * np.vstack([np.eye(512), -np.eye(512)]):
        embeddings = {turn.id: vector for turn in conversation.turns}
        negative = {turn.id: 0.5 for turn in conversation.turns}
        rules = CriterionState.NOT_SHOWN
        found.add(state_of(name, conversation, agent, rules, negative, embeddings, shows))
    assert found <= {*STATES, NOTHING[name]}
    assert len(found) > 1


def test_language_without_a_model_keeps_the_rules() -> None:
    conversation = call("en")
    other = Conversation("de", 3.0, conversation.participants, conversation.turns, ())
    embeddings = {turn.id: np.ones(512) for turn in other.turns}
    state = state_of(
        "greeting", other, other.turns[:1], CriterionState.NOT_SHOWN, {}, embeddings, lambda part, turn: False
    )
    assert state is CriterionState.NOT_SHOWN


def test_signs_say_what_the_rules_say() -> None:
    conversation = call("en")
    rows = [
        signs("closing", conversation, conversation.turns[:1], state, {}, lambda part, turn: False)
        for state in (*STATES, NOTHING["closing"])
    ]
    assert [row[:3].tolist() for row in rows] == np.eye(3).tolist()
    assert all((row[3:] == rows[0][3:]).all() for row in rows)


@pytest.mark.parametrize("name", LEARNED)
def test_state_and_score_belong_together(name: str) -> None:
    conversation = call("en")
    for vector in 3 * np.vstack([np.eye(512), -np.eye(512)])[::50]:
        embeddings = {turn.id: vector for turn in conversation.turns}
        _, criteria, _ = assess_quality(
            conversation, None, {t.id: 0.5 for t in conversation.turns}, embeddings
        )
        found = next(criterion for criterion in criteria if criterion.id == name)
        assert (found.score is None) == (found.state is NOTHING[name])
        if found.state is CriterionState.SHOWN:
            assert found.score
