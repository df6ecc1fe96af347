"""Recordings through the standard audio processor, and what a test asks of the audio that comes out."""

from __future__ import annotations

import numpy as np

from callytics.domain import Audio, CallOptions, Recording
from callytics.engines.audio.standard import StandardAudioProcessor
from tests.engines.audio.recordings import Samples

UNTREATED: dict[str, object] = {"high_pass_hz": 0.0, "loudness_lufs": None}  # a high-pass turns phases


def run(path: str, options: CallOptions | None = None, **settings: object) -> Audio:
    engine = StandardAudioProcessor(**settings)  # type: ignore[arg-type]
    return engine(Recording("call", path), options or CallOptions())


def codes(audio: Audio) -> set[str]:
    return {flag.code for flag in audio.flags}


def likeness(one: Samples, other: Samples) -> float:
    """Correlation after the codec's delay (at most 0.2 s) is taken away."""
    size = min(len(one), len(other))
    spectra = np.fft.rfft([one[:size], other[:size]], 2 * size)
    by_delay = np.fft.irfft(np.conj(spectra[0]) * spectra[1])
    near = np.concatenate([by_delay[:3200], by_delay[-3200:]])
    return float(near.max() / np.sqrt((one[:size] ** 2).sum() * (other[:size] ** 2).sum()))


def stereo(left: Samples, right: Samples) -> Samples:
    return np.stack([left, right]).astype(np.float32)
