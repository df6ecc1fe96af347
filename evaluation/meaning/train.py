"""Fits the linear models of callytics/engines/analysis/models.json on the written calls.

    python -m evaluation.meaning.train                 on fit and choose: the models that are committed
    python -m evaluation.meaning.train --only-fit      on fit: what `choose` was judged with

The strength of the penalty and the features were chosen by cross-validation on fit and choose; `report` is not read.
Every call is learned twice: with its roles, and, at half the weight, without them. Tasks are learned from endings and
short calls too (turns_*.jsonl, training/). Where a second labeller differs from the gold, both count by half
(second_labels.py). train_resolution.py fits what judges the whole call.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, hstack

import callytics.engines.analysis
from callytics.config import load_stages
from callytics.engines import load_engine
from callytics.engines.analysis.encoder import DIMENSIONS, SentenceEncoder
from callytics.engines.analysis.features import (
    Features,
    Seen,
    features_after,
    features_of,
    followed_by,
    look_at,
    whole_call,
)
from callytics.engines.analysis.rankers import EMBEDDING_WEIGHT, NEXT_SHARE, PARTIES
from callytics.engines.analysis.resolution import RESOLVED
from evaluation.dialogues import LANGUAGES, read_dialogues, read_second_labels, read_turns
from evaluation.meaning.more_calls import read_more_calls
from evaluation.meaning.reading import conversation_of
from evaluation.meaning.second_labels import outcome_target, task_target
from evaluation.meaning.train_resolution import fit_resolution

PENALTY, OUTCOME_PENALTY = 3.0, 2.0
SHORT_WEIGHT = 0.5
"""Weight of a turn of an ending or a short call, for tasks: they are easier than calls."""

MIN_COUNT = 3
"""Features of fewer turns are noise."""

SMALLEST_WEIGHT = 0.01
_PLACE = re.compile(r"[A-Z]:(?:first|last|fifth|long)")
"""Features of the place in the call, which endings and short calls do not have."""

TABLE = Path(callytics.engines.analysis.__file__).with_name("models.json")
MOST_STEPS, SMALLEST_GAIN = 150, 1e-6
"""Where the search for a minimum ends: later steps change no decision in cross-validation."""

FOLDS = 4
"""What judges the whole call learns from calls that the rankers had not seen: a quarter of the calls at a time."""

Vector = npt.NDArray[np.floating[Any]]
Loss = Callable[[Vector], tuple[float, Vector]]


@dataclass(frozen=True)
class Example:
    """A call as the models see it."""

    gold: Mapping[str, Any]
    seen: Sequence[Seen]
    weight: float
    second: Mapping[str, Any] | None = None
    """What a second labeller says of it."""

    def marked(self, name: str) -> Vector:
        """1 for the turns that state the issue or the outcome, 0 for others."""
        ids = self.gold[name]["turn_ids"] if self.gold[name] else ()
        return np.array([float(s.turn.id in ids) for s in self.seen])

    def tasks(self, owner: str) -> Vector:
        return task_target(self.gold, self.second, owner, self._ids())

    def states(self) -> Vector:
        """Shape (turns, states): the turns that state the outcome share 1, in the columns of the marked states."""
        return outcome_target(self.gold, self.second, self._ids())

    @cached_property
    def after(self) -> Sequence[Features]:
        return followed_by(self.seen)

    @cached_property
    def whole(self) -> Features:
        return whole_call(self.seen)

    def _ids(self) -> list[str]:
        return [seen.turn.id for seen in self.seen]

    def features(self, issue: int | None = None) -> list[Features]:
        found = [features_of(self.seen, i) for i in range(len(self.seen))]
        if issue is None:
            return found
        return [row | features_after(self.seen, i, issue) for i, row in enumerate(found)]


class Numbers:
    """Rows of features as numbers. Each row is learned from in every fold, and turned into numbers once."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._number: dict[str, int] = {}
        self._known: dict[int, tuple[Features, npt.NDArray[np.intp], Vector]] = {}
        """By id of the row, which is kept: an id is good for as long as its object lives."""

    def __call__(self, row: Features) -> tuple[npt.NDArray[np.intp], Vector]:
        if id(row) not in self._known:
            for name in row:
                if name not in self._number:
                    self._number[name] = len(self.names)
                    self.names.append(name)
            numbers = np.array([self._number[name] for name in row], dtype=np.intp)
            self._known[id(row)] = (row, numbers, np.array(list(row.values()), dtype=np.float32))
        return self._known[id(row)][1:]


NUMBERS = Numbers()


class Design:
    """Rows of features as a sparse matrix; the vocabulary holds the features of at least MIN_COUNT rows."""

    def __init__(self, rows: Sequence[Features]) -> None:
        found = [NUMBERS(row) for row in rows]
        numbers, values = (np.concatenate([pair[part] for pair in found]) for part in range(2))
        counts = np.bincount(numbers, minlength=len(NUMBERS.names))
        kept = sorted(np.flatnonzero(counts >= MIN_COUNT).tolist(), key=NUMBERS.names.__getitem__)
        self.names = [NUMBERS.names[number] for number in kept]
        column = np.full(len(NUMBERS.names), -1)
        column[kept] = np.arange(len(kept))
        columns, of_row = column[numbers], np.repeat(np.arange(len(rows)), [len(n) for n, _ in found])
        known = columns >= 0
        self.matrix: Any = csr_matrix(
            (values[known], (of_row[known], columns[known])), shape=(len(rows), len(kept))
        )


def read_examples(splits: Iterable[str], config: Path) -> list[Example]:
    punctuate: Any = load_engine(load_stages(config)["punctuation-restorer"])
    second = read_second_labels()
    examples = []
    for split in splits:
        for call in read_dialogues(split):  # type: ignore[arg-type]
            others = second.get(call["id"])
            known = punctuate(conversation_of(call, roles=True))
            hidden = replace(known, participants=conversation_of(call, roles=False).participants)
            examples += [
                Example(call, look_at(known), 1.0, others),
                Example(call, look_at(hidden), 0.5, others),
            ]
    return examples


def read_short_examples(config: Path) -> list[Example]:
    """Endings and short calls: for tasks only. On issue and outcome they were no gain (docs/adr/0018)."""
    punctuate: Any = load_engine(load_stages(config)["punctuation-restorer"])
    calls = [
        call
        for language in LANGUAGES
        for call in (
            *read_turns(language, "ending"),
            *read_turns(language, "short"),
            *read_more_calls(language),
        )
    ]
    return [
        Example(call, look_at(punctuate(conversation_of(call, roles=True))), SHORT_WEIGHT) for call in calls
    ]


def without_place(rows: Sequence[Features]) -> list[Features]:
    return [{name: value for name, value in row.items() if not _PLACE.match(name)} for row in rows]


def _single(values: Vector) -> Vector:
    return values.astype(np.float32)


def _minimum(loss: Loss, size: int) -> Vector:
    """Half of the digits are enough, and twice as fast."""

    def exact(weights: Vector) -> tuple[float, Vector]:
        value, slope = loss(weights.astype(np.float32))
        return value, slope.astype(np.float64)

    options = {"maxiter": MOST_STEPS, "ftol": SMALLEST_GAIN}
    found = minimize(exact, np.zeros(size), jac=True, method="L-BFGS-B", options=options)
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
    target = _single(np.concatenate([e.marked(name) / e.marked(name).sum() for e, _ in usable]))
    weight = _single(np.array([e.weight for e, _ in usable])[of_call])

    def loss(w: Vector) -> tuple[float, Vector]:
        z = design.matrix @ w
        z = z - np.maximum.reduceat(z, starts)[of_call]
        log_total = np.log(np.add.reduceat(np.exp(z), starts))[of_call]
        value = -(weight * target * (z - log_total)).sum() + PENALTY / 2 * w @ w
        return float(value), design.matrix.T @ (weight * (np.exp(z - log_total) - target)) + PENALTY * w

    return _table(design.names, _minimum(loss, len(design.names)))


def fit_tasks(
    examples: Sequence[Example],
    owner: str,
    rows: Sequence[Sequence[Features]],
    embedded: Mapping[str, Vector],
) -> tuple[dict[str, float], list[float]]:
    """Each turn by itself: a logistic regression. The weights by feature, and by number of the embedding."""
    design = Design([row for of_call in rows for row in of_call])
    vectors = _vectors(examples, embedded)
    target = _single(np.concatenate([e.tasks(owner) for e in examples]))
    weight = _single(np.concatenate([np.full(len(e.seen), e.weight) for e in examples]))
    size = len(design.names)

    def loss(w: Vector) -> tuple[float, Vector]:
        z = design.matrix @ w[:size] + vectors @ w[size:]
        value = (weight * (np.logaddexp(0, z) - target * z)).sum() + PENALTY / 2 * w @ w
        slope = weight * (1 / (1 + np.exp(-z)) - target)
        return float(value), np.concatenate([design.matrix.T @ slope, vectors.T @ slope]) + PENALTY * w

    found = _minimum(loss, size + vectors.shape[1])
    return _table(design.names, found[:size]), np.round(found[size:], 3).tolist()


def fit_outcome(
    examples: Sequence[Example], rows: Sequence[Sequence[Features]], embedded: Mapping[str, Vector]
) -> tuple[dict[str, list[float]], list[list[float]]]:
    """A turn and a state of the call are chosen together: a softmax over turns times (true, false, null).

    A feature of a turn has a weight that the states share and one for each state, under the same penalty; a feature of
    what follows the turn or of the whole call has one for each state only.
    """
    usable = [(e, r) for e, r in zip(examples, rows, strict=True) if e.states().any()]
    turns = Design([row for _, of_call in usable for row in of_call])
    after = Design([row for e, _ in usable for row in e.after])
    calls = Design([e.whole for e, _ in usable])
    of_turn = hstack([turns.matrix, after.matrix]).tocsr()
    vectors = np.hstack([_vectors([e for e, _ in usable], embedded), _next([e for e, _ in usable], embedded)])
    starts = np.concatenate([[0], np.cumsum([len(r) for _, r in usable])[:-1]]).astype(int)
    of_call = np.repeat(np.arange(len(usable)), [len(r) for _, r in usable])
    weight = _single(np.array([e.weight for e, _ in usable])[of_call, None])
    target = _single(np.concatenate([e.states() for e, _ in usable]))
    sizes = [of_turn.shape[1], len(calls.names), vectors.shape[1]]
    edges = len(turns.names) + len(RESOLVED) * np.cumsum([0, *sizes[:-1]])

    def split(flat: Vector) -> list[Vector]:
        shared, *states = np.split(flat, edges)
        return [shared, *(part.reshape(-1, len(RESOLVED)) for part in states)]

    def loss(flat: Vector) -> tuple[float, Vector]:
        shared, states, whole, of_vector = split(flat)
        z = (turns.matrix @ shared)[:, None] + of_turn @ states + (calls.matrix @ whole)[of_call]
        z += vectors @ of_vector
        z = z - np.maximum.reduceat(z.max(axis=1), starts)[of_call, None]
        log_chance = z - np.log(np.add.reduceat(np.exp(z).sum(axis=1), starts))[of_call, None]
        value = -(weight * target * log_chance).sum() + OUTCOME_PENALTY / 2 * flat @ flat
        slope = weight * (np.exp(log_chance) - target)
        of_whole = calls.matrix.T @ np.add.reduceat(slope, starts)
        gradient = [turns.matrix.T @ slope.sum(axis=1), of_turn.T @ slope, of_whole, vectors.T @ slope]
        return float(value), np.concatenate([part.ravel() for part in gradient]) + OUTCOME_PENALTY * flat

    found = _minimum(loss, len(turns.names) + len(RESOLVED) * sum(sizes))
    shared, states, whole, of_vector = split(found)
    states[: len(shared)] += shared[:, None]
    names = [*turns.names, *after.names, *calls.names]
    table = {
        name: [round(float(value), 3) for value in row]
        for name, row in zip(names, np.concatenate([states, whole]), strict=True)
        if np.abs(row).max() >= SMALLEST_WEIGHT
    }
    return table, np.round(of_vector, 3).tolist()


def _vectors(examples: Sequence[Example], embedded: Mapping[str, Vector]) -> Vector:
    """Shape (turns, 512)."""
    vectors = [embedded[seen.turn.content] for example in examples for seen in example.seen]
    return np.float32(EMBEDDING_WEIGHT) * np.array(vectors, dtype=np.float32)


def _next(examples: Sequence[Example], embedded: Mapping[str, Vector]) -> Vector:
    """Shape (turns, 512): of the next turn, zero for the last one."""
    vectors: list[Vector] = []
    for example in examples:
        vectors += [embedded[seen.turn.content] for seen in example.seen[1:]]
        vectors.append(np.zeros(DIMENSIONS))
    return np.float32(EMBEDDING_WEIGHT * NEXT_SHARE) * np.array(vectors, dtype=np.float32)


def _table(names: Sequence[str], weights: Vector) -> dict[str, float]:
    return {
        name: round(float(weight), 3)
        for name, weight in zip(names, weights, strict=True)
        if abs(weight) >= SMALLEST_WEIGHT
    }


@dataclass(frozen=True)
class Material:
    """Calls, endings and short calls with their features and the embeddings of their turns."""

    examples: Sequence[Example]
    rows: Sequence[Sequence[Features]]
    later: Sequence[Sequence[Features]]
    """With the distance to the turn of the issue."""
    short: Sequence[Example]
    short_rows: Sequence[Sequence[Features]]
    embedded: Mapping[str, Vector]

    def of(self, calls: Container[str]) -> Material:
        """The same with these calls only; endings and short calls stay."""
        kept = [index for index, example in enumerate(self.examples) if example.gold["id"] in calls]
        return replace(
            self,
            examples=[self.examples[index] for index in kept],
            rows=[self.rows[index] for index in kept],
            later=[self.later[index] for index in kept],
        )


def read_material(splits: Sequence[str], config: Path) -> Material:
    examples = read_examples(splits, config)
    rows = [example.features() for example in examples]
    later = []
    for example, plain in zip(examples, rows, strict=True):
        stated = np.flatnonzero(example.marked("issue"))
        issue = int(stated[0]) if len(stated) else 0
        later.append([row | features_after(example.seen, i, issue) for i, row in enumerate(plain)])
    short = read_short_examples(config)
    short_rows = [without_place(example.features()) for example in short]
    texts = sorted({seen.turn.content for example in (*examples, *short) for seen in example.seen})
    embedded = dict(zip(texts, SentenceEncoder()(texts), strict=True))
    return Material(examples, rows, later, short, short_rows, embedded)


def fit_rankers(material: Material) -> dict[str, Any]:
    turns = {"issue": fit_choice(material.examples, "issue", material.rows)}
    embedding: dict[str, Any] = {}
    examples, rows = [*material.examples, *material.short], [*material.rows, *material.short_rows]
    for owner in PARTIES:
        turns[owner], embedding[owner] = fit_tasks(examples, owner, rows, material.embedded)
    outcome, embedding["outcome"] = fit_outcome(material.examples, material.later, material.embedded)
    return {"turns": turns, "outcome": outcome, "embedding": embedding}


def train(splits: Sequence[str], config: Path, left_out: Container[str] = ()) -> dict[str, Any]:
    """Args:
    left_out: calls, by id, that are not learned from.
    """
    material = read_material(splits, config)
    names = {example.gold["id"] for example in material.examples}
    return fitted(material.of({name for name in names if name not in left_out}), splits)


def fitted(material: Material, splits: Sequence[str]) -> dict[str, Any]:
    """The document of rankers.py."""
    names = sorted({example.gold["id"] for example in material.examples}, key=_shuffled)
    unseen = []
    for fold in range(FOLDS):
        held_out = set(names[fold::FOLDS])
        models = fit_rankers(material.of(set(names) - held_out))
        unseen.append((models, material.of(held_out).examples))
    models = fit_rankers(material)
    models["resolved"] = fit_resolution(unseen, material.embedded)
    digest = hashlib.sha256(json.dumps(models, sort_keys=True).encode()).hexdigest()[:12]
    return {"licence": "Apache-2.0", "trained_on": list(splits), "revision": digest, **models}


def _shuffled(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


if __name__ == "__main__":
    names = ("fit",) if "--only-fit" in sys.argv[1:] else ("fit", "choose")
    document = train(names, Path("serve_config.cpu.yaml"))
    TABLE.write_text(
        json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n",
        encoding="utf-8",
    )
    print(f"{TABLE.name}: {document['revision']}, {TABLE.stat().st_size // 1024} KB")
