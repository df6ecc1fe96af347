"""Reads blocks of samples from an open media file: every frame that can be decoded, at its time.

Decoding continues after damage, which is counted in :class:`Damage`. Silence fills the gaps that damaged or lost parts
leave in the timestamps, so everything after a gap keeps its time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

BLOCK_S = 1.0
GAP_S = 0.015  # containers round timestamps to a millisecond or better, and a lost packet of Opus holds 20 ms
MAX_GAP_S = 600.0  # a longer jump counts as a timestamp error, not as silence
MAX_ERRORS_IN_A_ROW = 500  # then the rest is not audio


@dataclass
class Damage:
    """Problems found while decoding. ``truncated``: the file is shorter than its header declares."""

    errors: int = 0
    non_finite_samples: int = 0
    gaps: int = 0
    gap_s: float = 0.0
    truncated: bool = False
    format_changed: bool = False


def blocks_in_time(container: Any, stream: Any, damage: Damage) -> Iterator[tuple[Samples, int]]:
    """Blocks of about a second, float32 of shape (num_channels, num_samples), each with its sample rate.

    Silence fills the gaps in the timestamps.
    """
    pending: list[Samples] = []
    pending_samples, rate_hz = 0, 0
    for samples, frame_rate_hz in _frames_in_time(container, stream, damage):
        changed = bool(pending) and (frame_rate_hz != rate_hz or samples.shape[0] != pending[0].shape[0])
        damage.format_changed |= changed
        if changed or pending_samples >= BLOCK_S * rate_hz > 0:
            yield np.concatenate(pending, axis=1), rate_hz
            pending, pending_samples = [], 0
        pending.append(samples)
        pending_samples += samples.shape[1]
        rate_hz = frame_rate_hz
    if pending:
        yield np.concatenate(pending, axis=1), rate_hz


def _frames_in_time(container: Any, stream: Any, damage: Damage) -> Iterator[tuple[Samples, int]]:
    """Frames as float32, with silence in the gaps of the timestamps."""
    expected_s: float | None = None
    for frame in frames(container, stream, damage):
        rate_hz = frame.sample_rate
        samples = to_float32(frame)
        if frame.pts is not None and frame.time_base is not None:
            start_s = float(frame.pts * frame.time_base)
            gap_s = 0.0 if expected_s is None else start_s - expected_s
            if GAP_S < gap_s <= MAX_GAP_S:
                damage.gaps += 1
                damage.gap_s += gap_s
                yield np.zeros((samples.shape[0], round(gap_s * rate_hz)), np.float32), rate_hz
            expected_s = start_s
        if expected_s is not None:
            expected_s += samples.shape[1] / rate_hz
        yield samples, rate_hz


def frames(container: Any, stream: Any, damage: Damage) -> Iterator[Any]:
    """Every frame that can be decoded; counts the others."""
    import av

    in_a_row = 0
    ends_short = False
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
            decoded = packet.decode()
        except av.FFmpegError:
            damage.errors += 1
            in_a_row += 1
            continue
        for frame in decoded:
            if frame.samples and frame.sample_rate:
                in_a_row = 0
                yield frame


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
    """Convert to the number of channels at the start of the recording, which may change later."""
    if samples.shape[0] >= num_channels:
        return samples[:num_channels]
    rows: Sequence[int] = [min(row, samples.shape[0] - 1) for row in range(num_channels)]
    return samples[rows]


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
