"""Cuts the sound of one turn out of a recording, with pydub.

pydub holds its sound in memory, which suits a turn but not hours of audio (convert.py streams those). pydub never
opens a file, so it needs no ffmpeg program: PyAV decodes its input and encodes its output.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from callytics.domain import CallOptions
from callytics.engines.audio import frames, media, tracks
from callytics.engines.audio.convert import TARGETS, write
from callytics.engines.audio.source import UNHASHED, Source
from callytics.engines.audio.tones import TONE_AMPLITUDE, TONE_HZ, Interval
from callytics.errors import InvalidRequestError

FORMATS = {"wav": "wav", "mp3": "mp3", "ogg": "opus"}
MAX_CUT_S = 15 * 60.0
"""About 90 MB of PCM at 48 kHz in stereo: no turn lasts this long."""


def cut(
    uri: str,
    format: str,
    start_s: float,
    end_s: float,
    options: CallOptions | None = None,
    tones: Sequence[Interval] = (),
) -> bytes:
    """The part from ``start_s`` to ``end_s`` as wav, mp3 or ogg (Opus), at the recording's own rate and channels.

    A tone replaces each of ``tones``, (start, end) in seconds of the recording.

    Raises:
        InvalidRequestError: ``format_unknown``, or ``part_invalid``: no such part, or one above ``MAX_CUT_S``.
        InvalidMediaError: the recording cannot be decoded, or ends before ``start_s``.
    """
    if format not in FORMATS:
        raise InvalidRequestError(
            "format_unknown", f"Unknown format {format!r}; use one of: {', '.join(FORMATS)}."
        )
    if not 0 <= start_s < end_s <= start_s + MAX_CUT_S:
        raise InvalidRequestError(
            "part_invalid",
            f"{start_s:.3f} s to {end_s:.3f} s cannot be cut out: the end must lie after the start, by at most "
            f"{MAX_CUT_S / 60:.0f} minutes.",
        )
    segment = _covered(_segment(uri, start_s, end_s, options or CallOptions()), start_s, tones)
    pcm = np.array(segment.get_array_of_samples(), np.int16).reshape(-1, segment.channels).T
    sink = io.BytesIO()
    write([(pcm.astype(np.float32) / np.float32(32768), segment.frame_rate)], TARGETS[FORMATS[format]], sink)
    return sink.getvalue()


def _segment(uri: str, start_s: float, end_s: float, options: CallOptions) -> Any:
    """Decodes from the beginning, for seeking is not exact in every format, and keeps no more than the part."""
    with Source(uri, UNHASHED) as source:
        return tracks.read(source, options, lambda found: _of_tracks(found, start_s, end_s))


def _of_tracks(found: tracks.Tracks, start_s: float, end_s: float) -> Any:
    damage = frames.Damage()
    kept: list[frames.Samples] = []
    first, rate_hz = 0, found.sample_rate_hz
    start, end = round(start_s * rate_hz), round(end_s * rate_hz)
    for block in found.blocks_at_one_rate(damage):
        part = frames.sanitised(block, damage)[:8, max(0, start - first) : max(0, end - first)]
        if part.shape[1]:
            kept.append(part)
        first += block.shape[1]
        if first >= end:
            break
    found.check_channels()
    if not kept:
        raise media.no_audio(f"it ends before {start_s:.3f} s")
    pcm = np.round(np.concatenate(kept, axis=1) * 32767).astype("<i2")
    return _audio_segment()(
        np.ascontiguousarray(pcm.T).tobytes(), sample_width=2, frame_rate=rate_hz, channels=pcm.shape[0]
    )


def _covered(segment: Any, start_s: float, tones: Sequence[Interval]) -> Any:
    """Tones on all channels: crosstalk carries words as well."""
    from pydub.generators import Sine

    for begin_s, end_s in tones:
        begin = max(
            0, int((begin_s - start_s) * 1000)
        )  # pydub counts in milliseconds: round outwards, so the whole part is covered
        end = min(len(segment), int(np.ceil((end_s - start_s) * 1000)))
        if begin >= end:
            continue
        tone = Sine(TONE_HZ, sample_rate=segment.frame_rate).to_audio_segment(end - begin)
        tone = (tone + float(20 * np.log10(TONE_AMPLITUDE)) - tone.max_dBFS).set_channels(segment.channels)
        segment = segment[:begin] + tone + segment[end:]
    return segment


def _audio_segment() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # pydub warns that it finds no ffmpeg program, which it does not need here
        from pydub import AudioSegment
    return AudioSegment
