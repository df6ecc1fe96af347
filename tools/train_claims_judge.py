"""Learns callytics/engines/analysis/claims/judge_model.json: python tools/train_claims_judge.py [compare].

Logistic regression with L2 over the signs of the claims of evaluation/claims on calls of `fit` and `choose`, Newton's
method from zero: deterministic, NumPy only. The threshold of a language is chosen by cross-validation by call on the
lots that no rule was mended with: as many true claims kept as by the rules, then the most lies caught. "compare"
prints what the judge gives beside the rules on claims of calls that it has not seen, and writes nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from callytics.domain import Role  # noqa: E402
from callytics.engines.analysis.claims.heard import Quoted  # noqa: E402
from callytics.engines.analysis.claims.learned import NEVER_OVERRULED  # noqa: E402
from callytics.engines.analysis.claims.signs import Case, signs_of  # noqa: E402
from evaluation.claims import read_claims  # noqa: E402
from evaluation.claims.scores import judge_call  # noqa: E402
from evaluation.dialogues import LANGUAGES, read_dialogues  # noqa: E402
from evaluation.meaning.reading import conversation_of  # noqa: E402

TARGET = ROOT / "callytics" / "engines" / "analysis" / "claims" / "judge_model.json"
L2, STEPS, FOLDS, SEED = 60.0, 40, 10, 0
FIRST_NEW_LOT = 5
"""Claims from this lot on were written after the rules."""
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
        for call in read_dialogues(split, language):  # type: ignore[arg-type]
            conversation = conversation_of(call, roles=True)
            roles = {turn.id: conversation.role_of(turn.participant_id) for turn in conversation.turns}
            for one in judge_call(call, [claim for claim in claims if claim["call"] == call["id"]], None):
                if one.reason in NEVER_OVERRULED:
                    continue
                quotes = [Quoted(quote["text"], roles[quote["turn_id"]]) for quote in one.claim["quotes"]]
                owner = Role(one.claim["owner"]) if "owner" in one.claim else None
                case = Case(one.claim["text"], quotes, owner, one.reason)
                found.append(Example(dict(one.claim), signs_of(case), one.by_rule))
    return found


class Table:
    """The examples of a language as arrays: signs (examples, signs + 1), the last column is the intercept."""

    def __init__(self, every: Sequence[Example]) -> None:
        self.names = sorted({name for one in every for name in one.signs})
        self.x = np.array([[float(one.signs.get(name, False)) for name in self.names] + [1.0] for one in every])
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
    """Weights of the signs, the penalty on standardised signs, so that a rare one is not held down for its rarity."""
    spread = x.std(axis=0)
    spread[-1] = 1.0
    used = spread > 1e-9
    scaled = x[:, used] / spread[used]
    scaled[:, :-1] -= (mean := scaled[:, :-1].mean(axis=0))
    weights = np.zeros(scaled.shape[1])
    penalty = np.full(len(weights), L2)
    for _ in range(STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(scaled @ weights, -30, 30)))
        slope = scaled.T @ (chance - true) + penalty * weights
        curve = (scaled * (chance * (1 - chance))[:, None]).T @ scaled + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    weights[-1] -= weights[:-1] @ mean
    found = np.zeros(x.shape[1])
    found[used] = weights / spread[used]
    return found


def threshold(table: Table, scores: Array) -> float:
    """Of new claims as many true ones are kept as by the rules; the largest such threshold catches the most lies."""
    kept = np.sort(scores[table.new & table.true])
    share = table.rule[table.new & table.true].mean()
    return float(np.floor(kept[int((1 - share) * len(kept))] * 100) / 100)


def shares(kept: NDArray[np.bool_], table: Table, part: NDArray[np.bool_]) -> str:
    """Lies caught, true claims kept."""
    return f"{1 - kept[part & ~table.true].mean():.2f}, {kept[part & table.true].mean():.2f}"


def compare() -> None:
    for language in LANGUAGES:
        table = Table(examples(language))
        scores = table.unseen()
        least = threshold(table, scores)
        without = table.x @ fit(table.x[~table.chosen], table.true[~table.chosen])
        new, chosen = table.new, table.chosen
        print(f"{language}: area of new claims {area(scores[new], table.true[new]):.3f}, threshold {least}")
        print(f"  new claims ({new.sum()}): rules {shares(table.rule, table, new)}; judge {shares(scores >= least, table, new)}")
        for keep in (0.95, 0.9, 0.85):
            limit = np.sort(scores[new & table.true])[int((1 - keep) * (new & table.true).sum())]
            print(f"    judge, keeping {keep}: {shares(scores >= limit, table, new)}; choose {shares(without >= limit, table, chosen)}")
        print(f"  choose ({chosen.sum()}), unseen: rules {shares(table.rule, table, chosen)}; judge {shares(without >= least, table, chosen)}")


def area(scores: Array, true: NDArray[np.bool_]) -> float:
    """Area under the curve: the chance that a true claim has more than a lie."""
    ranks = np.argsort(np.argsort(scores)) + 1
    number = true.sum()
    return float((ranks[true].sum() - number * (number + 1) / 2) / (number * (~true).sum()))


def train() -> dict[str, Any]:
    weights, least = {}, {}
    for language in LANGUAGES:
        table = Table(examples(language))
        learned = np.round(fit(table.x, table.true), 3)
        weights[language] = {name: float(value) for name, value in zip([*table.names, "intercept"], learned, strict=True) if value or name == "intercept"}  # fmt: skip
        if language in IN_USE:
            least[language] = threshold(table, table.unseen())
    return {"trained_on": "evaluation/claims, splits fit and choose", "least": least, "weights": weights}


if __name__ == "__main__":
    if sys.argv[1:] == ["compare"]:
        compare()
    else:
        TARGET.write_text(json.dumps(train(), ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
