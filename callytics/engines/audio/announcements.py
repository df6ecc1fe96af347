"""Finds what both legs of a call hear at once: announcements, voice menus, hold music, in a part of the recording.

Both channels then carry one sound, with a gain and a delay of their own. It is neither party's. One channel keeps it
and is named in the result; it is taken out of the other one, which keeps what its party says over it.

A leak is one sound on both channels, too, but it is there whenever its party talks, by the same gain. What is clearly
quieter on one channel is an announcement only if that channel does not hear the other party elsewhere. And a channel
that holds both parties (mixture.py) has everything that the other one says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from callytics.domain import PIPELINE_SAMPLE_RATE_HZ, Announcement
from callytics.engines.audio import measure, mixture
from callytics.engines.audio.copies import (
    FRAME_S,
    Copy,
    Levels,
    copy_of,
    faded,
    frame_levels,
    mean_db,
    overwrite,
    predicted,
    samples_between,
)
from callytics.engines.audio.echo import remove_echo
from callytics.engines.audio.measure import FRAME_SAMPLES
from callytics.engines.audio.same_sound import (
    MIN_DBFS,
    WINDOW_S,
    WINDOW_SAMPLES,
    Window,
    same_sound,
)
from callytics.engines.audio.sound import Sound

UNDECIDED_DB = 3.0  # the limit of the recogniser's rule for leaks (crosstalk.py)
SAME_GAIN_DB = 5.0
MIN_ALONE_S = 1.5  # of a party's speech that the other channel does not have
DELAY_TOLERANCE_S = 0.004
MAX_PAUSE_S = 3.0  # within an announcement, or while a party talks over it
MIN_LENGTH_S = 0.8
COPY_LEFT_DB = -6.0  # a frame with less left is a copy and nothing else
TALK_DB = 2.0  # by which a channel is louder where its party talks over the announcement
TALK_FRAMES = 15  # 0.3 s: a shorter difference is no speech
MARGIN_DB = 6.0  # above what the filter usually leaves
MIN_COPIED = 0.4  # share of its loud frames
RANGE_DB = 25.0  # of the speech of an announcement
EDGE_S = 0.2


@dataclass(frozen=True)
class Stretch:
    """One sound on both channels: samples, the delay of channel 1, and the windows in which nothing else is heard."""

    start: int
    end: int
    delay: int
    clear: tuple[tuple[int, int], ...]


def take_out(
    pcm: Sound, frames_dbfs: Levels, means: npt.NDArray[np.float64]
) -> tuple[tuple[Announcement, ...], int | None]:
    """Take a party out of the channel that holds both, announcements out of one channel and echoes out of both, in
    place, if there are two channels.

    Args:
        frames_dbfs: levels of frames of 20 ms, shape (num_channels, num_frames).
        means: the DC offset per channel in [-1, 1].

    Returns:
        The announcements, and the channel that held both parties.
    """
    if pcm.shape[0] != 2:
        return (), None
    windows, seconds = same_sound(pcm, frames_dbfs)
    mixed = mixture.mixed_channel(seconds)
    if mixed is not None:
        mixture.take_out(pcm, mixed, seconds)
        frames_dbfs = measure.levels(pcm, means).frames_dbfs
        windows, _ = same_sound(pcm, frames_dbfs)
    stretches = find(windows, frames_dbfs)
    passed_over = [(s.start / PIPELINE_SAMPLE_RATE_HZ, s.end / PIPELINE_SAMPLE_RATE_HZ) for s in stretches]
    remove_echo(pcm, frames_dbfs, passed_over)
    return separate(pcm, stretches), mixed


def find(windows: Sequence[Window], frames_dbfs: Levels) -> list[Stretch]:
    """Stretches of one sound on both channels. ``frames_dbfs`` as for :func:`take_out`."""
    stretches = _joined(windows)
    leaks = [stretch for stretch in stretches if _is_leak(stretch, frames_dbfs)]
    leaked = [window.start for stretch in leaks for window in stretch]
    return [
        Stretch(
            stretch[0].start,
            stretch[-1].start + WINDOW_SAMPLES,
            int(np.median([window.delay for window in stretch if window.clear])),
            tuple((w.start, w.start + WINDOW_SAMPLES) for w in stretch if w.clear),
        )
        for stretch in stretches
        if stretch not in leaks and _stands_alone(stretch, leaked)
    ]


def _joined(windows: Iterable[Window]) -> list[list[Window]]:
    """Windows with the same delay and gain and no long pause, at least one of which is clear."""
    stretches: list[list[Window]] = []
    for window in windows:
        if stretches and _continues(stretches[-1], window):
            stretches[-1].append(window)
        else:
            stretches.append([window])
    return [stretch for stretch in stretches if any(window.clear for window in stretch)]


def _continues(stretch: Sequence[Window], window: Window) -> bool:
    gains_db = [each.gain_db for each in stretch if each.clear]
    return (
        abs(window.delay - stretch[-1].delay) <= DELAY_TOLERANCE_S * PIPELINE_SAMPLE_RATE_HZ
        and (window.start - stretch[-1].start) / PIPELINE_SAMPLE_RATE_HZ <= WINDOW_S + MAX_PAUSE_S
        and not (window.clear and gains_db and abs(window.gain_db - np.median(gains_db)) > SAME_GAIN_DB)
    )


def _is_leak(stretch: Sequence[Window], frames_dbfs: Levels) -> bool:
    """Whether one channel is clearly quieter, and its party has been heard there all the time."""
    gain_db = float(np.median([window.gain_db for window in stretch if window.clear]))
    if abs(gain_db) < UNDECIDED_DB:
        return False
    louder = 0 if gain_db < 0 else 1
    size = round(WINDOW_S / FRAME_S)
    count = frames_dbfs.shape[1] // size
    levels = mean_db(frames_dbfs[:, : count * size].reshape(2, count, size))
    loss_db = levels[louder] - levels[1 - louder]
    unheard = (levels[louder] > MIN_DBFS) & (loss_db > abs(gain_db) + SAME_GAIN_DB)
    return float(unheard.sum()) * WINDOW_S < MIN_ALONE_S


def _stands_alone(stretch: Sequence[Window], leaked: Sequence[int]) -> bool:
    """Where the leak of one party ends and that of the other begins, a window has both, at any gain between theirs."""
    return any(
        window.clear and all(abs(window.start - start) >= WINDOW_SAMPLES for start in leaked)
        for window in stretch
    )


def separate(pcm: Sound, stretches: Sequence[Stretch]) -> tuple[Announcement, ...]:
    """Take each announcement out of one channel, in place; the result names the channel that keeps it."""
    announcements = []
    changes = []
    for stretch in stretches:
        copies = (
            copy_of(pcm, 0, -stretch.delay, stretch.clear),
            copy_of(pcm, 1, stretch.delay, stretch.clear),
        )
        first, last = stretch.start - WINDOW_SAMPLES, stretch.end + WINDOW_SAMPLES
        common = _Common(pcm, copies, max(0, first), min(pcm.shape[1], last))
        for begin, end, keeper in common.parts(stretch.start, stretch.end):
            announcements.append(
                Announcement(begin / PIPELINE_SAMPLE_RATE_HZ, end / PIPELINE_SAMPLE_RATE_HZ, keeper)
            )
            changes.append((1 - keeper, begin, common.without(1 - keeper, begin, end)))
    for channel, start, samples in changes:
        overwrite(pcm, channel, start, samples)
    return tuple(announcements)


class _Common:
    """One stretch in which both channels have a sound, with a second around it. Levels are per frame of 20 ms."""

    def __init__(self, pcm: Sound, copies: tuple[Copy, Copy], start: int, end: int) -> None:
        self._start = start
        self._own = [samples_between(pcm, channel, start, end) for channel in (0, 1)]
        self._copies = [predicted(pcm, copy, start, end) for copy in copies]
        self._own_db = np.stack([frame_levels(samples) for samples in self._own])
        self._copy_db = np.stack([frame_levels(samples) for samples in self._copies])
        self._left_db = np.stack(
            [frame_levels(own - copy) for own, copy in zip(self._own, self._copies, strict=True)]
        )
        both_db = self._copy_db.min(axis=0)
        self._loud = both_db > np.percentile(both_db, 90) - RANGE_DB
        self._copied = self._loud & (self._left_db < self._own_db + COPY_LEFT_DB).any(axis=0)
        self._talks = self._talked_over()

    def _talked_over(self) -> npt.NDArray[np.int8]:
        """1 where the party of channel 0 talks over it, 2 where that of channel 1 does, else 0."""
        from scipy.ndimage import median_filter

        excess_db = self._own_db[0] - self._copy_db[0]
        talks = np.where(excess_db > TALK_DB, 1, np.where(excess_db < -TALK_DB, 2, 0))
        talks = np.where(self._loud & ~self._copied, talks, 0).astype(np.int8)
        return np.asarray(median_filter(talks, TALK_FRAMES, mode="nearest"))

    def parts(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """First and last sample, and the channel whose party does not talk over it.

        Args:
            start, end: the samples between which the windows have the same sound.
        """
        frames = np.arange(len(self._loud))
        inside = (frames >= (start - self._start) // FRAME_SAMPLES) & (
            frames < (end - self._start) // FRAME_SAMPLES
        )
        found = np.flatnonzero(self._copied | (inside & (self._talks > 0)))
        if self._copied.sum() < MIN_COPIED * self._loud[inside].sum() or not len(found):
            return
        margin = round(EDGE_S / FRAME_S)
        first, last = max(0, int(found[0]) - margin), min(len(frames), int(found[-1]) + 1 + margin)
        if (last - first) * FRAME_S < MIN_LENGTH_S:
            return
        for begin, stop, keeper in self._keepers(first, last):
            yield (
                self._start + begin * FRAME_SAMPLES,
                min(self._start + stop * FRAME_SAMPLES, self._start + len(self._own[0])),
                keeper,
            )

    def _keepers(self, first: int, last: int) -> Iterator[tuple[int, int, int]]:
        talks = self._talks[first:last]
        talked = np.flatnonzero(talks)
        if not len(talked):
            louder = int(self._own_db[1, first:last].mean() > self._own_db[0, first:last].mean())
            yield first, last, louder
            return
        begin = first
        for before, after in pairwise(talked.tolist()):
            if talks[before] != talks[after]:
                cut = (
                    first + before + int(np.argmin(self._copy_db.min(axis=0)[first + before : first + after]))
                )
                yield begin, cut, 2 - int(talks[before])
                begin = cut
        yield begin, last, 2 - int(talks[talked[-1]])

    def without(self, channel: int, begin: int, end: int) -> npt.NDArray[np.float32]:
        """The channel between two samples without the sound that both have."""
        copied = self._copied
        usual_db = float(np.median((self._left_db - self._copy_db)[channel][copied]))
        alone = self._left_db[channel] < self._copy_db[channel] + min(usual_db, COPY_LEFT_DB) + MARGIN_DB
        samples = faded(self._own[channel] - self._copies[channel], alone)
        return samples[begin - self._start : end - self._start]
