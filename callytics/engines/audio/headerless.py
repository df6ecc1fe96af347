"""Recordings without a header: telephone exchanges write them, and the caller says what they hold.

Told wrongly, a decoder still makes samples of any bytes, and a recogniser words of any noise. So the samples are looked
at: two channels read as one, one read as two, and bytes of another encoding have statistics that no speech has.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from callytics.domain import CallOptions
from callytics.engines.audio.joined import Section
from callytics.engines.audio.source import Source
from callytics.errors import InvalidMediaError, InvalidRequestError

DEMUXERS = {"mulaw": "mulaw", "alaw": "alaw", "s16le": "s16le", "g722": "g722", "gsm": "gsm", "vox": "wav"}
"""The formats a caller may name, and FFmpeg's demuxer for each."""

G711 = ("mulaw", "alaw")
TWO_CHANNEL_FORMATS = ("mulaw", "alaw", "s16le")
DEFAULT_RATE_HZ = 8000  # what a PBX writes
CHECKED_S = 300.0
Samples = npt.NDArray[np.float32]
_OKI_ADPCM = 0x10  # in a WAV header: what FFmpeg knows the Dialogic ADPCM of .vox files by
_HEADER_BYTES = 44


def open_arguments(options: CallOptions) -> dict[str, Any]:
    """Arguments of av.open for the format that ``options`` name."""
    name = str(options.audio_format)
    if name not in DEMUXERS:
        raise InvalidRequestError(
            "audio_format_unknown", f"Unknown audio_format {name!r}; use one of: {', '.join(DEMUXERS)}."
        )
    told = {"format_whitelist": DEMUXERS[name], "protocol_whitelist": "none"}
    if name in (*TWO_CHANNEL_FORMATS, "gsm"):
        told["sample_rate"] = str(options.audio_sample_rate_hz or DEFAULT_RATE_HZ)
    if name in TWO_CHANNEL_FORMATS:
        told["ch_layout"] = "stereo" if options.audio_channels == 2 else "mono"
    return {"format": DEMUXERS[name], "options": told}


class WithHeader:
    """A .vox file behind the header of a WAV file: FFmpeg has a decoder for it, and no demuxer."""

    def __init__(self, source: Source | Section, sample_rate_hz: int) -> None:
        size = source.seek(0, 2)
        source.seek(0)
        data = min(size, 0xFFFFFFFF - _HEADER_BYTES)
        form = struct.pack("<HHIIHH", _OKI_ADPCM, 1, sample_rate_hz, sample_rate_hz // 2, 1, 4)
        self._header = b"RIFF" + struct.pack("<I", data + 36) + b"WAVEfmt " + struct.pack("<I", 16) + form
        self._header += b"data" + struct.pack("<I", data)
        self._source = source
        self._size = size + len(self._header)
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = max(0, offset + (0, self._position, self._size)[whence])
        return self._position

    def read(self, size: int = -1) -> bytes:
        of_header = self._header[self._position :][: size if size >= 0 else None]
        self._source.seek(max(0, self._position - len(self._header)))
        data = of_header + self._source.read(size - len(of_header) if size >= 0 else -1)
        self._position += len(data)
        return data


# ---------------------------------------------------------------- as told?

NO_SPEECH = 0.25
"""Neighbouring samples of telephone speech correlate by .6 and more, of music too; bytes in a wrong encoding do not."""
BOTH_NEIGHBOURS = (
    0.05  # in one channel read as two, each sample is as near to the one before as to the one after
)
RELATED = 0.5
LOUD_DBFS = -35.0  # line noise, which resembles no speech either, is quieter
STEADY_DB = 12.0  # speech in noise, which may be as little related, rises above it by more
NOTHING_DBFS = -60.0
PAUSES_DBFS, HALF_DBFS = -13.0, -4.0
"""A tenth of all frames, and a half of them, are quieter in any speech: 10 dB and more below what wrong bytes give."""
OTHER_LAW_DB = 20.0  # the pauses of a call are that much quieter in its own law than in the other one
FRAME = 160


def check(samples: Samples, options: CallOptions) -> None:
    """Whether samples of shape (num_channels, num_samples) can be what the caller says.

    Raises:
        InvalidMediaError: ``media_implausible``.
    """
    told_as = str(options.audio_format)
    told = f"as {told_as}, {'two channels' if len(samples) == 2 else 'one channel'}"
    levels_dbfs = _levels_dbfs(samples)
    if not len(levels_dbfs) or levels_dbfs.max() < NOTHING_DBFS:
        return
    if len(samples) == 2 and _is_one(samples):
        raise _implausible(told, "the two are every other sample of one sound: give audio_channels=1")
    if told_as in TWO_CHANNEL_FORMATS and len(samples) == 1 and _are_two(samples[0]):
        raise _implausible(told, "every other sample belongs to another sound: give audio_channels=2")
    if told_as in G711 and suits_other_law(samples, told_as):
        other = {"mulaw": "alaw", "alaw": "mulaw"}[told_as]
        raise _implausible(told, f"its pauses are silent in the other law only: give audio_format={other}")
    related = max(_correlation(row[1:], row[:-1]) for row in samples)
    quiet_dbfs, middle_dbfs, loud_dbfs = np.percentile(levels_dbfs, (10, 50, 95))
    steady = loud_dbfs - quiet_dbfs < STEADY_DB
    noise = related < NO_SPEECH and loud_dbfs > LOUD_DBFS and steady
    if noise or quiet_dbfs > PAUSES_DBFS or middle_dbfs > HALF_DBFS:
        formats = ", ".join(DEMUXERS)
        raise _implausible(
            told,
            f"it is noise. Give the audio_format ({formats}) and audio_channels that the recorder wrote",
        )


def suits_other_law(samples: Samples, law: str) -> bool:
    """Whether samples of shape (num_channels, num_samples), decoded by ``law``, are speech in the other one only.

    Less than a frame tells nothing.
    """
    other = {"mulaw": "alaw", "alaw": "mulaw"}[law]
    return samples.shape[1] >= FRAME and _suits_better(in_other_law(samples, other), samples)


def _is_one(samples: Samples) -> bool:
    same = _correlation(samples[0], samples[1])
    shifted = _correlation(samples[0, 1:], samples[1, :-1])
    return min(same, shifted) > RELATED and abs(same - shifted) < BOTH_NEIGHBOURS


def _are_two(samples: npt.NDArray[np.float32]) -> bool:
    """Each half of the samples is a sound of its own (or silent), and they are less alike than neighbours are."""
    heard = [
        half
        for half in (samples[::2], samples[1::2])
        if _levels_dbfs(half[np.newaxis]).max(initial=-np.inf) > NOTHING_DBFS
    ]
    if not heard:
        return False
    own = min(_correlation(half[1:], half[:-1]) for half in heard)
    return own > RELATED and own - _correlation(samples[1:], samples[:-1]) > NO_SPEECH


def _suits_better(other: Samples, samples: Samples) -> bool:
    quieter_db = float(np.percentile(_levels_dbfs(samples), 10) - np.percentile(_levels_dbfs(other), 10))
    smoother = all(
        _correlation(row[1:], row[:-1]) > _correlation(as_told[1:], as_told[:-1])
        for row, as_told in zip(other, samples, strict=True)
    )
    return quieter_db > OTHER_LAW_DB and smoother


def _levels_dbfs(samples: Samples) -> npt.NDArray[np.float64]:
    """The level of the louder channel, per frame."""
    whole = samples[:, : samples.shape[1] // FRAME * FRAME].reshape(len(samples), -1, FRAME)
    powers: npt.NDArray[np.float64] = (whole.astype(np.float64) ** 2).mean(axis=2).max(axis=0, initial=0.0)
    decibels: npt.NDArray[np.float64] = 10 * np.log10(powers + 1e-10)
    return decibels


def in_other_law(samples: Samples, law: str) -> Samples:
    """Samples that were decoded by one law of G.711, as the other decodes the same bytes."""
    decoded_by = {"mulaw": _alaw(), "alaw": _mulaw()}[law]
    order = np.argsort(decoded_by, kind="stable")
    values = np.rint(samples * 32768).astype(np.int32)
    codes = order[np.searchsorted(decoded_by[order], values).clip(max=255)]
    wanted = {"mulaw": _mulaw(), "alaw": _alaw()}[law]
    return np.asarray(wanted[codes] / 32768, np.float32)


def _mulaw() -> npt.NDArray[np.int32]:
    """The sample of each byte: ITU-T G.711, table 2."""
    code = ~np.arange(256) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int32)


def _alaw() -> npt.NDArray[np.int32]:
    """The sample of each byte: ITU-T G.711, table 1."""
    code = np.arange(256) ^ 0x55
    segment, mantissa = (code & 0x70) >> 4, (code & 0x0F) << 4
    magnitude = np.where(segment == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int32)


def _correlation(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    power = np.sqrt(float(np.dot(one, one)) * float(np.dot(other, other)))
    return float(np.dot(one, other)) / power if power > 0 else 0.0


def _implausible(told: str, reason: str) -> InvalidMediaError:
    return InvalidMediaError(
        "media_implausible", f"This file cannot be speech when it is read {told}: {reason}."
    )
