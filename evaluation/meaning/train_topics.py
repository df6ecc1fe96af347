"""Fits callytics/engines/analysis/topics.json: the topic of a call, a softmax over the labels of topics.tsv.

    python -m evaluation.meaning.train_topics                 on fit, choose, training/ and turns_*.jsonl
    python -m evaluation.meaning.train_topics --only-fit      without choose: what `choose` was judged with

Topics that are accepted as well, or that a second labeller chose, share the target of a call. The penalty and the
lengths of the vectors were chosen by cross-validation on fit and choose; `report` is not read. Features outnumber the
calls, so the minimum is sought in the space that the calls span.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from callytics.engines.analysis import topics
from callytics.engines.analysis.encoder import Remembering, SentenceEncoder
from callytics.engines.analysis.features import Features, Seen, look_at
from callytics.engines.analysis.topics import EMBEDDING_WEIGHT, WRONG_NUMBER, context, topic_features
from evaluation.dialogues import LANGUAGES, read_dialogues, read_second_labels, read_turns
from evaluation.meaning.more_calls import read_more_calls, read_topic_statements
from evaluation.meaning.reading import conversation_of
from evaluation.meaning.scores import TOPIC_NAMES

PENALTY = 0.3
ACCEPTED_SHARE = 0.3
"""Target of a topic that is accepted, beside 1 for the marked one."""

MIN_COUNT = 2
SMALLEST_WEIGHT = 0.03
SMALLEST_DIMENSION = 1e-6
TABLE = Path(topics.__file__).with_name("topics.json")
LABELS = {marked: label for label, marked in TOPIC_NAMES.items()}
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """A call, the place of its issue, and the share of every topic."""

    seen: Sequence[Seen]
    stated: int
    shares: Mapping[str, float]


def read_examples(splits: Iterable[str], left_out: Container[str]) -> list[Example]:
    calls = [call for split in splits for call in read_dialogues(split)]  # type: ignore[arg-type]
    for language in LANGUAGES:
        calls += read_more_calls(language) + read_topic_statements(language)
        calls += read_turns(language, "opening") + read_turns(language, "short")
    second = read_second_labels()
    kept = (call for call in calls if call.get("id") not in left_out)
    return [_example(call, second.get(call.get("id", ""))) for call in kept if call["topic"] != WRONG_NUMBER]


def _example(call: Mapping[str, Any], second: Mapping[str, Any] | None) -> Example:
    ids = call["issue"]["turn_ids"] if call["issue"] else [call["turns"][0]["id"]]
    accepted = [*call.get("topic_ok", ()), *([second["topic"]] if second else [])]
    shares = {LABELS.get(name, name): ACCEPTED_SHARE for name in accepted if name != WRONG_NUMBER}
    shares[LABELS.get(call["topic"], call["topic"])] = 1.0
    seen = look_at(conversation_of(call, roles=True))
    return Example(seen, next(i for i, s in enumerate(seen) if s.turn.id in ids), shares)


def embeddings(examples: Sequence[Example]) -> tuple[Matrix, Matrix]:
    """The issue and the call of each example, shape (examples, 512) both."""
    encode = Remembering(SentenceEncoder())
    stated = [example.seen[example.stated].turn.content for example in examples]
    of_calls = np.array([context(example.seen, encode) for example in examples])
    return EMBEDDING_WEIGHT * encode(stated), EMBEDDING_WEIGHT * of_calls


def _matrix(rows: Sequence[Features]) -> tuple[list[str], Any]:
    counts: dict[str, int] = {}
    for row in rows:
        for name in row:
            counts[name] = counts.get(name, 0) + 1
    names = sorted(name for name, count in counts.items() if count >= MIN_COUNT)
    column = {name: index for index, name in enumerate(names)}
    cells = [(i, column[name], v) for i, row in enumerate(rows) for name, v in row.items() if name in column]
    i, j, values = zip(*cells, strict=True)
    return names, csr_matrix((values, (i, j)), shape=(len(rows), len(names)))


def fit(kernel: Matrix, target: Matrix) -> Matrix:
    """The weight of every call for every label: a softmax with a quadratic penalty."""
    sizes, axes = np.linalg.eigh(kernel)
    kept = sizes > SMALLEST_DIMENSION
    root = np.sqrt(sizes[kept])
    points = axes[:, kept] * root
    shape = (points.shape[1], target.shape[1])

    def loss(flat: Matrix) -> tuple[float, Matrix]:
        w = flat.reshape(shape)
        z = points @ w
        z = z - z.max(axis=1, keepdims=True)
        log_chance = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        value = -(target * log_chance).sum() + PENALTY / 2 * flat @ flat
        return float(value), (points.T @ (np.exp(log_chance) - target) + PENALTY * w).ravel()

    found = minimize(
        loss, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 80}
    )
    weights: Matrix = axes[:, kept] / root @ found.x.reshape(shape)
    return weights


def train(splits: Sequence[str], left_out: Container[str] = ()) -> dict[str, Any]:
    """Args:
    left_out: calls, by id, that are not learned from.
    """
    examples = read_examples(splits, left_out)
    labels = sorted({name for example in examples for name in example.shares})
    target = np.array([[example.shares.get(label, 0.0) for label in labels] for example in examples])
    names, words = _matrix([topic_features(example.seen, example.stated) for example in examples])
    of_issue, of_calls = embeddings(examples)
    vectors = np.hstack([of_issue, of_calls])
    kernel = np.asarray((words @ words.T).todense()) + vectors @ vectors.T
    weights = fit(kernel, target / target.sum(axis=1, keepdims=True))
    of_words = np.asarray(words.T @ weights)
    of_vectors = np.round(vectors.T @ weights, 3)
    kept = np.flatnonzero(np.abs(of_words).max(axis=1) >= SMALLEST_WEIGHT)
    table = {
        "labels": labels,
        "features": [names[row] for row in kept],
        "weights": np.round(of_words[kept], 2).tolist(),
        "embedding": of_vectors[: of_issue.shape[1]].tolist(),
        "context": of_vectors[of_issue.shape[1] :].tolist(),
    }
    digest = hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()[:12]
    return {"licence": "Apache-2.0", "trained_on": list(splits), "revision": digest, **table}


if __name__ == "__main__":
    given = ("fit",) if "--only-fit" in sys.argv[1:] else ("fit", "choose")
    document = train(given)
    TABLE.write_text(
        json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n",
        encoding="utf-8",
    )
    print(f"{TABLE.name}: {document['revision']}, {TABLE.stat().st_size // 1024} KB")
