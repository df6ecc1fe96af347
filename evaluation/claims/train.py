"""Learns callytics/engines/analysis/claims/judge_model.json from the claims on calls of `fit` and `choose`.

    python -m evaluation.claims.train              learns it anew
    python -m evaluation.claims.train compare      what it gives beside the rules on calls that it has not seen

Logistic regression with L2 over the signs of callytics/engines/analysis/claims/signs.py, by Newton's method from zero:
deterministic, NumPy only. A claim stands from even odds on: no threshold is fitted. `report` is not read.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callytics.domain import Role
from callytics.engines.analysis.claims.heard import Quoted
from callytics.engines.analysis.claims.signs import Case, signs_of
from evaluation.claims import read_claims
from evaluation.claims.scores import judge_call
from evaluation.dialogues import LANGUAGES, read_dialogues
from evaluation.meaning.reading import conversation_of
from evaluation.measurements import Table

TARGET = Path(str(resources.files("callytics.engines.analysis.claims").joinpath("judge_model.json")))
L2, STEPS, FOLDS, SEED = 6.0, 40, 10, 0
ABSENT = frozenset(
    {"quote_missing", "evidence_unknown", "quote_not_said", "name_not_said", "wording_not_said"}
)
"""Objections that something is not there. Claims with one are not learned from: the written lies are made of the call's
words, so a claim that shares none with its quotes is nearly always true among them, and a real invention is not."""
FIRST_NEW_LOT = 5
"""Claims from this lot on were written after the rules."""
LEAST = 0.0
"""Log odds from which on a claim stands."""
KEEPING = (0.95, 0.9, 0.85)
IN_USE = ("ko",)
"""Languages in which the judge gives as much as the rules on `choose`, which it had not seen (docs/adr/0039)."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    claim: dict[str, Any]
    signs: dict[str, bool]
    by_rule: bool

    @property
    def is_new(self) -> bool:
        return bool(self.claim.get("lot", 0) >= FIRST_NEW_LOT)


def examples(language: str) -> list[Example]:
    """Claims of the open splits that are there to be judged."""
    found = []
    for split in ("fit", "choose"):
        claims = read_claims(split, language)
        for call in read_dialogues(split, language):
            conversation = conversation_of(call, roles=True)
            roles = {turn.id: conversation.role_of(turn.participant_id) for turn in conversation.turns}
            for one in judge_call(call, [claim for claim in claims if claim["call"] == call["id"]], None):
                if one.reason in ABSENT:
                    continue
                quotes = [Quoted(quote["text"], roles[quote["turn_id"]]) for quote in one.claim["quotes"]]
                owner = Role(one.claim["owner"]) if "owner" in one.claim else None
                case = Case(one.claim["text"], quotes, owner, one.reason)
                found.append(Example(dict(one.claim), signs_of(case), one.by_rule))
    return found


class Signs:
    """The examples of a language as arrays: signs (examples, signs + 1), the last column is the intercept."""

    def __init__(self, every: Sequence[Example]) -> None:
        self.names = sorted({name for one in every for name in one.signs})
        self.x = np.array(
            [[float(one.signs.get(name, False)) for name in self.names] + [1.0] for one in every]
        )
        self.true = np.array([bool(one.claim["true"]) for one in every])
        self.rule = np.array([one.by_rule for one in every])
        self.new = np.array([one.is_new for one in every])
        self.chosen = np.array([one.claim["split"] == "choose" for one in every])
        calls = sorted({one.claim["call"] for one in every})
        fold = dict(zip(calls, np.random.default_rng(SEED).permutation(len(calls)) % FOLDS, strict=True))
        self.fold = np.array([fold[one.claim["call"]] for one in every])

    def unseen(self) -> Array:
        """Log odds of every claim by a model that has not seen its call."""
        scores = np.zeros(len(self.true))
        for number in range(FOLDS):
            out = self.fold == number
            scores[out] = self.x[out] @ fit(self.x[~out], self.true[~out])
        return scores


def fit(x: Array, true: NDArray[np.bool_]) -> Array:
    """Weights of the signs and the intercept, which has no penalty. A rare sign gets little weight."""
    weights = np.zeros(x.shape[1])
    penalty = np.full(len(weights), L2)
    penalty[-1] = 1e-6
    for _ in range(STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = x.T @ (chance - true) + penalty * weights
        curve = (x * (chance * (1 - chance))[:, None]).T @ x + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    return weights


def shares(kept: NDArray[np.bool_], table: Signs, part: NDArray[np.bool_]) -> str:
    """Lies caught, true claims kept."""
    return f"{1 - kept[part & ~table.true].mean():.2f}, {kept[part & table.true].mean():.2f}"


def comparison() -> Table:
    """Rules and judge on claims that neither has seen, by cross-validation, and on `choose`, which the rules have."""
    header = [
        "language",
        "claims",
        "number",
        "rules",
        "rules and judge",
        "judge alone, keeping .95",
        "keeping .90",
        "keeping .85",
        "area",
    ]
    rows = []
    for language in LANGUAGES:
        table = Signs(examples(language))
        unseen = table.unseen()
        without = table.x @ fit(table.x[~table.chosen], table.true[~table.chosen])
        kept = np.sort(unseen[table.new & table.true])
        limits = [float(kept[int((1 - keep) * len(kept))]) for keep in KEEPING]
        for name, part, scores in (("new", table.new, unseen), ("choose", table.chosen, without)):
            cells = [shares(scores >= limit, table, part) for limit in limits]
            both = shares(table.rule & (scores >= LEAST), table, part)
            area = f"{area_under(scores[part], table.true[part]):.2f}"
            rows.append(
                [language, name, str(part.sum()), shares(table.rule, table, part), both, *cells, area]
            )
    return Table("Rules and the learned judge: lies caught, true claims kept", header, rows)


def area_under(scores: Array, true: NDArray[np.bool_]) -> float:
    """Area under the curve: the chance that a true claim has more than a lie."""
    ranks = np.argsort(np.argsort(scores)) + 1
    number = true.sum()
    return float((ranks[true].sum() - number * (number + 1) / 2) / (number * (~true).sum()))


def train() -> dict[str, Any]:
    weights, least = {}, {}
    for language in LANGUAGES:
        table = Signs(examples(language))
        learned = np.round(fit(table.x, table.true), 3)
        named = zip([*table.names, "intercept"], learned.tolist(), strict=True)
        weights[language] = {name: value for name, value in named if value or name == "intercept"}
        if language in IN_USE:
            least[language] = LEAST
    return {"trained_on": "evaluation/claims, splits fit and choose", "least": least, "weights": weights}


if __name__ == "__main__":
    if sys.argv[1:] == ["compare"]:
        found = comparison()
        print("\n".join(" | ".join(row) for row in [found.header, *found.rows]))
    else:
        TARGET.write_text(json.dumps(train(), ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
