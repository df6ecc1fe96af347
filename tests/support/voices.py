"""Sounds with the rhythm, pitch and spectrum of speech, without words: for what judges sound only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

RATE_HZ = 16_000
SYLLABLE_S = 0.2


def babble(seconds: float, rhythm: int, *, voice: int | None = None) -> npt.NDArray[np.float64]:
    """Voiced and noisy syllables at about -22 dBFS with short pauses.

    Args:
        rhythm: seed of the pauses and levels of the syllables.
        voice: seed of pitch and formants; that of the rhythm by default.
    """
    beats = np.random.default_rng(rhythm)
    sounds = np.random.default_rng(100 + (rhythm if voice is None else voice))
    base_hz = sounds.uniform(95, 220)
    size = round(SYLLABLE_S * RATE_HZ)
    pieces = []
    for _ in range(round(seconds / SYLLABLE_S)):
        loud = 0.0 if beats.random() < 0.15 else beats.uniform(0.4, 1.0)
        phase = np.cumsum(base_hz * np.linspace(*sounds.uniform(0.85, 1.2, 2), size)) / RATE_HZ
        source = np.diff(np.floor(phase), prepend=0.0) + sounds.standard_normal(size) * 0.05
        for formant_hz in sounds.uniform((300, 900, 2200), (800, 2000, 3200)):
            pole = 0.97 * np.exp(2j * np.pi * formant_hz / RATE_HZ)
            source = lfilter([1.0], [1.0, -2 * pole.real, abs(pole) ** 2], source)
        pieces.append(loud * np.hanning(size) * source / (np.sqrt((source**2).mean()) + 1e-9))
    return 0.12 * np.concatenate(pieces)
