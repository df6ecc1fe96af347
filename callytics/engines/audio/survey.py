"""Which of many channels have a sound of their own: a first pass over a recording with more than two.

Programs that record tracks write the mixture beside its parts, and each voice on both channels of its track. What
repeats others would be heard twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from callytics.engines.audio import channels as channel_choice
from callytics.engines.audio import measure
from callytics.engines.audio.frames import Samples

Floats = npt.NDArray[np.float64]

EXCERPTS = 40  # of about a second: the loudest parts of the recording
EXCERPT_SAMPLES = 16_000  # of each that are looked at
MIXTURE_LEFT = 0.1  # the share of a channel's power that a sum of others does not explain
MIXTURE_PART = 0.005  # the share that is explained no more without one of them: -23 dB
AUDIBLE_CORRELATION = 0.1  # of a part within a mixture
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
        heard = [index for index in range(self._num_channels) if index not in silent]
        # Mixtures first: one in which a party prevails is like its own channel, which is the better one.
        mixed = [channel for channel in heard if _is_mixture(excerpts, channel, heard)]
        own: list[int] = []
        for channel in heard:
            if channel not in mixed and not any(_alike(excerpts, before, channel) for before in own):
                own.append(channel)
        return tuple(c for c in range(self._num_channels) if c not in own and c not in silent)


def _alike(excerpts: list[Samples], one: int, other: int) -> bool:
    return abs(_correlation(excerpts, one, other)[0]) >= channel_choice.DUPLICATE_CORRELATION


def _correlation(excerpts: list[Samples], one: int, other: int) -> tuple[float, int]:
    pairs = (excerpt[[one, other]] for excerpt in excerpts)
    return channel_choice.correlation_of(pairs, channel_choice.MAX_DELAY_SAMPLES)


def _is_mixture(excerpts: list[Samples], channel: int, heard: list[int]) -> bool:
    """Whether two or more of the others, each of which is needed, make up this channel."""
    joined = np.concatenate([excerpt[channel] for excerpt in excerpts]).astype(np.float64)
    power = float((joined**2).sum())
    others = [
        _aligned(excerpts, channel, index)
        for index in [index for index in heard if index != channel][:MIXTURE_PARTS]
    ]
    for size in range(2, len(others) + 1):
        for parts in combinations(others, size):
            left, weights = _left(joined, parts)
            if weights.min() > 0 and left < MIXTURE_LEFT * power:
                without = [_left(joined, [p for p in parts if p is not part])[0] for part in parts]
                if min(without) - left > MIXTURE_PART * power:
                    return True
    return False


def _left(joined: Floats, parts: Sequence[Floats]) -> tuple[float, Floats]:
    """The power that the best sum of ``parts`` leaves, and the weights of that sum."""
    mixed = np.stack(parts)
    weights: Floats = np.linalg.lstsq(mixed @ mixed.T, mixed @ joined, rcond=None)[0].astype(np.float64)
    return float(((joined - weights @ mixed) ** 2).sum()), weights


def _aligned(excerpts: list[Samples], channel: int, other: int) -> Floats:
    """The other channel, moved to where this one has its sound: codecs delay tracks differently."""
    correlation, delay = _correlation(excerpts, other, channel)
    shift = delay if abs(correlation) >= AUDIBLE_CORRELATION else 0
    moved = []
    for excerpt in excerpts:
        samples = excerpt[other]
        kept = samples[max(0, -shift) : len(samples) - max(0, shift)]
        moved.append(np.pad(kept, (max(0, shift), max(0, -shift)))[: len(samples)])
    return np.concatenate(moved).astype(np.float64)
