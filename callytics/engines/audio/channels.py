"""Selects the channels of a recording that are worth analysing.

A stereo file holds two parties only if each channel carries its own signal. This module finds the other cases: a
channel without sound, and the same signal on both channels (a mono call in a stereo file), even if one channel is
inverted, delayed, quieter or encoded again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from callytics.domain import PIPELINE_SAMPLE_RATE_HZ
from callytics.engines.audio.measure import MINUTE_SAMPLES, blocks, to_db
from callytics.engines.audio.sound import Sound

SILENT_DBFS = -66.0
"""A channel whose loudest frames stay below this carries nothing: idle noise of G.711 lies at about -72 dBFS."""
STATIONARY_DB, STATIONARY_DBFS = 6.0, -45.0
"""A channel with a low, nearly constant level carries line noise only. The level of speech changes by 20 dB or more."""

DUPLICATE_CORRELATION = 0.9
"""One signal plus independent noise of 10 dB below it on one side still correlates by 0.95; two parties that leak into
each other at -20 dB correlate by 0.2."""
ALONE_DB = 15.0  # above what the usual gain between the channels would give: the other one lacks the sound
ALONE_DBFS = -50.0  # what is quieter is no speech to be missed
HALF_SECOND_FRAMES = 25
MAX_DELAY_SAMPLES = round(0.1 * PIPELINE_SAMPLE_RATE_HZ)
_WINDOW_S = 2.0
_MAX_WINDOWS = 60
_LOW_CUT_HZ = 300.0  # hum and rumble, which both legs may share, lie below


@dataclass(frozen=True)
class Similarity:
    """Similarity of the second channel to the first: ``correlation``, -1..1, at the best ``delay_s``."""

    correlation: float
    delay_s: float

    @property
    def dual_mono(self) -> bool:
        return self.correlation >= DUPLICATE_CORRELATION

    @property
    def antiphase(self) -> bool:
        return self.correlation <= -DUPLICATE_CORRELATION


def silent_channels(frames_dbfs: npt.NDArray[np.float32]) -> tuple[int, ...]:
    """Channels without sound; ``frames_dbfs`` has shape (num_channels, num_frames)."""
    loudest, quietest = np.percentile(frames_dbfs, (99.9, 10.0), axis=1)
    silent = (loudest < SILENT_DBFS) | ((loudest < STATIONARY_DBFS) & (loudest - quietest < STATIONARY_DB))
    return tuple(int(channel) for channel in np.flatnonzero(silent))


def similarity(pcm: Sound, widened: Sequence[tuple[float, float]] = ()) -> Similarity:
    """How alike the two channels of ``pcm``, shape (2, num_samples), are outside ``widened``, parts in seconds in which
    they are copies.

    Normalised cross-correlation above 300 Hz over the (at most 60) loudest windows of 2 s, summed over the windows
    before it is normalised: leakage makes single windows similar, but by a different factor in each direction, so the
    sum stays small.
    """
    size = min(round(_WINDOW_S * PIPELINE_SAMPLE_RATE_HZ), pcm.shape[1])
    starts = loudest_windows(pcm, size, _MAX_WINDOWS, widened)
    windows = {
        start: pcm[:, start : start + size] for start in sorted(starts)
    }  # in the order of the recording
    correlation, delay = correlation_of(
        (windows[start].astype(np.float32) for start in starts), MAX_DELAY_SAMPLES
    )
    return Similarity(correlation, delay / PIPELINE_SAMPLE_RATE_HZ)


def own_s(frames_dbfs: npt.NDArray[np.float32]) -> tuple[float, float]:
    """The seconds of each of two channels, with much the same sound, that the other one lacks, by their levels.

    Args:
        frames_dbfs: levels of frames of 20 ms, shape (2, num_frames).
    """
    count = frames_dbfs.shape[1] // HALF_SECOND_FRAMES
    parts = frames_dbfs[:, : count * HALF_SECOND_FRAMES].reshape(2, count, HALF_SECOND_FRAMES)
    levels = to_db((10 ** (parts / 10)).mean(axis=2, dtype=np.float64))
    both = (levels > ALONE_DBFS).all(axis=0)
    if not both.any():
        return 0.0, 0.0
    excess_db = levels[0] - levels[1]
    excess_db = excess_db - np.median(excess_db[both])
    first = (levels[0] > ALONE_DBFS) & (excess_db > ALONE_DB)
    second = (levels[1] > ALONE_DBFS) & (excess_db < -ALONE_DB)
    return float(first.sum()) / 2, float(second.sum()) / 2


def correlation_of(pairs: Iterable[npt.NDArray[np.float32]], max_delay: int) -> tuple[float, int]:
    """The normalised cross-correlation of windows of shape (2, num_samples), and the delay in samples at which it is
    greatest in magnitude. Windows of other lengths than the first are skipped."""
    from scipy import fft  # stays in single precision, at half the cost of numpy's

    cross: npt.NDArray[np.complex128] | None = None
    energies = np.zeros(2)
    size = fft_size = 0
    for pair in pairs:
        if cross is None:
            size = pair.shape[1]
            # Longer delays than the longest that is asked for may wrap around, for they are not looked at.
            max_delay = min(max_delay, size - 1)
            fft_size = fft.next_fast_len(size + max_delay, real=True)
            cross = np.zeros(fft_size // 2 + 1, np.complex128)
        if pair.shape[1] == size:
            spectra = fft.rfft(pair, fft_size, axis=1)
            spectra[:, : round(_LOW_CUT_HZ * fft_size / PIPELINE_SAMPLE_RATE_HZ)] = 0.0
            cross += np.conj(spectra[0]) * spectra[1]
            parts = spectra.view(np.float32)
            energies += np.einsum("ij,ij->i", parts, parts)
    if cross is None or energies.min() <= 0.0:
        return 0.0, 0
    by_delay = fft.irfft(cross, fft_size) * fft_size / 2
    candidates = np.concatenate(
        [by_delay[-max_delay:] if max_delay else by_delay[:0], by_delay[: max_delay + 1]]
    )
    best = int(np.argmax(np.abs(candidates)))
    correlation = float(np.clip(candidates[best] / np.sqrt(energies[0] * energies[1]), -1.0, 1.0))
    return correlation, best - max_delay


def loudest_windows(
    pcm: Sound, size: int, limit: int, passed_over: Sequence[tuple[float, float]] = ()
) -> list[int]:
    """Starts of the at most ``limit`` windows of ``size`` samples with most power, by a look at every 16th sample;
    none that touches ``passed_over``, parts in seconds."""
    count = max(1, pcm.shape[1] // size)
    powers = np.concatenate(
        [_window_powers(pcm[:, block], size) for block in blocks(count * size, MINUTE_SAMPLES // size * size)]
    )
    wanted = ~touched(passed_over, count, size / PIPELINE_SAMPLE_RATE_HZ)
    ranked = [int(window) for window in np.argsort(-powers, kind="stable") if wanted[window]]
    return [window * size for window in ranked[:limit]]


def touched(parts: Sequence[tuple[float, float]], count: int, length_s: float) -> npt.NDArray[np.bool_]:
    """Which of ``count`` windows of ``length_s`` a part, in seconds, touches."""
    touches = np.zeros(count, np.bool_)
    for start_s, end_s in parts:
        touches[int(start_s / length_s) : math.ceil(end_s / length_s)] = True
    return touches


def _window_powers(samples: npt.NDArray[np.int16], size: int) -> npt.NDArray[np.float32]:
    thinned = samples[:, ::16].astype(np.float32)
    edges = np.linspace(0, thinned.shape[1], max(1, samples.shape[1] // size), endpoint=False).astype(int)
    powers: npt.NDArray[np.float32] = np.add.reduceat((thinned**2).sum(axis=0), edges)
    return powers


def downmix(block: npt.NDArray[np.float32], channels: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """The sum of some channels, shape (1, num_samples). Two people rarely talk at once, so the sum rarely clips."""
    mixed: npt.NDArray[np.float32] = block[list(channels)].sum(axis=0, keepdims=True)
    return mixed
