"""Which of many channels have a sound of their own: a first pass over a recording with more than two.

Programs that record tracks write the mixture beside its parts, and each voice on both channels of its track. What
repeats others would be heard twice.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from callytics.engines.audio import channels as channel_choice
from callytics.engines.audio import measure
from callytics.engines.audio.frames import Samples

EXCERPTS = 40  # of about a second: the loudest parts of the recording
EXCERPT_SAMPLES = 16_000  # of each that are looked at
MIXTURE_LEFT = 0.1  # the share of a channel's power that a sum of others does not explain
MIXTURE_PART = 0.3  # the least weight of a part in a mixture
MIXTURE_PARTS = 6  # channels among which mixtures are looked for


class Survey:
    """Takes the blocks of a recording; knows afterwards which channels are worth listening to."""

    def __init__(self, num_channels: int) -> None:
        self._num_channels = num_channels
        self._levels: list[npt.NDArray[np.float64]] = []
        self._excerpts: list[tuple[float, Samples]] = []

    def add(self, block: Samples) -> Samples:
        """Returns the first channel: the rest of the decoder needs no more in this pass."""
        width = max(1, block.shape[1] // 50)
        whole = block[:, : block.shape[1] // width * width].reshape(block.shape[0], -1, width)
        powers = whole.astype(np.float64).var(axis=2)
        self._levels.append(measure.to_db(powers))
        self._excerpts.append((float(powers.sum()), block[:, :EXCERPT_SAMPLES].copy()))
        if len(self._excerpts) > 2 * EXCERPTS:
            self._keep_loudest()
        return block[:1]

    def _keep_loudest(self) -> None:
        self._excerpts = sorted(self._excerpts, key=lambda excerpt: -excerpt[0])[:EXCERPTS]

    def silent(self) -> tuple[int, ...]:
        frames_dbfs = np.concatenate(self._levels, axis=1)
        return channel_choice.silent_channels(frames_dbfs.astype(np.float32))

    def repeats(self) -> tuple[int, ...]:
        """Channels that hold the sound of one before them, or the sum of others."""
        self._keep_loudest()
        excerpts = [excerpt for _, excerpt in self._excerpts]
        silent = self.silent()
        single: list[int] = []
        for channel in (index for index in range(self._num_channels) if index not in silent):
            if not any(_alike(excerpts, before, channel) for before in single):
                single.append(channel)
        own = [channel for channel in single if not _is_mixture(excerpts, channel, single)]
        return tuple(c for c in range(self._num_channels) if c not in own and c not in silent)


def _alike(excerpts: list[Samples], one: int, other: int) -> bool:
    pairs = (excerpt[[one, other]] for excerpt in excerpts)
    return abs(channel_choice.correlation_of(pairs, channel_choice.MAX_DELAY_SAMPLES)[0]) >= (
        channel_choice.DUPLICATE_CORRELATION
    )


def _is_mixture(excerpts: list[Samples], channel: int, single: list[int]) -> bool:
    """Whether two or more of the others, each clearly heard, make up this channel."""
    others = [index for index in single if index != channel][:MIXTURE_PARTS]
    joined = np.concatenate(excerpts, axis=1).astype(np.float64)
    power = float((joined[channel] ** 2).sum())
    for size in range(2, len(others) + 1):
        for parts in combinations(others, size):
            mixed = joined[list(parts)]
            weights = np.linalg.lstsq(mixed @ mixed.T, mixed @ joined[channel], rcond=None)[0]
            left = float(((joined[channel] - weights @ mixed) ** 2).sum())
            if weights.min() >= MIXTURE_PART and left < MIXTURE_LEFT * power:
                return True
    return False
