"""Opens recordings of unknown origin with FFmpeg's libraries (PyAV), and rejects other files.

Recordings are untrusted, so their content must not make FFmpeg open anything else. Files are passed as Python file
objects (FFmpeg never sees a name such as "concat:..." or "http://..."), and only demuxers of self-contained audio and
video files are allowed. Playlists (HLS, DASH, ffconcat, SDP), which name other files, are rejected.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from callytics.domain import CallOptions, Media
from callytics.engines.audio.source import UNHASHED, Source
from callytics.errors import InvalidMediaError, InvalidRequestError

ALLOWED_DEMUXERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dss,eac3,flac,flv,g722,g726,gsm,ircam,matroska,mov,mp3,mpc,"
    "mpc8,mpeg,mpegts,nut,ogg,rm,sln,sox,tta,voc,w64,wav,wv,xwma"
)
RAW_FORMATS = {"mulaw": "mulaw", "alaw": "alaw", "s16le": "s16le"}
"""Headerless formats that a request may name, and FFmpeg's demuxer for each."""

LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 2_000, 768_000  # below, no speech remains; above, no recorders exist
MAX_CHANNELS = 32
DEFAULT_RAW_RATE_HZ = 8000  # the usual rate of a PBX
_SELF_DESCRIBING = (b"RIFF", b"RF64", b"fLaC", b"OggS", b"ID3", b".snd", b"#!AMR", b"\x1aE\xdf\xa3")
_STREAMED_RIFF_SIZES = (b"\xff\xff\xff\xff", b"\x00\x00\x00\x00")


@contextmanager
def opened(uri: str, options: CallOptions) -> Iterator[tuple[Any, Any]]:
    """Like :func:`opened_source`, for a single read of the file."""
    with Source(uri, UNHASHED) as source, opened_source(source, options) as found:
        yield found


@contextmanager
def opened_source(source: Source, options: CallOptions) -> Iterator[tuple[Any, Any]]:
    """A PyAV container and its best audio stream. Only one container may read a source at a time.

    Raises:
        InvalidMediaError: ``media_empty``, ``media_undecodable`` or ``media_no_audio``.
        InvalidRequestError: ``options.audio_format`` is not a known headerless format.
    """
    import av

    source.seek(0)
    arguments = _open_arguments(source.head, options)
    try:
        container = av.open(source, metadata_errors="ignore", **arguments)
    except MemoryError as error:  # FFmpeg's out-of-memory error is one, too
        raise too_complex("the memory that it may take") from error
    except (av.FFmpegError, ValueError) as error:
        raise undecodable(str(getattr(error, "strerror", None) or error)) from error
    with container:
        stream = container.streams.best("audio")
        if stream is None:
            raise no_audio("it holds no audio track")
        if stream.codec_context is None:
            raise undecodable("no decoder for its audio track")
        _check_plausible(stream.codec_context)
        yield container, stream


def _check_plausible(codec: Any) -> None:
    """Reject headers that would expand a few bytes to hours of silence or to gigabytes."""
    if not LOWEST_RATE_HZ <= codec.sample_rate <= HIGHEST_RATE_HZ:
        raise undecodable(f"a sample rate of {codec.sample_rate} Hz is none of a recording")
    if not 1 <= codec.channels <= MAX_CHANNELS:
        raise undecodable(f"{codec.channels} channels are none of a call")


def _open_arguments(head: bytes, options: CallOptions) -> dict[str, Any]:
    if not head:
        raise InvalidMediaError("media_empty", "The file is empty (0 bytes). Send the recording again.")
    limits = {"format_whitelist": ALLOWED_DEMUXERS, "protocol_whitelist": "none"}
    if options.audio_format is None or head.startswith(_SELF_DESCRIBING):
        return {"container_options": limits}
    if options.audio_format not in RAW_FORMATS:
        known = ", ".join(RAW_FORMATS)
        raise InvalidRequestError(
            "audio_format_unknown", f"Unknown audio_format {options.audio_format!r}; use one of: {known}."
        )
    rate_hz = options.audio_sample_rate_hz or DEFAULT_RAW_RATE_HZ
    raw = {
        "sample_rate": str(rate_hz),
        "ch_layout": "mono",
        "format_whitelist": RAW_FORMATS[options.audio_format],
    }
    return {"format": RAW_FORMATS[options.audio_format], "options": raw}


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


def declared_duration_s(container: Any, stream: Any) -> float | None:
    """The duration in the header, or FFmpeg's estimate from the bit rate; None if neither exists."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / 1e6


def declares_exactly(container: Any, head: bytes) -> bool:
    """Whether the declared duration comes from a header: then a file with fewer samples was cut off."""
    name = container.format.name
    if name == "mp3":
        return any(tag in head for tag in (b"Xing", b"Info", b"VBRI"))
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


def packets_duration_s(source: Source, options: CallOptions, limit_s: float) -> float:
    """Duration from the packets of the audio track, without decoding, up to ``limit_s``: about one second for an MP3 of
    three hours."""
    import av

    length_s: float
    total_s = last_end_s = 0.0
    with opened_source(source, options) as (container, stream):
        base_s = float(stream.time_base or 0)
        try:
            for packet in container.demux(stream):
                if packet.duration:
                    length_s = packet.duration * base_s
                    total_s += length_s
                    if total_s > limit_s:
                        return total_s
                    if packet.pts is not None:
                        last_end_s = max(last_end_s, packet.pts * base_s + length_s)
        except av.FFmpegError:
            pass  # the file was cut off: the packets up to here count
    # Timestamps include pauses without packets (WebM), but a hostile file can forge them; it cannot forge the sum.
    return last_end_s if total_s <= last_end_s <= 2 * total_s + 60 else total_s


def undecodable(reason: str) -> InvalidMediaError:
    return InvalidMediaError(
        "media_undecodable",
        f"No decoder understands this file ({reason}). Send a recording such as WAV, MP3, M4A, OGG, FLAC, WMA or AMR; "
        "for headerless telephony files give audio_format (mulaw, alaw or s16le).",
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
