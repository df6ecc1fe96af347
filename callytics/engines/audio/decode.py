"""Decodes to 16 kHz, 16 bit, in bounded memory: the result (packed if it is long) and one second of the source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from callytics.domain import PIPELINE_SAMPLE_RATE_HZ
from callytics.engines.audio import media
from callytics.engines.audio.frames import (
    Damage,
    Samples,
    clipped_samples,
    sanitised,
)
from callytics.engines.audio.sound import Sound, SoundBuffer
from callytics.engines.audio.source import Source
from callytics.engines.audio.tracks import Tracks
from callytics.errors import InvalidMediaError

CUT_TOLERANCE_S = 0.5
CUT_TOLERANCE_RATIO = 0.01


@dataclass
class Decoded:
    """A decoded recording.

    Attributes:
        pcm: shape (num_channels, num_samples), 16 kHz.
        source_samples: samples per channel before resampling.
        clipped: number of source samples in runs at full scale, shape (num_channels,).
        means: the DC offset in [-1, 1], shape (num_channels,).
        duration_s: of the source.
        widened: parts, (start, end) in seconds, in which the source has one channel that was copied to the others.
    """

    pcm: Sound
    source_samples: int
    clipped: npt.NDArray[np.int64]
    means: npt.NDArray[np.float64]
    duration_s: float
    damage: Damage = field(default_factory=Damage)
    widened: tuple[tuple[float, float], ...] = ()


class _Collector:
    """Takes source blocks of any rate, resamples them and keeps statistics."""

    def __init__(self, num_channels: int) -> None:
        self.buffer = SoundBuffer(num_channels)
        self.source_samples = 0
        self.duration_s = 0.0
        self._clipped = np.zeros(num_channels, np.int64)
        self._sums = np.zeros(num_channels)
        self._rate_hz = 0
        self._resampler: Any = None

    def add(self, samples: Samples, rate_hz: int) -> None:
        import soxr

        if rate_hz != self._rate_hz:
            self.flush()
            self._rate_hz = rate_hz
            self._resampler = soxr.ResampleStream(
                rate_hz, PIPELINE_SAMPLE_RATE_HZ, self.buffer.num_channels, dtype="float32"
            )
        self._clipped += clipped_samples(samples)
        self._sums += samples.sum(axis=1, dtype=np.float64)
        self.source_samples += samples.shape[1]
        self.duration_s += samples.shape[1] / rate_hz
        self._keep(self._resampler.resample_chunk(np.ascontiguousarray(samples.T)))

    def flush(self) -> None:
        if self._resampler is not None:
            rest = np.zeros((0, self.buffer.num_channels), np.float32)
            self._keep(self._resampler.resample_chunk(rest, last=True))
            self._resampler = None

    def _keep(self, resampled: Samples) -> None:
        self.buffer.append(resampled.T.reshape(self.buffer.num_channels, -1))

    def decoded(self, damage: Damage) -> Decoded:
        means = self._sums / self.source_samples
        return Decoded(
            self.buffer.finished(), self.source_samples, self._clipped, means, self.duration_s, damage
        )


def decode(
    source: Source,
    tracks: Tracks,
    max_duration_s: float,
    mix: Callable[[Samples], Samples] | None = None,
) -> Decoded:
    """Decode a recording.

    Args:
        tracks: of the source, as :func:`callytics.engines.audio.tracks.read` gives them; used up.
        mix: makes the wanted channels out of a block of shape (num_channels, num_samples); None keeps all of them.

    Raises:
        InvalidMediaError: ``media_empty``, ``media_undecodable``, ``media_no_audio`` or ``media_too_long``.
        MoreChannels: read it again with these.
    """
    damage = Damage()
    collector: _Collector | None = None
    declared_s = tracks.declared_duration_s()
    for block, rate_hz in tracks.blocks(damage):
        samples = sanitised(block, damage)
        samples = samples if mix is None else mix(samples)
        if collector is None:
            collector = _Collector(samples.shape[0])
        collector.add(samples, rate_hz)
        if collector.duration_s > max_duration_s:
            raise media.too_long(collector.duration_s, max_duration_s)
    if collector is None:
        raise nothing_decoded(damage)
    collector.flush()
    if declared_s is not None and tracks.declares_exactly(source.head):
        complete_s = declared_s * (1 - CUT_TOLERANCE_RATIO) - CUT_TOLERANCE_S
        damage.truncated |= collector.duration_s < complete_s
    damage.truncated &= not media.is_streamed_wav(source.head)
    return replace(collector.decoded(damage), widened=tuple(tracks.widened))


def nothing_decoded(damage: Damage) -> InvalidMediaError:
    """The error for a file that opens but has no samples."""
    if damage.errors:
        return media.undecodable("no part of its audio could be decoded")
    return media.no_audio("it has a header, but not a single sample")
