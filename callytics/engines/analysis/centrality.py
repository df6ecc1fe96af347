"""The most representative sentences, by degree centrality of tf-idf cosine similarity.

The continuous degree of LexRank (Erkan & Radev 2004, JAIR 22). The similarity to all others is the
product with their sum, so the time grows with the length of the call, not with its square.
Korean words are cut to their first two syllables, a crude stem that drops most particles and endings.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

_WORD = re.compile(r"[0-9A-Za-z가-힣']+")
_ENGLISH_STOP_WORDS_TEXT = """
a an and are as at be been but by can could did do does for from had has have he her him his how i if in is it its me
my no not of on or our she so than that the their them then there they this to up was we were what when which who
will with would yes you your just get got um uh oh okay ok well right i'm it's that's don't i'll you're
"""
_STOP_WORDS = frozenset(_ENGLISH_STOP_WORDS_TEXT.split())
_KOREAN_STEM = 2


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
    total: dict[str, float] = defaultdict(float)
    for vector in vectors:
        for stem, value in vector.items():
            total[stem] += value
    degrees = [
        sum(value * (total[stem] - value) for stem, value in vector.items()) / max(1, number)
        for vector in vectors
    ]
    highest = max(degrees, default=0.0)
    return [degree / highest if highest else 0.0 for degree in degrees]
