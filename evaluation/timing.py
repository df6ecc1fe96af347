"""Accuracy of word times: the first and last word of every utterance against the edges of the utterance.

The reference has no word times, but utterances whose edges are exact to about 20 ms. The hypothesis is aligned
to the reference by characters (Levenshtein). If the first (last) character of an utterance was recognised and begins
(ends) a word, the distance of that word's start (end) to the edge is measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from callytics.domain import Word
from callytics.metrics import characters
from evaluation.datasets import SpokenUtterance

TOLERANCE_S = 0.25
"""Tolerance for the middle of a word inside the reference speech: the collar of DER."""


@dataclass(frozen=True)
class WordTimes:
    """Absolute deviations (s) of utterance edges that could be compared, and words inside reference speech."""

    deviations_s: tuple[float, ...] = ()
    edges: int = 0
    words_inside: int = 0
    words: int = 0

    def quantile_s(self, share: float) -> float:
        """The maximum deviation of this share of the edges (nearest rank)."""
        ordered = sorted(self.deviations_s)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan

    @property
    def compared(self) -> float:
        """Share of the utterance edges that could be compared."""
        return len(self.deviations_s) / self.edges if self.edges else math.nan

    @property
    def inside(self) -> float:
        return self.words_inside / self.words if self.words else math.nan

    def __add__(self, other: WordTimes) -> WordTimes:
        return WordTimes(
            self.deviations_s + other.deviations_s,
            self.edges + other.edges,
            self.words_inside + other.words_inside,
            self.words + other.words,
        )


def word_times(utterances: Sequence[SpokenUtterance], words: Sequence[Word]) -> WordTimes:
    """Compare word times with the utterances they belong to (of one party, or of a mixed recording)."""
    count = max((len(utterance.references) for utterance in utterances), default=0)
    best: list[float] = []
    for form in range(count):
        deviations = _deviations(utterances, form, words)
        best = deviations if len(deviations) > len(best) else best
    spans = [(u.start_s - TOLERANCE_S, u.end_s + TOLERANCE_S) for u in utterances]
    middles = [(word.start_s + word.end_s) / 2 for word in words]
    inside = sum(any(start <= middle < end for start, end in spans) for middle in middles)
    return WordTimes(tuple(best), 2 * len(utterances), inside, len(words))


def _deviations(utterances: Sequence[SpokenUtterance], form: int, words: Sequence[Word]) -> list[float]:
    from rapidfuzz.distance import Levenshtein

    texts = [characters(u.references[min(form, len(u.references) - 1)]) for u in utterances]
    tokens = [characters(word.text) for word in words]
    first, last = _positions(tokens)
    matched: dict[int, int] = {}
    for block in Levenshtein.opcodes("".join(texts), "".join(tokens)):
        if block.tag == "equal":
            matched |= zip(
                range(block.src_start, block.src_end), range(block.dest_start, block.dest_end), strict=True
            )
    deviations = []
    position = 0
    for utterance, text in zip(utterances, texts, strict=True):
        start = first.get(matched.get(position, -1))
        position += len(text)
        end = last.get(matched.get(position - 1, -1))
        if text and start is not None:
            deviations.append(abs(words[start].start_s - utterance.start_s))
        if text and end is not None:
            deviations.append(abs(words[end].end_s - utterance.end_s))
    return deviations


def _positions(tokens: Sequence[str]) -> tuple[dict[int, int], dict[int, int]]:
    """Position of the first (last) character of each word in the joined text -> index of the word."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    position = 0
    for index, token in enumerate(tokens):
        if token:
            first[position] = index
            position += len(token)
            last[position - 1] = index
    return first, last
