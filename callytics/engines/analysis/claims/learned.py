"""A judge that learned from written claims: how likely do the quotes prove a claim?

A logistic model over the signs of signs.py, the objection of the rules among them. tools/train_claims_judge.py learned
judge_model.json from the open claims of evaluation/claims; docs/adr/0039 has what it gives and where it is used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from callytics.engines.analysis.claims.signs import Case, signs_of

NEVER_OVERRULED = frozenset(
    {"quote_missing", "evidence_unknown", "quote_not_said", "name_not_said", "wording_not_said"}
)
"""Objections about what is there to be judged, not about its meaning. That a claim shares no word with its quotes is
one: the lies of evaluation/claims are made of the call's words, so that the judge can't learn what such a claim is."""

UNLIKELY = "unlikely"
"""The reason of a claim to which no rule objects, and which the judge does not believe."""


@dataclass(frozen=True)
class _Model:
    """Language -> weights of the signs and ``intercept``; language -> least log odds, where the judge is used."""

    weights: Mapping[str, Mapping[str, float]]
    least: Mapping[str, float]


@cache
def _model() -> _Model:
    table = resources.files("callytics.engines.analysis.claims").joinpath("judge_model.json")
    document = json.loads(table.read_text(encoding="utf-8"))
    return _Model(document["weights"], document["least"])


def log_odds_of(case: Case, language: str) -> float:
    """The log odds that the quotes prove the claim, without a threshold.

    Raises:
        KeyError: a language without weights.
    """
    weights = _model().weights[language]
    return weights["intercept"] + sum(
        weights.get(name, 0.0) for name, found in signs_of(case).items() if found
    )


def verdict(case: Case, language: str) -> str | None:
    """Why the claim is not proven; None if it is. In a language without a threshold the rules have the last word."""
    least = _model().least.get(language)
    if least is None or case.objection in NEVER_OVERRULED:
        return case.objection
    if log_odds_of(case, language) >= least:
        return None
    return case.objection or UNLIKELY
