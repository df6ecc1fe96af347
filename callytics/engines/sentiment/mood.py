"""The mood of a turn of a call: a multinomial logistic regression that sees the turn and its neighbours.

Features of a turn: cues of mood_cues.tsv (repetition, pressure, swearing, relief, ...), the sentence classifier and
the lexicon, by role; the same of its neighbours; n-grams (Korean: characters, English: words); the embeddings of the
turn and of the other party's neighbours. tools/train_mood_model.py learns the weights in mood_model.json. The
probabilities are calibrated; the label follows thresholds per language (docs/adr/0023).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from callytics.domain import Role
from callytics.engines.sentiment.irony import is_possible_irony
from callytics.engines.sentiment.lexicon import Lexicon

NEIGHBOURS = (-2, -1, 1, 2)
"""Turns whose cues are seen: 1 the other party's next turn, 2 the same party's next, negative: the ones before. The
one after matters: an agent's apology tells of a complaint."""

EMBEDDED_NEIGHBOURS = (-1, 1)
NEIGHBOUR_SCALE = 0.7
NGRAM_SCALE = 0.3
EMBEDDING_SCALE = 2.0
"""Scales of the blocks: the penalty is one for all weights, so a larger scale is a weaker penalty."""

TROUBLES = ("repeat", "press", "trouble", "refuse", "rhet")
"""Cues beside which praise may be irony."""

Matrix = npt.NDArray[np.float64]
Features = dict[str, float]
_FOLDER = resources.files("callytics.engines.sentiment")


@cache
def _cues(language: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    lines = _FOLDER.joinpath("mood_cues.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return tuple((cue, re.compile(pattern)) for cue, code, pattern in rows if code == language)


def ngrams(text: str, language: str) -> set[str]:
    """Runs of 2 and 3 Korean characters, of 1 and 2 English words; every number is one sign; none for others."""
    low = text.lower().replace("’", "'")
    if language == "ko":
        units = re.findall(r"[가-힣a-z]+|\d+|[?!…]", low)
        line = " " + " ".join("0" if unit.isdigit() else unit for unit in units) + " "
        return {"k" + line[i : i + n] for n in (2, 3) for i in range(len(line) - n + 1)}
    if language == "en":
        words = ["0" if w.isdigit() else w for w in re.findall(r"[a-z']+|\d+|[?!…]", low)]
        words = ["^", *words, "$"]
        return {"e" + " ".join(words[i : i + n]) for n in (1, 2) for i in range(len(words) - n + 1)}
    return set()


def cues_of(text: str, language: str) -> dict[str, int]:
    """Cue -> how often it occurs."""
    low = text.lower().replace("’", "'")
    found = {cue: len(pattern.findall(low)) for cue, pattern in _cues(language)}
    return {cue: count for cue, count in found.items() if count}


def may_be_irony(text: str, language: str) -> bool:
    troubled = any(cue in TROUBLES for cue in cues_of(text, language))
    return is_possible_irony(text, language, troubled=troubled)


def own_features(text: str, language: str, probabilities: Matrix, lexicon: Lexicon) -> Features:
    """What the turn shows by itself.

    Args:
        probabilities: of its sentences, in the order negative, neutral, positive; shape (num_sentences, 3).
    """
    found: Features = {}
    for cue, count in cues_of(text, language).items():
        found["c_" + cue] = 1.0
        found["c2_" + cue] = min(count, 3) / 3
    if may_be_irony(text, language):
        found["irony"] = 1.0
    valence = lexicon.valence(text, language)
    found |= {"val": valence, "valpos": max(0.0, valence), "valneg": max(0.0, -valence)}
    if len(probabilities):
        for name, column in (("neg", probabilities[:, 0]), ("pos", probabilities[:, 2])):
            found["m" + name] = float(column.max())
            found["a" + name] = float(column.mean())
            found["last" + name] = float(column[-1])
    words = len(text.split())
    found |= {"len": min(words, 40) / 20, "short": float(words <= 2)}
    found |= {"q": min(text.count("?"), 2) / 2, "x": min(text.count("!"), 2) / 2}
    found["dots"] = float("..." in text or "…" in text)
    return found


def neighbours_of(speakers: Sequence[str]) -> list[dict[int, int]]:
    """By turn: step of NEIGHBOURS -> index of that turn, where there is one."""
    found = []
    for index, speaker in enumerate(speakers):
        before = range(index - 1, -1, -1)
        after = range(index + 1, len(speakers))
        steps = {}
        for sign, others in ((-1, before), (1, after)):
            for step, same in ((sign, False), (2 * sign, True)):
                place = next((i for i in others if (speakers[i] == speaker) is same), None)
                if place is not None:
                    steps[step] = place
        found.append(steps)
    return found


def features_of(
    owns: Sequence[Features],
    roles: Sequence[Role],
    grams: Sequence[set[str]],
    neighbours: Sequence[Mapping[int, int]],
) -> list[Features]:
    """The features of every turn of a call, its neighbours' included; without the embeddings."""
    found = []
    last = len(owns) - 1
    for index, (own, role) in enumerate(zip(owns, roles, strict=True)):
        row = dict(own)
        prefix = {Role.CUSTOMER: "C:", Role.AGENT: "A:"}.get(role)
        if prefix:
            row |= {prefix + name: value for name, value in own.items()}
        row["cust"] = float(role is Role.CUSTOMER)
        row |= {"first": float(index <= 1), "last": float(index >= last - 1), "pos": index / max(1, last)}
        for step, place in neighbours[index].items():
            row |= {f"{step}:{name}": NEIGHBOUR_SCALE * value for name, value in owns[place].items()}
        row |= {"g:" + gram: NGRAM_SCALE for gram in grams[index]}
        found.append(row)
    return found


def embedding_features(embeddings: Matrix, neighbours: Sequence[Mapping[int, int]]) -> Matrix:
    """The turn's embedding beside those of its neighbours, shape (num_turns, 3 * width); zeros beyond the call."""
    blocks = [EMBEDDING_SCALE * embeddings]
    for step in EMBEDDED_NEIGHBOURS:
        shifted = np.zeros_like(embeddings)
        for index, steps in enumerate(neighbours):
            if step in steps:
                shifted[index] = embeddings[steps[step]]
        blocks.append(shifted)
    return np.hstack(blocks)


class MoodModel:
    """Safe to call from several threads."""

    def __init__(self, document: Mapping[str, Any] | None = None) -> None:
        if document is None:
            document = json.loads(_FOLDER.joinpath("mood_model.json").read_text(encoding="utf-8"))
        self.revision = str(document["revision"])
        self._weights = {name: np.array(row, np.float64) for name, row in document["weights"].items()}
        self._dense: Matrix = np.array(document["dense"], dtype=np.float64)
        self._bias: Matrix = np.array(document["bias"], dtype=np.float64)
        self._thresholds: dict[str, Matrix] = {
            code: np.array(row, np.float64) for code, row in document["thresholds"].items()
        }

    def probabilities(self, rows: Sequence[Features], dense: Matrix) -> Matrix:
        """Negative, neutral, positive of every turn, shape (num_turns, 3); rows sum to 1.

        Args:
            rows: of ``features_of``.
            dense: of ``embedding_features``.
        """
        logits: Matrix = dense @ self._dense + self._bias
        for index, row in enumerate(rows):
            for name, value in row.items():
                weight = self._weights.get(name)
                if weight is not None:
                    logits[index] += value * weight
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        found: Matrix = exponentials / exponentials.sum(axis=1, keepdims=True)
        return found

    def label(self, probabilities: Sequence[float], language: str) -> int:
        """The index of the label: the largest probability after weighing by the thresholds of the language."""
        factors = self._thresholds.get(language, np.ones(3))
        return int(np.argmax(np.asarray(probabilities) * factors))
