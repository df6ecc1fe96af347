"""Learns engines/sentiment/quality_model.json and conversation/mood_direction.json: python tools/train_quality_model.py

Softmax regressions on the written calls of fit and choose: greeting, closing and empathy (shown, not shown, nothing to
judge) per language, and the direction of the customer's mood for both together. Moods are those of models that have not
seen the call. Prints how often each is right, cross-validated by call, beside the rules. Deterministic.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "tools"))

from train_mood_model import data, moods_of_others  # noqa: E402

from callytics.config import load_stages  # noqa: E402
from callytics.conversation.mood_change import DIRECTIONS, signs_of_change, telling_turns  # noqa: E402
from callytics.domain import (  # noqa: E402
    Conversation,
    CriterionState,
    MoodDirection,
    Role,
    SentimentLabel,
    Turn,
    TurnSentiment,
)
from callytics.engines import load_engine  # noqa: E402
from callytics.engines.sentiment.assembly import without_ironic_praise  # noqa: E402
from callytics.engines.sentiment.classifier import SentenceClassifier  # noqa: E402
from callytics.engines.sentiment.conduct_model import ngrams  # noqa: E402
from callytics.engines.sentiment.criteria import Shows, shows_by_rules  # noqa: E402
from callytics.engines.sentiment.empathy import empathy_by_rules  # noqa: E402
from callytics.engines.sentiment.greeting_closing import closing_by_rules, greeting_by_rules  # noqa: E402
from callytics.engines.sentiment.quality_model import (  # noqa: E402
    GRAM_SCALE,
    LEARNED,
    NOTHING,
    SHOWN_STATES,
    meaning,
    signs,
    texts,
)
from evaluation.dialogues import LANGUAGES, read_dialogues  # noqa: E402
from evaluation.meaning.reading import conversation_of  # noqa: E402

ENGINES = ROOT / "callytics" / "engines" / "sentiment"
DIRECTION = ROOT / "callytics" / "conversation" / "mood_direction.json"
SCALE = 2.0
"""Factor on signs and embeddings: the penalty is one for all weights."""
STRENGTH = {"greeting": 0.3, "closing": 0.3, "empathy": 0.1}
DIRECTION_STRENGTH = 0.3
"""Inverse of the penalty (C of scikit-learn)."""
FOURTH_WEIGHT = {"greeting": 0.4, "closing": 0.4, "empathy": 1.0, "direction": 0.4}
"""The weight of a call of `*_fourth_*`: their writers take more for a greeting or a closing."""

WITH_NGRAMS = frozenset({"empathy"})
MIN_COUNT = 6
SMALLEST = 0.01
FOLDS = 5
MOODS = ("NEGATIVE", "NEUTRAL", "POSITIVE")
GOLD = {True: CriterionState.SHOWN, False: CriterionState.NOT_SHOWN}
Moods = Mapping[str, Sequence[Sequence[float]]]


@dataclass(frozen=True)
class Seen:
    """A call with its turns of agents, the probability of negative, and the embeddings by turn."""

    call: Mapping[str, Any]
    conversation: Conversation
    agent: tuple[Turn, ...]
    moods: Sequence[Sequence[float]]
    embeddings: Mapping[str, NDArray[np.float64]]

    @property
    def negative(self) -> dict[str, float]:
        return {t.id: m[0] for t, m in zip(self.conversation.turns, self.moods, strict=True)}


def calls(language: str, moods: Moods, classify: SentenceClassifier) -> list[Seen]:
    """The calls of fit and choose in which an agent speaks."""
    punctuate: Any = load_engine(load_stages(ROOT / "serve_config.cpu.yaml")["punctuation-restorer"])
    found = []
    for split in ("fit", "choose"):
        for call in read_dialogues(split, language):  # type: ignore[arg-type]
            conversation = punctuate(conversation_of(call, roles=True))
            turns = conversation.turns
            agent = tuple(t for t in turns if conversation.role_of(t.participant_id) is Role.AGENT)
            vectors = classify.features.embed([turn.content for turn in turns])
            embeddings = {turn.id: vector for turn, vector in zip(turns, vectors, strict=True)}
            if agent:
                found.append(Seen(call, conversation, agent, moods[call["id"]], embeddings))
    return found


def by_rules(name: str, seen: Seen, shows: Shows) -> CriterionState:
    if name == "empathy":
        return empathy_by_rules(seen.conversation, seen.agent, shows, seen.negative)
    rule = greeting_by_rules if name == "greeting" else closing_by_rules
    return rule(seen.conversation, seen.agent, shows)


def fit(x: Any, y: NDArray[np.int64], strength: float, weights: NDArray[np.float64]) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=400).fit(x, y, sample_weight=weights)


def weights_of(name: str, seen: Sequence[Seen]) -> NDArray[np.float64]:
    return np.array([FOURTH_WEIGHT[name] if "_fourth_" in each.call["id"] else 1.0 for each in seen])


def right_of_others(
    x: Any, y: NDArray[np.int64], strength: float, weights: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether models that have not seen the call are right."""
    fold = np.random.default_rng(1).permutation(len(y)) % FOLDS
    right = np.zeros(len(y), dtype=bool)
    for k in range(FOLDS):
        held, kept = np.flatnonzero(fold == k), np.flatnonzero(fold != k)
        model = fit(x[kept], y[kept], strength, weights[kept])
        right[held] = model.predict(x[held]) == y[held]
    return right


def grams_of(rows: Sequence[str], language: str) -> tuple[csr_matrix, list[str]]:
    """The n-grams of the texts, and their names by column."""
    found = [ngrams(text, language) for text in rows]
    counts = Counter(gram for of_text in found for gram in of_text)
    names = sorted(gram for gram, count in counts.items() if count >= MIN_COUNT)
    column = {gram: number for number, gram in enumerate(names)}
    cells = [(n, column[g]) for n, of_text in enumerate(found) for g in of_text if g in column]
    i, j = zip(*cells, strict=True)
    return csr_matrix((np.full(len(cells), GRAM_SCALE), (i, j)), shape=(len(rows), len(names))), names


def criterion(name: str, language: str, seen: Sequence[Seen]) -> dict[str, Any]:
    states = (*SHOWN_STATES, NOTHING[name])
    y = np.array([states.index(GOLD.get(each.call["quality"][name], NOTHING[name])) for each in seen])
    rows, ruled = [], []
    for each in seen:
        shows = shows_by_rules(each.conversation)
        assert shows is not None
        ruled.append(by_rules(name, each, shows))
        said = (name, each.conversation, each.agent)
        rows.append(
            np.concatenate(
                [
                    signs(*said, ruled[-1], each.negative, shows),
                    meaning(*said, each.negative, each.embeddings),
                ]
            )
        )
    blocks, names = [csr_matrix(SCALE * np.array(rows))], []
    if name in WITH_NGRAMS:
        for part in range(2):
            block, of_part = grams_of([texts(s.conversation, s.agent)[part] for s in seen], language)
            blocks.append(block)
            names.append(of_part)
    x, weights = hstack(blocks).tocsr(), weights_of(name, seen)
    print_right(
        f"{language} {name}",
        right_of_others(x, y, STRENGTH[name], weights),
        np.array([*map(states.index, ruled)]) == y,
        seen,
    )
    model = fit(x, y, STRENGTH[name], weights)
    learned, width = model.coef_, len(rows[0])
    grams, start = [], width
    for of_part in names:
        of_grams = learned[:, start : start + len(of_part)]
        start += len(of_part)
        grams.append(
            {
                gram: [round(float(v), 3) for v in of_grams[:, number]]
                for number, gram in enumerate(of_part)
                if np.abs(of_grams[:, number]).max() >= SMALLEST
            }
        )
    return {
        "bias": [round(float(v), 3) for v in model.intercept_],
        "weights": np.round(SCALE * learned[:, :width], 3).tolist(),
        "ngrams": grams,
    }


def print_right(title: str, ours: Any, rules: Any, seen: Sequence[Seen]) -> None:
    """All calls, and the first ones, on which the rules were written, beside those that came later."""
    parts = {"all": np.ones(len(seen), dtype=bool)}
    for name in ("_third_", "_fourth_"):
        parts[name.strip("_")] = np.array([name in each.call["id"] for each in seen])
    parts["first"] = ~parts["third"] & ~parts["fourth"]
    shares = {
        name: f"rules {np.mean(rules[part]):.3f} model {np.mean(ours[part]):.3f}"
        for name, part in parts.items()
        if part.any()
    }
    print(title, shares, flush=True)


def direction(seen: Sequence[Seen]) -> dict[str, Any]:
    rows, gold, kept = [], [], []
    for each in seen:
        conversation = each.conversation
        judged = [
            TurnSentiment(t.id, SentimentLabel.NEUTRAL, positive=m[2], neutral=m[1], negative=m[0])
            for t, m in zip(conversation.turns, each.moods, strict=True)
        ]
        pairs = [
            (turn, mood)
            for turn, mood in zip(
                conversation.turns, without_ironic_praise(conversation, judged), strict=True
            )
            if conversation.role_of(turn.participant_id) is Role.CUSTOMER
        ]
        if pairs:
            turns, moods = zip(*pairs, strict=True)
            rows.append(signs_of_change(telling_turns(turns, moods, conversation.language_of)))
            start, end = (MOODS.index(each.call["customer_sentiment"][part]) for part in ("start", "end"))
            gold.append((end > start) - (end < start) + 1)
            kept.append(each)
    x, y, weights = np.array(rows), np.array(gold), weights_of("direction", kept)
    right = right_of_others(x, y, DIRECTION_STRENGTH, weights)
    same = y == DIRECTIONS.index(MoodDirection.SAME)
    for language in LANGUAGES:
        of = np.array([each.call["language"] == language for each in kept])
        of_language = [each for each in kept if each.call["language"] == language]
        print_right(
            f"{language} direction (instead of rules: always the same)", right[of], same[of], of_language
        )
    model = fit(x, y, DIRECTION_STRENGTH, weights)
    return {
        "trained_on": "evaluation/dialogues, splits fit and choose",
        "bias": [round(float(v), 3) for v in model.intercept_],
        "weights": np.round(model.coef_, 3).tolist(),
    }


def main() -> None:
    classify = SentenceClassifier()
    save(classify, moods_of_others(*data(classify)))


def save(classify: SentenceClassifier, moods: Moods) -> None:
    seen = {language: calls(language, moods, classify) for language in LANGUAGES}
    write: Callable[[Path, Any], object] = lambda path, document: path.write_text(  # noqa: E731
        json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n",
        encoding="utf-8",
    )
    write(DIRECTION, direction([each for of_language in seen.values() for each in of_language]))
    models = {
        language: {name: criterion(name, language, of_language) for name in LEARNED}
        for language, of_language in seen.items()
    }
    document = {
        "licence": "Apache-2.0",
        "trained_on": "evaluation/dialogues, splits fit and choose",
        "models": models,
    }
    write(ENGINES / "quality_model.json", document)


if __name__ == "__main__":
    main()
