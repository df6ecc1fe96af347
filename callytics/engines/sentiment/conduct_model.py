"""A learned share of the judgement of conduct: how likely each turn of an agent is impolite, in its surroundings.

A linear model over the n-grams of the turn and a few numbers about what surrounds it (how negative the turn, the
customer's turns beside it and all of the customer's turns are; how many other turns of the agent are polite). Impolite
turns come together: a turn counts more in a call with others. tools/train_conduct_model.py learns conduct_model.json.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

from callytics.domain import Conversation, Role, Turn

CALL_WEIGHT = 2.0
"""Factor on the mean of the OTHERS highest scores of the agent's other turns. Chosen by cross-validation, 0 to 2."""

OTHERS = 3
ALONE = -2.0
"""Stands for the other turns of an agent with a single turn: none of them is impolite."""

LIMIT = {"ko": 6.7, "en": 7.0}
"""Score from which a turn is impolite without a rule: precision .75 in eight-fold cross-validation by call."""

RULE_LIMIT = {"ko": -2.5, "en": 0.0}
"""Score below which a wording of a rule is not believed: the surroundings speak against it."""

SHORT_WORDS = 6
_WORD = re.compile(r"[\w']+|[?!]")
_POLITE = {
    "ko": re.compile(r"죄송|감사|고맙|드릴|드리|겠습니다|고객님|부탁|양해|괜찮으|실까요|시겠|세요\?"),
    "en": re.compile(
        r"sorry|please|thank|welcome|could you|would you|may i|can i|i can|i'll|i've|let me|of course|certainly"
        r"|appreciate|sure"
    ),
}
SURROUNDINGS = (
    "own",
    "next",
    "before",
    "short",
    "others_polite",
    "customer",
    "polite",
    "protest",
    "question",
)


def ngrams(text: str, language: str) -> frozenset[str]:
    """Korean: one to three characters within a word and its edges. English: words, and pairs of them."""
    text = text.lower().replace("’", "'")
    if language == "ko":
        words = [f" {word} " for word in text.split()]
        return frozenset(
            word[i : i + n] for word in words for n in (1, 2, 3) for i in range(len(word) - n + 1)
        )
    tokens = _WORD.findall(text)
    return frozenset([*tokens, *(" ".join(pair) for pair in pairwise(tokens))])


def surroundings(
    conversation: Conversation, negative: Mapping[str, float], language: str, protest: re.Pattern[str]
) -> dict[str, list[float]]:
    """By the turns of agents, the values of SURROUNDINGS. ``negative``: probability by id of turn."""
    turns = conversation.turns
    agent = [conversation.role_of(turn.participant_id) is Role.AGENT for turn in turns]
    polite = [bool(_POLITE[language].search(_plain(turn))) for turn in turns]
    customer = [
        negative.get(turn.id, 0.0) for turn, is_agent in zip(turns, agent, strict=True) if not is_agent
    ]
    mean = sum(customer) / len(customer) if customer else 0.0
    count = sum(agent)
    number = sum(p for p, is_agent in zip(polite, agent, strict=True) if is_agent)
    found = {}
    for i, turn in enumerate(turns):
        if not agent[i]:
            continue
        after = next((j for j in range(i + 1, len(turns)) if not agent[j]), None)
        before = next((j for j in range(i - 1, -1, -1) if not agent[j]), None)
        found[turn.id] = [
            negative.get(turn.id, 0.0),
            0.0 if after is None else negative.get(turns[after].id, 0.0),
            0.0 if before is None else negative.get(turns[before].id, 0.0),
            float(len(turn.content.split()) < SHORT_WORDS),
            (number - polite[i]) / max(1, count - 1),
            mean,
            float(polite[i]),
            float(after is not None and bool(protest.search(_plain(turns[after])))),
            float("?" in turn.content),
        ]
    return found


def impolite_scores(
    conversation: Conversation, negative: Mapping[str, float], language: str, protest: re.Pattern[str]
) -> dict[str, float]:
    """By id of every turn of an agent, its score in its call; nothing for a language without a model."""
    model = _models().get(language)
    if model is None:
        return {}
    around = surroundings(conversation, negative, language, protest)
    texts = {turn.id: turn.content for turn in conversation.turns}
    alone = {
        turn_id: model["bias"]
        + sum(w * v for w, v in zip(model["surroundings"], values, strict=True))
        + sum(model["ngrams"].get(gram, 0.0) for gram in ngrams(texts[turn_id], language))
        for turn_id, values in around.items()
    }
    return in_call(alone)


def in_call(alone: Mapping[str, float]) -> dict[str, float]:
    """Scores of the turns with the share of the others of their call."""
    ordered = sorted(alone, key=lambda turn_id: -alone[turn_id])
    scores = {}
    for turn_id, score in alone.items():
        others: Sequence[str] = [other for other in ordered[: OTHERS + 1] if other != turn_id][:OTHERS]
        mean = sum(alone[other] for other in others) / len(others) if others else ALONE
        scores[turn_id] = score + CALL_WEIGHT * mean
    return scores


def _plain(turn: Turn) -> str:
    return turn.content.lower().replace("’", "'")


@cache
def _models() -> dict[str, Any]:
    path = resources.files("callytics.engines.sentiment").joinpath("conduct_model.json")
    models: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["models"]
    return models
