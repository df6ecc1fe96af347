"""Matches participants to known speakers by comparing the voice vectors of the call with those of the samples.

A sample is a recording of one person alone, two seconds or longer. The embedding is the one that separates the voices
of a mono call (embedding.py). A name is given once only; a participant who resembles no sample gets no name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from callytics.domain import Audio, Diarization, Pcm, SpeechSegment
from callytics.engines.diarization.embedding import EMBEDDING_DIMENSION, MIN_FEATURE_FRAMES, Embedder
from callytics.engines.diarization.features import log_mel_filter_bank

PIECE_S = 3.0
"""Longer speech is cut: the mean of several embeddings is more stable than one embedding of a long stretch."""

MIN_PIECE_S = 1.0
"""Shorter pieces are used only if a voice has no others."""

ENOUGH_S = 20.0
"""Speech per voice that is embedded; more costs CPU time and does not improve the vector."""

Vector = npt.NDArray[np.float32]
Span = tuple[float, float]


def with_names(
    diarization: Diarization,
    audio: Audio,
    voices: Sequence[Vector],
    embedder: Embedder,
    min_similarity: float,
) -> Diarization:
    """The participants with the names of the samples that they resemble most.

    Args:
        voices: unit vectors of ``audio.voice_samples``, shape (192,).
        min_similarity: cosine below which two voices are different.
    """
    from scipy.optimize import linear_sum_assignment

    if not voices or not diarization.participants:
        return diarization
    heard = [
        voice(audio.pcm, channel or 0, spans, embedder)
        for channel, spans in (_alone(diarization, party.id) for party in diarization.participants)
    ]
    similarity = np.stack(heard) @ np.stack(voices).T
    names = {
        int(party): audio.voice_samples[sample].name
        for party, sample in zip(*linear_sum_assignment(-similarity), strict=True)
        if similarity[party, sample] >= min_similarity
    }
    participants = tuple(replace(p, name=names.get(n)) for n, p in enumerate(diarization.participants))
    return replace(diarization, participants=participants)


def voice(pcm: Pcm, channel: int, spans: Sequence[Span], embedder: Embedder) -> Vector:
    """The unit vector of the voice in ``spans``; zeros, which resemble nothing, if the spans are too short."""
    total = np.zeros(EMBEDDING_DIMENSION, np.float32)
    for start_s, end_s in _pieces(spans):
        features = log_mel_filter_bank(pcm.float32(channel, start_s, end_s))
        if len(features) >= MIN_FEATURE_FRAMES:
            total += embedder(features) * np.float32(end_s - start_s)
    norm = float(np.linalg.norm(total))
    return total / np.float32(norm) if norm else total


def _alone(diarization: Diarization, speaker: str) -> tuple[int | None, list[Span]]:
    """The speech of one party; on a shared channel only without the other parties' speech."""
    own = [segment for segment in diarization.segments if segment.speaker == speaker]
    channel = own[0].channel if own else None
    others = [segment for segment in diarization.segments if segment.speaker != speaker]
    if diarization.by_channel:
        others = []
    return channel, [span for segment in own for span in _without(segment, others)]


def _without(segment: SpeechSegment, others: Sequence[SpeechSegment]) -> Iterator[Span]:
    start_s = segment.start_s
    for other in others:  # sorted by start
        if other.end_s <= start_s or other.start_s >= segment.end_s:
            continue
        if other.start_s > start_s:
            yield start_s, other.start_s
        start_s = other.end_s
    if start_s < segment.end_s:
        yield start_s, segment.end_s


def _pieces(spans: Sequence[Span]) -> list[Span]:
    """Pieces of at most PIECE_S from the longest spans, ENOUGH_S in total."""
    pieces: list[Span] = []
    for start_s, end_s in sorted(spans, key=lambda span: span[0] - span[1]):
        num_parts = max(1, round((end_s - start_s) / PIECE_S))
        edges = np.linspace(start_s, end_s, num_parts + 1)
        pieces += [(float(edges[n]), float(edges[n + 1])) for n in range(num_parts)]
    long = [piece for piece in pieces if piece[1] - piece[0] >= MIN_PIECE_S] or pieces
    return long[: max(1, round(ENOUGH_S / PIECE_S))]
