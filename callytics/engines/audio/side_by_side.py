"""Several sounds of different rates and lengths as the channels of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from callytics.engines.audio.frames import Samples
from callytics.engines.audio.timeline import BLOCK_S, Block


def side_by_side(parts: list[Iterator[Block]], channels: tuple[int, ...], rate_hz: int) -> Iterator[Block]:
    """Blocks of several tracks as one, at one rate; a track that ends earlier goes on in silence."""
    size = round(BLOCK_S * rate_hz)
    readers = [at_rate(part, rate_hz) for part in parts]
    waiting = [np.zeros((count, 0), np.float32) for count in channels]
    ended = [False] * len(parts)
    while not all(ended) or any(part.shape[1] for part in waiting):
        for index, reader in enumerate(readers):
            while not ended[index] and waiting[index].shape[1] < size:
                block = next(reader, None)
                ended[index] = block is None
                if block is not None:
                    waiting[index] = np.concatenate([waiting[index], block], axis=1)
        length = min(size, max(part.shape[1] for part in waiting))
        if length:
            taken = [part[:, :length] for part in waiting]
            yield np.concatenate([_padded(part, length) for part in taken]), rate_hz
            waiting = [part[:, length:] for part in waiting]


def _padded(samples: Samples, length: int) -> Samples:
    return np.pad(samples, ((0, 0), (0, length - samples.shape[1])))


def at_rate(blocks: Iterator[Block], rate_hz: int) -> Iterator[Samples]:
    import soxr

    resampler: Any = None
    from_hz = rate_hz
    num_channels = 1
    for samples, block_rate_hz in blocks:
        num_channels = samples.shape[0]
        if block_rate_hz != from_hz:
            if resampler is not None:
                yield _rest(resampler, num_channels)
            from_hz = block_rate_hz
            resampler = (
                None
                if from_hz == rate_hz
                else soxr.ResampleStream(from_hz, rate_hz, num_channels, dtype="float32")
            )
        if resampler is not None:
            samples = (
                np.asarray(resampler.resample_chunk(np.ascontiguousarray(samples.T)))
                .reshape(-1, num_channels)
                .T
            )
        yield samples
    if resampler is not None:
        yield _rest(resampler, num_channels)


def _rest(resampler: Any, num_channels: int) -> Samples:
    rest = resampler.resample_chunk(np.zeros((0, num_channels), np.float32), last=True)
    tail: Samples = np.asarray(rest, np.float32).reshape(-1, num_channels).T
    return tail
