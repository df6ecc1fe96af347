"""The second question, for a small model: one claim at a time, and the probability of its answer instead of the answer.

A model of one or two billion parameters answers a list of claims badly, and its likeliest word says "no" to true
claims too. How probable it finds "yes" ranks claims better than that: asked about one claim and its quotes, after
examples, with one token as the answer. So a claim is kept if the log odds of "yes" reach a threshold, which belongs to
the model and the language (docs/adr/0034). The examples stand before every question in the same form: a server that
keeps the beginning of a prompt computes them once.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from importlib import resources
from types import MappingProxyType
from typing import Any

from callytics.domain import Conversation
from callytics.engines.analysis.findings import Statement

PROMPTS: Mapping[str, Mapping[str, Any]] = json.loads(
    resources.files("callytics.engines.analysis.prompts").joinpath("entail.json").read_text(encoding="utf-8")
)
"""Language -> system, task, examples."""

LOCAL_ODDS: Mapping[str, float] = MappingProxyType({"ko": -1.0, "en": -2.0})
"""Thresholds for qwen2.5-coder-1.5b-instruct, chosen on written claims of `fit` and `choose` (docs/adr/0034)."""

YES, NO, UNKNOWN = "yes", "no", "unknown"
LEAST = 1e-9
"""Probability of a word that is not among the likeliest that the endpoint names."""


def messages(statement: Statement, text: str, conversation: Conversation) -> list[tuple[str, str]]:
    """The question about one claim: instructions, examples, then its quotes with their speakers, and the claim.

    Args:
        text: the claim in words; of a task without its owner.
    """
    prompt = PROMPTS[conversation.language or ""]
    asked = [("system", prompt["system"])]
    for example in prompt["examples"]:
        asked += [("human", example["question"]), ("ai", example["answer"])]
    if statement.owner is not None:
        text = prompt["task"].format(owner=statement.owner.value) + text
    turns = {turn.id: turn for turn in conversation.turns}
    lines = [
        f"{conversation.role_of(turns[quote.turn_id].participant_id).value}: {' '.join(quote.text.split())}"
        for quote in statement.quotes
    ]
    return [*asked, ("human", "\n".join([*lines, f"Claim: {' '.join(text.split())}"]))]


def log_odds(likeliest: Sequence[tuple[str, float]]) -> float:
    """The log odds of "yes" against "no" and "unknown".

    Args:
        likeliest: first words of the answer and their log probabilities, as many as the endpoint names.
    """
    chances = dict.fromkeys((YES, NO, UNKNOWN), 0.0)
    for word, log_probability in likeliest:
        name = word.strip().lower()
        if name in chances:
            chances[name] += math.exp(log_probability)
    yes, no, unknown = (max(chances[name], LEAST) for name in (YES, NO, UNKNOWN))
    return math.log(yes) - math.log(no + unknown)
