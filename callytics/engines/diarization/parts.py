"""A long call in parts whose voices are linked: the memory of a diarizer grows with what it gets at once.

Every part is diarized by itself. A voice of a part is the known voice that sounds most like it, each at most once in a
part; one that sounds like none is new.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from callytics.engines.diarization.parties import Span

SAME_VOICE = 1 - 0.7045654963945799
"""Cosine similarity of WeSpeaker's embeddings: the threshold of the clustering in pyannote/speaker-diarization-3.1."""

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Voice:
    """A voice of one part.

    Attributes:
        spans: seconds from the start of the call.
        embedding: of any length; zeros or NaN: it has none.
    """

    spans: tuple[Span, ...]
    embedding: Vector

    @property
    def duration_s(self) -> float:
        return sum(end_s - start_s for start_s, end_s in self.spans)

    @property
    def direction(self) -> Vector:
        length = float(np.linalg.norm(self.embedding))
        return self.embedding / length if math.isfinite(length) and length else np.zeros(len(self.embedding))


@dataclass
class _Known:
    sum_of_directions: Vector  # weighted by the seconds of speech
    spans: list[Span] = field(default_factory=list)

    def similarity(self, voice: Voice) -> float:
        length = float(np.linalg.norm(self.sum_of_directions))
        return float(self.sum_of_directions @ voice.direction) / length if length else 0.0

    def add(self, voice: Voice) -> None:
        self.spans += voice.spans
        self.sum_of_directions = self.sum_of_directions + voice.direction * voice.duration_s


def in_parts(duration_s: float, longest_s: float) -> list[Span]:
    """Parts of equal length that cover the call."""
    number = max(1, math.ceil(duration_s / longest_s))
    return [(duration_s * n / number, duration_s * (n + 1) / number) for n in range(number)]


def linked(parts: Sequence[Sequence[Voice]], max_voices: int) -> list[list[Span]]:
    """The speech of every voice of the call.

    Args:
        parts: voices of each part, in the order of the call.
        max_voices: of the call; what sounds like none of so many known voices is the most similar of them.
    """
    known: list[_Known] = []
    for voices in parts:
        free = set(range(len(known)))
        pairs = sorted(
            ((known[n].similarity(voice), n, row) for row, voice in enumerate(voices) for n in free),
            key=lambda pair: -pair[0],
        )
        of_voice: dict[int, int] = {}
        for similarity, n, row in pairs:
            if similarity >= SAME_VOICE and n in free and row not in of_voice:
                of_voice[row] = n
                free.discard(n)
        for row, voice in enumerate(voices):
            if row not in of_voice and len(known) < max_voices:
                of_voice[row] = len(known)
                known.append(_Known(np.zeros(len(voice.embedding))))
            elif row not in of_voice:
                of_voice[row] = max(range(len(known)), key=lambda n: known[n].similarity(voice))
        for row, voice in enumerate(voices):
            known[of_voice[row]].add(voice)
    return [one.spans for one in known]
