"""Levels of a channel over time, and the soft voices that they tell from noise.

Silero is unsure of a soft voice beside a loud one, and of a voice in telephone noise. A lower threshold finds these and
finds noise as well, in which Whisper loops. What tells them apart is the level: a voice stands out of the noise of its
channel, also where the detector is unsure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from callytics.domain import Pcm
from callytics.engines.recognition.speech import FRAME_SAMPLES, Span

FLOOR_DB = -90.0
_BLOCK_SAMPLES = FRAME_SAMPLES * 1024  # half a minute per step, so memory does not grow with the call

NOISE_PERCENTILE = 10.0  # of the levels of a channel: what its quietest tenth stays below is its noise
MIN_LEVEL_DB = -60.0  # below this nothing is a voice: a channel without noise has no level to stand out of
ABOVE_NOISE_DB = 15.0
SOFT_SHARE = 0.5
"""A frame that stands out of the noise counts as speech from this share of the threshold. With 10 dB, Whisper also got
voices that it cannot read in that noise. Chosen on the choosing half of the kit (benchmarks/tried.md)."""

SMOOTHED_FRAMES = 5  # 160 ms, a syllable: a click is shorter

MIN_SOFT_S = 0.3  # a span that would gain less than a short word stays as it was
MIN_SOFT_SHARE = 0.03
"""Share of a channel's speech; where the detector missed less, its spans stay as they were. In noise, an edge of a
window that moves by 50 ms changes what Whisper writes, for better or worse by chance: 5 % of the words of one call."""


def levels_db(pcm: Pcm, channel: int) -> npt.NDArray[np.float32]:
    """Levels of a channel in dBFS per 32 ms, shape (num_frames,)."""
    blocks = []
    for start in range(0, pcm.num_samples, _BLOCK_SAMPLES):
        part = pcm.samples(channel, start, start + _BLOCK_SAMPLES).astype(np.float32) / 32768.0
        part = np.pad(part, (0, -len(part) % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES)
        blocks.append(np.maximum(10 * np.log10((part**2).mean(axis=1) + 1e-12), FLOOR_DB))
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


def with_soft_voices(
    probabilities: npt.NDArray[np.float32], levels: npt.NDArray[np.float32], threshold: float
) -> npt.NDArray[np.float32]:
    """The probabilities of speech, raised to ``threshold`` where the detector is unsure and the level tells a voice.

    Args:
        probabilities: shape (num_frames,), one per 32 ms.
        levels: dBFS of the same frames, shape (num_frames,).
        threshold: probability from which a frame is speech.
    """
    levels = levels[: len(probabilities)]
    if not len(levels):
        return probabilities
    noise_db = float(np.percentile(levels, NOISE_PERCENTILE))
    padded = np.pad(levels, SMOOTHED_FRAMES // 2, mode="edge")
    smooth = np.convolve(padded, np.full(SMOOTHED_FRAMES, 1 / SMOOTHED_FRAMES), "valid")
    stands_out = smooth >= max(noise_db + ABOVE_NOISE_DB, MIN_LEVEL_DB)
    is_soft_voice = stands_out & (probabilities >= threshold * SOFT_SHARE) & (probabilities < threshold)
    return np.where(is_soft_voice, np.float32(threshold), probabilities)


def with_missed(spans: Sequence[Span], wider: Sequence[Span]) -> list[Span]:
    """The spans of a channel, widened where they gain a word or more, if the channel gains MIN_SOFT_SHARE by it.

    Args:
        spans: without soft voices; each lies in one of ``wider``.
        wider: with soft voices.
    """
    found: list[Span] = []
    for wide in wider:
        inner = [span for span in spans if wide.start_s <= span.start_s < wide.end_s]
        found += [wide] if wide.duration_s - _sum_s(inner) >= MIN_SOFT_S else inner
    return found if _sum_s(found) >= (1 + MIN_SOFT_SHARE) * _sum_s(spans) else list(spans)


def _sum_s(spans: Sequence[Span]) -> float:
    return sum(span.duration_s for span in spans)
