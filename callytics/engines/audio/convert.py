"""Converts a recording to a playable format, at its own rate and channels, in bounded memory.

pydub, which cuts out single turns (cut.py), would hold the whole recording as PCM, so packets are streamed through
PyAV instead.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from callytics.domain import CallOptions
from callytics.engines.audio import frames, media, tracks
from callytics.engines.audio.source import UNHASHED, Source
from callytics.engines.audio.timeline import Block
from callytics.engines.audio.tones import TONE_AMPLITUDE, Interval, with_tones
from callytics.errors import InvalidRequestError


@dataclass(frozen=True)
class Target:
    """An output format: FFmpeg's muxer, encoder and sample format, and the limits of the encoder."""

    muxer: str
    codec: str
    sample_format: str
    rates_hz: tuple[int, ...] = ()  # empty: any
    max_channels: int = 8
    bit_rate_per_channel: int | None = None


TARGETS = {
    "wav": Target("wav", "pcm_s16le", "s16"),
    "flac": Target("flac", "flac", "s16"),
    "mp3": Target(
        "mp3", "libmp3lame", "s16p", (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000), 2, 48_000
    ),
    "opus": Target("ogg", "libopus", "s16", (8000, 12000, 16000, 24000, 48000), 2, 32_000),
}
MEDIA_TYPES = {"wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg", "opus": "audio/ogg"}


LAYOUTS = ("mono", "stereo", "2.1", "4.0", "5.0", "5.1", "6.1", "7.1")
"""FFmpeg's usual layout for 1 to 8 channels: many files do not declare theirs."""


def convert_to(
    uri: str,
    format: str,
    sink: BinaryIO,
    options: CallOptions | None = None,
    max_duration_s: float = math.inf,
    tones: Sequence[Interval] = (),
) -> None:
    """Write a recording in another format to ``sink``, which must be seekable.

    The sample rate and channels are kept if the format supports them. Otherwise the next higher supported rate and two
    channels are used (above eight channels, only the first eight count). Lost parts are filled with silence, as in the
    analysis, so the times of the transcript apply to the converted recording. A tone replaces each of ``tones``,
    (start, end) in seconds, on every channel.

    Raises:
        InvalidRequestError: ``format`` is not wav, flac, mp3 or opus.
        InvalidMediaError: the recording cannot be decoded, or is longer than ``max_duration_s``.
    """
    target = known_format(format)

    def written(found: tracks.Tracks) -> None:
        sink.seek(0)  # of an attempt that met more channels
        sink.truncate()
        write(toned(found, tones, max_duration_s), target, sink)

    with Source(uri, UNHASHED) as source:
        tracks.read(source, options or CallOptions(), written)


def known_format(format: str) -> Target:
    if format not in TARGETS:
        raise InvalidRequestError(
            "format_unknown", f"Unknown format {format!r}; use one of: {', '.join(TARGETS)}."
        )
    return TARGETS[format]


def toned(
    found: tracks.Tracks,
    tones: Sequence[Interval],
    max_duration_s: float,
    amplitude: float = TONE_AMPLITUDE,
) -> Iterator[Block]:
    """The blocks of a recording with ``tones`` over their parts; with an amplitude of 0, silence."""
    damage = frames.Damage()
    duration_s, rate_hz = 0.0, found.sample_rate_hz
    for block in found.blocks_at_one_rate(damage):
        samples = with_tones(frames.sanitised(block, damage), duration_s, rate_hz, tones, amplitude)
        duration_s += samples.shape[1] / rate_hz
        if duration_s > max_duration_s:
            raise media.too_long(duration_s, max_duration_s)
        yield samples, rate_hz


def write(blocks: Iterable[Block], target: Target, sink: BinaryIO) -> None:
    """Encode blocks of float32, shape (num_channels, num_samples), each with its sample rate."""
    import av

    with av.open(sink, "w", format=target.muxer) as container:
        output: Any = None
        resampler: Any = None
        num_channels = 0
        for samples, rate_hz in blocks:
            if output is None:
                num_channels = min(samples.shape[0], len(LAYOUTS))
                output = _add_stream(container, target, rate_hz, num_channels)
                resampler = av.AudioResampler(target.sample_format, output.layout, output.rate)
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(frames.with_channels(samples, num_channels)),
                "fltp",
                LAYOUTS[num_channels - 1],
            )
            frame.sample_rate = rate_hz
            for ready in resampler.resample(frame):
                container.mux(output.encode(ready))
        if output is None:
            raise media.no_audio("not a single sample could be decoded")
        for ready in resampler.resample(None):
            container.mux(output.encode(ready))
        container.mux(output.encode(None))


def convert(
    uri: str,
    format: str,
    options: CallOptions | None = None,
    max_duration_s: float = math.inf,
    tones: Sequence[Interval] = (),
) -> bytes:
    """Like :func:`convert_to`, in memory: three hours of stereo at 8 kHz are 346 MB as WAV, about 100 MB as Opus."""
    sink = io.BytesIO()
    convert_to(uri, format, sink, options, max_duration_s, tones)
    return sink.getvalue()


def _add_stream(container: Any, target: Target, rate_hz: int, num_channels: int) -> Any:
    if target.rates_hz and rate_hz not in target.rates_hz:
        rate_hz = next((known for known in target.rates_hz if known >= rate_hz), target.rates_hz[-1])
    num_channels = num_channels if num_channels <= target.max_channels else 2
    stream = container.add_stream(target.codec, rate=rate_hz, layout=LAYOUTS[num_channels - 1])
    if target.bit_rate_per_channel is not None:
        stream.bit_rate = target.bit_rate_per_channel * num_channels
    return stream
