"""Kaldi-compatible log mel filter banks in numpy: the input of the speaker embedding model."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

FRAME_LENGTH_SAMPLES = 400
FRAME_SHIFT_SAMPLES = 160
NUM_MEL_BINS = 80
_FFT_SIZE = 512
_SAMPLE_RATE_HZ = 16_000
_LOW_HZ = 20.0
_PREEMPHASIS = 0.97
_BLOCK_FRAMES = 256
"""Frames per step: their arrays stay in the cache. With 3000, a stretch of 40 s took three times as long."""


def log_mel_filter_bank(
    samples: npt.NDArray[np.float32], shift_samples: int = FRAME_SHIFT_SAMPLES
) -> npt.NDArray[np.float32]:
    """Log mel energies, as in kaldi's compute-fbank-feats (25 ms povey windows every 10 ms, no dither).

    These are the training features of CAM++ (3D-Speaker, ``speakerlab/process/processor.py``), before the mean
    of the utterance is subtracted.

    Args:
        samples: 16 kHz, in [-1, 1], shape (num_samples,).
        shift_samples: distance of the frames; the embedding model takes the default only.

    Returns:
        Shape (num_frames, 80); frame i covers 400 samples from i times the shift. Empty under 400 samples.
    """
    from scipy import fft  # stays in single precision, at half the cost of numpy's

    num_frames = max(0, 1 + (len(samples) - FRAME_LENGTH_SAMPLES) // shift_samples)
    features = np.empty((num_frames, NUM_MEL_BINS), np.float32)
    if num_frames == 0:
        return features
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME_LENGTH_SAMPLES)[::shift_samples]
    for start in range(0, num_frames, _BLOCK_FRAMES):
        block = frames[start : start + _BLOCK_FRAMES].astype(np.float32)
        block -= block.mean(axis=1, keepdims=True)
        previous = np.concatenate([block[:, :1], block[:, :-1]], axis=1)
        emphasised = (block - np.float32(_PREEMPHASIS) * previous) * _povey_window()
        spectrum = fft.rfft(emphasised, _FFT_SIZE, axis=1)
        energies = (spectrum.real**2 + spectrum.imag**2) @ _mel_weights()
        features[start : start + len(block)] = np.log(np.maximum(energies, np.finfo(np.float32).eps))
    return features


@lru_cache(maxsize=1)
def _povey_window() -> npt.NDArray[np.float32]:
    phase = 2.0 * np.pi * np.arange(FRAME_LENGTH_SAMPLES) / (FRAME_LENGTH_SAMPLES - 1)
    window: npt.NDArray[np.float32] = ((0.5 - 0.5 * np.cos(phase)) ** 0.85).astype(np.float32)
    return window


@lru_cache(maxsize=1)
def _mel_weights() -> npt.NDArray[np.float32]:
    """Triangles equally spaced in mel, shape (257, 80)."""
    edges = np.linspace(_mel(_LOW_HZ), _mel(_SAMPLE_RATE_HZ / 2), NUM_MEL_BINS + 2)
    mels = _mel(np.arange(_FFT_SIZE // 2 + 1) * _SAMPLE_RATE_HZ / _FFT_SIZE)[:, None]
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (mels - left) / (centre - left), (right - mels) / (right - centre)
    weights: npt.NDArray[np.float32] = np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
    weights[-1] = 0.0  # kaldi omits the Nyquist bin
    return weights


def _mel(hz: npt.NDArray[np.float64] | float) -> npt.NDArray[np.float64]:
    return np.asarray(1127.0 * np.log1p(np.asarray(hz, np.float64) / 700.0))
