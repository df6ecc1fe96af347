"""Checks the options of one call once, before any work: for the API, the command line and manifests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from callytics.domain import CallOptions, Denoise, Media
from callytics.errors import InvalidRequestError
from callytics.options.languages import language_code

MAX_CHANNELS = 32
"""Channels of a recording; callytics/engines/audio/media.py rejects more."""

MAX_SPEAKERS = 20
MAX_HOTWORDS = 100
MAX_HOTWORD_LENGTH = 100
AUDIO_FORMATS = ("mulaw", "alaw", "s16le", "g722", "gsm", "vox")
ONE_CHANNEL_FORMATS = ("g722", "gsm", "vox")
AUDIO_CHANNELS = range(1, 3)
EXTENSIONS: Mapping[str, tuple[str, int | None]] = {
    **dict.fromkeys(("ulaw", "mulaw", "ul", "pcmu"), ("mulaw", None)),
    **dict.fromkeys(("alaw", "al", "pcma"), ("alaw", None)),
    **{name: (name, None) for name in ONE_CHANNEL_FORMATS},
    "sln": ("s16le", None),
    **{f"sln{khz}": ("s16le", khz * 1000) for khz in (12, 16, 24, 32, 48, 96, 192)},
    "sln44": ("s16le", 44_100),
}
"""File name extensions that Asterisk and others give to one headerless format alone, and its sample rate in Hz where
the extension tells it."""

G722_RATE_HZ = 16_000
SAMPLE_RATES_HZ = range(4000, 192_001)


def call_time(text: str) -> datetime:
    """Time of a call: ISO 8601 with an offset. Without one the time would depend on the country.

    Raises:
        ValueError: it is not such a time.
    """
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(
            f"{text!r} needs an offset, such as 2026-11-22T09:30:00+09:00 or 2026-11-22T00:30:00Z"
        )
    return time


def with_format_of(options: CallOptions, file_name: str) -> CallOptions:
    """The format that the extension of a file name tells, where the caller does not. A header overrules both."""
    if options.audio_format is not None:
        return options
    audio_format, rate_hz = EXTENSIONS.get(file_name.rpartition(".")[2].lower(), (None, None))
    if audio_format is None:
        return options
    return replace(
        options, audio_format=audio_format, audio_sample_rate_hz=options.audio_sample_rate_hz or rate_hz
    )


def checked(options: CallOptions) -> CallOptions:
    """The options in the form for the engines: the language as its code.

    Raises:
        InvalidRequestError: ``language_unknown``, ``option_invalid``: an engine would reject it.
    """
    _within("agent_channel", options.agent_channel, range(MAX_CHANNELS))
    _within("num_speakers", options.num_speakers, range(1, MAX_SPEAKERS + 1))
    _within("audio_sample_rate_hz", options.audio_sample_rate_hz, SAMPLE_RATES_HZ)
    _within("audio_channels", options.audio_channels, AUDIO_CHANNELS)
    if options.audio_format in ONE_CHANNEL_FORMATS and options.audio_channels == 2:
        raise InvalidRequestError(
            "option_invalid", f"{options.audio_format} has one channel: audio_channels cannot be 2."
        )
    if options.audio_format == "g722" and options.audio_sample_rate_hz not in (None, G722_RATE_HZ):
        raise InvalidRequestError(
            "option_invalid",
            f"g722 has {G722_RATE_HZ} Hz: audio_sample_rate_hz cannot be {options.audio_sample_rate_hz}.",
        )
    if options.audio_format is not None and options.audio_format not in AUDIO_FORMATS:
        known = ", ".join(AUDIO_FORMATS)
        raise InvalidRequestError(
            "option_invalid", f"audio_format is one of {known}: {options.audio_format!r}."
        )
    if len(options.hotwords) > MAX_HOTWORDS or any(len(w) > MAX_HOTWORD_LENGTH for w in options.hotwords):
        raise InvalidRequestError(
            "option_invalid", f"At most {MAX_HOTWORDS} hotwords of at most {MAX_HOTWORD_LENGTH} characters."
        )
    if options.denoise is not None and options.denoise not in list(Denoise):
        raise InvalidRequestError(
            "option_invalid", f"denoise is one of {', '.join(Denoise)}: {options.denoise!r}."
        )
    denoise = None if options.denoise is None else Denoise(options.denoise)
    return replace(options, language=language_code(options.language), denoise=denoise)


def _within(name: str, value: int | None, allowed: range) -> None:
    if value is not None and value not in allowed:
        raise InvalidRequestError(
            "option_invalid", f"{name} is a number from {allowed.start} to {allowed.stop - 1}: {value}."
        )


def check_against(options: CallOptions, media: Media) -> None:
    """Check the options against the recording.

    Raises:
        InvalidRequestError: ``agent_channel_unknown``. In a mono recording the option does not apply, and a flag of
            the result says so.
    """
    if options.agent_channel is not None and media.channels > 1 and options.agent_channel >= media.channels:
        raise InvalidRequestError(
            "agent_channel_unknown",
            f"agent_channel is {options.agent_channel}, but the recording has the channels 0 to {media.channels - 1}.",
        )
