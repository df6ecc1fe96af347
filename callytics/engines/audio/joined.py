"""Recordings joined byte by byte: one file holds several, each with a header of its own.

Recorders append to a file after a hold, and people join files with cat. FFmpeg follows that in MP3, AAC, AMR, FLAC and
an Ogg that stays as it began. In a WAV or an MP4 it reads the first recording only, and in an Ogg what comes before the
codec, the rate or the channels change. Those are found here by their headers and read one after the other.

Left as one: a WAV written before its length was known, and a fragmented MP4, whose fragments continue its timestamps.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterable, Iterator

from callytics.engines.audio.source import HEAD_BYTES, Source

MAX_SECTIONS = 1000  # an hour in parts of 4 s; what follows more of them is not read
OGG_HEADER, RIFF_HEADER = 27, 12
IDENTITY_BYTES = 80  # of a stream's first packet: codec, rate and channels
MAX_SEGMENTS = 255
SEARCH_BYTES = 1 << 20
_FIRST_PAGE, _FIRST_PAGE_BYTES = (
    re.compile(rb"OggS\x00[\x02\x06]"),
    6,
)  # flag 2: begins a stream (RFC 3533, 6)


class Section:
    """A part of a source as a file of its own; as of the source, one reader at a time."""

    def __init__(self, source: Source, start: int, end: int) -> None:
        self.uri, self.name = source.uri, getattr(source, "name", source.uri)
        self.start, self.end = start, end
        self._source, self._position = source, 0
        self.head = self.read(HEAD_BYTES)
        self.seek(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = max(0, offset + (0, self._position, self.end - self.start)[whence])
        return self._position

    def read(self, size: int = -1) -> bytes:
        left = max(0, self.end - self.start - self._position)
        self._source.seek(self.start + self._position)
        data = self._source.read(left if size < 0 else min(size, left))
        self._position += len(data)
        return data


def section_starts(source: Source) -> list[int]:
    """The offset at which each recording of a file begins, at most MAX_SECTIONS + 1; [0] for a usual file."""
    head = source.head
    found: Iterable[int]
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        found = _wav_starts(source)
    elif head[4:8] == b"ftyp":
        found = _mp4_starts(source)
    elif head[:4] == b"OggS":
        found = _ogg_starts(source)
    else:
        return [0]
    starts = [0]
    for start in found:
        starts.append(start)
        if len(starts) > MAX_SECTIONS:
            break
    source.seek(0)
    return starts


def _at(source: Source, offset: int, size: int) -> bytes:
    source.seek(offset)
    return source.read(size)


def _wav_starts(source: Source) -> Iterator[int]:
    start = 0
    while True:
        (size,) = struct.unpack("<I", _at(source, start + 4, 4))
        if size in (0, 0xFFFFFFFF):
            return
        for padding in (size & 1, 0):  # not every writer pads
            following = start + 8 + size + padding
            header = _at(source, following, RIFF_HEADER)
            if len(header) == RIFF_HEADER and header[:4] == b"RIFF" and header[8:] == b"WAVE":
                break
        else:
            return
        yield following
        start = following


def _mp4_starts(source: Source) -> list[int]:
    starts: list[int] = []
    offset = 0
    while len(header := _at(source, offset, 16)) >= 8 and len(starts) <= MAX_SECTIONS:
        size, kind = struct.unpack(">I4s", header[:8])
        if size == 1 and len(header) == 16:
            (size,) = struct.unpack(">Q", header[8:])
        if kind == b"moof":
            return []
        if kind == b"ftyp" and offset:
            starts.append(offset)
        if size < 8:  # 0: to the end of the file
            break
        offset += size
    return starts


def _ogg_starts(source: Source) -> Iterator[int]:
    """Where streams begin that differ from those before. Streams that sound at once begin in pages side by side."""
    before: list[bytes] = []
    group: list[bytes] = []
    begin = end = 0
    for offset in _first_pages(source):
        lengths = _at(source, offset + OGG_HEADER - 1, 256)[: 1 + MAX_SEGMENTS]
        lengths = lengths[1 : 1 + lengths[0]]
        if offset != end and group:
            if before and group != before:
                yield begin
            before, group = group, []
        begin = begin if group else offset
        first = offset + OGG_HEADER + len(lengths)
        group.append(_identity(_at(source, first, min(IDENTITY_BYTES, sum(lengths)))))
        end = first + sum(lengths)
    if before and group != before:
        yield begin


def _first_pages(source: Source) -> Iterator[int]:
    """The offsets of the pages that begin a stream. The file is searched for them: passing half a million small pages
    by their headers takes a hundred times as long."""
    offset, kept = 0, b""
    while data := _at(source, offset, SEARCH_BYTES):
        data, start = kept + data, offset - len(kept)
        for found in _FIRST_PAGE.finditer(data):
            yield start + found.start()
        offset += len(data) - len(kept)
        kept = data[-_FIRST_PAGE_BYTES + 1 :]


def _identity(packet: bytes) -> bytes:
    """What FFmpeg does not change within an Ogg; the rest of an Opus header may differ."""
    if packet.startswith(b"OpusHead"):
        return packet[:10]
    if packet.startswith(b"\x01vorbis"):
        return packet[:16]
    return packet
