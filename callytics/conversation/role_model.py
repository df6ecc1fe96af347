"""A learned share of the evidence for a role: a linear model over the n-grams of what one participant says.

Korean: characters of a clause without spaces. English: words of a sentence. The weights lie in role_model.json;
tools/train_role_model.py learns them from the written calls of the splits fit and choose.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from importlib import resources

MIN_SIZE = 30
"""N-grams under which a text counts as this long: few words are little evidence."""

MIN_EVIDENCE = 20
"""N-grams under which a text is no evidence at all: four or five words in English, five syllables in Korean."""

_SIZES = {"ko": (2, 3, 4), "en": (1, 2, 3)}
_JOINT = {"ko": "", "en": " "}


def ngrams(text: str, language: str) -> Counter[str]:
    """The n-grams of a text with marks ^ and $ at the edges of clauses; none for unknown languages."""
    counts: Counter[str] = Counter()
    text = text.lower().replace("’", "'")
    for clause in re.split(r"[.?!…,]+" if language == "ko" else r"[.?!…]+", text):
        units = _units(clause, language)
        if len(units) > 2:
            for size in _SIZES[language]:
                grams = (units[i : i + size] for i in range(len(units) - size + 1))
                counts.update(
                    _JOINT[language].join(gram) for gram in grams if size > 1 or gram[0] not in "^$"
                )
    if counts and "?" in text:
        counts["<?>"] = text.count("?")
    return counts


def features(text: str, language: str) -> dict[str, float]:
    """N-gram -> value: the root of its count (2 at most: a habit of speech is one piece of evidence) by length."""
    counts = ngrams(text, language)
    length = max(MIN_SIZE, counts.total()) ** 0.5
    return {gram: min(count, 2) ** 0.5 / length for gram, count in counts.items()}


def learned_evidence(text: str, language: str) -> float:
    """Log-odds that the speaker is the agent as the model sees it; 0 for unknown languages."""
    weights = _weights().get(language)
    if not weights or ngrams(text, language).total() < MIN_EVIDENCE:
        return 0.0
    return sum(value * weights.get(gram, 0.0) for gram, value in features(text, language).items())


def _units(clause: str, language: str) -> list[str]:
    if language == "ko":
        return ["^", *re.sub(r"\d+", "0", re.sub(r"[^\w]", "", clause)), "$"]
    return ["^", *re.findall(r"[a-z']+", clause), "$"] if language == "en" else []


@cache
def _weights() -> dict[str, dict[str, float]]:
    path = resources.files("callytics.conversation").joinpath("role_model.json")
    weights: dict[str, dict[str, float]] = json.loads(path.read_text(encoding="utf-8"))["weights"]
    return weights
