"""One track as blocks of samples that stand where the timestamps of the file put them.

Players follow the timestamps, so the analysis does, too. Silence fills a late start and each hole; a clock that drifts
is followed by stretching or squeezing the sound, a few per cent at most. The position is counted from the start of the
file, so that holes too small to be filled do not add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from callytics.engines.audio.frames import Damage, Samples, frames, to_float32

BLOCK_S = 1.0
GAP_S = 0.015  # containers round timestamps to a millisecond or better, and a lost packet of Opus holds 20 ms
STEP_S = 0.004  # between two frames; less is rounding, or a clock that drifts
LARGEST_DRIFT_S = 0.05  # what the stretching cannot follow is filled
JUMP_S = 1.0  # a larger step may be an error in the timestamps; the frame that follows tells
MAX_HOLE_S = 6 * 3600.0  # no pause in a call: the timestamps are wrong
DRIFT_GAIN, MAX_STRETCH = 0.1, 0.05
"""Each frame takes away a tenth of the distance, and is stretched by 5 % at most: no syllable is lost or repeated."""

Block = tuple[Samples, int]
"""Float32, shape (num_channels, num_samples), and the sample rate in Hz."""


def blocks_in_time(container: Any, stream: Any, damage: Damage, zero_s: float = 0.0) -> Iterator[Block]:
    """Blocks of about a second, float32 of shape (num_channels, num_samples), each with its sample rate.

    Args:
        zero_s: the timestamp at which the recording begins.
    """
    pending: list[Samples] = []
    pending_samples, rate_hz = 0, 0
    for samples, frame_rate_hz in _Timeline(damage, zero_s).placed(_timed(frames(container, stream, damage))):
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


_Timed = tuple[Any, float | None]


def _timed(found: Iterable[Any]) -> Iterator[tuple[Any, float | None, float | None]]:
    """Each frame, its timestamp and that of the frame which follows, in seconds."""
    waiting: _Timed | None = None
    for frame in found:
        known = frame.pts is not None and frame.time_base is not None
        start_s = float(frame.pts * frame.time_base) if known else None
        if waiting is not None:
            yield *waiting, start_s
        waiting = frame, start_s
    if waiting is not None:
        yield *waiting, None


class _Timeline:
    """Where the next sample stands, and where the timestamps say that it should."""

    def __init__(self, damage: Damage, zero_s: float) -> None:
        self._damage = damage
        self._zero_s = zero_s
        self._position_s = 0.0
        self._error_s = 0.0  # of the frame before; what is new is a hole, what remains was left so
        self._started = self._drifting = False

    def placed(self, timed: Iterable[tuple[Any, float | None, float | None]]) -> Iterator[Block]:
        for frame, start_s, following_s in timed:
            samples, rate_hz = to_float32(frame), frame.sample_rate
            if start_s is not None:
                error_s = self._believed_s(start_s, samples.shape[1] / rate_hz, following_s)
                if self._is_hole(error_s):
                    yield from self._silence(samples.shape[0], rate_hz, error_s)
                    error_s = 0.0
                elif self._drifting or abs(error_s) > GAP_S:
                    self._drifting = True
                    stretched = _stretched(samples, error_s * rate_hz)
                    moved_s = (stretched.shape[1] - samples.shape[1]) / rate_hz
                    self._damage.stretched_s += moved_s
                    samples, error_s = stretched, error_s - moved_s
                self._error_s = error_s
            self._started = True
            self._position_s += samples.shape[1] / rate_hz
            yield samples, rate_hz

    def _believed_s(self, start_s: float, length_s: float, following_s: float | None) -> float:
        """How much later than it is due this frame begins; negative: earlier. Jumps that make no sense count as none:
        the timestamps are then believed again from here on."""
        error_s = start_s - self._zero_s - self._position_s
        if abs(error_s) <= JUMP_S:
            return error_s
        if following_s is not None and self._started:
            due_s = self._position_s + length_s
            if abs(following_s - self._zero_s - due_s) <= JUMP_S:
                return self._error_s  # this one is out of line, and the next one is not
        goes_back = following_s is not None and following_s < start_s
        if error_s > MAX_HOLE_S or (error_s > 0 and goes_back):
            self._damage.jumps += 1
        elif error_s > 0:
            return error_s
        self._zero_s += error_s  # what goes back begins anew: recordings that were joined
        return 0.0

    def _is_hole(self, error_s: float) -> bool:
        step_s = error_s - self._error_s
        return error_s > GAP_S and (step_s > STEP_S or error_s > LARGEST_DRIFT_S)

    def _silence(self, num_channels: int, rate_hz: int, length_s: float) -> Iterator[Block]:
        if self._started:  # a late start is no hole
            self._damage.gaps += 1
            self._damage.gap_s += length_s
        missing = round(length_s * rate_hz)
        self._position_s += missing / rate_hz
        for start in range(0, missing, rate_hz):
            yield np.zeros((num_channels, min(rate_hz, missing - start)), np.float32), rate_hz


def _stretched(samples: Samples, missing: float) -> Samples:
    """A frame that is longer by a part of the ``missing`` samples, or shorter where they are too many."""
    size = samples.shape[1]
    change = round(float(np.clip(missing * DRIFT_GAIN, -size * MAX_STRETCH, size * MAX_STRETCH)))
    if not change:
        return samples
    at = np.linspace(0, size - 1, size + change, dtype=np.float32)
    rows = [np.interp(at, np.arange(size), row) for row in samples]
    return np.asarray(rows, np.float32)
