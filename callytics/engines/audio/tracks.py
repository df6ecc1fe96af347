"""The audio tracks of one recording as the channels of one sound.

Some recorders write each party as a track of its own. Such tracks are read side by side, each through a container of
its own, for files may hold one track after the other, and a muted track may hold nothing for an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any, TypeVar

from callytics.domain import CallOptions, Media
from callytics.engines.audio import media
from callytics.engines.audio.frames import Damage, Samples, with_channels
from callytics.engines.audio.joined import MAX_SECTIONS, Section, section_starts
from callytics.engines.audio.side_by_side import at_rate, side_by_side
from callytics.engines.audio.source import UNHASHED, Source
from callytics.engines.audio.timeline import Block, blocks_in_time
from callytics.errors import InvalidMediaError

BESIDE_THE_CALL = (
    "comment",
    "descriptions",
    "visual_impaired",
    "hearing_impaired",
    "karaoke",
    "clean_effects",
    "dub",
)
"""FFmpeg's dispositions of tracks that repeat or comment another one."""

_ABSOLUTE = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"}
"""Players show the time of these from 0; of any other, from its first timestamp (a broadcast's is arbitrary)."""
LATEST_START_S = 3600.0  # later, it is a part of a longer stream, and its timestamps are those of the whole

T = TypeVar("T")


class MoreChannels(Exception):
    """A track gets more channels than it began with; ``channels``: the most of each track."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__(channels)
        self.channels = channels


@dataclass
class Tracks:
    """The chosen tracks, opened.

    Attributes:
        opened: container and stream of each; the first reads the source that was given.
        left_out: what is said of each track that was not chosen.
        channels: of each track.
        sample_rate_hz: the highest of them; decoding may change what a track's decoder says.
        widened: parts of the sound, (start, end) in seconds, in which one channel was copied to others.
        following: opens each recording that was joined to this one (joined.py), in order.
    """

    opened: list[tuple[Any, Any]]
    left_out: tuple[str, ...]
    channels: tuple[int, ...]
    sample_rate_hz: int
    widened: list[tuple[float, float]] = field(default_factory=list)
    following: Sequence[Callable[[], AbstractContextManager[Tracks]]] = ()
    _needed: list[int] = field(default_factory=list)

    @property
    def container(self) -> Any:
        return self.opened[0][0]

    @property
    def num_channels(self) -> int:
        return sum(self.channels)

    def described(self, duration_s: float) -> Media:
        container, stream = self.opened[0]
        found = media.describe(container, stream, duration_s)
        return Media(**{**vars(found), "sample_rate_hz": self.sample_rate_hz, "channels": self.num_channels})

    def declared_duration_s(self) -> float | None:
        """The longest that is declared of a track; None where more recordings follow."""
        if self.following:
            return None
        zero_s = self._zero_s()
        found = [media.declared_duration_s(container, stream, zero_s) for container, stream in self.opened]
        known = [duration_s for duration_s in found if duration_s is not None]
        return max(known) if known else None

    def declares_exactly(self, head: bytes) -> bool:
        exactly = all(media.declares_exactly(container, stream, head) for container, stream in self.opened)
        return exactly and not self.following

    def blocks(self, damage: Damage) -> Iterator[Block]:
        """The whole sound in blocks of about a second, of shape (num_channels, num_samples).

        Raises:
            MoreChannels: at the end, where blocks held fewer channels than the file does: read it again.
        """
        self._needed = list(self.channels)
        zero_s, end_s = self._zero_s(), 0.0
        parts = [
            self._fitted(index, blocks_in_time(container, stream, damage, zero_s))
            for index, (container, stream) in enumerate(self.opened)
        ]
        own = parts[0] if len(parts) == 1 else side_by_side(parts, self.channels, self.sample_rate_hz)
        for samples, rate_hz in own:
            end_s += samples.shape[1] / rate_hz
            yield samples, rate_hz
        for opens in self.following:
            for samples, rate_hz in self._of_next(opens, damage, end_s):
                end_s += samples.shape[1] / rate_hz
                yield samples, rate_hz
        self.check_channels()

    def _of_next(
        self, opens: Callable[[], AbstractContextManager[Tracks]], damage: Damage, start_s: float
    ) -> Iterator[Block]:
        """The sound of a recording that was joined to this one, in as many channels."""
        try:
            with opens() as part:
                damage.format_changed |= part._as_written() != self._as_written()
                more = part.num_channels - self.num_channels
                self._needed[-1] = max(self._needed[-1], self.channels[-1] + more)
                position_s = start_s
                for samples, rate_hz in part.blocks(damage):
                    end_s = position_s + samples.shape[1] / rate_hz
                    if part.num_channels == 1 < self.num_channels:
                        self.widened.append((position_s, end_s))
                    position_s = end_s
                    yield with_channels(samples, self.num_channels), rate_hz
        except (InvalidMediaError, MoreChannels):
            damage.truncated = True  # what can be heard before it counts

    def blocks_at_one_rate(self, damage: Damage) -> Iterator[Samples]:
        """As :meth:`blocks`, all at :attr:`sample_rate_hz`."""
        return at_rate(self.blocks(damage), self.sample_rate_hz)

    def check_channels(self) -> None:
        """Whether what was read until here had no more channels than :attr:`channels`."""
        if tuple(self._needed) != self.channels:
            raise MoreChannels(tuple(self._needed))

    def _fitted(self, index: int, blocks: Iterator[Block]) -> Iterator[Block]:
        wanted, position_s = self.channels[index], 0.0
        for samples, rate_hz in blocks:
            found, end_s = samples.shape[0], position_s + samples.shape[1] / rate_hz
            if found > media.MAX_CHANNELS:
                raise media.undecodable(f"{found} channels are none of a call")
            if found == 1 < wanted:
                self.widened.append((position_s, end_s))
            self._needed[index] = max(self._needed[index], found)
            position_s = end_s
            yield with_channels(samples, wanted), rate_hz

    def _as_written(self) -> list[tuple[int, int]]:
        codecs = [stream.codec_context for _, stream in self.opened]
        return [(codec.channels, codec.sample_rate) for codec in codecs]

    def _zero_s(self) -> float:
        start_s = (self.container.start_time or 0) / 1e6
        absolute = self.container.format.name in _ABSOLUTE and 0 <= start_s <= LATEST_START_S
        return 0.0 if absolute else start_s


@contextmanager
def opened(uri: str, options: CallOptions) -> Iterator[Tracks]:
    """As :func:`opened_source`, of a file that nothing else is asked about."""
    with Source(uri, UNHASHED) as source, opened_source(source, options) as found:
        yield found


@contextmanager
def opened_source(
    source: Source, options: CallOptions, channels: tuple[int, ...] | None = None
) -> Iterator[Tracks]:
    """The tracks of a recording. The first of them reads ``source``, which is read by one at a time.

    Args:
        channels: of each track, where they are known.

    Raises:
        InvalidMediaError: ``media_empty``, ``media_undecodable`` or ``media_no_audio``.
        InvalidRequestError: ``options.audio_format`` is not a headerless format that we know.
    """
    sections = _sections(source, options)
    with _opened(source, sections[0], options, channels) as found:
        found.following = [partial(_opened, source, section, options) for section in sections[1:]]
        yield found


_Range = tuple[int, int] | None
"""First and last byte of a recording within its file; None: all of it."""


def _sections(source: Source, options: CallOptions) -> Sequence[_Range]:
    if media.is_headerless(source.head, options):
        return [None]
    starts = section_starts(source)
    if len(starts) == 1:
        return [None]
    ends = [*starts, source.seek(0, 2)]
    return [*pairwise(ends)][:MAX_SECTIONS]


@contextmanager
def _opened(
    source: Source, section: _Range, options: CallOptions, channels: tuple[int, ...] | None = None
) -> Iterator[Tracks]:
    def part_of(whole: Source) -> Source | Section:
        return whole if section is None else Section(whole, *section)

    with ExitStack() as stack:
        container = stack.enter_context(media.opened_container(part_of(source), options))
        streams, left_out = _chosen(container)
        found = [(container, streams[0])]
        for stream in streams[1:]:
            beside = stack.enter_context(Source(source.uri, UNHASHED))
            again = stack.enter_context(media.opened_container(part_of(beside), options))
            found.append((again, again.streams[stream.index]))
        counts = channels or tuple(stream.codec_context.channels for stream in streams)
        rate_hz = max(int(stream.codec_context.sample_rate) for stream in streams)
        yield Tracks(found, left_out, counts, rate_hz)


def read(source: Source, options: CallOptions, work: Callable[[Tracks], T]) -> T:
    """``work`` with the tracks of a recording; a second time where the number of channels grows within it."""
    channels: tuple[int, ...] | None = None
    while True:
        try:
            with opened_source(source, options, channels) as found:
                return work(found)
        except MoreChannels as more:
            channels = more.channels


def _chosen(container: Any) -> tuple[list[Any], tuple[str, ...]]:
    """The tracks to hear, in the order of the file, and what is said of the others."""
    best = container.streams.best("audio")
    if best is None:
        raise media.no_audio("it holds no audio track")
    if len(container.streams.audio) > 1:
        sound, left_out = _sorted_out(container.streams.audio)
        if sound:
            total = sum(stream.codec_context.channels for stream in sound)
            if total > media.MAX_CHANNELS:
                raise media.undecodable(f"{total} channels in {len(sound)} tracks are none of a call")
            return sound, left_out
    else:
        left_out = ()
    if best.codec_context is None:
        raise media.undecodable("no decoder for its audio track")
    media.check_plausible(best.codec_context)
    return [best], tuple(reason for reason in left_out if not reason.startswith(f"{_name(best)} "))


def _sorted_out(streams: Any) -> tuple[list[Any], tuple[str, ...]]:
    sound, left_out = [], []
    for stream in streams:
        aside = [
            name for name in BESIDE_THE_CALL if getattr(type(stream.disposition), name) in stream.disposition
        ]
        codec = stream.codec_context
        if aside:
            left_out.append(f"{_name(stream)} is marked as {aside[0]}")
        elif codec is None or not media.is_plausible(codec):
            left_out.append(f"{_name(stream)} cannot be decoded")
        else:
            sound.append(stream)
    return sound, tuple(left_out)


def _name(stream: Any) -> str:
    return f"track {stream.index}"


def packets_duration_s(source: Source, options: CallOptions, limit_s: float) -> float:
    """By reading the packets of the audio tracks without decoding, no further than ``limit_s``: about a second for an
    MP3 of three hours."""
    total_s = 0.0
    for section in _sections(source, options):
        with _opened(source, section, options) as found:
            streams = [stream for _, stream in found.opened]
            container = found.container
            of_container = [container.streams[stream.index] for stream in streams]
            total_s += media.packets_duration_s(container, of_container, limit_s - total_s)
        if total_s > limit_s:
            break
    return total_s
