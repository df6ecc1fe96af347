"""A judge that learned from written claims: how likely do the quotes prove a claim?

A logistic model over the signs of signs.py, for claims to which no rule objects. evaluation/claims/train.py learned
judge_model.json from the open claims; docs/adr/0039 has what it gives and where it is used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from callytics.engines.analysis.claims.signs import Case, signs_of

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
    """Why the claim is not proven; None if it is. The judge takes away: what a rule objects to stays unproven.

    In a language without a threshold the rules have the last word.
    """
    least = _model().least.get(language)
    if case.objection is not None or least is None or log_odds_of(case, language) >= least:
        return case.objection
    return UNLIKELY
