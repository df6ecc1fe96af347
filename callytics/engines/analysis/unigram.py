"""Words to pieces: a unigram language model over pieces of text (Kudo 2018, ACL), as SentencePiece has it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

SPACE = "▁"
"""Stands for the space before a word."""

UNKNOWN_PENALTY = 10.0
"""How much less likely than the rarest piece a letter without a piece is, as in SentencePiece."""


class Unigram:
    """Safe to call from several threads; deterministic.

    Args:
        pieces: text of every piece, its number being its place; "" for those that no text has.
        scores: logarithm of the probability of every piece.
        unknown: number of the piece for what has none.
    """

    def __init__(self, pieces: Sequence[str], scores: Sequence[float], unknown: int) -> None:
        self._pieces = {
            piece: (number, score)
            for number, (piece, score) in enumerate(zip(pieces, scores, strict=True))
            if piece
        }
        self._longest = max(len(piece) for piece in self._pieces)
        self._unknown = unknown
        self._unknown_score = min(scores) - UNKNOWN_PENALTY

    def __call__(self, text: str) -> list[int]:
        """The numbers of the most probable pieces, by Viterbi's algorithm."""
        spaced = SPACE + SPACE.join(unicodedata.normalize("NFKC", text).split())
        size = len(spaced)
        totals = [0.0] + [float("-inf")] * size
        came_from = [(0, 0)] * (size + 1)
        for start in range(size):
            total = totals[start]
            for end in range(start + 1, min(size, start + self._longest) + 1):
                found = self._pieces.get(spaced[start:end])
                if found and total + found[1] > totals[end]:
                    totals[end], came_from[end] = total + found[1], (found[0], start)
            if total + self._unknown_score > totals[start + 1]:
                totals[start + 1] = total + self._unknown_score
                came_from[start + 1] = (self._unknown, start)
        numbers = []
        place = size
        while place:
            number, place = came_from[place]
            numbers.append(number)
        return numbers[::-1]
