"""Learns callytics/engines/sentiment/mood_model.json: python tools/train_mood_model.py (from the root; extra "eval").

Weights from the fit split of the written calls and, at lower weights, the turns and the sentences of
engines/sentiment/training; thresholds per language from choose and, cross-validated, fit. `report` is not read. Full
batches from zero: deterministic.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "tools"))

from linear_models import Design, fit_softmax  # noqa: E402

from callytics.config import load_stages  # noqa: E402
from callytics.domain import Role, Turn  # noqa: E402
from callytics.engines import load_engine  # noqa: E402
from callytics.engines.sentiment.classifier import LABELS, SentenceClassifier  # noqa: E402
from callytics.engines.sentiment.mood import (  # noqa: E402
    Features,
    MoodModel,
    embedding_features,
    features_of,
    neighbours_of,
    ngrams,
    own_features,
)
from callytics.engines.sentiment.text import sentences_of  # noqa: E402
from evaluation.dialogues import LANGUAGES, read_dialogues  # noqa: E402
from evaluation.meaning.reading import conversation_of  # noqa: E402

FOLDER = ROOT / "callytics" / "engines" / "sentiment"
TARGET = FOLDER / "mood_model.json"
PENALTY = 4.0
MIN_COUNT = 3
DOUBT = 0.3
"""Share of a turn's weight that goes to the labels that are accepted beside the marked one."""

WRITTEN_WEIGHT = 2.0
SENTENCE_WEIGHT = 1.2
"""They keep plain words what they are, against calls that rarely have them: the more calls, the larger."""

OPENING = {"ko": "네, 무엇을 도와드릴까요?", "en": "How can I help you?"}
MIDDLE: Features = {"pos": 0.5, "first": 0.0, "last": 0.0}
START: Features = {"pos": 0.1, "first": 1.0, "last": 0.0}
"""Where in a call a text outside a call is taken to stand."""

SMALLEST_WEIGHT = 0.03
FOLDS = 4
STEPS = np.arange(-0.6, 1.61, 0.2)
"""Logarithms of the thresholds that are tried; coarse, because the split is small."""

NEAR = 0.01
"""A smaller difference of the sum of two macro-F1 is hardly one."""

Array = NDArray[np.float64]


@dataclass
class Rows:
    features: list[Features] = field(default_factory=list)
    dense: list[Array] = field(default_factory=list)
    targets: list[list[float]] = field(default_factory=list)
    gold: list[tuple[int, frozenset[int]]] = field(default_factory=list)
    customer: list[bool] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)


def target_of(label: str, accepted: Sequence[str]) -> tuple[list[float], frozenset[int]]:
    gold = LABELS.index(label.lower())
    others = {LABELS.index(name.lower()) for name in accepted} - {gold}
    row = [0.0] * len(LABELS)
    row[gold] = 1.0 - (DOUBT if others else 0.0)
    for other in others:
        row[other] = DOUBT / len(others)
    return row, frozenset({gold, *others})


def add(
    rows: Rows, classify: SentenceClassifier, language: str, turns: Sequence[Turn], roles: Sequence[Role]
) -> None:
    """The features of the turns of one call."""
    owns = [
        own_features(t.content, language, classify(sentences_of(t), language), classify.features.lexicon)
        for t in turns
    ]
    neighbours = neighbours_of([turn.participant_id for turn in turns])
    grams = [ngrams(turn.content, language) for turn in turns]
    rows.features += features_of(owns, roles, grams, neighbours)
    rows.dense += list(
        embedding_features(classify.features.embed([turn.content for turn in turns]), neighbours)
    )


def calls(split: str, language: str, classify: SentenceClassifier) -> Rows:
    punctuate: Any = load_engine(load_stages(ROOT / "serve_config.cpu.yaml")["punctuation-restorer"])
    rows = Rows()
    for call in read_dialogues(split, language):  # type: ignore[arg-type]
        turns = punctuate(conversation_of(call, roles=True)).turns
        roles = [Role(call["roles"][turn.participant_id]) for turn in turns]
        add(rows, classify, language, turns, roles)
        for turn, role in zip(call["turns"], roles, strict=True):
            target, accepted = target_of(turn["sentiment"], turn.get("sentiment_ok") or ())
            rows.targets.append(target)
            rows.gold.append((LABELS.index(turn["sentiment"].lower()), accepted))
            rows.customer.append(role is Role.CUSTOMER)
            rows.weights.append(1.0)
    return rows


def written(language: str, classify: SentenceClassifier) -> Rows:
    """The turns of training/turns_*.tsv, the last of a call of two, and the sentences beside them: without a role, and
    as what a customer begins with. Most customers begin in neutral words, so a model of calls alone takes plain anger
    there for neutral.
    """
    rows = Rows()
    folder = FOLDER / "training"
    for name, weight in ((f"turns_{language}.tsv", WRITTEN_WEIGHT), (f"{language}.tsv", SENTENCE_WEIGHT)):
        for line in (folder / name).read_text(encoding="utf-8").splitlines():
            if line.startswith("#"):
                continue
            letter, label, *said = line.split("\t") if name.startswith("turns") else ("", *line.split("\t"))
            roles = {"C": [Role.AGENT, Role.CUSTOMER], "A": [Role.CUSTOMER, Role.AGENT]}.get(
                letter, [Role.UNKNOWN]
            )
            _add_written(rows, classify, language, said, roles, label, weight, MIDDLE)
            if not letter:
                opened = [OPENING[language], *said]
                _add_written(
                    rows, classify, language, opened, [Role.AGENT, Role.CUSTOMER], label, weight, START
                )
    return rows


def _add_written(
    rows: Rows,
    classify: SentenceClassifier,
    language: str,
    said: Sequence[str],
    roles: Sequence[Role],
    label: str,
    weight: float,
    place: Features,
) -> None:
    turns = [Turn(f"t{i}", f"{i}", 0.0, 1.0, text, text, (), 1.0) for i, text in enumerate(said)]
    pair = Rows()
    add(pair, classify, language, turns, roles)
    target, accepted = target_of(label, ())
    rows.features.append(pair.features[-1] | place)
    rows.dense.append(pair.dense[-1])
    rows.targets.append(target)
    rows.gold.append((LABELS.index(label), accepted))
    rows.customer.append(roles[-1] is Role.CUSTOMER)
    rows.weights.append(weight)


def fit(parts: Sequence[Rows]) -> dict[str, Any]:
    features = [row for part in parts for row in part.features]
    counts = Counter(name for row in features for name in row)
    names = sorted(name for name, count in counts.items() if count >= MIN_COUNT)
    column = {name: index for index, name in enumerate(names)}
    cells = [(n, column[k], v) for n, row in enumerate(features) for k, v in row.items() if k in column]
    i, j, values = zip(*cells, strict=True)
    sparse = csr_matrix((values, (i, j)), shape=(len(features), len(names)))
    design = Design(sparse, np.array([row for part in parts for row in part.dense]))
    target = np.array([row for part in parts for row in part.targets])
    w = fit_softmax(design, target, np.array([w for part in parts for w in part.weights]), PENALTY)
    learned = {name: row for name, row in zip(names, w, strict=False) if np.abs(row).max() >= SMALLEST_WEIGHT}
    return {
        "weights": {name: [round(float(v), 3) for v in row] for name, row in learned.items()},
        "dense": np.round(w[len(names) : -1], 3).tolist(),
        "bias": np.round(w[-1], 3).tolist(),
    }


def data(classify: SentenceClassifier) -> tuple[dict[str, Rows], dict[str, Rows], list[Rows]]:
    """The turns of fit and of choose by language, and the written ones."""
    seen = {code: calls("fit", code, classify) for code in LANGUAGES}
    chosen = {code: calls("choose", code, classify) for code in LANGUAGES}
    return seen, chosen, [written(code, classify) for code in LANGUAGES]


def calls_of_turns(split: str, language: str) -> list[str]:
    return [call["id"] for call in read_dialogues(split, language) for _ in call["turns"]]  # type: ignore[arg-type]


def moods_of_others(
    seen: Mapping[str, Rows], chosen: Mapping[str, Rows], more: Sequence[Rows]
) -> dict[str, list[list[float]]]:
    """By call of fit and choose: the probabilities of its turns by models that have not seen the call.

    For thresholds, and for models that learn from moods: what a model says of its own examples is too good.
    """
    found: dict[str, list[list[float]]] = {}

    def add_moods(model: MoodModel, rows: Rows, ids: Sequence[str]) -> None:
        chances = model.probabilities(rows.features, np.array(rows.dense))
        for call_id, chance in zip(ids, chances.tolist(), strict=True):
            found.setdefault(call_id, []).append(chance)

    def learned(parts: Sequence[Rows]) -> MoodModel:
        return MoodModel({"revision": "", "thresholds": {}, **fit(parts)})

    whole = learned([*seen.values(), *more])
    ids = {code: calls_of_turns("fit", code) for code in LANGUAGES}
    for code in LANGUAGES:
        add_moods(whole, chosen[code], calls_of_turns("choose", code))
    for number in range(FOLDS):
        held = {i for of in ids.values() for n, i in enumerate(sorted(set(of))) if n % FOLDS == number}
        model = learned([*(part(seen[c], [i not in held for i in ids[c]]) for c in LANGUAGES), *more])
        for code in LANGUAGES:
            inside = [i in held for i in ids[code]]
            add_moods(model, part(seen[code], inside), [i for i in ids[code] if i in held])
    return found


def part(rows: Rows, wanted: Sequence[bool]) -> Rows:
    lists = {name: [v for v, keep in zip(of, wanted, strict=True) if keep] for name, of in vars(rows).items()}
    return Rows(**lists)


def macro_f1(gold: Sequence[tuple[int, frozenset[int]]], found: Sequence[int]) -> float:
    matrix = np.zeros((len(LABELS), len(LABELS)))
    for (label, accepted), guess in zip(gold, found, strict=True):
        matrix[guess if guess in accepted else label, guess] += 1
    hits = 2 * matrix.diagonal() / np.maximum(1, matrix.sum(axis=0) + matrix.sum(axis=1))
    return float(hits.mean())


def thresholds(rows: Rows, probabilities: Array) -> list[float]:
    """The factors with the highest sum of macro-F1 over all turns and over the customers' turns.

    The sum is averaged over the neighbouring factors: a peak of its own is luck. Where several are as good (NEAR),
    those nearest to 1, so that label and probability seldom differ: with larger ones "I was told to call" is negative.
    """
    customers = np.flatnonzero(rows.customer)
    gold = [rows.gold[i] for i in customers]
    scores = np.zeros((len(STEPS), len(STEPS)))
    for i, negative in enumerate(STEPS):
        for j, positive in enumerate(STEPS):
            found = (probabilities * np.exp([negative, 0.0, positive])).argmax(axis=1)
            scores[i, j] = macro_f1(rows.gold, found.tolist()) + macro_f1(gold, found[customers].tolist())
    inner = np.zeros((len(STEPS) - 2, len(STEPS) - 2))
    for i in range(3):
        for j in range(3):
            inner += scores[i : i + len(STEPS) - 2, j : j + len(STEPS) - 2]
    good = np.argwhere(inner >= inner.max() - 9 * NEAR)
    row, column = min(good, key=lambda at: (np.abs(STEPS[at + 1]).sum(), -inner[tuple(at)]))
    return [float(v) for v in np.round(np.exp([STEPS[row + 1], 0.0, STEPS[column + 1]]), 3)]


def main() -> None:
    save(*data(SentenceClassifier()))


def save(seen: Mapping[str, Rows], chosen: Mapping[str, Rows], more: Sequence[Rows]) -> None:
    document: dict[str, Any] = {
        "licence": "Apache-2.0",
        "trained_on": "evaluation/dialogues, fit split; sentiment/training; thresholds on fit (by models that have "
        "not seen the call) and choose",
        "revision": "",
        "thresholds": {},
        **fit([*seen.values(), *more]),
    }
    others = moods_of_others(seen, chosen, more)
    for code in LANGUAGES:
        both = Rows()
        for name, values in vars(both).items():
            values += getattr(seen[code], name) + getattr(chosen[code], name)
        taken: Counter[str] = Counter()
        chances = []
        ids = calls_of_turns("fit", code) + calls_of_turns("choose", code)
        for call_id in ids:
            chances.append(others[call_id][taken[call_id]])
            taken[call_id] += 1
        document["thresholds"][code] = thresholds(both, np.array(chances))
        found = (np.array(chances) * document["thresholds"][code]).argmax(axis=1)
        start = len(seen[code].gold)
        for title, places in (("fit", range(start)), ("choose", range(start, len(ids)))):
            gold = [both.gold[i] for i in places]
            customers = [i for i in places if both.customer[i]]
            only = macro_f1([both.gold[i] for i in customers], found[customers].tolist())
            print(
                f"{title} {code}: macro-F1 {macro_f1(gold, found[list(places)].tolist()):.3f}, customers {only:.3f}"
            )
    document["revision"] = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:12]
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    TARGET.write_text(text + "\n", encoding="utf-8")
    print(
        f"{TARGET.name}: {document['revision']}, {TARGET.stat().st_size // 1024} KB", document["thresholds"]
    )


if __name__ == "__main__":
    main()
