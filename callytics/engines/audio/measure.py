"""Measures level, loudness, noise, clipping and silence of a recording. It uses levels only, no speech detection.

Levels are dB relative to full scale (a full-scale square wave is 0 dBFS), never below SILENCE_DBFS; a constant offset
is not part of a level. Everything runs over one-minute blocks, so memory does not grow with the call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from callytics.domain import PIPELINE_SAMPLE_RATE_HZ
from callytics.engines.audio.sound import Sound

Floats = npt.NDArray[np.float64]

SILENCE_DBFS = -120.0
MINUTE_SAMPLES = 60 * PIPELINE_SAMPLE_RATE_HZ
FRAME_SAMPLES = PIPELINE_SAMPLE_RATE_HZ // 50  # 20 ms, the frame of telephony codecs

SPEECH_PERCENTILE, NOISE_PERCENTILE = 95.0, 15.0
"""NIST's quick estimate (stnr of the SPQA package) uses the 95th percentile of the frame levels for speech. The 15th
stands for the noise: each party of a call is silent for at least this share of the time."""

SILENT_BELOW_DBFS = -60.0
SILENT_BELOW_SPEECH_DB = 30.0  # speech has a range of about 30 dB (ITU-T P.56; French & Steinberg 1947)
ABOVE_NOISE_DB = 4.0  # the level of 20 ms of steady noise varies by less

LOUDNESS_GATE_LUFS = -70.0  # absolute gate of ITU-R BS.1770-5; also the reported value if nothing is louder
RELATIVE_GATE_LU = -10.0


@dataclass(frozen=True)
class Levels:
    """``frames_dbfs``: one level per 20 ms, shape (num_channels, num_frames). ``rms_dbfs``: shape (num_channels,)."""

    frames_dbfs: npt.NDArray[np.float32]
    rms_dbfs: Floats


def blocks(num_samples: int, block_samples: int = MINUTE_SAMPLES) -> Iterator[slice]:
    for start in range(0, num_samples, block_samples):
        yield slice(start, min(num_samples, start + block_samples))


def levels(pcm: Sound, means: Floats) -> Levels:
    """Levels of ``pcm``, shape (num_channels, num_samples), around ``means``, the DC offset per channel in [-1, 1]."""
    num_channels, num_samples = pcm.shape
    powers: list[npt.NDArray[np.float32]] = []
    totals = np.zeros(num_channels)
    offset = means[:, np.newaxis].astype(np.float32)
    for block in blocks(num_samples):
        samples = pcm[:, block].astype(np.float32) / np.float32(32768.0) - offset
        squares = samples * samples
        totals += squares.sum(axis=1, dtype=np.float64)
        padding = -squares.shape[1] % FRAME_SAMPLES
        if padding:  # the last frame is averaged over its actual length
            fill = np.repeat(
                squares[:, -(FRAME_SAMPLES - padding) :].mean(axis=1, keepdims=True), padding, axis=1
            )
            squares = np.concatenate([squares, fill], axis=1)
        powers.append(squares.reshape(num_channels, -1, FRAME_SAMPLES).mean(axis=2, dtype=np.float32))
    frames = to_db(np.concatenate(powers, axis=1).astype(np.float64)).astype(np.float32)
    return Levels(frames, to_db(totals / num_samples))


def to_db(power: Floats) -> Floats:
    decibels: Floats = np.maximum(10.0 * np.log10(np.maximum(power, 1e-20)), SILENCE_DBFS)
    return decibels


def snr_db(frames_dbfs: npt.NDArray[np.float32]) -> float:
    """Signal-to-noise ratio of one channel, shape (num_frames,), in dB, 0..100; 0 if there is only silence.

    The level of the loud frames (95th percentile) minus the noise in them, relative to the quiet frames (15th).
    Frames of digital silence, which gates and jitter buffers insert, are not a noise floor and are excluded.
    """
    audible = frames_dbfs[frames_dbfs > -90.0]
    if len(audible) < 5:
        return 0.0
    speech_db, noise_db = np.percentile(audible, (SPEECH_PERCENTILE, NOISE_PERCENTILE))
    signal = max(10 ** (speech_db / 10) - 10 ** (noise_db / 10), 1e-12)
    if len(audible) < 0.5 * len(frames_dbfs):  # mostly digital silence: the pauses contain no noise
        noise_db = SILENCE_DBFS
    return float(np.clip(10 * np.log10(signal) - noise_db, 0.0, 100.0))


def silence_ratio(frames_dbfs: npt.NDArray[np.float32]) -> float:
    """Share of the time in which all channels are silent, 0..1. Shape (num_channels, num_frames).

    A frame is silent if it is 30 dB below speech, within 4 dB of the noise (if that is higher), or below -60 dBFS.
    """
    speech_dbfs, noise_dbfs = np.percentile(
        frames_dbfs, (SPEECH_PERCENTILE, NOISE_PERCENTILE), axis=1, keepdims=True
    )
    has_pauses = (
        speech_dbfs - noise_dbfs > 2 * ABOVE_NOISE_DB
    )  # otherwise the 15th percentile is speech, or everything is noise
    noise_limit_dbfs = np.where(has_pauses, noise_dbfs + ABOVE_NOISE_DB, SILENCE_DBFS)
    threshold_dbfs = np.maximum(speech_dbfs - SILENT_BELOW_SPEECH_DB, noise_limit_dbfs)
    threshold_dbfs = np.maximum(threshold_dbfs, SILENT_BELOW_DBFS)
    return float((frames_dbfs < threshold_dbfs).all(axis=0).mean())


def k_weighting(sample_rate_hz: int) -> Floats:
    """The K filter of ITU-R BS.1770 as second-order sections, shape (2, 6), for any sample rate.

    The standard gives coefficients for 48 kHz only; these are the analogue prototypes behind them, as derived by
    De Man (2018) and used by libebur128 and pyloudnorm.
    """
    sections = []
    for frequency_hz, quality, gain_db in (
        (1681.974450955533, 0.7071752369554196, 3.999843853973347),
        (38.13547087602444, 0.5003270373238773, None),
    ):
        k = np.tan(np.pi * frequency_hz / sample_rate_hz)
        a0 = 1.0 + k / quality + k * k
        a = [1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / quality + k * k) / a0]
        if gain_db is None:
            b = [1.0, -2.0, 1.0]
        else:
            vh = 10 ** (gain_db / 20.0)
            vb = vh**0.4996667741545416
            b = [
                (vh + vb * k / quality + k * k) / a0,
                2.0 * (k * k - vh) / a0,
                (vh - vb * k / quality + k * k) / a0,
            ]
        sections.append(b + a)
    return np.array(sections)


def weighted_powers(pcm: Sound) -> Floats:
    """Mean square after K weighting per 100 ms, shape (num_channels, num_blocks)."""
    from scipy.signal import sosfilt

    sections = k_weighting(PIPELINE_SAMPLE_RATE_HZ)
    step = PIPELINE_SAMPLE_RATE_HZ // 10
    state = np.zeros((sections.shape[0], pcm.shape[0], 2))
    powers = []
    for block in blocks(pcm.shape[1]):
        weighted, state = sosfilt(sections, pcm[:, block].astype(np.float64), axis=1, zi=state)
        whole = weighted.shape[1] // step * step
        if whole:
            steps = weighted[:, :whole].reshape(pcm.shape[0], -1, step)
            powers.append(np.einsum("ijk,ijk->ij", steps, steps) / (step * 32768.0**2))
    return np.concatenate(powers, axis=1) if powers else np.zeros((pcm.shape[0], 0))


def loudness_lufs(powers: Floats) -> float:
    """Integrated loudness of ITU-R BS.1770-5 from :func:`weighted_powers`, all channels with weight 1; -70 or more.

    Blocks of 400 ms overlapping by 75 %; a recording shorter than that is one block.
    """
    total = powers.sum(axis=0)
    if total.size == 0:
        return LOUDNESS_GATE_LUFS
    width = min(4, total.size)
    momentary = np.convolve(total, np.full(width, 1.0 / width), mode="valid")
    momentary = momentary[_lufs(momentary) > LOUDNESS_GATE_LUFS]
    if momentary.size == 0:
        return LOUDNESS_GATE_LUFS
    relative_gate = _lufs(momentary.mean()) + RELATIVE_GATE_LU
    return float(_lufs(momentary[_lufs(momentary) > relative_gate].mean()))


def _lufs(power: Floats | np.floating[npt.NBitBase]) -> Floats:
    result: Floats = -0.691 + 10.0 * np.log10(np.maximum(power, 1e-12))
    return result
