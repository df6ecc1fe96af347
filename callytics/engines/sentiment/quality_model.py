"""A learned share of the judgement of greeting, closing and empathy: shown, not shown, or nothing to judge.

What the rules of greeting_closing.py and empathy.py say is one sign among others: who begins, how the call ends, how
negative the customer's turns are, and the sentence embeddings of the turns that matter; for empathy the n-grams as
well. One softmax regression per criterion and language; tools/train_quality_model.py learns quality_model.json. Only an
engine with embeddings asks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from callytics.domain import Conversation, CriterionState, Turn
from callytics.engines.sentiment.conduct_model import Vector, ngrams

LEARNED = ("greeting", "closing", "empathy")
SHOWN_STATES = (CriterionState.SHOWN, CriterionState.NOT_SHOWN)
NOTHING = {
    "greeting": CriterionState.NOT_RECORDED,
    "closing": CriterionState.NOT_RECORDED,
    "empathy": CriterionState.NOT_CALLED_FOR,
}
GRAM_SCALE = 0.5
WIDTH = 512
GREETING_TURNS, CLOSING_TURNS = 2, 2
_MARKS = ".?!"


def state_of(
    name: str,
    conversation: Conversation,
    agent: Sequence[Turn],
    by_rules: CriterionState,
    negative: Mapping[str, float],
    embeddings: Mapping[str, Vector],
    shows: Callable[[str, Turn], bool],
) -> CriterionState:
    """The state of a criterion of LEARNED; that of the rules in a language without a model.

    Args:
        agent: turns of agents, at least one.
        by_rules: what the rules say.
        negative: probability that a turn is negative, by id.
        embeddings: of every turn by id, shape (512,).
    """
    model = _models().get(conversation.language)
    if model is None:
        return by_rules
    model = model[name]
    values = np.concatenate(
        [
            signs(name, conversation, agent, by_rules, negative, shows),
            meaning(name, conversation, agent, negative, embeddings),
        ]
    )
    scores = np.array(model["weights"]) @ values + np.array(model["bias"])
    if model["ngrams"]:
        for part, text in enumerate(texts(conversation, agent)):
            for gram in sorted(ngrams(text, conversation.language)):
                if gram in model["ngrams"][part]:
                    scores += GRAM_SCALE * np.array(model["ngrams"][part][gram])
    return (*SHOWN_STATES, NOTHING[name])[int(np.argmax(scores))]


def signs(
    name: str,
    conversation: Conversation,
    agent: Sequence[Turn],
    by_rules: CriterionState,
    negative: Mapping[str, float],
    shows: Callable[[str, Turn], bool],
) -> npt.NDArray[np.float64]:
    """What the rules say, and numbers about the place of the turns or about the trouble told."""
    states = (*SHOWN_STATES, NOTHING[name])
    turns = conversation.turns
    if name == "greeting":
        place = turns.index(agent[0])
        found = [
            float(place == 0),
            min(place, 3) / 3,
            len(agent[0].content.split()) / 20,
            float(place > 0 and len(turns[0].content.split()) > 5),
        ]
    elif name == "closing":
        ends = [turn.content.strip() for turn in turns]
        found = [
            float(turns[-1] is agent[-1]),
            float(ends[-1][-1:] in _MARKS),
            sum(end[-1:] in _MARKS for end in ends) / len(ends),
            len(ends[-1].split()) / 15,
            float(ends[-1].endswith(("...", "…"))),
            float(ends[-1].endswith(("-", "—", ","))),
        ]
    else:
        found = _of_trouble(conversation, agent, negative, shows)
    return np.array([*(float(by_rules is state) for state in states), *found])


def _of_trouble(
    conversation: Conversation,
    agent: Sequence[Turn],
    negative: Mapping[str, float],
    shows: Callable[[str, Turn], bool],
) -> list[float]:
    turns = conversation.turns
    number = {turn.id: place for place, turn in enumerate(turns)}
    of_agent = {turn.id for turn in agent}
    customer = [turn for turn in turns if turn.id not in of_agent]
    worst = sorted((negative.get(turn.id, 0.0) for turn in customer), reverse=True)
    hard = [number[turn.id] for turn in customer if shows("hardship", turn)]
    understood = [number[turn.id] for turn in agent if shows("understanding", turn)]
    answered = sum(any(place < other <= place + 2 for other in understood) for place in hard)
    own = [negative.get(turn.id, 0.0) for turn in agent]
    return [
        *[*worst, 0.0, 0.0, 0.0][:3],
        sum(worst) / max(1, len(worst)),
        min(len(hard), 4) / 4,
        min(len(understood), 3) / 3,
        float(bool(understood)),
        min(answered, 3) / 3,
        len(customer) / 12,
        max(own),
        sum(own) / len(own),
    ]


def meaning(
    name: str,
    conversation: Conversation,
    agent: Sequence[Turn],
    negative: Mapping[str, float],
    embeddings: Mapping[str, Vector],
) -> npt.NDArray[np.float64]:
    """Embeddings: of the agent's first or last turn and the call's; for empathy the means of both parties, and the
    highest values among the customer's turns, each by how negative it is."""
    turns = conversation.turns
    if name == "greeting":
        return np.concatenate([embeddings[agent[0].id], embeddings[turns[0].id]])
    if name == "closing":
        return np.concatenate([embeddings[agent[-1].id], embeddings[turns[-1].id]])
    of_agent = {turn.id for turn in agent}
    said = [turn.id for turn in turns if turn.id not in of_agent]
    if not said:
        return np.concatenate([np.zeros(WIDTH), _mean(embeddings, [*of_agent]), np.zeros(WIDTH)])
    trouble = np.max([embeddings[i] * negative.get(i, 0.0) for i in said], axis=0)
    return np.concatenate([_mean(embeddings, said), _mean(embeddings, [t.id for t in agent]), trouble])


def _mean(embeddings: Mapping[str, Vector], ids: Sequence[str]) -> Vector:
    mean: Vector = np.mean([embeddings[i] for i in ids], axis=0)
    return mean


def texts(conversation: Conversation, agent: Sequence[Turn]) -> tuple[str, str]:
    """All that the agent says, and all that the others say."""
    of_agent = {turn.id for turn in agent}
    others = [turn.content for turn in conversation.turns if turn.id not in of_agent]
    return " . ".join(turn.content for turn in agent), " . ".join(others)


@cache
def _models() -> dict[str, Any]:
    path = resources.files("callytics.engines.sentiment").joinpath("quality_model.json")
    models: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["models"]
    return models
