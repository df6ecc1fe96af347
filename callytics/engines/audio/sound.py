"""The sound during processing: an array for a short call; FLAC with the same interface for a long call.

Code reads and changes a sound in one-minute steps (measure.blocks), which are whole blocks of FLAC.
"""

from __future__ import annotations

from mmap import mmap
from typing import Any

import numpy as np
import numpy.typing as npt

from callytics.domain import PIPELINE_SAMPLE_RATE_HZ, Pcm
from callytics.pcm import BLOCK_SAMPLES, PACKED_FROM_S, PackedPcm, pack, part, unpack

Int16 = npt.NDArray[np.int16]
_PACKED_FROM_BLOCKS = round(PACKED_FROM_S * PIPELINE_SAMPLE_RATE_HZ) // BLOCK_SAMPLES


class PackedSound:
    """int16 samples of shape (num_channels, num_samples) in FLAC. Indexing returns a copy.

    Args:
        blocks: the blocks of each channel, of BLOCK_SAMPLES each, from callytics.pcm.pack.
    """

    def __init__(self, blocks: list[list[mmap]], num_samples: int) -> None:
        self.shape = (len(blocks), num_samples)
        self._blocks = blocks
        self._last: dict[int, tuple[int, Int16]] = {}

    def __getitem__(self, key: tuple[int | slice, slice]) -> Int16:
        channels, samples = key
        start, end, step = samples.indices(self.shape[1])
        if step != 1:
            raise IndexError("a packed sound is read sample by sample")
        if isinstance(channels, int):
            return self._part(channels, start, end)
        return np.stack([self._part(channel, start, end) for channel in range(self.shape[0])[channels]])

    def __setitem__(self, key: tuple[int, slice], values: npt.NDArray[Any]) -> None:
        """Accepts whole blocks only, such as those of measure.blocks."""
        channel, samples = key
        start, end, _ = samples.indices(self.shape[1])
        if start % BLOCK_SAMPLES or (end % BLOCK_SAMPLES and end != self.shape[1]):
            raise IndexError("a packed sound is written by whole blocks")
        for first in range(start, end, BLOCK_SAMPLES):
            of_block = values[first - start : first - start + BLOCK_SAMPLES]
            self._blocks[channel][first // BLOCK_SAMPLES] = pack(of_block.astype(np.int16))
        self._last.pop(channel, None)

    def only(self, channel: int) -> PackedSound:
        return PackedSound([self._blocks[channel]], self.shape[1])

    def pcm(self) -> PackedPcm:
        blocks = tuple(tuple(of_channel) for of_channel in self._blocks)
        return PackedPcm(blocks, *self.shape, PIPELINE_SAMPLE_RATE_HZ)

    def _part(self, channel: int, start: int, end: int) -> Int16:
        return part(lambda index: self._block(channel, index), start, end)

    def _block(self, channel: int, index: int) -> Int16:
        last = self._last.get(channel)
        if last is None or last[0] != index:
            last = self._last[channel] = (index, unpack(self._blocks[channel][index]))
        return last[1]


Sound = Int16 | PackedSound
"""Shape (num_channels, num_samples), 16 kHz."""


def only(sound: Sound, channel: int) -> Sound:
    """The sound of one channel."""
    if isinstance(sound, PackedSound):
        return sound.only(channel)
    return np.ascontiguousarray(sound[channel : channel + 1])


def to_pcm(sound: Sound) -> Pcm:
    return sound.pcm() if isinstance(sound, PackedSound) else Pcm.from_array(sound, PIPELINE_SAMPLE_RATE_HZ)


class SoundBuffer:
    """Collects float32 samples and packs them when there are many: a long call is never in memory as a whole."""

    def __init__(self, num_channels: int) -> None:
        self.num_channels = num_channels
        self._filling = np.empty((num_channels, BLOCK_SAMPLES), np.int16)
        self._filled = 0
        self._arrays: list[Int16] = []
        self._packed: list[list[mmap]] = []  # per channel, once there are many

    def append(self, samples: npt.NDArray[np.float32]) -> None:
        """``samples``: shape (num_channels, num_samples), in [-1, 1]; values outside are clipped."""
        quantised = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype(np.int16)
        while quantised.shape[1]:
            taken = quantised[:, : BLOCK_SAMPLES - self._filled]
            self._filling[:, self._filled : self._filled + taken.shape[1]] = taken
            self._filled += taken.shape[1]
            quantised = quantised[:, taken.shape[1] :]
            if self._filled == BLOCK_SAMPLES:
                self._end_block()

    def _end_block(self) -> None:
        if not self._packed:
            self._arrays.append(self._filling[:, : self._filled].copy())
            if len(self._arrays) >= _PACKED_FROM_BLOCKS:
                self._packed = [
                    [pack(array[row]) for array in self._arrays] for row in range(self.num_channels)
                ]
                self._arrays = []
        else:
            for row, blocks in enumerate(self._packed):
                blocks.append(pack(self._filling[row, : self._filled]))
        self._filled = 0

    def finished(self) -> Sound:
        """All samples; the buffer must not be used afterwards."""
        if not self._packed:
            return np.concatenate([*self._arrays, self._filling[:, : self._filled]], axis=1)
        num_samples = (len(self._packed[0])) * BLOCK_SAMPLES + self._filled
        if self._filled:
            self._end_block()
        return PackedSound(self._packed, num_samples)
