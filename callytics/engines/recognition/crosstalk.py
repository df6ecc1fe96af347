"""Finds leaked speech: speech of one party in the other's channel must not be transcribed twice.

Leakage (acoustic echo, a codec's joint stereo) is a quieter copy. If a channel has only leakage, the waves of the two
channels are similar. If an echo has changed them, their levels at least rise and fall together, and one is well below
the other. Real double talk is louder or does not follow the other channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import groupby

import numpy as np
import numpy.typing as npt

from callytics.domain import Pcm, Word
from callytics.engines.recognition.hallucination import compact
from callytics.engines.recognition.levels import levels_db
from callytics.engines.recognition.speech import FRAME_S, Span

COPY_DB = 3.0  # the quieter of two similar waves is the copy; a smaller difference is not decisive
COPY_CORRELATION = 0.5
"""Correlation of the waves: 0.5 is a copy 5 dB below the noise of its channel, which is not intelligible; two people,
or one person and noise, stay below 0.15."""

MAX_ECHO_S = 0.1
MAX_COMPARED_S = 30.0  # the start of a longer span is sufficient
QUIETER_DB = 6.0  # a leak is always this far below; a party who talks at the same time rarely is
LEAK_CORRELATION = 0.7  # of the levels of two channels over time; double talk stays below 0.5
MIN_CORRELATED_S = 0.64  # 20 frames; shorter stretches correlate by chance
SAME_TEXT = 0.6  # share of the characters; the copy is recognised less well than the original
TEXT_TOLERANCE_S = 1.0
MIN_BLOCK_BYTES = 3
"""A syllable of Hangul, three letters: single letters of any phrase are found in order in a long sentence."""
MIN_COPIED_BYTES = 9  # UTF-8: three syllables of Hangul, nine letters; "you" is on both channels by chance


class Levels:
    """Levels of both channels in dBFS, per 32 ms. ``decibels``: shape (2, num_frames)."""

    def __init__(self, pcm: Pcm) -> None:
        self._pcm = pcm
        self.decibels = np.stack([levels_db(pcm, channel) for channel in range(pcm.num_channels)])

    def excess_db(self, channel: int, start_s: float, end_s: float) -> float:
        """Mean level of the other channel relative to this one over a stretch, in dB."""
        own, other = self._both(channel, start_s, end_s)
        return float((other - own).mean()) if len(own) else 0.0

    def is_leak(self, span: Span, channel: int) -> bool:
        """Whether the span on ``channel`` is only a quieter copy of the other channel."""
        excess_db = self.excess_db(channel, span.start_s, span.end_s)
        if excess_db < COPY_DB:
            return False
        return self._sounds_the_same(span) or (
            excess_db >= QUIETER_DB and self._moves_together(span, channel)
        )

    def _sounds_the_same(self, span: Span) -> bool:
        end_s = min(span.end_s, span.start_s + MAX_COMPARED_S)
        one, two = (self._pcm.float32(channel, span.start_s, end_s) for channel in (0, 1))
        return wave_correlation(one, two, round(MAX_ECHO_S * self._pcm.sample_rate_hz)) >= COPY_CORRELATION

    def _moves_together(self, span: Span, channel: int) -> bool:
        own, other = self._both(channel, span.start_s, span.end_s)
        if len(own) * FRAME_S < MIN_CORRELATED_S:
            return False
        return (
            max(_correlation(own, other, lag) for lag in range(4)) >= LEAK_CORRELATION
        )  # up to 96 ms of echo

    def _both(
        self, channel: int, start_s: float, end_s: float
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        part = self.decibels[
            :, int(start_s / FRAME_S) : max(int(start_s / FRAME_S) + 1, round(end_s / FRAME_S))
        ]
        return part[channel], part[1 - channel]


def wave_correlation(one: npt.NDArray[np.float32], two: npt.NDArray[np.float32], max_lag: int) -> float:
    """The greatest normalised cross-correlation, 0 to 1, with ``two`` up to ``max_lag`` samples earlier or later."""
    energy = float(np.sqrt((one**2).sum() * (two**2).sum()))
    if energy < 1e-9:
        return 0.0
    size = 1 << (len(one) + max_lag).bit_length()  # enough zeros that the ends do not overlap
    correlation = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(two, size)), size)
    near = np.concatenate([correlation[: max_lag + 1], correlation[-max_lag:]])
    return float(np.abs(near).max() / energy)


def _correlation(own: npt.NDArray[np.float32], other: npt.NDArray[np.float32], lag: int) -> float:
    """Pearson correlation with ``own`` ``lag`` frames behind ``other``."""
    if lag:
        own, other = own[lag:], other[:-lag]
    if own.std() < 1e-6 or other.std() < 1e-6:
        return 0.0
    return float(np.corrcoef(own, other)[0, 1])


def leaked_words(words: Sequence[Word], levels: Levels) -> list[list[Word]]:
    """Runs of words of one channel that are quieter copies of simultaneous words of the other channel."""
    leaked = []
    for channel in (0, 1):
        own = [word for word in words if word.channel == channel]
        other = [word for word in words if word.channel == 1 - channel]
        runs = groupby(own, lambda word: levels.excess_db(channel, word.start_s, word.end_s) >= COPY_DB)  # noqa: B023
        for quiet, group in runs:
            run = list(group)
            if quiet and _says_the_same(run, other):
                leaked.append(run)
    return leaked


def _says_the_same(run: Sequence[Word], other: Sequence[Word]) -> bool:
    start_s, end_s = run[0].start_s - TEXT_TOLERANCE_S, run[-1].end_s + TEXT_TOLERANCE_S
    text = compact("".join(word.text for word in run))
    heard = compact("".join(word.text for word in other if word.end_s > start_s and word.start_s < end_s))
    if len(text.encode()) < MIN_COPIED_BYTES or not heard:
        return False
    blocks = SequenceMatcher(None, text, heard, autojunk=False).get_matching_blocks()
    parts = (text[block.a : block.a + block.size] for block in blocks)
    copied = sum(len(part) for part in parts if len(part.encode()) >= MIN_BLOCK_BYTES)
    return copied / len(text) >= SAME_TEXT
