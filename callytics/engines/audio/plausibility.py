"""Checks the sample rate in the header against the pitch of the voices.

A file of 8 kHz with a header of 16 kHz plays twice as fast: voices are an octave too high and all times are wrong.
Nothing in the file shows it, but high voices then have a pitch that no adult has. Low voices (men) at double speed
sound like women or children and are NOT detected, nor is a recording that plays too slowly.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from callytics.domain import PIPELINE_SAMPLE_RATE_HZ, Flag, Media
from callytics.engines.audio.channels import loudest_windows
from callytics.engines.audio.sound import Sound, only

Floats = npt.NDArray[np.float32]

NARROWBAND_HZ = 8_000

HIGHEST_MEDIAN_F0_HZ = 350.0
"""Adult women speak at about 210 Hz, hardly any above 300 Hz on average (Baken & Orlikoff 2000, Clinical Measurement of
Speech and Voice); twice as fast that is 420 Hz. 350 Hz lies half-way between 300 and 420 on a scale of tones."""
HIGHEST_LOW_F0_HZ = 250.0  # and the low end of the intonation (10th percentile) is above the usual average
MIN_VOICED_FRAMES = 12  # 0.4 s of voice
WINDOW_S = 2.0
MAX_WINDOWS = 15  # per channel

_FRAME = 1024  # 64 ms: three periods of the lowest voice
_HOP = 512
_F0_RANGE_HZ = (60.0, 800.0)
_VOICED = 0.6  # normalised autocorrelation of a voiced frame
_OCTAVE_TOLERANCE = 0.85  # the shortest period that is nearly as good as the best one wins


def check(pcm: Sound, media: Media) -> tuple[Flag, ...]:
    """Flags of a doubtful sample rate. ``pcm``: shape (num_channels, num_samples), 16 kHz, before enhancement."""
    if media.sample_rate_hz < NARROWBAND_HZ:
        message = f"A sample rate of {media.sample_rate_hz} Hz holds less than a telephone does: expect more errors."
        return (Flag("low_sample_rate", message),)
    voiced = []
    for channel in range(pcm.shape[0]):
        pitch = _pitch(only(pcm, channel))
        if len(pitch) >= MIN_VOICED_FRAMES:
            if not _too_high(pitch):
                return ()  # one voice of a usual height tells; the other channel need not be looked at
            voiced.append(pitch)
    if not voiced:
        return ()
    message = (
        f"Voices are at {np.median(np.concatenate(voiced)):.0f} Hz, an octave higher than people speak: the header's "
        f"sample rate ({media.sample_rate_hz} Hz) may be twice the true one. Times and text are then wrong."
    )
    return (Flag("doubtful_sample_rate", message),)


def _too_high(pitch: Floats) -> bool:
    low, middle = np.percentile(pitch, (10, 50))
    return bool(middle > HIGHEST_MEDIAN_F0_HZ and low > HIGHEST_LOW_F0_HZ)


def _pitch(pcm: Sound) -> Floats:
    """Pitch in Hz of the voiced frames in the loudest half minute of one channel, shape (num_voiced_frames,)."""
    size = min(round(WINDOW_S * PIPELINE_SAMPLE_RATE_HZ), pcm.shape[1])
    if size < _FRAME:
        return np.zeros(0, np.float32)
    starts = loudest_windows(pcm, size, MAX_WINDOWS)
    views = [np.lib.stride_tricks.sliding_window_view(pcm[0, s : s + size], _FRAME)[::_HOP] for s in starts]
    return fundamental_hz(np.concatenate(views).astype(np.float32))


def fundamental_hz(frames: Floats) -> Floats:
    """Fundamental frequency, by autocorrelation (Boersma 1993), of the voiced frames in ``frames``, shape (n, 1024)."""
    from scipy import fft  # stays in single precision, at half the cost of numpy's

    window = np.hanning(_FRAME).astype(np.float32)
    frames = (frames - frames.mean(axis=1, keepdims=True)) * window
    energies = (frames**2).sum(axis=1)
    frames = frames[energies > 0.03 * np.percentile(energies, 95)]
    spectrum = fft.rfft(frames, 2 * _FRAME, axis=1)
    bin_hz = PIPELINE_SAMPLE_RATE_HZ / (2 * _FRAME)
    kept = slice(round(50 / bin_hz), round(1500 / bin_hz))  # formants above blur the period
    power = np.zeros(spectrum.shape, np.float32)
    power[:, kept] = spectrum.real[:, kept] ** 2 + spectrum.imag[:, kept] ** 2
    by_lag = fft.irfft(power, axis=1)
    taper = fft.irfft(np.abs(fft.rfft(window, 2 * _FRAME)) ** 2)
    shortest = round(PIPELINE_SAMPLE_RATE_HZ / _F0_RANGE_HZ[1])
    longest = round(PIPELINE_SAMPLE_RATE_HZ / _F0_RANGE_HZ[0])
    scale = np.maximum(by_lag[:, :1], 1e-9) * (taper / taper[0])[np.newaxis, shortest:longest]
    likeness = by_lag[:, shortest:longest] / scale
    best = likeness.max(axis=1, keepdims=True)
    middle = likeness[:, 1:-1]
    is_peak = (middle >= likeness[:, :-2]) & (middle > likeness[:, 2:]) & (middle > _OCTAVE_TOLERANCE * best)
    voiced = (best[:, 0] >= _VOICED) & is_peak.any(axis=1)
    lags = shortest + 1 + is_peak[voiced].argmax(axis=1)
    pitch: Floats = (PIPELINE_SAMPLE_RATE_HZ / lags).astype(np.float32)
    return pitch
