"""Takes late echo of the other party out of a channel: nothing that it says is heard, transcribed or counted twice.

A mobile leg or a jitter buffer returns a party's voice 50 to 500 ms later, 10 to 25 dB down. When the echo arrives, its
source may already be silent, so the levels of a moment do not show it. Its delay does: it is constant for a while, and
the correlation with the other channel has a peak there that two voices never have.

    each minute        the delay, from the windows in which one party is much louder
    if there is one    the filter; the echo is subtracted, and the frames with nothing else are turned down

Leaks without a delay are left to the rules of recognition and diarization.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from callytics.domain import PIPELINE_SAMPLE_RATE_HZ
from callytics.engines.audio.copies import (
    DELAY_STEP,
    FRAME_S,
    Copy,
    Levels,
    copy_of,
    delay_between,
    faded,
    frame_levels,
    mean_db,
    predicted,
    samples_between,
)
from callytics.engines.audio.measure import FRAME_SAMPLES, MINUTE_SAMPLES, blocks
from callytics.engines.audio.sound import Sound

EARLIEST_S, LATEST_S = 0.02, 0.6
WINDOW_S = 2.0
MAX_WINDOWS = 4  # a minute and a direction
MIN_SOURCE_DBFS = -45.0
MIN_LOSS_DB, MAX_LOSS_DB = 3.0, 45.0  # of the window; an echo that is weaker is not understood
MIN_CHANGE_DB = 8.0  # between the loud and the quiet frames; the noise of a line is steady
MIN_PEAK = 0.25
"""Mean normalised correlation at the delay; of two voices, or a voice and noise, it stays below 0.1."""
MIN_PROMINENCE = (
    2.5  # to the greatest correlation elsewhere: the periods of a voice are near the peak, not as high
)
AUDIBLE_DBFS = -75.0
PASSES = 3
"""In the first, the source still has the echo of the other way, and its echo would be put in; each pass weakens it."""
MARGIN_DB = 6.0  # above what the filter usually leaves of the echo
BEST_LOSS_DB, WORST_LOSS_DB = -15.0, 3.0  # what the filter leaves, relative to the echo


def remove_echo(pcm: Sound, frames_dbfs: Levels, passed_over: Sequence[tuple[float, float]] = ()) -> bool:
    """Take the echo out of both channels, in place. Returns whether there was one.

    Args:
        frames_dbfs: levels of frames of 20 ms, shape (2, num_frames).
        passed_over: parts, in seconds, in which the channels have the same sound.
    """
    minutes = list(blocks(pcm.shape[1], MINUTE_SAMPLES))
    found = {
        channel: [_echo(pcm, frames_dbfs, channel, minute, passed_over) for minute in minutes]
        for channel in (0, 1)
    }
    echoes = {channel: _carried_over(of_minutes) for channel, of_minutes in found.items()}
    if not any(echo for of_minutes in echoes.values() for echo in of_minutes):
        return False
    for number, minute in enumerate(minutes):
        of_minute = [echo for channel in (0, 1) if (echo := echoes[channel][number]) is not None]
        received = {channel: samples_between(pcm, channel, minute.start, minute.stop) for channel in (0, 1)}
        for _ in range(PASSES if len(of_minute) == 2 else 1):
            cleaned = {
                echo.copy.channel: without_echo(pcm, echo, minute, received[echo.copy.channel])
                for echo in of_minute
            }
            for channel, samples in cleaned.items():
                pcm[channel, minute] = np.clip(np.rint(samples), -32768, 32767).astype(np.int16)
    return True


@dataclass(frozen=True, eq=False)
class Echo:
    """A copy, and the level of what its filter leaves relative to it, in dB."""

    copy: Copy
    left_db: float


def _echo(
    pcm: Sound,
    frames_dbfs: Levels,
    channel: int,
    minute: slice,
    passed_over: Sequence[tuple[float, float]],
) -> Echo | None:
    """The other party's echo on ``channel`` during a minute; None without one."""
    length = round(WINDOW_S * PIPELINE_SAMPLE_RATE_HZ)
    starts = _windows(frames_dbfs, channel, minute, passed_over)
    earliest, latest = (round(s * PIPELINE_SAMPLE_RATE_HZ) for s in (-LATEST_S, LATEST_S))
    curves = []
    for start in starts:
        source, target = (pcm[c, start : start + length] for c in (1 - channel, channel))
        curves.append(np.abs(delay_between(source, target, earliest, latest)))
    if not curves:
        return None
    delay = _peak(np.mean(curves, axis=0), earliest)
    if delay is None:
        return None
    copy = copy_of(pcm, channel, delay, [(start, start + length) for start in starts])
    return Echo(copy, left_of(pcm, copy, [(start, start + length) for start in starts]))


def left_of(pcm: Sound, copy: Copy, windows: Sequence[tuple[int, int]]) -> float:
    """The level of what the filter leaves of the copy, relative to it, in dB: the median of the loud frames."""
    differences = []
    for start, end in windows:
        expected = predicted(pcm, copy, start, end)
        left = frame_levels(samples_between(pcm, copy.channel, start, end) - expected)
        levels = frame_levels(expected)
        loud = levels > np.percentile(levels, 60)
        differences.append(left[loud] - levels[loud])
    left_db = float(np.median(np.concatenate(differences)))
    return float(np.clip(left_db, BEST_LOSS_DB, WORST_LOSS_DB))


def _windows(
    frames_dbfs: Levels, channel: int, minute: slice, passed_over: Sequence[tuple[float, float]]
) -> list[int]:
    """Starts, in samples, of windows in which the other party alone is loud and something faint is on ``channel``."""
    size = round(WINDOW_S / FRAME_S)
    first, last = minute.start // FRAME_SAMPLES, min(frames_dbfs.shape[1], minute.stop // FRAME_SAMPLES)
    starts = np.arange(first, last - size + 1, size // 2)
    if not len(starts):
        return []
    parts = frames_dbfs[:, starts[:, np.newaxis] + np.arange(size)]
    source_db, target_db = mean_db(parts[1 - channel]), mean_db(parts[channel])
    change_db = np.subtract(*np.percentile(parts[channel], (90, 20), axis=1))
    loss_db = source_db - target_db
    wanted = (source_db > MIN_SOURCE_DBFS) & (target_db > AUDIBLE_DBFS) & (change_db > MIN_CHANGE_DB)
    wanted &= (loss_db > MIN_LOSS_DB) & (loss_db < MAX_LOSS_DB)
    for start_s, end_s in passed_over:
        wanted &= (starts * FRAME_S > end_s) | ((starts + size) * FRAME_S < start_s)
    ranked = starts[wanted][np.argsort(-source_db[wanted], kind="stable")]
    return [int(start) * FRAME_SAMPLES for start in ranked[:MAX_WINDOWS]]


def _peak(curve: npt.NDArray[np.float32], earliest: int) -> int | None:
    """The delay in samples of the mean correlation's peak; None if none stands out as an echo's does."""
    best = int(np.argmax(curve))
    delay = earliest + DELAY_STEP * best
    near = round(EARLIEST_S * PIPELINE_SAMPLE_RATE_HZ / DELAY_STEP)
    elsewhere = np.concatenate([curve[: max(0, best - near)], curve[best + near :]])
    stands_out = curve[best] >= MIN_PEAK and curve[best] >= MIN_PROMINENCE * np.percentile(elsewhere, 90)
    return delay if stands_out and delay >= EARLIEST_S * PIPELINE_SAMPLE_RATE_HZ else None


def _carried_over(found: Sequence[Echo | None]) -> list[Echo | None]:
    """A minute in which nothing tells has the echo of the minute before it, or else of the first that has one."""
    echoes: list[Echo | None] = []
    last = next((echo for echo in found if echo is not None), None)
    for echo in found:
        last = echo or last
        echoes.append(last)
    return echoes


def without_echo(
    pcm: Sound, echo: Echo, part: slice, own: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """``own``, the samples of the part as received, without the echo of what the other channel has now."""
    expected = predicted(pcm, echo.copy, part.start, part.stop)
    left = own - expected
    expected_db = np.maximum(frame_levels(expected), AUDIBLE_DBFS)
    alone = frame_levels(left) < expected_db + echo.left_db + MARGIN_DB
    heard = expected_db > AUDIBLE_DBFS
    return faded(np.where(np.repeat(heard, FRAME_SAMPLES)[: len(own)], left, own), alone & heard)
