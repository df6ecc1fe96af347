"""What is made of each claim: by the rules of the engine, by the second question, and by the old rule as a baseline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from callytics.domain import Conversation, Proof
from callytics.engines.analysis.centrality import stems
from callytics.engines.analysis.entailment import LOCAL_ODDS
from callytics.engines.analysis.findings import Findings, Statement, ground
from callytics.engines.analysis.grounding import Grounding
from callytics.engines.analysis.llm_schema import Answer
from callytics.engines.analysis.stated_numbers import digit_numbers, numbers
from evaluation.meaning.reading import conversation_of

Ask = Callable[[Findings, Conversation], Findings]
"""The second question about the findings of a call."""

NOTHING: Mapping[str, float] = MappingProxyType({})
OLD_COVERAGE, OLD_STEM = 0.3, 5
"""The rule of version 0.2: the turns must have this share of the claim's stems, of this many letters."""


@dataclass(frozen=True)
class Judged:
    """A claim, and whether each way of judging keeps it; ``asked`` is None without an endpoint.

    ``reason``: of the rules. ``by_judge``: as the engine judges it, by the learned judge where that is used.
    """

    claim: Mapping[str, Any]
    by_rule: bool
    reason: str | None
    by_judge: bool
    asked: bool | None
    old: bool
    log_odds: float | None = None
    """The log odds of "yes" to the second question, from a real model (asked.py)."""

    @property
    def kept_when_asked(self) -> bool | None:
        """By an endpoint, or by the kept answers of the real model; None if it was not asked."""
        if self.asked is not None or self.log_odds is None:
            return self.asked
        return self.by_judge and self.log_odds >= LOCAL_ODDS[self.claim["language"]]


def judge_call(
    call: Mapping[str, Any],
    claims: Sequence[Mapping[str, Any]],
    ask: Ask | None,
    answers: Mapping[str, float] = NOTHING,
) -> list[Judged]:
    """The claims on one call.

    Args:
        ask: an endpoint to ask.
        answers: id of a claim -> log odds that a real model gave.
    """
    conversation = conversation_of(call, roles=True)
    turns = {turn.id: turn for turn in conversation.turns}
    rules, judge = (
        [
            statement_of(
                claim, Grounding(turns, conversation.role_of, conversation.language, learned=learned)
            )
            for claim in claims
        ]
        for learned in (False, True)
    )
    asked: Sequence[Statement | None] = [None] * len(claims)
    if ask is not None:
        asked = ask(Findings(tuple(judge)), conversation).statements
    return [
        Judged(
            claim,
            statement.proof is Proof.PROVEN,
            statement.reason,
            weighed.proof is Proof.PROVEN,
            after.proof is Proof.PROVEN if after else None,
            _old_rule_keeps(claim["text"], " ".join(turns[i].content for i in statement.turn_ids)),
            answers.get(claim["id"]),
        )
        for claim, statement, weighed, after in zip(claims, rules, judge, asked, strict=True)
    ]


def statement_of(claim: Mapping[str, Any], grounding: Grounding) -> Statement:
    """As it is judged if a model states it alone."""
    quotes = [{"turn_id": quote["turn_id"], "words": quote["text"]} for quote in claim["quotes"]]
    stated: dict[str, Any] = {"text": claim["text"], "quotes": quotes}
    answer: dict[str, Any] = {
        "summary": [],
        "topic": None,
        "issue": None,
        "outcome": None,
        "resolution": None,
    }
    answer["action_items"] = []
    if claim["field"] == "action_item":
        answer["action_items"] = [{**stated, "owner": claim["owner"]}]
    elif claim["field"] == "summary":
        answer["summary"] = [stated]
    else:
        answer[claim["field"]] = stated
    (statement,) = ground(Answer.model_validate(answer), grounding).statements
    return statement


def _old_rule_keeps(text: str, said: str) -> bool:
    """Numbers in digits must be said, and enough stems be shared."""
    if digit_numbers(text) - numbers(said):
        return False
    own, others = ({stem[:OLD_STEM] for stem in stems(t) if not stem.isdigit()} for t in (text, said))
    return not own or len(own & others) / len(own) >= OLD_COVERAGE
