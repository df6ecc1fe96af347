"""Finds people who talk after each other on one party's channel: a transferred call, a telephone handed over.

Pauses around which the spectrum differs are candidates (changes.py). Only around them the voice is embedded: one piece
on each side first, and if these differ, a few more. The evidence has to be strong, because a voice also changes with
mood, loudness and codec: how much two parts differ is judged by how much the pieces of each part differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from callytics.domain import Pcm
from callytics.engines.diarization.embedding import EMBEDDING_DIMENSION, MIN_FEATURE_FRAMES, Embedder
from callytics.engines.diarization.features import log_mel_filter_bank

Span = tuple[float, float]
Vector = npt.NDArray[np.float32]
Vectors = npt.NDArray[np.float32]
Embed = Callable[[Span], Vector]
Bandwidth = Callable[[Span], float]

PIECE_S = 3.0
"""Longer speech is cut."""
MIN_PIECE_S = 1.2
"""Shorter pieces say too little about the voice."""
PIECES = 3
"""Pieces that are embedded of each part, if two leave it open."""
CLEAR = 0.15
"""Two pieces of each part decide where their similarity is this far from the limit. It saved a fifth of all embeddings
on composed channels (evaluation/people.py) and changed no decision."""
MAX_CHANGES = 6
"""Candidates of a channel: with three pieces around each, 1 s of CPU time."""
MIN_CHANGES = 2
"""Candidates of a short call: one who takes over, and the first one again."""
CHANGE_PERIOD_S = 75.0
"""A longer call has one candidate per this duration."""
MAX_PEOPLE = 4
MIN_SPREAD = 0.2
"""Lowest similarity of the pieces of one part that counts: less is noise."""
LOW_BINS, HIGH_BINS = slice(10, 55), slice(64, 80)
"""Mel bins of 330 to 3500 Hz and above 4600 Hz."""
LINE_CHANGE_NEPERS = 3.0
"""Levels above 4 kHz, relative to those below, differ by more only if the line does."""


@dataclass(frozen=True)
class SuccessionOptions:
    """Settings for the search; the first two values are options of the engine, which describes them.

    Chosen on channels composed of sentences of one half of the kit's speakers; the figures of both halves are in
    benchmarks/tried.md.
    """

    same_person_similarity: float = 0.7
    different_people_similarity: float = 0.88
    other_line_similarity: float = 0.5
    min_person_s: float = 6.0


@dataclass(eq=False)
class _Part:
    """Speech between two candidates. ``pieces`` are not embedded yet, ``vectors`` are of those that are.

    The line is told by ``measured``, and only where voices differ: most candidates are one voice.
    """

    spans: list[Span]
    pieces: list[Span]
    measured: tuple[Span, ...]
    bandwidth_of: Bandwidth
    vectors: list[Vector] = field(default_factory=list)

    @cached_property
    def bandwidth(self) -> float:
        return float(np.mean([self.bandwidth_of(piece) for piece in self.measured]))

    @property
    def length_s(self) -> float:
        return sum(map(_length, self.spans))

    def embedded(self, embed: Embed, number: int) -> Vectors:
        while len(self.vectors) < number and self.pieces:
            self.vectors.append(embed(self.pieces.pop(0)))
        return np.stack(self.vectors)


def voice_of(pcm: Pcm, channel: int, embedder: Embedder) -> Embed:
    """A function that embeds a stretch of the channel."""

    def embed(span: Span) -> Vector:
        features = log_mel_filter_bank(pcm.float32(channel, *span))
        if len(features) < MIN_FEATURE_FRAMES:
            return np.zeros(EMBEDDING_DIMENSION, np.float32)
        return embedder(features)

    return embed


def bandwidth_of(pcm: Pcm, channel: int) -> Bandwidth:
    """A function that tells the level above 4 kHz of a stretch, relative to that of speech below, in nepers."""

    def bandwidth(span: Span) -> float:
        spectra = log_mel_filter_bank(pcm.float32(channel, *span))
        if not len(spectra):
            return 0.0
        loud = spectra[spectra[:, LOW_BINS].mean(axis=1) >= np.median(spectra[:, LOW_BINS].mean(axis=1))]
        return float(loud[:, HIGH_BINS].mean() - loud[:, LOW_BINS].mean())

    return bandwidth


def most_changes(duration_s: float) -> int:
    """How many candidates a channel of a call of this duration may have; they bound the time of the search."""
    return min(MAX_CHANGES, max(MIN_CHANGES, round(duration_s / CHANGE_PERIOD_S)))


def divided(
    spans: Sequence[Span],
    changes: Sequence[float],
    embed: Embed,
    bandwidth: Bandwidth,
    options: SuccessionOptions,
) -> list[list[Span]]:
    """The speech of each person, in order of their first speech; one list if there is one voice.

    Args:
        spans: speech of the channel, sorted.
        changes: times, in pauses of the channel, at which another person may begin.
    """
    one = [list(spans)]
    if not changes or sum(map(_length, spans)) < 2 * options.min_person_s:
        return one
    parts = _joined(_parts(spans, changes, bandwidth), embed, options)
    if len(parts) == 1:
        return one
    people: list[_Part] = []
    for part in parts:
        alike = [(_similarity(known, part, embed, options), known) for known in people]
        similarity, known = max(alike, key=lambda pair: pair[0], default=(-1.0, part))
        limit = _limit(known, part, options)
        if known is part or similarity <= limit:
            people.append(part)
        else:
            known.spans += part.spans
            known.vectors += part.vectors
    if len(people) > MAX_PEOPLE or any(person.length_s < options.min_person_s for person in people):
        return one
    return [person.spans for person in people]


def _parts(spans: Sequence[Span], changes: Sequence[float], bandwidth: Bandwidth) -> list[_Part]:
    edges = [-np.inf, *changes, np.inf]
    found = []
    for begin_s, end_s in pairwise(edges):
        inside = [span for span in spans if begin_s <= span[0] < end_s]
        pieces = [piece for piece in _pieces(inside) if _length(piece) >= MIN_PIECE_S]
        if pieces:
            chosen = [max(group, key=_length) for group in _groups(pieces)]
            found.append(_Part(inside, chosen, tuple(chosen), bandwidth))
        elif found:
            found[-1].spans += inside
    return found


def _groups(pieces: list[Span]) -> list[list[Span]]:
    """Pieces of the beginning, the middle and the end; the middle first."""
    rows = [group for group in np.array_split(np.arange(len(pieces)), PIECES) if len(group)]
    groups = [[pieces[int(row)] for row in group] for group in rows]
    return [*groups[1:2], *groups[:1], *groups[2:]]


def _joined(parts: list[_Part], embed: Embed, options: SuccessionOptions) -> list[_Part]:
    """Neighbours that are alike become one, the most similar first; a part too short for a person joins one of both."""
    while len(parts) > 1:
        alike = [
            (float(_mean(before.embedded(embed, 1)) @ _mean(after.embedded(embed, 1))), row)
            for row, (before, after) in enumerate(pairwise(parts))
        ]
        similarity, row = max(alike, default=(-1.0, -1))
        short = [
            (value, n)
            for value, n in alike
            if min(parts[n].length_s, parts[n + 1].length_s) < options.min_person_s
        ]
        if similarity < options.same_person_similarity:
            if not short:
                break
            _, row = max(short)
        before, after = parts[row], parts.pop(row + 1)
        before.spans += after.spans
        before.pieces += after.pieces
        before.vectors += after.vectors
    return parts


def _similarity(one: _Part, other: _Part, embed: Embed, options: SuccessionOptions) -> float:
    """Mean cosine of the pieces of both, divided by what it is within each; 1 for one voice."""
    limit, similarity = _limit(one, other, options), 0.0
    for number in (PIECES - 1, PIECES):
        vectors, others = one.embedded(embed, number), other.embedded(embed, number)
        within = np.sqrt(_spread(vectors) * _spread(others))
        similarity = float((vectors @ others.T).mean() / within)
        if abs(similarity - limit) > CLEAR:
            break
    return similarity


def _mean(vectors: Vectors) -> Vector:
    mean = vectors.mean(axis=0)
    unit: Vector = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
    return unit


def _spread(vectors: Vectors) -> float:
    if len(vectors) < 2:
        return 1.0
    return max(MIN_SPREAD, float((vectors @ vectors.T)[np.triu_indices(len(vectors), 1)].mean()))


def _limit(one: _Part, other: _Part, options: SuccessionOptions) -> float:
    same_line = abs(one.bandwidth - other.bandwidth) < LINE_CHANGE_NEPERS
    return options.different_people_similarity if same_line else options.other_line_similarity


def _pieces(spans: Sequence[Span]) -> list[Span]:
    pieces: list[Span] = []
    for start_s, end_s in spans:
        edges = np.linspace(start_s, end_s, 1 + max(1, -int(-(end_s - start_s) // PIECE_S)))
        pieces += [(float(a), float(b)) for a, b in pairwise(edges)]
    return pieces


def _length(span: Span) -> float:
    return span[1] - span[0]
