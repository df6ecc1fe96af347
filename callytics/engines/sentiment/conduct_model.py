"""A learned share of the judgement of conduct: how likely each turn of an agent is impolite, in its surroundings.

Two linear models, one after the other. The first sees the n-grams of the turn, the wordings of rules in it, a few
numbers about what surrounds it (how negative the turn, the customer's turns beside it and all of the customer's turns
are; how many other turns of the agent are polite) and, from an engine that has them, the sentence embeddings of the
turn and of the customer's turns beside it, how far the turn is from the agent's other turns, and what the agent is
answered in the whole call. The second sees the scores of the first for the turn and for the agent's other turns,
because impolite turns come together. tools/train_conduct_model.py learns conduct_model.json.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from callytics.domain import Conversation, Role, Turn
from callytics.engines.sentiment.mood import neighbours_of

OTHERS = 3
"""The highest scores among the agent's other turns that count together."""

ALONE = -2.0
"""Stands for other turns where there are none: they are not impolite."""

MANY_TURNS = 20
START_TURNS = 3
SEVERITIES = (1, 2, 3)

EMBEDDED_NEIGHBOURS = (-1, 1)
"""The other party's turn before, and the one after: a reply in kind tells of what was said."""

LIMIT = {"words": {"ko": -0.5, "en": -1.0}, "embedded": {"ko": -0.6, "en": -0.8}}
"""By model and language: score from which a turn is impolite without a rule. Within .01 of the best F1 whose precision
is not below its recall in five-fold cross-validation by call; what the rules find is hidden where they were written
with the call in view."""

RULE_LIMIT = {"words": {"ko": -0.8, "en": -2.0}, "embedded": {"ko": -0.8, "en": -2.0}}
"""Score below which a wording of a rule is not believed: the surroundings speak against it."""

SEVERE_LIMIT = -2.5
"""Score below which not even an insult of the rules is believed: it is quoted, or the words mean something else. Of
twelve such findings in calls that the rules were not written with, three are right; their scores are above -1.1."""

Vector = npt.NDArray[np.float64]
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
    conversation: Conversation,
    negative: Mapping[str, float],
    language: str,
    protest: re.Pattern[str],
    severity: Mapping[str, int],
    embeddings: Mapping[str, Vector] | None = None,
) -> dict[str, float]:
    """By id of every turn of an agent, its score in its call; nothing for a language without a model.

    Args:
        severity: the highest severity of a rule that fits the turn, by id; turns without one may be left out.
        embeddings: of every turn by id, of the encoder that the model learned from, shape (512,); without them the
            model of words alone is asked.
    """
    model = _models()[kind_of(embeddings)].get(language)
    if model is None:
        return {}
    around = surroundings(conversation, negative, language, protest)
    texts = {turn.id: turn.content for turn in conversation.turns}
    alone = [
        model["bias"]
        + sum(w * v for w, v in zip(model["surroundings"], values, strict=True))
        + sum(w * v for w, v in zip(model["rules"], of_rules(severity.get(turn_id, 0)), strict=True))
        + sum(model["ngrams"].get(gram, 0.0) for gram in sorted(ngrams(texts[turn_id], language)))
        for turn_id, values in around.items()
    ]
    if embeddings is not None:
        weights = np.array(model["embedding"])
        beside = embedded(conversation, embeddings)
        of_call = with_call({turn_id: beside[turn_id] for turn_id in around})
        alone = [
            score + float(weights @ of_call[turn_id]) for turn_id, score in zip(around, alone, strict=True)
        ]
    rows = in_call(alone, list(around.values()))
    bias, in_row = model["call"]["bias"], model["call"]["weights"]
    return {
        turn_id: bias + sum(w * v for w, v in zip(in_row, row, strict=True))
        for turn_id, row in zip(around, rows, strict=True)
    }


def kind_of(embeddings: Mapping[str, Vector] | None) -> str:
    """The model that is asked: a key of LIMIT."""
    return "words" if embeddings is None else "embedded"


def embedded(conversation: Conversation, embeddings: Mapping[str, Vector]) -> dict[str, Vector]:
    """By turn: its embedding beside those of EMBEDDED_NEIGHBOURS, shape (3 * 512,); zeros beyond the call."""
    turns = conversation.turns
    found = {}
    for turn, steps in zip(turns, neighbours_of([t.participant_id for t in turns]), strict=True):
        own = embeddings[turn.id]
        beside = [
            embeddings[turns[steps[step]].id] if step in steps else np.zeros_like(own)
            for step in EMBEDDED_NEIGHBOURS
        ]
        found[turn.id] = np.concatenate([own, *beside])
    return found


def with_call(beside: Mapping[str, Vector]) -> dict[str, Vector]:
    """By turn of an agent, shape (5 * 512,): the vector of ``embedded``, the turn less the mean of the agents' other
    turns (zeros for the only one), and the mean of what is answered to all of them.

    Args:
        beside: of the turns of agents of one call.
    """
    if not beside:
        return {}
    rows = np.array([*beside.values()])
    width = rows.shape[1] // 3
    own, total = rows[:, :width], rows[:, :width].sum(axis=0)
    number = len(rows)
    unlike = own - (total - own) / (number - 1) if number > 1 else np.zeros_like(own)
    answers = rows[:, 2 * width :].mean(axis=0)
    return {
        turn_id: np.concatenate([row, apart, answers])
        for turn_id, row, apart in zip(beside, rows, unlike, strict=True)
    }


def of_rules(severity: int) -> list[float]:
    """Whether a rule of each of SEVERITIES fits, the highest only."""
    return [float(severity == value) for value in SEVERITIES]


def in_call(alone: Sequence[float], around: Sequence[Sequence[float]]) -> list[list[float]]:
    """What the second model sees of every turn of the agent, shape (num_turns, 10).

    Args:
        alone: scores of the first model, in the order of the call.
        around: the values of SURROUNDINGS of the same turns.
    """
    rows = []
    last = len(alone) - 1
    after, before = SURROUNDINGS.index("next"), SURROUNDINGS.index("before")
    for index, (score, values) in enumerate(zip(alone, around, strict=True)):
        others = sorted([*alone[:index], *alone[index + 1 :]], reverse=True)
        rows.append(
            [
                score,
                sum(others[:OTHERS]) / len(others[:OTHERS]) if others else ALONE,
                sum(others) / len(others) if others else ALONE,
                alone[index - 1] if index else ALONE,
                alone[index + 1] if index < last else ALONE,
                float(index == 0),
                float(index == last),
                min(index, START_TURNS) / START_TURNS,
                len(alone) / MANY_TURNS,
                max(values[after], values[before]),
            ]
        )
    return rows


def _plain(turn: Turn) -> str:
    return turn.content.lower().replace("’", "'")


@cache
def _models() -> dict[str, Any]:
    path = resources.files("callytics.engines.sentiment").joinpath("conduct_model.json")
    models: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["models"]
    return models
