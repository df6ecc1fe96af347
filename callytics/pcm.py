"""Packs a long sound into less than half the memory: FLAC in blocks of ten seconds, which is lossless.

Three hours of two channels are 691 MB as samples. Telephone calls need 39% of it in FLAC (calls of the test kit; a
recording that uses all 8 kHz needs more). Each read costs 0.05% of the length of the call in CPU time, so short
calls are not packed: ``PACKED_FROM_S``.
"""

from __future__ import annotations

import io
import mmap
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from callytics.domain import PIPELINE_SAMPLE_RATE_HZ, Pcm

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

BLOCK_SAMPLES = 10 * PIPELINE_SAMPLE_RATE_HZ
PACKED_FROM_S = 600.0
"""Ten minutes of two channels are 38 MB."""

COMPRESSION_LEVEL = 0.625
"""On libsndfile's scale of 0 to 1: FLAC's own default, level 5. Level 8 needs twice the time for 1% less."""

_KEPT_BLOCKS = 32  # 10 MB: reads are local; enough for two channels and two threads


def pack(samples: npt.NDArray[np.int16]) -> mmap.mmap:
    """One channel, shape (num_samples,), as a FLAC file in its own memory pages.

    In ordinary memory, malloc would keep the space after the object is freed: 270 MB for three hours.
    """
    import soundfile

    file = io.BytesIO()
    soundfile.write(
        file,
        samples,
        PIPELINE_SAMPLE_RATE_HZ,
        format="FLAC",
        subtype="PCM_16",
        compression_level=COMPRESSION_LEVEL,
    )
    pages = mmap.mmap(-1, file.getbuffer().nbytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    pages[:] = file.getbuffer()
    return pages


def unpack(data: Any) -> npt.NDArray[np.int16]:
    """The inverse of :func:`pack`; ``data`` is anything with the buffer protocol."""
    import soundfile

    samples: npt.NDArray[np.int16] = soundfile.read(io.BytesIO(data), dtype="int16")[0]
    return samples


@dataclass(frozen=True, eq=False)
class PackedPcm(Pcm):
    """Pcm whose ``buffer`` holds the blocks of BLOCK_SAMPLES of each channel, made by :func:`pack`."""

    def __post_init__(self) -> None:
        # The cache refers to the blocks, not to self: a cycle would keep the sound until it is collected.
        object.__setattr__(self, "_block", lru_cache(_KEPT_BLOCKS)(partial(_unpacked, self.buffer)))

    def int16(self) -> npt.NDArray[np.int16]:
        """All samples, shape (num_channels, num_samples), unpacked: much memory for a long call."""
        import numpy as np

        return np.stack([self.samples(channel, 0, self.num_samples) for channel in range(self.num_channels)])

    def samples(self, channel: int, start: int, end: int) -> npt.NDArray[np.int16]:
        return part(partial(self._block, channel), start, min(end, self.num_samples))  # type: ignore[attr-defined]

    def __reduce_ex__(self, protocol: Any) -> Any:
        # Each block is pickled separately, out of band: one joint buffer would be another copy of the sound.
        wrapped = pickle.PickleBuffer if protocol >= 5 else bytes
        buffer = tuple(tuple(wrapped(block) for block in blocks) for blocks in self.buffer)
        return PackedPcm, (buffer, self.num_channels, self.num_samples, self.sample_rate_hz)


def part(block: Any, start: int, end: int) -> npt.NDArray[np.int16]:
    """Samples from ``start`` up to, but not including, ``end``; ``block`` returns the samples of a block by number."""
    import numpy as np

    pieces = []
    while start < end:
        first = start // BLOCK_SAMPLES * BLOCK_SAMPLES
        pieces.append(block(start // BLOCK_SAMPLES)[start - first : end - first])
        start = first + BLOCK_SAMPLES
    if len(pieces) == 1:
        return np.asarray(pieces[0])
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)


def _unpacked(buffer: Sequence[Sequence[Any]], channel: int, index: int) -> npt.NDArray[np.int16]:
    return unpack(buffer[channel][index])
