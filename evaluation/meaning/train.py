"""Fits the linear models of callytics/engines/analysis/models.json on the written calls.

    python -m evaluation.meaning.train                 on fit and choose: the models that are committed
    python -m evaluation.meaning.train --only-fit      on fit: what `choose` was judged with

The strength of the penalty and the features were chosen by cross-validation on fit and choose; `report` is not read.
Every call is learned twice: with its roles, and, at half the weight, without them.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

import callytics.engines.analysis
from callytics.config import load_stages
from callytics.engines import load_engine
from callytics.engines.analysis.features import (
    Features,
    Seen,
    features_after,
    features_of,
    look_at,
    whole_call,
)
from callytics.engines.analysis.rankers import RESOLVED
from evaluation.dialogues import read_dialogues
from evaluation.meaning.reading import conversation_of

PENALTY = 3.0
MIN_COUNT = 3
"""Features of fewer turns are noise."""

SMALLEST_WEIGHT = 0.01
TABLE = Path(callytics.engines.analysis.__file__).with_name("models.json")
Vector = npt.NDArray[np.float64]
Loss = Callable[[Vector], tuple[float, Vector]]


@dataclass(frozen=True)
class Example:
    """A call as the models see it."""

    gold: Mapping[str, Any]
    seen: Sequence[Seen]
    weight: float

    def marked(self, name: str) -> Vector:
        """1 for the turns that state the issue or the outcome, 0 for others."""
        ids = self.gold[name]["turn_ids"] if self.gold[name] else ()
        return np.array([float(s.turn.id in ids) for s in self.seen])

    def tasks(self, owner: str) -> Vector:
        ids = {i for item in self.gold["action_items"] if item["owner"] == owner for i in item["turn_ids"]}
        return np.array([float(s.turn.id in ids) for s in self.seen])

    def features(self, issue: int | None = None) -> list[Features]:
        found = [features_of(self.seen, i) for i in range(len(self.seen))]
        if issue is None:
            return found
        return [row | features_after(self.seen, i, issue) for i, row in enumerate(found)]


class Design:
    """Rows of features as a sparse matrix; the vocabulary holds the features of at least MIN_COUNT rows."""

    def __init__(self, rows: Sequence[Features]) -> None:
        counts = Counter(name for row in rows for name in row)
        self.names = sorted(name for name, count in counts.items() if count >= MIN_COUNT)
        column = {name: index for index, name in enumerate(self.names)}
        cells = [
            (number, column[name], value)
            for number, row in enumerate(rows)
            for name, value in row.items()
            if name in column
        ]
        i, j, values = zip(*cells, strict=True)
        self.matrix: Any = csr_matrix((values, (i, j)), shape=(len(rows), len(self.names)))


def read_examples(splits: Iterable[str], config: Path) -> list[Example]:
    punctuate: Any = load_engine(load_stages(config)["punctuation-restorer"])
    examples = []
    for split in splits:
        for call in read_dialogues(split):  # type: ignore[arg-type]
            known = punctuate(conversation_of(call, roles=True))
            hidden = replace(known, participants=conversation_of(call, roles=False).participants)
            examples += [Example(call, look_at(known), 1.0), Example(call, look_at(hidden), 0.5)]
    return examples


def _minimum(loss: Loss, size: int) -> Vector:
    found = minimize(loss, np.zeros(size), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return np.asarray(found.x)


def fit_choice(
    examples: Sequence[Example], name: str, rows: Sequence[Sequence[Features]]
) -> dict[str, float]:
    """One turn of a call is chosen: a softmax over its turns."""
    usable = [(e, r) for e, r in zip(examples, rows, strict=True) if e.marked(name).any()]
    design = Design([row for _, of_call in usable for row in of_call])
    sizes = [len(of_call) for _, of_call in usable]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(int)
    of_call = np.repeat(np.arange(len(usable)), sizes)
    target = np.concatenate([e.marked(name) / e.marked(name).sum() for e, _ in usable])
    weight = np.array([e.weight for e, _ in usable])[of_call]

    def loss(w: Vector) -> tuple[float, Vector]:
        z = design.matrix @ w
        z = z - np.maximum.reduceat(z, starts)[of_call]
        log_total = np.log(np.add.reduceat(np.exp(z), starts))[of_call]
        value = -(weight * target * (z - log_total)).sum() + PENALTY / 2 * w @ w
        return float(value), design.matrix.T @ (weight * (np.exp(z - log_total) - target)) + PENALTY * w

    return _table(design.names, _minimum(loss, len(design.names)))


def fit_tasks(
    examples: Sequence[Example], owner: str, rows: Sequence[Sequence[Features]]
) -> dict[str, float]:
    """Each turn by itself: a logistic regression."""
    design = Design([row for of_call in rows for row in of_call])
    target = np.concatenate([e.tasks(owner) for e in examples])
    weight = np.concatenate([np.full(len(e.seen), e.weight) for e in examples])

    def loss(w: Vector) -> tuple[float, Vector]:
        z = design.matrix @ w
        value = (weight * (np.logaddexp(0, z) - target * z)).sum() + PENALTY / 2 * w @ w
        return float(value), design.matrix.T @ (weight * (1 / (1 + np.exp(-z)) - target)) + PENALTY * w

    return _table(design.names, _minimum(loss, len(design.names)))


def fit_resolved(examples: Sequence[Example]) -> dict[str, list[float]]:
    """The whole call: a softmax over true, false and null."""
    rows = []
    for example in examples:
        marked = np.flatnonzero(example.marked("outcome"))
        outcome = int(marked[-1]) if len(marked) else None
        rows.append(whole_call(example.seen, outcome))
    design = Design(rows)
    target = np.eye(len(RESOLVED))[[RESOLVED.index(e.gold["resolved"]) for e in examples]]
    weight = np.array([[e.weight] for e in examples])
    shape = (len(design.names), len(RESOLVED))

    def loss(flat: Vector) -> tuple[float, Vector]:
        w = flat.reshape(shape)
        z = design.matrix @ w
        z = z - z.max(axis=1, keepdims=True)
        log_chance = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        value = -(weight * target * log_chance).sum() + PENALTY / 2 * flat @ flat
        gradient = design.matrix.T @ (weight * (np.exp(log_chance) - target)) + PENALTY * w
        return float(value), gradient.ravel()

    weights = _minimum(loss, shape[0] * shape[1]).reshape(shape)
    return {
        name: [round(float(value), 3) for value in row]
        for name, row in zip(design.names, weights, strict=True)
        if np.abs(row).max() >= SMALLEST_WEIGHT
    }


def _table(names: Sequence[str], weights: Vector) -> dict[str, float]:
    return {
        name: round(float(weight), 3)
        for name, weight in zip(names, weights, strict=True)
        if abs(weight) >= SMALLEST_WEIGHT
    }


def train(splits: Sequence[str], config: Path) -> dict[str, Any]:
    examples = read_examples(splits, config)
    rows = [example.features() for example in examples]
    later = []
    for example in examples:
        stated = np.flatnonzero(example.marked("issue"))
        later.append(example.features(int(stated[0]) if len(stated) else 0))
    turns = {
        "issue": fit_choice(examples, "issue", rows),
        "outcome": fit_choice(examples, "outcome", later),
        "AGENT": fit_tasks(examples, "AGENT", rows),
        "CUSTOMER": fit_tasks(examples, "CUSTOMER", rows),
    }
    models = {"turns": turns, "resolved": fit_resolved(examples)}
    digest = hashlib.sha256(json.dumps(models, sort_keys=True).encode()).hexdigest()[:12]
    return {"licence": "Apache-2.0", "trained_on": list(splits), "revision": digest, **models}


if __name__ == "__main__":
    names = ("fit",) if "--only-fit" in sys.argv[1:] else ("fit", "choose")
    document = train(names, Path("serve_config.cpu.yaml"))
    TABLE.write_text(
        json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n",
        encoding="utf-8",
    )
    print(f"{TABLE.name}: {document['revision']}, {TABLE.stat().st_size // 1024} KB")
