"""Where both channels of a call have one sound at once, each with a gain and a delay of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from callytics.domain import PIPELINE_SAMPLE_RATE_HZ
from callytics.engines.audio.copies import DELAY_STEP, FRAME_S, Levels, delay_between, mean_db
from callytics.engines.audio.measure import FRAME_SAMPLES
from callytics.engines.audio.sound import Sound

MAX_DELAY_S = 0.12
WINDOW_S = 1.0
WINDOW_SAMPLES = round(WINDOW_S * PIPELINE_SAMPLE_RATE_HZ)
MIN_DBFS = -55.0
ABOVE_QUIET_DB = 6.0  # above the quiet frames of the channel: noise that both legs share is no announcement
MIN_CORRELATION = 0.8
"""The window has nothing else. Copies through mu-law, MP3 and Opus at 16 kbit/s a channel reach 0.9; two people stay
below 0.15."""
MIN_CORRELATION_BESIDE = 0.3  # of a window beside such a one, at the same delay: a party talks over it
MAX_GAIN_DB = 12.0


@dataclass(frozen=True)
class Window:
    start: int  # sample
    delay: int  # of channel 1, in samples
    gain_db: float  # of channel 1
    clear: bool  # nothing else is heard in it


@dataclass(frozen=True)
class Second:
    """A second of the call in which a channel is heard.

    Attributes:
        start, end: samples.
        levels_db: of both channels.
        heard: which channels are above their noise.
        delay: of channel 1 in samples where both have the same sound; else None.
        clear: nothing else is heard.
    """

    start: int
    end: int
    levels_db: tuple[float, float]
    heard: tuple[bool, bool]
    delay: int | None
    clear: bool


def same_sound(pcm: Sound, frames_dbfs: Levels) -> tuple[list[Window], list[Second]]:
    """Windows in which both channels have the same sound, with or without another; and what each second has."""
    size = round(WINDOW_S / FRAME_S)
    starts = np.arange(0, frames_dbfs.shape[1] - size + 1, size // 2)
    if not len(starts):
        return [], []
    loud_db = np.stack([mean_db(frames_dbfs[c][starts[:, np.newaxis] + np.arange(size)]) for c in (0, 1)])
    quiet_db = np.percentile(frames_dbfs, 15, axis=1)
    quiet_db = np.where(quiet_db < -70.0, quiet_db, np.minimum(quiet_db, MIN_DBFS))
    heard = loud_db > np.maximum(MIN_DBFS, quiet_db + ABOVE_QUIET_DB)[:, np.newaxis]
    gains_db = loud_db[1] - loud_db[0]
    numbers = np.flatnonzero(heard.all(axis=0) & (np.abs(gains_db) <= MAX_GAIN_DB)).tolist()
    found: dict[int, Window | None] = {}
    # Every other window first; those between only beside one that has something.
    for number in sorted(numbers, key=lambda number: (number % 2, number)):
        if number % 2 == 0 or found.get(number - 1) or found.get(number + 1):
            start = int(starts[number]) * FRAME_SAMPLES
            found[number] = _window(pcm, start, float(gains_db[number]))
    windows = [window for number in numbers if (window := found.get(number))]
    seconds = [
        _second(int(starts[number]) * FRAME_SAMPLES, loud_db[:, number], heard[:, number], found.get(number))
        for number in range(0, len(starts), 2)
    ]
    return windows, seconds if windows else []


def _second(
    start: int, levels_db: npt.NDArray[np.float64], heard: npt.NDArray[np.bool_], window: Window | None
) -> Second:
    return Second(
        start,
        start + WINDOW_SAMPLES,
        (float(levels_db[0]), float(levels_db[1])),
        (bool(heard[0]), bool(heard[1])),
        None if window is None else window.delay,
        window is not None and window.clear,
    )


def _window(pcm: Sound, start: int, gain_db: float) -> Window | None:
    latest = round(MAX_DELAY_S * PIPELINE_SAMPLE_RATE_HZ)
    part = slice(start, start + WINDOW_SAMPLES)
    curve = np.abs(delay_between(pcm[0, part], pcm[1, part], -latest, latest))
    best = int(np.argmax(curve))
    delay = best * DELAY_STEP - latest
    correlation = curve[best] / (1 - abs(delay) / (part.stop - start))  # of the part that both channels have
    if correlation < MIN_CORRELATION_BESIDE:
        return None
    return Window(start, delay, gain_db, bool(correlation >= MIN_CORRELATION))
