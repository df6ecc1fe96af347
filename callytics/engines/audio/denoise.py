"""The rule of ``denoise: auto``: noise is reduced on a channel with a steady hiss close below the speech.

Whisper was trained on noisy speech: with pink noise, babble or hum, the noise that a filter takes away costs as many
words as it gives back, or more. A hiss, which is as strong at 3000 Hz as at 400 Hz, covers consonants. The rule was
chosen on one half of the kit's speakers (evaluation/denoise.py); on the other half its gain did not hold, so it is not
the shipped default (docs/adr/0017-noise-before-the-analysis.md).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from callytics.domain import PIPELINE_SAMPLE_RATE_HZ
from callytics.engines.audio.measure import FRAME_SAMPLES, MINUTE_SAMPLES, blocks
from callytics.engines.audio.sound import Sound

HISS_BELOW_DB = 16.0  # SNR as measure.snr_db estimates it; above, the hiss covers little
STEADY_WITHIN_DB = 3.0  # between the 2nd and 15th percentile of the levels; babble spreads over 4 to 8 dB
FLAT_FROM = 0.93  # spectral flatness of the floor from 400 to 3000 Hz: 1 for white noise, 0.86 for pink noise
_BAND_HZ = (400.0, 3000.0)  # what every telephone line passes
_WINDOW_SAMPLES = 512


def is_hissing(pcm: Sound, channel: int, frames_dbfs: npt.NDArray[np.float32], snr_db: float) -> bool:
    """Whether a channel carries such a hiss.

    Costs nothing on most calls, since their SNR is higher, or their floor not steady.

    Args:
        frames_dbfs: levels of the channel per 20 ms, shape (num_frames,).
        snr_db: of measure.snr_db; infinite on an idle channel.
    """
    audible = frames_dbfs[frames_dbfs > -90.0]
    if not snr_db < HISS_BELOW_DB or len(audible) < 0.5 * len(frames_dbfs):
        return False
    lowest_db, floor_db = np.percentile(audible, (2, 15))
    if floor_db - lowest_db > STEADY_WITHIN_DB:
        return False
    return _flatness(pcm, channel, frames_dbfs <= floor_db) >= FLAT_FROM


def _flatness(pcm: Sound, channel: int, is_floor: npt.NDArray[np.bool_]) -> float:
    """Geometric over arithmetic mean of the power spectrum of the floor's frames in a telephone's band, 0..1."""
    window = np.hanning(_WINDOW_SAMPLES).astype(np.float32)
    power = np.full(_WINDOW_SAMPLES // 2 + 1, 1e-20)
    for block in blocks(pcm.shape[1], MINUTE_SAMPLES):
        samples = pcm[channel, block].astype(np.float32) / np.float32(32768.0)
        starts = np.flatnonzero(is_floor[block.start // FRAME_SAMPLES :][: len(samples) // FRAME_SAMPLES])
        starts = starts[starts * FRAME_SAMPLES + _WINDOW_SAMPLES <= len(samples)] * FRAME_SAMPLES
        if len(starts):
            frames = samples[starts[:, np.newaxis] + np.arange(_WINDOW_SAMPLES)]
            power += (np.abs(np.fft.rfft(frames * window, axis=1)) ** 2).sum(axis=0)
    hz = np.fft.rfftfreq(_WINDOW_SAMPLES, 1 / PIPELINE_SAMPLE_RATE_HZ)
    band = power[(hz >= _BAND_HZ[0]) & (hz <= _BAND_HZ[1])]
    return float(np.exp(np.log(band).mean()) / band.mean())
