"""Opens recordings of unknown origin with FFmpeg's libraries (PyAV), and rejects other files.

Recordings are untrusted, so their content must not make FFmpeg open anything else. Files are passed as Python file
objects (FFmpeg never sees a name such as "concat:..." or "http://..."), and only demuxers of self-contained audio and
video files are allowed. Playlists (HLS, DASH, ffconcat, SDP), which name other files, are rejected.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from callytics.domain import CallOptions, Media
from callytics.engines.audio import headerless
from callytics.engines.audio.joined import Section
from callytics.engines.audio.source import Source
from callytics.errors import InvalidMediaError

ALLOWED_DEMUXERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dss,eac3,flac,flv,g722,g726,gsm,ircam,matroska,mov,mp3,mpc,"
    "mpc8,mpeg,mpegts,nut,ogg,rm,sln,sox,tta,voc,w64,wav,wv,xwma"
)
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 2_000, 768_000  # below, no speech is left; above, there are no recorders
MAX_CHANNELS = 32
_SELF_DESCRIBING = (
    b"RIFF",
    b"RF64",
    b"fLaC",
    b"OggS",
    b"ID3",
    b".snd",
    b"#!AMR",
    b"\x1aE\xdf\xa3",
    b"FORM",
    b"caff",
    b"0&\xb2u",
)
_STREAMED_RIFF_SIZES = (b"\xff\xff\xff\xff", b"\x00\x00\x00\x00")


@contextmanager
def opened_container(source: Source | Section, options: CallOptions) -> Iterator[Any]:
    """A PyAV container. One reads a source at a time; tracks.py chooses among its tracks.

    Raises:
        InvalidMediaError: ``media_empty`` or ``media_undecodable``.
        InvalidRequestError: ``options.audio_format`` is not a headerless format that we know.
    """
    import av

    source.seek(0)
    arguments = _open_arguments(source.head, options)
    try:
        file: Any = source
        if options.audio_format == "vox" and is_headerless(source.head, options):
            file = headerless.WithHeader(source, options.audio_sample_rate_hz or headerless.DEFAULT_RATE_HZ)
        container = av.open(file, metadata_errors="ignore", **arguments)
    except MemoryError as error:  # FFmpeg's is one, too
        raise too_complex("the memory that it may take") from error
    except (av.FFmpegError, ValueError) as error:
        raise undecodable(str(getattr(error, "strerror", None) or error)) from error
    with container:
        yield container


def is_plausible(codec: Any) -> bool:
    """What :func:`check_plausible` lets through."""
    return bool(
        LOWEST_RATE_HZ <= codec.sample_rate <= HIGHEST_RATE_HZ and 1 <= codec.channels <= MAX_CHANNELS
    )


def check_plausible(codec: Any) -> None:
    """Refuse headers that would make hours of nothing, or gigabytes, out of a few bytes."""
    if not LOWEST_RATE_HZ <= codec.sample_rate <= HIGHEST_RATE_HZ:
        raise undecodable(f"a sample rate of {codec.sample_rate} Hz is none of a recording")
    if not 1 <= codec.channels <= MAX_CHANNELS:
        raise undecodable(f"{codec.channels} channels are none of a call")


def _open_arguments(head: bytes, options: CallOptions) -> dict[str, Any]:
    if not head:
        raise InvalidMediaError("media_empty", "The file is empty (0 bytes). Send the recording again.")
    limits = {"format_whitelist": ALLOWED_DEMUXERS, "protocol_whitelist": "none"}
    if not is_headerless(head, options):
        return {"container_options": limits}
    return headerless.open_arguments(options)


def is_headerless(head: bytes, options: CallOptions) -> bool:
    """Whether what the caller says of the format counts: a header is believed more."""
    described = head.startswith(_SELF_DESCRIBING) or head[4:8] == b"ftyp"
    return options.audio_format is not None and not described


def describe(container: Any, stream: Any, duration_s: float, sha256: str = "") -> Media:
    """Properties of the received file; the caller has measured ``duration_s`` and ``sha256``."""
    codec = stream.codec_context
    return Media(
        sha256=sha256,
        format=short_format(container.format.name),
        codec=codec.codec.canonical_name,
        sample_rate_hz=codec.sample_rate,
        channels=codec.channels,
        duration_s=duration_s,
    )


def short_format(ffmpeg_name: str) -> str:
    """One name for FFmpeg's list of names: "mov,mp4,m4a,3gp,3g2,mj2" is "mp4", "matroska,webm" is "webm"."""
    return {"mov,mp4,m4a,3gp,3g2,mj2": "mp4", "matroska,webm": "webm"}.get(ffmpeg_name, ffmpeg_name)


def declared_duration_s(container: Any, stream: Any, zero_s: float = 0.0) -> float | None:
    """From ``zero_s`` to the end of the track, as the header says, or FFmpeg's estimate from the bit rate; None where
    neither exists."""
    if stream.duration is not None and stream.time_base is not None:
        late_s = float((stream.start_time or 0) * stream.time_base) - zero_s
        if container.format.name == "asf":
            late_s = 0.0  # its header tells the length of the file, not of each track
        return float(stream.duration * stream.time_base) + max(0.0, late_s)
    of_track_s = _tagged_duration_s(stream)
    if of_track_s is not None:
        return of_track_s - zero_s
    return None if container.duration is None else container.duration / 1e6


def _tagged_duration_s(stream: Any) -> float | None:
    """Matroska's statistics tag of a track, such as 00:01:02.500000000: the time of its end."""
    text = next((value for name, value in stream.metadata.items() if name.upper() == "DURATION"), "")
    found = re.fullmatch(r"(\d{1,6}):([0-5]\d):([0-5]\d(?:\.\d+)?)", text)
    return None if found is None else int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])


def declares_exactly(container: Any, stream: Any, head: bytes) -> bool:
    """Whether the declared duration comes from a header: then fewer samples than declared means a cut file."""
    name = container.format.name
    if name == "mp3":
        return any(tag in head for tag in (b"Xing", b"Info", b"VBRI"))
    of_file = name in {"matroska,webm", "asf"} and _tagged_duration_s(stream) is None
    if of_file and len(container.streams) > 1:
        return False  # what is declared is the length of the longest track: a picture, perhaps
    return name in {
        "wav",
        "w64",
        "aiff",
        "au",
        "caf",
        "flac",
        "mov,mp4,m4a,3gp,3g2,mj2",
        "matroska,webm",
        "asf",
    }


def is_streamed_wav(head: bytes) -> bool:
    """A WAV written before its length was known: sizes of 0 or 0xFFFFFFFF, which is not damage."""
    return head[:4] == b"RIFF" and head[4:8] in _STREAMED_RIFF_SIZES


def packets_duration_s(container: Any, streams: Sequence[Any], limit_s: float) -> float:
    """The length of the longest of some tracks, by reading packets without decoding, no further than ``limit_s``."""
    import av

    total_s = dict.fromkeys((stream.index for stream in streams), 0.0)
    last_end_s = dict(total_s)
    try:
        for packet in container.demux(*streams):
            if packet.duration:
                base_s, track = float(packet.time_base or 0), packet.stream_index
                length_s = packet.duration * base_s
                total_s[track] += length_s
                if total_s[track] > limit_s:
                    return total_s[track]
                if packet.pts is not None:
                    last_end_s[track] = max(last_end_s[track], packet.pts * base_s + length_s)
    except av.FFmpegError:
        pass  # a cut file: what was read until here counts
    # Timestamps count pauses that hold no packets (WebM), but a hostile one may lie: the sum of lengths cannot.
    return max(
        end_s if total_s[track] <= end_s <= 2 * total_s[track] + 60 else total_s[track]
        for track, end_s in last_end_s.items()
    )


def undecodable(reason: str) -> InvalidMediaError:
    return InvalidMediaError(
        "media_undecodable",
        f"No decoder understands this file ({reason}). Send a recording such as WAV, MP3, M4A, OGG, FLAC, WMA or AMR; "
        "for headerless telephony files give audio_format (mulaw, alaw, s16le, g722, gsm or vox), "
        "audio_channels and audio_sample_rate_hz.",
    )


def no_audio(reason: str) -> InvalidMediaError:
    return InvalidMediaError("media_no_audio", f"There is no sound in this file: {reason}.")


def too_complex(limit: str) -> InvalidMediaError:
    return InvalidMediaError(
        "media_too_complex",
        f"This file could not be examined within {limit}. Convert it to WAV, FLAC, MP3 or Opus, with one audio track "
        "and without pictures, and send that.",
    )


def too_long(duration_s: float, limit_s: float) -> InvalidMediaError:
    return InvalidMediaError(
        "media_too_long",
        f"The recording lasts {math.ceil(duration_s / 60)} minutes or more; at most {limit_s / 60:.0f} are analysed. "
        "Split it, or raise max_duration_s.",
    )
