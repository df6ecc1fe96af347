"""From an open media file to samples: every frame that can be decoded.

Damage is survived where something can be decoded, and counted in :class:`Damage`. Where each frame stands in time, and
what fills the holes, is found in timeline.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

MAX_ERRORS_IN_A_ROW = 500  # then the rest is not audio

OTHER_DECODERS = {"amrnb": "libopencore_amrnb", "amrwb": "libopencore_amrwb"}
"""FFmpeg's own decoders refuse the frames that stand for a pause (3GPP TS 26.101 and 26.201, frame types 8 or 9, 14 and
15), of which mobile recorders write many."""


@dataclass
class Damage:
    """What went wrong while decoding.

    Attributes:
        gaps: holes in the timestamps that were filled with silence, ``gap_s`` in all.
        jumps: steps of the timestamps that no call can have; they were not followed.
        stretched_s: what was added (or, below 0, taken away) to follow timestamps that run at another speed.
        truncated: the file ends before what its header promises.
    """

    errors: int = 0
    non_finite_samples: int = 0
    gaps: int = 0
    gap_s: float = 0.0
    jumps: int = 0
    stretched_s: float = 0.0
    truncated: bool = False
    format_changed: bool = False


def frames(container: Any, stream: Any, damage: Damage) -> Iterator[Any]:
    """Every frame that can be decoded; counts the others."""
    import av

    in_a_row = 0
    ends_short = False
    decoder = _decoder(stream)
    packets = container.demux(stream)
    while in_a_row < MAX_ERRORS_IN_A_ROW:
        try:
            packet = next(packets)
        except StopIteration:
            damage.truncated |= ends_short
            return
        except av.FFmpegError:
            damage.truncated = True
            return
        # FFmpeg marks a packet that is shorter than its header says: the last one of a cut WAV file.
        if packet.size:
            damage.errors += ends_short  # it was not the last one
            ends_short = bool(packet.is_corrupt)
        try:
            decoded = packet.decode() if decoder is None else decoder.decode(packet if packet.size else None)
        except av.FFmpegError:
            damage.errors += 1
            in_a_row += 1
            continue
        for frame in decoded:
            if frame.samples and frame.sample_rate:
                in_a_row = 0
                yield frame


def _decoder(stream: Any) -> Any:
    """A decoder of our choice, where there is a better one than that of the stream; else None."""
    import av

    name = OTHER_DECODERS.get(stream.codec_context.codec.name)
    if name is None or name not in av.codecs_available:
        return None
    decoder: Any = av.CodecContext.create(name, "r")
    decoder.sample_rate, decoder.layout = stream.codec_context.sample_rate, stream.codec_context.layout
    return decoder


def to_float32(frame: Any) -> Samples:
    """A PyAV frame as float32 in [-1, 1], shape (num_channels, num_samples)."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    scaled: Samples = samples.astype(np.float32)
    if samples.dtype == np.uint8:
        return (scaled - np.float32(128.0)) / np.float32(128.0)
    if np.issubdtype(samples.dtype, np.integer):
        scaled /= np.float32(-float(np.iinfo(samples.dtype).min))
    return scaled


def sanitised(samples: Samples, damage: Damage) -> Samples:
    """NaN becomes silence, infinity becomes full scale, and values far outside [-1, 1] are clipped."""
    finite = np.isfinite(samples)
    if not finite.all():
        damage.non_finite_samples += int(samples.size - np.count_nonzero(finite))
        samples = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
    return np.clip(samples, -1.0, 1.0)


def with_channels(samples: Samples, num_channels: int) -> Samples:
    """A part with another number of channels: one channel counts for all, and what is missing to more is silent."""
    found = samples.shape[0]
    if found >= num_channels:
        return samples[:num_channels]
    if found == 1:
        return np.repeat(samples, num_channels, axis=0)
    return np.concatenate([samples, np.zeros((num_channels - found, samples.shape[1]), np.float32)])


FULL_SCALE = 0.98  # the largest code of G.711 is 0.980 (mu-law) or 0.984 (A-law)
CLIPPED_RUN = 3


def clipped_samples(samples: Samples) -> npt.NDArray[np.int64]:
    """Samples per channel in runs of three or more at full scale with one sign: the sign of an overdriven input."""
    counts = np.zeros(samples.shape[0], np.int64)
    if np.abs(samples).max(initial=0.0) < FULL_SCALE:
        return counts
    for sign in (1.0, -1.0):
        at_limit = samples * sign >= FULL_SCALE
        for channel, row in enumerate(at_limit):
            edges = np.flatnonzero(np.diff(np.concatenate(([0], row.view(np.int8), [0]))))
            lengths = edges[1::2] - edges[::2]
            counts[channel] += lengths[lengths >= CLIPPED_RUN].sum()
    return counts
