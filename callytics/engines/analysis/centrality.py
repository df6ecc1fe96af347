"""The most representative sentences, by degree centrality of tf-idf cosine similarity.

The continuous degree of LexRank (Erkan & Radev 2004, JAIR 22). Pure Python: a call has about a hundred sentences.
Korean words are cut to their first two syllables, a crude stem that drops most particles and endings.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

_WORD = re.compile(r"[0-9A-Za-z가-힣']+")
_ENGLISH_STOP_WORDS_TEXT = """
a an and are as at be been but by can could did do does for from had has have he her him his how i if in is it its me
my no not of on or our she so than that the their them then there they this to up was we were what when which who
will with would yes you your just get got um uh oh okay ok well right i'm it's that's don't i'll you're
"""
_STOP_WORDS = frozenset(_ENGLISH_STOP_WORDS_TEXT.split())
_KOREAN_STEM = 2
MAX_SENTENCES = 400
"""Longer calls are compared on an even sample, which keeps the time below one second."""


def stems(text: str) -> list[str]:
    words = [word.lower() for word in _WORD.findall(text)]
    return [
        word[:_KOREAN_STEM]
        if "가" <= word[0] <= "힣"
        else word[:-1]
        if len(word) > 3 and word.endswith("s")
        else word
        for word in words
        if word not in _STOP_WORDS and (len(word) > 1 or word.isdigit())
    ]


def centrality(sentences: Sequence[str]) -> list[float]:
    """Mean similarity of each sentence to the others, scaled so that the highest is 1 (all 0 when none are alike)."""
    counts = [Counter(stems(sentence)) for sentence in sentences]
    frequency = Counter(stem for count in counts for stem in count)
    number = len(sentences)
    vectors = []
    for count in counts:
        vector = {stem: n * math.log(1 + number / frequency[stem]) for stem, n in count.items()}
        norm = math.sqrt(sum(value * value for value in vector.values()))
        vectors.append({stem: value / norm for stem, value in vector.items()} if norm else {})
    step = max(1, number // MAX_SENTENCES)
    sample = vectors[::step]
    degrees = [
        sum(_dot(vector, other) for other in sample if other is not vector) / max(1, len(sample))
        for vector in vectors
    ]
    highest = max(degrees, default=0.0)
    return [degree / highest if highest else 0.0 for degree in degrees]


def _dot(one: dict[str, float], other: dict[str, float]) -> float:
    small, large = (one, other) if len(one) < len(other) else (other, one)
    return sum(value * large[stem] for stem, value in small.items() if stem in large)
