"""A part of a text that may be a name, and how a linear model judges the candidates that begin at one word."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """``start`` and ``end`` are code points, half-open; ``features`` are those of the model."""

    start: int
    end: int
    features: tuple[str, ...]
