"""Finds people who talk after each other on one party's channel: a transferred call, a telephone handed over.

A few stretches of each channel are compared first. Only if two of them differ, the speech of the channel is embedded
and divided in time where the voices before and after differ most. The evidence has to be strong, because a voice also
changes with mood, loudness and codec: each person needs several stretches, the means of both must differ, and nearly
every stretch must resemble its own person more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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

PIECE_S = 3.0
"""Longer speech is cut: a piece is short enough to lie on one side of a handover."""
MIN_PIECE_S = 1.2
"""Shorter pieces say too little about the voice; they follow the pieces around them."""
LOOK_S = 2.5
"""Length of a stretch of the first comparison."""
LOOK_PERIOD_S = 150.0
"""Each channel gets one stretch per this duration of the call, at least two. Four stretches took 0.16 s: 4.6 % of the
CPU time of the stage in a call of 245 s, 11 % in one of 90 s."""
MAX_PIECES = 40
"""Pieces that are embedded once two stretches differ: 2 s of CPU time."""
MAX_PEOPLE = 4
MIN_PIECES = 3
"""Pieces of each person; one odd stretch is no person."""
ODD_PERCENT = 10
"""Pieces that may resemble the other person more, in percent. Two who alternate do not follow each other."""


@dataclass(frozen=True)
class SuccessionOptions:
    """Settings for the search; the first two values are options of the engine, which describes them.

    Chosen on channels that were composed of utterances of half of 22 speakers, who said 9 to 27 s each: 0.68 divided
    none of 84 channels with one voice, a third of which changed from 16 kHz to a telephone line in the middle. Of the
    other half it divided 0 of 32, and 1 of 16 with such a change; it found 24 of 24 successions of a man and a woman,
    24 of 38 of one gender, 65 of 100 of three people. With 0.74 it divides one of five where the line changes.
    """

    same_person_similarity: float = 0.68
    different_people_similarity: float = 0.68
    min_person_s: float = 6.0


def voice_of(pcm: Pcm, channel: int, embedder: Embedder) -> Embed:
    """A function that embeds a stretch of the channel."""

    def embed(span: Span) -> Vector:
        features = log_mel_filter_bank(pcm.float32(channel, *span))
        if len(features) < MIN_FEATURE_FRAMES:
            return np.zeros(EMBEDDING_DIMENSION, np.float32)
        return embedder(features)

    return embed


def divided(
    spans: Sequence[Span], embed: Embed, duration_s: float, options: SuccessionOptions
) -> list[list[Span]]:
    """The speech of each person, in order of their first speech; one list if there is one voice.

    Args:
        spans: speech of the channel, sorted.
        duration_s: duration of the call.
    """
    pieces = [piece for piece in _pieces(spans) if _length(piece) >= MIN_PIECE_S]
    one = [list(spans)]
    if len(pieces) < 2 * MIN_PIECES or sum(map(_length, pieces)) < 2 * options.min_person_s:
        return one
    looks = _looks(pieces, max(2, round(duration_s / LOOK_PERIOD_S)))
    if _alike(np.stack([embed(_middle(piece)) for piece in looks])) >= options.same_person_similarity:
        return one
    pieces = [pieces[n] for n in np.unique(np.linspace(0, len(pieces) - 1, MAX_PIECES).round().astype(int))]
    vectors = np.stack([embed(piece) for piece in pieces])
    people = people_of(vectors, np.array([_length(piece) for piece in pieces]), options)
    if people.max() == 0:
        return one
    return _by_person(spans, pieces, people)


def people_of(
    vectors: Vectors, lengths_s: npt.NDArray[np.float64], options: SuccessionOptions
) -> npt.NDArray[np.int64]:
    """The person of each piece, numbered by first appearance, shape (num_pieces,); zeros if there is one voice."""
    edges = _edges(vectors, lengths_s, 0, len(vectors), options)
    stretches = list(pairwise([0, *edges, len(vectors)]))
    people: list[list[tuple[int, int]]] = []
    for stretch in stretches:
        known = next(
            (person for person in people if _tells_one(vectors, lengths_s, person, stretch, options)), None
        )
        if known is None:
            people.append([stretch])
        else:
            known.append(stretch)
    labels = np.zeros(len(vectors), np.int64)
    for number, person in enumerate(people[:MAX_PEOPLE]):
        for first, last in person:
            labels[first:last] = number
    return labels if len(people) <= MAX_PEOPLE else np.zeros(len(vectors), np.int64)


def _tells_one(
    vectors: Vectors,
    lengths_s: npt.NDArray[np.float64],
    person: Sequence[tuple[int, int]],
    stretch: tuple[int, int],
    options: SuccessionOptions,
) -> bool:
    rows = np.concatenate([np.arange(*known) for known in person])
    return not _differ(vectors, lengths_s, rows, np.arange(*stretch), options)


def _edges(
    vectors: Vectors, lengths_s: npt.NDArray[np.float64], first: int, last: int, options: SuccessionOptions
) -> list[int]:
    """Pieces at which another person begins, within [first, last): the best edge, then those on each side of it."""
    total = np.concatenate([[np.zeros(vectors.shape[1])], np.cumsum(vectors * lengths_s[:, None], axis=0)])
    candidates = range(first + MIN_PIECES, last - MIN_PIECES + 1)
    # The length of a sum of unit vectors is the sum of their cosines to its direction: two sums of one voice each
    # are longer than the sum over both.
    gain = [
        float(np.linalg.norm(total[edge] - total[first]) + np.linalg.norm(total[last] - total[edge]))
        for edge in candidates
    ]
    if not gain:
        return []
    edge = candidates[int(np.argmax(gain))]
    found = _differ(vectors, lengths_s, np.arange(first, edge), np.arange(edge, last), options)
    left = _edges(vectors, lengths_s, first, edge, options)
    right = _edges(vectors, lengths_s, edge, last, options)
    return [*left, edge, *right] if found or left or right else []


def _differ(
    vectors: Vectors,
    lengths_s: npt.NDArray[np.float64],
    one: npt.NDArray[np.int64],
    other: npt.NDArray[np.int64],
    options: SuccessionOptions,
) -> bool:
    """Whether two sets of pieces are two people."""
    if min(lengths_s[one].sum(), lengths_s[other].sum()) < options.min_person_s:
        return False
    voice, other_voice = (_mean(vectors[rows], lengths_s[rows]) for rows in (one, other))
    if float(voice @ other_voice) > options.different_people_similarity:
        return False
    difference = voice - other_voice
    margins = np.concatenate([vectors[one] @ difference, vectors[other] @ -difference])
    return bool(np.percentile(margins, ODD_PERCENT) > 0.0)


def _by_person(
    spans: Sequence[Span], pieces: Sequence[Span], people: npt.NDArray[np.int64]
) -> list[list[Span]]:
    """Each span, cut where the person changes, in the middle of the pause between two embedded pieces."""
    changes: list[int] = (np.flatnonzero(np.diff(people)) + 1).tolist()
    times = [(pieces[n - 1][1] + pieces[n][0]) / 2 for n in changes]
    holders = [int(people[0]), *(int(people[n]) for n in changes)]
    edges = [-np.inf, *times, np.inf]
    divided: list[list[Span]] = [[] for _ in range(int(people.max()) + 1)]
    for holder, (begin_s, end_s) in zip(holders, pairwise(edges), strict=True):
        inside = ((max(start, begin_s), min(end, end_s)) for start, end in spans)
        divided[holder] += [span for span in inside if span[1] > span[0]]
    return divided


def _pieces(spans: Sequence[Span]) -> list[Span]:
    pieces: list[Span] = []
    for start_s, end_s in spans:
        edges = np.linspace(start_s, end_s, 1 + max(1, -int(-(end_s - start_s) // PIECE_S)))
        pieces += [(float(a), float(b)) for a, b in pairwise(edges)]
    return pieces


def _looks(pieces: Sequence[Span], number: int) -> list[Span]:
    """The longest piece of each part of the speech; of two parts, the first and the last quarter."""
    groups = np.array_split(np.arange(len(pieces)), max(number, 4))
    chosen = [groups[0], *groups[1:-1][: number - 2], groups[-1]] if number < 4 else groups
    return [max((pieces[int(n)] for n in group), key=_length) for group in chosen if len(group)]


def _alike(vectors: Vectors) -> float:
    """The smallest similarity of two stretches."""
    return float((vectors @ vectors.T).min())


def _mean(vectors: Vectors, lengths_s: npt.NDArray[np.float64]) -> Vector:
    mean = (vectors * lengths_s[:, None]).sum(axis=0)
    unit: Vector = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
    return unit


def _middle(piece: Span) -> Span:
    cut_s = max(0.0, _length(piece) - LOOK_S) / 2
    return piece[0] + cut_s, piece[1] - cut_s


def _length(span: Span) -> float:
    return span[1] - span[0]
