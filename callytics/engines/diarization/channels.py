"""Diarization of calls with one channel per party: the voice activity of each channel, without crosstalk.

The segmentation model normalises the level of its input, so it detects the other party's leakage (line echo,
joint-stereo codecs, 20 to 40 dB down) as clearly as speech. If both channels seem active, the levels decide:
leakage is weak relative to its source channel and to the channel's own speech; in double talk, both parties are
near their usual level.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from callytics.domain import Pcm
from callytics.engines.diarization.segmentation import (
    FIRST_FRAME_S,
    FRAME_SHIFT_S,
    FRAME_SHIFT_SAMPLES,
    Segmenter,
    frame_to_s,
    runs,
)

Levels = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MIN_LEAK_LOSS_DB = 10.0
"""Leakage is at least this far below its source, both measured against the speech level of their channel.
ITU-T G.131 requires an echo loss above 25 dB, and the codecs that we tested separate channels by 15 dB; two people
who talk at the same time rarely differ by more than this over a syllable. On calls composed for this choice, from
utterances that no reported figure uses, 8 was 0.4 points of DER better and 12 was 0.9 points worse."""
SPEECH_RANGE_DB = 20.0
"""Frames further below the channel's speech level than this are pauses while the other party talks."""
SYLLABLE_S = 0.3
"""Shorter dips belong to the speech around them."""
ECHO_S = 0.2
"""An echo arrives up to 100 ms after its source and outlasts it. The window is centred: clocks need not agree."""
LEVEL_WINDOW_S = 0.05
MIN_OWN_SPEECH_S = 0.3
MIN_OWN_SNR_DB = 6.0


def channel_speech(
    pcm: Pcm,
    segmenter: Segmenter,
    *,
    step_s: float,
    threshold: float,
    min_speech_s: float,
    min_silence_s: float,
) -> list[list[tuple[float, float]]]:
    """Speech of every channel as sorted (start_s, end_s); the channels may overlap in time.

    Args:
        threshold: probability above which a frame is speech.
        min_speech_s: shorter speech is dropped.
        min_silence_s: shorter pauses of one party count as speech.
    """
    activities = [segmenter(pcm, channel, step_s) for channel in range(pcm.num_channels)]
    return own_speech(pcm, [a.speech > threshold for a in activities], min_speech_s, min_silence_s)


def own_speech(
    pcm: Pcm, active: Sequence[Mask], min_speech_s: float, min_silence_s: float
) -> list[list[tuple[float, float]]]:
    """The voice activity of every channel without crosstalk, as sorted (start_s, end_s).

    Args:
        active: mask of each channel, shape (num_frames,), from :func:`segments_to_mask`.
    """
    levels = [frame_levels(pcm, channel, len(mask)) for channel, mask in enumerate(active)]
    own = without_crosstalk(active, levels)
    return [mask_to_segments(mask, min_speech_s, min_silence_s, pcm.duration_s) for mask in own]


def frame_levels(pcm: Pcm, channel: int, num_frames: int) -> Levels:
    """Level around the middle of each frame in dBFS, shape (num_frames,)."""
    half = round(LEVEL_WINDOW_S / 2 * pcm.sample_rate_hz)
    levels = np.empty(num_frames)
    block = 2_048  # frames: 35 s, so a long call is never one array of floats
    for start in range(0, num_frames, block):
        frames = np.arange(start, min(num_frames, start + block))
        middles = np.round(FIRST_FRAME_S * pcm.sample_rate_hz).astype(np.int64) + frames * FRAME_SHIFT_SAMPLES
        first = max(0, int(middles[0]) - half)
        samples = pcm.samples(channel, first, int(middles[-1]) + half).astype(np.float64) / 32768.0
        energy = np.concatenate([[0.0], np.cumsum(samples**2)])
        left = np.clip(middles - half - first, 0, len(samples))
        right = np.clip(middles + half - first, 0, len(samples))
        power = (energy[right] - energy[left]) / np.maximum(right - left, 1)
        levels[frames] = 10.0 * np.log10(np.maximum(power, 1e-10))
    return levels


def without_crosstalk(active: Sequence[Mask], levels: Sequence[Levels]) -> list[Mask]:
    """The active frames of each channel that are not leakage from another channel, each of shape (num_frames,)."""
    channels = range(len(active))
    if not any(mask.any() for mask in active):
        return [mask.copy() for mask in active]
    speech_levels = [_speech_level(channel, active, levels) for channel in channels]
    own = []
    for channel in channels:
        if (speech_level := speech_levels[channel]) is None:  # everything on it is leakage
            own.append(np.zeros_like(active[channel]))
            continue
        relative = _closing(levels[channel] - speech_level)
        kept = active[channel].copy()
        for other in channels:
            other_level = speech_levels[other]
            if other == channel or other_level is None:
                continue
            source = _sliding(levels[other] - other_level, np.max, ECHO_S)
            both = _dilated(active[other])
            masked = (relative < source - MIN_LEAK_LOSS_DB) | (relative < -SPEECH_RANGE_DB)
            kept &= ~(both & masked)
        own.append(kept)
    return own


def _speech_level(channel: int, active: Sequence[Mask], levels: Sequence[Levels]) -> float | None:
    """Level of the loudest quarter of a channel's own speech in dBFS; None if it has no speech of its own."""
    alone = active[channel].copy()
    for other in range(len(active)):
        if other != channel:
            alone &= ~_dilated(active[other]) | (levels[channel] > _sliding(levels[other], np.max, ECHO_S))
    if not alone.any():
        return None
    noise = float(np.percentile(levels[channel], 10))
    own = levels[channel][alone & (levels[channel] > noise + MIN_OWN_SNR_DB)]
    if len(own) * FRAME_SHIFT_S < MIN_OWN_SPEECH_S:
        return None
    return float(np.percentile(own, 75))


def _closing(levels: Levels) -> Levels:
    """Fill dips shorter than a syllable; flanks stay where they are (morphological closing)."""
    return _sliding(_sliding(levels, np.max, SYLLABLE_S), np.min, SYLLABLE_S)


def _dilated(active: Mask) -> Mask:
    return np.asarray(_sliding(active.astype(np.float64), np.max, ECHO_S) > 0)


def _sliding(values: Levels, reduce: np.ufunc | object, width_s: float) -> Levels:
    """A sliding maximum or minimum, centred, of the same shape."""
    half = max(1, round(width_s / 2 / FRAME_SHIFT_S))
    padded = np.pad(values, half, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    reduced: Levels = windows.max(axis=1) if reduce is np.max else windows.min(axis=1)
    return reduced


def mask_to_segments(
    mask: Mask, min_speech_s: float, min_silence_s: float, duration_s: float
) -> list[tuple[float, float]]:
    """Runs of a frame mask as sorted (start_s, end_s): short speech is dropped first, then short pauses are filled."""
    segments: list[tuple[float, float]] = []
    for first, last in runs(mask):
        # The first and the last frame stand for the edges of the recording, half a receptive field outside.
        start_s = 0.0 if first == 0 else float(frame_to_s(first))
        end_s = duration_s if last == len(mask) else float(min(duration_s, frame_to_s(last)))
        if end_s - start_s < min_speech_s:
            continue
        if segments and start_s - segments[-1][1] < min_silence_s:
            segments[-1] = (segments[-1][0], end_s)
        else:
            segments.append((start_s, end_s))
    return segments


def segments_to_mask(segments: Iterable[tuple[float, float]], num_frames: int) -> Mask:
    """The frames whose middle lies within any of the segments, shape (num_frames,)."""
    mask = np.zeros(num_frames, bool)
    for start_s, end_s in segments:
        first, last = (math.ceil((edge_s - FIRST_FRAME_S) / FRAME_SHIFT_S) for edge_s in (start_s, end_s))
        mask[max(0, first) : max(0, last)] = True
    return mask
