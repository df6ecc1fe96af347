"""Learns callytics/engines/sentiment/conduct_model.json: python tools/train_conduct_model.py (extra "eval").

Two logistic regressions per language on the agents' turns of the written calls of fit and choose, and of turns that
were written for it: one of the turn, one of the scores of all turns of the call. The second learns from scores of
models that have not seen the call, and so do both from moods. Each twice: with words alone, and with embeddings.

The rules were written with the first calls in view, where they are right far too often: what they find there is hidden.
Prints the precision and recall of pairs of limits, cross-validated by call.
"""

from __future__ import annotations

import json
import re
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

from linear_models import Design, fit_logistic  # noqa: E402
from train_mood_model import Rows, add, data, moods_of_others  # noqa: E402

from callytics.config import load_stages  # noqa: E402
from callytics.domain import Conversation, Role, Turn  # noqa: E402
from callytics.engines import load_engine  # noqa: E402
from callytics.engines.sentiment.classifier import SentenceClassifier  # noqa: E402
from callytics.engines.sentiment.conduct import PROTEST, lapses_by_rules, severities  # noqa: E402
from callytics.engines.sentiment.conduct_model import (  # noqa: E402
    SEVERE_LIMIT,
    SURROUNDINGS,
    in_call,
    ngrams,
    of_rules,
    surroundings,
    with_call,
)
from callytics.engines.sentiment.mood import EMBEDDING_SCALE, MoodModel  # noqa: E402
from evaluation.dialogues import LANGUAGES, read_agent_turns, read_dialogues  # noqa: E402
from evaluation.meaning.reading import conversation_of  # noqa: E402

FOLDER = ROOT / "callytics" / "engines" / "sentiment"
MIN_COUNT = 3
STRENGTH = {"words": 0.03, "embedded": 0.1}
CALL_STRENGTH = 0.3
"""Inverse of the penalty (C of scikit-learn) of the two models."""
SCALE, RULE_SCALE = 3.0, 2.0
EMBEDDING_SCALES = (4.0, 2.0, 3.0, 2.0, 3.0)
"""Factors on the surroundings, on the rules and on the embeddings of the turn, of the one before, of the one after, of
what sets it apart from the agent's other turns and of the answers in the call; a larger one lowers the penalty."""
WRITTEN_WEIGHT = 0.5
"""The weight of a turn outside a call: half of its surroundings are not known."""
UNKNOWN_ALONE = ("next", "others_polite", "customer")
SMALLEST = 0.005
FOLDS = 5
WIDTH = 512
LATER = re.compile("_third_|_fourth_")
"""In the ids of calls that other writers made, after the rules."""
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]
Moods = Mapping[str, Sequence[Sequence[float]]]
Meanings = Mapping[str, Sequence[Matrix]]


@dataclass
class Examples:
    """Turns of agents: texts, SURROUNDINGS, severity of the rules, embeddings with the neighbours', whether impolite,
    and the call; empty outside a call."""

    texts: list[str] = field(default_factory=list)
    around: list[list[float]] = field(default_factory=list)
    severity: list[int] = field(default_factory=list)
    meaning: list[Matrix] = field(default_factory=list)
    marked: list[bool] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)


def meanings_of(seen: Mapping[str, Rows], chosen: Mapping[str, Rows]) -> Meanings:
    """By call of fit and choose: the embeddings of its turns beside those of their neighbours."""
    found: dict[str, list[Matrix]] = {}
    for split, by_language in (("fit", seen), ("choose", chosen)):
        for code in LANGUAGES:
            rows = iter(by_language[code].dense)
            for call in read_dialogues(split, code):  # type: ignore[arg-type]
                found[call["id"]] = [_unscaled(next(rows)) for _ in call["turns"]]
    return found


def _unscaled(row: Matrix) -> Matrix:
    """A row of ``embedding_features`` with the turn itself at scale 1."""
    return np.concatenate([row[:WIDTH] / EMBEDDING_SCALE, row[WIDTH:]])


def examples(language: str, moods: Moods, meanings: Meanings) -> Examples:
    punctuate: Any = load_engine(load_stages(ROOT / "serve_config.cpu.yaml")["punctuation-restorer"])
    found = Examples()
    for split in ("fit", "choose"):
        for call in read_dialogues(split, language):  # type: ignore[arg-type]
            conversation = punctuate(conversation_of(call, roles=True))
            negative = {t.id: m[0] for t, m in zip(conversation.turns, moods[call["id"]], strict=True)}
            meaning = dict(zip((t.id for t in conversation.turns), meanings[call["id"]], strict=True))
            marked = set(call["quality"]["lapse_turn_ids"])
            in_view = "_more_" not in call["id"]
            _add_agent(found, conversation, negative, meaning, marked, call["id"], in_view)
    return found


def written_turns(language: str, classify: SentenceClassifier) -> Examples:
    """The agents' turns of evaluation/dialogues/turns_agent_*.jsonl, each after a customer's turn."""
    found = Examples()
    model = MoodModel()
    for turn in read_agent_turns(language):
        said = [("C", turn["before"]), ("A", turn["text"])]
        call = {
            "language": language,
            "roles": {"A": "AGENT", "C": "CUSTOMER"},
            "turns": [{"id": who, "speaker": who, "text": text} for who, text in said],
        }
        conversation = conversation_of(call, roles=True)
        rows = Rows()
        add(rows, classify, language, conversation.turns, [Role.CUSTOMER, Role.AGENT])
        chances = model.probabilities(rows.features, np.array(rows.dense))
        negative = {who: float(chance[0]) for (who, _), chance in zip(said, chances, strict=True)}
        meaning = {who: _unscaled(row) for (who, _), row in zip(said, rows.dense, strict=True)}
        marked = {"A"} if turn["impolite"] else set()
        _add_agent(found, conversation, negative, meaning, marked, "", False)
    return found


def _add_agent(
    found: Examples,
    conversation: Conversation,
    negative: Mapping[str, float],
    meaning: Mapping[str, Matrix],
    marked: set[str],
    call: str,
    in_view: bool,
) -> None:
    """``in_view``: the rules were written with the call in view, so what they find in it is hidden."""
    language = conversation.language
    turns: dict[str, Turn] = {turn.id: turn for turn in conversation.turns}
    rules = {} if in_view else severities(lapses_by_rules(conversation))
    around = surroundings(conversation, negative, language, PROTEST[language])
    of_call = with_call({turn_id: meaning[turn_id] for turn_id in around})
    for turn_id, values in around.items():
        found.texts.append(turns[turn_id].content)
        found.around.append(values)
        found.severity.append(rules.get(turn_id, 0))
        found.meaning.append(of_call[turn_id])
        found.marked.append(turn_id in marked)
        found.calls.append(call)


def balanced(weights: Matrix, y: Flags) -> Matrix:
    """The weights of the examples, with both classes of the same weight."""
    half = weights.sum() / 2
    return np.where(y, weights * half / weights[y].sum(), weights * half / weights[~y].sum())


def sentences(language: str) -> list[tuple[str, bool]]:
    lines = (FOLDER / "training" / "conduct.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [(text, label == "rude") for code, label, text in rows if code == language]


def beside(seen: Examples, written: Examples, number: int) -> Matrix:
    """Surroundings and rules, scaled: of calls, of turns outside, and of as many sentences, which have the mean."""
    of_calls, outside = (
        np.hstack([SCALE * np.array(part.around), RULE_SCALE * np.array([*map(of_rules, part.severity)])])
        for part in (seen, written)
    )
    mean = of_calls.mean(axis=0)
    for name in UNKNOWN_ALONE:
        outside[:, SURROUNDINGS.index(name)] = mean[SURROUNDINGS.index(name)]
    return np.vstack([of_calls, outside, np.tile(mean, (number, 1))])


def train(language: str, kind: str, seen: Examples, written: Examples) -> dict[str, Any]:
    more = sentences(language)
    texts = [*seen.texts, *written.texts, *(text for text, _ in more)]
    grams = [ngrams(text, language) for text in texts]
    counts = Counter(gram for of_text in grams for gram in of_text)
    index = {gram: i for i, gram in enumerate(sorted(g for g, n in counts.items() if n >= MIN_COUNT))}
    cells = [(row, index[g]) for row, of_text in enumerate(grams) for g in sorted(of_text) if g in index]
    i, j = zip(*cells, strict=True)
    sparse = csr_matrix((np.ones(len(cells)), (i, j)), shape=(len(grams), len(index)))
    around = beside(seen, written, len(more))
    dense, scales = around, np.repeat(EMBEDDING_SCALES, WIDTH)
    if kind == "embedded":
        meaning = np.array([*seen.meaning, *written.meaning], np.float32) * scales.astype(np.float32)
        dense = np.hstack([around, np.vstack([meaning, np.zeros((len(more), meaning.shape[1]))])])
    x = Design(sparse, dense)
    y = np.array([*seen.marked, *written.marked, *(label for _, label in more)])
    weights = np.ones(len(y))
    weights[len(seen.texts) : len(seen.texts) + len(written.texts)] = WRITTEN_WEIGHT
    fold = folds_of(seen, len(y))
    penalty = 1.0 / STRENGTH[kind]
    alone = np.zeros(len(seen.texts))
    for k in range(FOLDS):
        held, kept = np.flatnonzero(fold == k), np.flatnonzero(fold != k)
        model = fit_logistic(x.rows(kept), y[kept], balanced(weights[kept], y[kept]), penalty)
        alone[held] = x.rows(held).scores(model[:, None])[:, 0]
    rows = rows_of_calls(seen, alone)
    deviation = rows.std(axis=0) + 1e-9
    scaled, marked, own = rows / deviation, np.array(seen.marked), fold[: len(seen.texts)]
    whole_x, ones = Design(np.zeros((len(marked), 0)), scaled), np.ones(len(marked))
    scores = np.zeros(len(marked))
    for k in range(FOLDS):
        held, kept = np.flatnonzero(own == k), np.flatnonzero(own != k)
        of_fold = fit_logistic(whole_x.rows(kept), marked[kept], ones[kept], 1.0 / CALL_STRENGTH)
        scores[held] = whole_x.rows(held).scores(of_fold[:, None])[:, 0]
    report(f"{language} {kind}", scores, seen)
    learned = fit_logistic(x, y, balanced(weights, y), penalty)
    whole = fit_logistic(whole_x, marked, ones, 1.0 / CALL_STRENGTH)
    start = len(index)
    of_around = learned[start : start + around.shape[1]]
    found: dict[str, Any] = {
        "bias": round(float(learned[-1]), 3),
        "surroundings": [round(float(SCALE * w), 3) for w in of_around[: len(SURROUNDINGS)]],
        "rules": [round(float(RULE_SCALE * w), 3) for w in of_around[len(SURROUNDINGS) :]],
        "ngrams": {
            g: round(float(learned[at]), 3) for g, at in index.items() if abs(learned[at]) >= SMALLEST
        },
        "call": {
            "bias": round(float(whole[-1]), 3),
            "weights": [round(float(v), 4) for v in whole[:-1] / deviation],
        },
    }
    if kind == "embedded":
        found["embedding"] = np.round(learned[start + around.shape[1] : -1] * scales, 3).tolist()
    return found


def folds_of(seen: Examples, number: int) -> NDArray[np.int64]:
    """The fold of every example, by call; -1 for those outside a call, which all models learn from."""
    names = sorted(set(seen.calls))
    order = np.random.default_rng(1).permutation(len(names)) % FOLDS
    place = {name: int(fold) for name, fold in zip(names, order, strict=True)}
    return np.array([*(place[call] for call in seen.calls), *[-1] * (number - len(seen.calls))])


def rows_of_calls(seen: Examples, alone: Matrix) -> Matrix:
    rows: list[list[float]] = []
    for call in dict.fromkeys(seen.calls):
        at = [n for n, name in enumerate(seen.calls) if name == call]
        rows += in_call([float(alone[n]) for n in at], [seen.around[n] for n in at])
    return np.array(rows)


def report(title: str, scores: Matrix, seen: Examples) -> None:
    """The pairs of limits with the best F1 whose precision is not below their recall: a false accusation is worse than
    a missed sigh. And what they give on the calls that the rules were not written with ("later").

    On the first calls without the rules, on the later ones with them: so neither figure is flattered.
    """
    severity, marked = np.array(seen.severity), np.array(seen.marked)
    later = np.array([LATER.search(call) is not None for call in seen.calls])
    best: list[tuple[float, ...]] = []
    for limit in np.arange(-2.6, 1.6, 0.1):
        for of_rule in np.arange(-5.0, limit + 0.1, 0.2):
            found = (scores >= limit) | (severity == 1) | ((severity == 2) & (scores >= of_rule))
            found |= (severity == 3) & (scores >= SEVERE_LIMIT)
            right, number = float((found & marked).sum()), float(max(1, found.sum()))
            f1 = 2 * right / (number + marked.sum())
            shares = [right / number, right / marked.sum()]
            for part in (later, ~later):
                hits = (found & marked & part).sum()
                shares += [hits / max(1, (found & part).sum()), hits / max(1, (marked & part).sum())]
            if right and number <= marked.sum():
                best.append((f1, limit, of_rule, *shares))
    for row in sorted(best, reverse=True)[:6]:
        f1, limit, of_rule, *shares = (f"{value:.2f}" for value in row)
        print(
            f"{title}: F1 {f1}, limits {limit} and {of_rule}, precision and recall {shares[:2]}, "
            f"later {shares[2:4]}, first {shares[4:]}",
            flush=True,
        )


def main() -> None:
    classify = SentenceClassifier()
    seen, chosen, more = data(classify)
    save(classify, moods_of_others(seen, chosen, more), meanings_of(seen, chosen))


def save(classify: SentenceClassifier, moods: Moods, meanings: Meanings) -> None:
    models: dict[str, dict[str, Any]] = {kind: {} for kind in STRENGTH}
    for language in LANGUAGES:
        calls, written = examples(language, moods, meanings), written_turns(language, classify)
        for kind in STRENGTH:
            models[kind][language] = train(language, kind, calls, written)
    document = {
        "licence": "Apache-2.0",
        "trained_on": "evaluation/dialogues, splits fit and choose; turns_agent_*.jsonl",
        "models": models,
    }
    (FOLDER / "conduct_model.json").write_text(
        json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
