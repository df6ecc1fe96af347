"""Places where the voice on a channel may change, found in the spectrum alone: no model runs.

The generalised likelihood ratio of two Gaussians against one, over the cepstra before and after a pause (Gish, Siu and
Rohlicek, "Segregation of speakers for speech recognition and speaker identification", ICASSP 1991). It also answers to
what a person says and to a change of line, so what it finds is only a candidate; but it misses few people, and costs a
hundredth of an embedding per second of speech.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from callytics.domain import Pcm
from callytics.engines.diarization.features import FRAME_SHIFT_SAMPLES, NUM_MEL_BINS, log_mel_filter_bank

Span = tuple[float, float]
Frames = npt.NDArray[np.float32]
Moments = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""Cumulative over blocks: number of frames, sum of the cepstra, sum of their outer products."""

MIN_PAUSE_S = 1.0
"""A telephone is not handed over, and a call not transferred, in less."""
SAMPLE_RATE_HZ = 16_000
SHIFT_SAMPLES = 2 * FRAME_SHIFT_SAMPLES
NUM_CEPSTRA = 20
VOICED_BINS = slice(5, 60)
QUIET_NEPERS = 6.0
"""Frames further below the loudest twentieth (26 dB) are pauses."""
BLOCK_S = 0.5
WINDOWS_S = (6.0, 15.0)
"""Speech that is compared on each side of a pause: a short one also finds a person who says little."""
MIN_RATIOS = (1.4, 1.2)
"""Ratio for each of WINDOWS_S from which a pause is a candidate: each candidate costs at least two embeddings. On
channels composed of sentences of half of the speakers (evaluation/people.py), all 100 changes of voice were 0.3 or more
above it, and 11 of 34 channels with one voice had a candidate (15 with ratios that were 0.3 lower)."""
MIN_SIDE_S = 4.0
CHANCE = 4.5
"""What one voice reaches by chance with a second on each side; it falls with their length."""
FLOOR = 1e-2  # variance added to each cepstrum: a line that sends digital silence has none


def candidate_changes(pcm: Pcm, channel: int, spans: Sequence[Span], most: int) -> list[float]:
    """The middles of the pauses around which the spectrum differs most, in order of time.

    Args:
        spans: speech of the channel, sorted.
        most: maximum number of pauses.
    """
    stretches = stretches_of(spans)
    features = [_cepstra(pcm, channel, stretch) for stretch in stretches]
    if not features:
        return []
    loud = np.percentile(np.concatenate([energy for _, energy in features]), 95) - QUIET_NEPERS
    kept = [cepstra[energy > loud] for cepstra, energy in features]
    moments, borders = _blocks(kept)
    if not len(borders):
        return []
    ratios = np.array([_ratios(moments, borders, window_s) for window_s in WINDOWS_S])
    scores = (ratios - np.array(MIN_RATIOS)[:, None]).max(axis=0)
    pauses = [(stretches[n][-1][1] + stretches[n + 1][0][0]) / 2 for n in range(len(stretches) - 1)]
    return sorted(pauses[n] for n in _peaks(scores, borders)[:most])


def stretches_of(spans: Sequence[Span]) -> list[list[Span]]:
    """Speech without a pause that is long enough for a handover."""
    stretches: list[list[Span]] = []
    for span in spans:
        if stretches and span[0] - stretches[-1][-1][1] < MIN_PAUSE_S:
            stretches[-1].append(span)
        else:
            stretches.append([span])
    return stretches


def _cepstra(pcm: Pcm, channel: int, stretch: Sequence[Span]) -> tuple[Frames, Frames]:
    """Cepstra without the zeroth, shape (num_frames, 20), and the level of each frame in nepers."""
    spectra = np.concatenate(
        [log_mel_filter_bank(pcm.float32(channel, *span), SHIFT_SAMPLES) for span in stretch]
    )
    return spectra @ _cosines(), spectra[:, VOICED_BINS].mean(axis=1)


def _blocks(features: Sequence[Frames]) -> tuple[Moments, npt.NDArray[np.int64]]:
    """The moments of all blocks, and the block at which each stretch but the first begins."""
    frames_per_block = round(BLOCK_S * SAMPLE_RATE_HZ / SHIFT_SAMPLES)
    counts, sums, products, borders = [0], [np.zeros(NUM_CEPSTRA)], [np.zeros((NUM_CEPSTRA, NUM_CEPSTRA))], []
    for cepstra in features:
        borders.append(len(counts) - 1)
        for block in np.array_split(cepstra.astype(np.float64), max(1, len(cepstra) // frames_per_block)):
            counts.append(len(block))
            sums.append(block.sum(axis=0))
            products.append(block.T @ block)
    moments = (np.cumsum(counts).astype(np.float64), np.cumsum(sums, axis=0), np.cumsum(products, axis=0))
    return moments, np.array(borders[1:], np.int64)


def _ratios(moments: Moments, borders: npt.NDArray[np.int64], window_s: float) -> npt.NDArray[np.float64]:
    """The log likelihood ratio at each border per frame, beyond chance; -inf where a side is too short."""
    num_blocks, reach = len(moments[0]) - 1, round(window_s / BLOCK_S)
    first, last = np.maximum(0, borders - reach), np.minimum(num_blocks, borders + reach)
    before, after, both = (
        tuple(moment[end] - moment[begin] for moment in moments)
        for begin, end in ((first, borders), (borders, last), (first, last))
    )
    enough = np.minimum(borders - first, last - borders) * BLOCK_S >= MIN_SIDE_S
    ratios = np.full(len(borders), -np.inf)
    if enough.any():
        before, after, both = (tuple(part[enough] for part in side) for side in (before, after, both))
        gain = (_spread(*both) - _spread(*before) - _spread(*after)) / 2
        shared = before[0] * after[0] / both[0]
        ratios[enough] = gain / shared - CHANCE * SAMPLE_RATE_HZ / SHIFT_SAMPLES / shared
    return ratios


def _spread(
    count: npt.NDArray[np.float64], total: npt.NDArray[np.float64], products: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Frames times the log determinant of their covariance."""
    count = np.maximum(count, 1.0)
    mean = total / count[:, None]
    covariance = products / count[:, None, None] - mean[:, :, None] * mean[:, None, :]
    return np.asarray(count * np.linalg.slogdet(covariance + FLOOR * np.eye(NUM_CEPSTRA))[1])


def _peaks(scores: npt.NDArray[np.float64], borders: npt.NDArray[np.int64]) -> list[int]:
    """Borders with a score of at least zero, the best first; none within MIN_SIDE_S of speech of a better one."""
    chosen: list[int] = []
    for n in np.argsort(-scores, kind="stable").tolist():
        if scores[n] < 0.0:
            break
        if all(abs(borders[n] - borders[other]) * BLOCK_S >= MIN_SIDE_S for other in chosen):
            chosen.append(n)
    return chosen


@lru_cache(maxsize=1)
def _cosines() -> Frames:
    """The cosine transform from mel bins to cepstra, shape (80, 20)."""
    bins = (np.arange(NUM_MEL_BINS) + 0.5)[:, None] / NUM_MEL_BINS
    transform = np.sqrt(2.0 / NUM_MEL_BINS) * np.cos(np.pi * bins * np.arange(1, NUM_CEPSTRA + 1))
    return np.asarray(transform, np.float32)
