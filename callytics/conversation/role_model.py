"""A learned share of the evidence for a role: a linear model over what one participant says.

It sees the n-grams of all of it (Korean: characters of a clause without spaces; English: words of a sentence), those of
the first and of the last turn apart, and a few habits: who asks, who answers, who speaks at length. The weights lie in
role_model.json; tools/train_role_model.py learns them from the written calls of the splits fit and choose, and from
openings, closings and stretches that were written for it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

MIN_SIZE = 30
"""N-grams under which a text counts as this long: few words are little evidence."""

MIN_EVIDENCE = 20
"""N-grams under which a text is no evidence at all: four or five words in English, five syllables in Korean."""

TURNS_JOINT = " . "
FIRST, LAST, HABIT = "1:", "9:", "#"
EDGE_SCALE, HABIT_SCALE = 0.5, 0.3
"""The penalty is one for all weights, so these scales say how much the blocks may weigh. Chosen by cross-validation."""

MIN_EDGE_SIZE = 10
MANY_WORDS, FEW_WORDS = 30, 3
LETTERS_OF_A_KOREAN_WORD = 3

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


def features(said: Sequence[str], before: Sequence[str], language: str) -> dict[str, float]:
    """Feature -> value of one participant.

    An n-gram has the root of its count (2 at most: a habit of speech is one piece of evidence) by length; with the mark
    of FIRST or LAST it is of the first or the last turn, and with that of HABIT it is a share.

    Args:
        said: the participant's turns, in the order of the call.
        before: the other party's turn right before each of them; empty where there is none.
    """
    counts = ngrams(TURNS_JOINT.join(said), language)
    length = max(MIN_SIZE, counts.total()) ** 0.5
    found = {gram: min(count, 2) ** 0.5 / length for gram, count in counts.items()}
    for mark, text in ((FIRST, said[0]), (LAST, said[-1])):
        of_turn = ngrams(text, language)
        value = EDGE_SCALE / max(MIN_EDGE_SIZE, of_turn.total()) ** 0.5
        found |= {mark + gram: value for gram in of_turn}
    return found | {
        HABIT + name: HABIT_SCALE * share for name, share in _habits(said, before, language).items()
    }


def _habits(said: Sequence[str], before: Sequence[str], language: str) -> dict[str, float]:
    """Shares of the turns, 0 to 1: questions, short turns, numbers, answers to a question; and the mean length."""
    words = [_words(text, language) for text in said]
    replied = [text for text in before if text]
    number = len(said)
    found = {
        "asks": sum("?" in text for text in said) / number,
        "asks_first": float("?" in said[0]),
        "length": min(sum(words) / number, MANY_WORDS) / MANY_WORDS,
        "short": sum(count <= FEW_WORDS for count in words) / number,
        "digits": sum(any(c.isdigit() for c in text) for text in said) / number,
    }
    if replied:
        found["answers"] = sum("?" in text for text in replied) / len(replied)
    return found


def _words(text: str, language: str) -> float:
    """Korean by letters, for recognised spacing is unreliable."""
    if language == "ko":
        return sum(map(str.isalnum, text)) / LETTERS_OF_A_KOREAN_WORD
    return len(text.split())


def learned_evidence(said: Sequence[str], before: Sequence[str], language: str) -> float:
    """Log-odds that the speaker is the agent as the model sees it; 0 for unknown languages. Arguments: ``features``."""
    weights = _weights().get(language)
    if not weights or ngrams(TURNS_JOINT.join(said), language).total() < MIN_EVIDENCE:
        return 0.0
    return weighted(features(said, before, language), weights)


def weighted(values: Mapping[str, float], weights: Mapping[str, float]) -> float:
    return sum(value * weights.get(name, 0.0) for name, value in values.items())


def _units(clause: str, language: str) -> list[str]:
    if language == "ko":
        return ["^", *re.sub(r"\d+", "0", re.sub(r"[^\w]", "", clause)), "$"]
    return ["^", *re.findall(r"[a-z']+", clause), "$"] if language == "en" else []


@cache
def _weights() -> dict[str, dict[str, float]]:
    path = resources.files("callytics.conversation").joinpath("role_model.json")
    weights: dict[str, dict[str, float]] = json.loads(path.read_text(encoding="utf-8"))["weights"]
    return weights
