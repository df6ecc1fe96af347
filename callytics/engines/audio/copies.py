"""What one channel has of the other: at what delay, through what filter, and what is left without it.

A copy is a filter of a few milliseconds at a delay: line echo, and what a bridge plays to both legs. The filter is the
quotient of the averaged cross-spectrum and the spectrum of the source (Welch), so it fits gain, polarity, fractions of
a sample and the pass bands of codecs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from callytics.domain import PIPELINE_SAMPLE_RATE_HZ
from callytics.engines.audio.measure import FRAME_SAMPLES, SILENCE_DBFS, to_db
from callytics.engines.audio.sound import Sound
from callytics.pcm import BLOCK_SAMPLES

Floats = npt.NDArray[np.float64]
Levels = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

FRAME_S = FRAME_SAMPLES / PIPELINE_SAMPLE_RATE_HZ
BEFORE, AFTER = 128, 512
"""Samples of the filter before and after the delay: 8 ms for codecs that ring before, 32 ms for a hybrid's echo."""

DELAY_STEP = 4
_MEAN = np.full(DELAY_STEP, 1 / DELAY_STEP, np.float32)
_LOW_CUT_HZ = 300.0  # hum lies below
_WELCH = 4096
_REGULAR = 1e-3
FADE_GAIN = 0.03  # what is left of a frame with a copy alone: -30 dB, and no step to digital silence
SMOOTH_FRAMES = 5  # 100 ms: a frame of one voice is not judged alone


@dataclass(frozen=True, eq=False)
class Copy:
    """How channel 1 - ``channel`` is heard on ``channel``: ``delay`` in samples, and the ``taps`` around it."""

    channel: int
    delay: int
    taps: Floats


def delay_between(
    source: npt.NDArray[np.int16], target: npt.NDArray[np.int16], earliest: int, latest: int
) -> npt.NDArray[np.float32]:
    """Normalised correlation of two windows at each delay of ``target`` from ``earliest`` to ``latest``, in steps of
    DELAY_STEP samples. By a quarter of the samples: the lower half of the telephone band suffices, in a fifth of the
    time."""
    from scipy import fft

    first, last = earliest // DELAY_STEP, latest // DELAY_STEP
    length = len(source) // DELAY_STEP
    thinned = [
        samples[: length * DELAY_STEP].astype(np.float32).reshape(length, DELAY_STEP) @ _MEAN
        for samples in (source, target)
    ]
    size = fft.next_fast_len(length + max(abs(first), abs(last)), real=True)
    spectra = fft.rfft(np.stack(thinned), size, axis=1)
    spectra[:, : round(_LOW_CUT_HZ * size * DELAY_STEP / PIPELINE_SAMPLE_RATE_HZ)] = 0.0
    powers = spectra.real**2 + spectra.imag**2
    energy = float(np.sqrt(np.prod(powers.sum(axis=1, dtype=np.float64))))
    if energy <= 0.0:
        return np.zeros(last - first + 1, np.float32)
    cross = fft.irfft(np.conj(spectra[0]) * spectra[1], size) * np.float32(size / 2 / energy)
    return np.concatenate([cross[first:] if first < 0 else cross[:0], cross[max(0, first) : last + 1]])


def copy_of(pcm: Sound, channel: int, delay: int, windows: Sequence[tuple[int, int]]) -> Copy:
    """The filter that makes ``channel`` out of the other one, from windows (start, end) in samples."""
    source, target = _spectra(pcm, 1 - channel, windows, -delay), _spectra(pcm, channel, windows, 0)
    cross = (np.conj(source) * target).sum(axis=0)
    power = (np.abs(source) ** 2).sum(axis=0)
    response = np.fft.irfft(cross / (power + _REGULAR * power.mean() + 1e-9), _WELCH)
    taps = np.concatenate([response[-BEFORE:], response[:AFTER]])
    return Copy(channel, delay, taps)


def _spectra(
    pcm: Sound, channel: int, windows: Sequence[tuple[int, int]], shift: int
) -> npt.NDArray[np.complex128]:
    step = _WELCH // 2
    pieces = []
    for start, end in windows:
        samples = samples_between(pcm, channel, start + shift, end + shift)
        count = max(0, (len(samples) - _WELCH) // step + 1)
        pieces += [samples[i * step : i * step + _WELCH] for i in range(count)]
    if not pieces:
        return np.zeros((1, _WELCH // 2 + 1), np.complex128)
    return np.asarray(np.fft.rfft(np.stack(pieces) * np.hanning(_WELCH), axis=1), np.complex128)


def samples_between(pcm: Sound, channel: int, start: int, end: int) -> npt.NDArray[np.float32]:
    """Samples of one channel as floats, with zeros before the beginning and after the end."""
    first, last = max(0, start), min(pcm.shape[1], end)
    part = pcm[channel, first : max(first, last)].astype(np.float32)
    return np.pad(
        part, (min(end, first) - start, max(0, end - start - len(part) - (min(end, first) - start)))
    )


def predicted(pcm: Sound, copy: Copy, start: int, end: int) -> npt.NDArray[np.float32]:
    """What the channel has of the other one between two samples."""
    from scipy.signal import oaconvolve

    margin = len(copy.taps)
    begin = start - copy.delay + BEFORE
    source = samples_between(pcm, 1 - copy.channel, begin - margin + 1, begin + end - start)
    return np.asarray(oaconvolve(source, copy.taps, "valid"), np.float32)


def frame_levels(samples: npt.NDArray[np.float32]) -> Floats:
    """Levels of frames of 20 ms in dBFS, smoothed over 100 ms, for samples of 16 bits."""
    from scipy.ndimage import uniform_filter1d

    padded = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES) / 32768.0
    power = (padded.astype(np.float64) ** 2).mean(axis=1)
    return to_db(uniform_filter1d(power, SMOOTH_FRAMES, mode="nearest")) if len(power) else power


def faded(samples: npt.NDArray[np.float32], alone: Mask) -> npt.NDArray[np.float32]:
    """The samples with the frames in which the copy is ``alone`` turned down, by slopes of one frame."""
    gains = np.where(alone, FADE_GAIN, 1.0)
    middles = (np.arange(len(gains)) + 0.5) * FRAME_SAMPLES
    return (samples * np.interp(np.arange(len(samples)), middles, gains)).astype(np.float32)


def mean_db(levels: Floats | Levels) -> Floats:
    """The level of the mean power over the last axis."""
    return np.asarray(np.maximum(10 * np.log10(np.mean(10 ** (levels / 10), axis=-1) + 1e-12), SILENCE_DBFS))


def overwrite(pcm: Sound, channel: int, start: int, samples: npt.NDArray[np.float32]) -> None:
    """Write from sample ``start``; a packed sound takes whole blocks only."""
    end = start + len(samples)
    for first in range(start // BLOCK_SAMPLES * BLOCK_SAMPLES, end, BLOCK_SAMPLES):
        block = slice(first, min(first + BLOCK_SAMPLES, pcm.shape[1]))
        values = np.array(pcm[channel, block])
        begin, stop = max(start, first), min(end, block.stop)
        values[begin - first : stop - first] = np.clip(
            np.rint(samples[begin - start : stop - start]), -32768, 32767
        )
        pcm[channel, block] = values
