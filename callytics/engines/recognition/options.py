"""Options of the recognisers, checked before any weights are loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from callytics.errors import ConfigError
from callytics.options.languages import LANGUAGES

WINDOW_S = 30.0  # the input length of Whisper


@dataclass(frozen=True)
class VoiceActivity:
    """Settings for finding spans of speech; the defaults are those of FasterWhisperRecognizer.

    Attributes:
        threshold: probability above which Silero detects speech; 0.5 is its own default; a lower one
            was tried in docs/adr/0010. Half of it suffices where the level tells a voice (levels.py).
        min_speech_s: shorter spans count as noise.
        min_silence_s: shorter pauses do not end a span.
        pad_s: padding on both sides of a span, which keeps soft starts and ends, where each party has a channel.
        mono_pad_s: the same where all speak on one channel. Pauses up to twice as long then stay in the sound: cut out,
            Whisper skips sentences, and speech that the detector missed is lost (docs/adr/0035).
    """

    threshold: float = 0.5
    min_speech_s: float = 0.1
    min_silence_s: float = 0.3
    pad_s: float = 0.4
    mono_pad_s: float = 1.5

    def __post_init__(self) -> None:
        """Refuse what finds no speech, or nothing but speech.

        Raises:
            ConfigError: ``engine_options_invalid``.
        """
        check_option("the threshold of voice activity", self.threshold, 0.01, 0.99)
        check_option("min_speech_s", self.min_speech_s, 0.0, 5.0)
        check_option("min_silence_s", self.min_silence_s, 0.0, WINDOW_S)
        check_option("pad_s", self.pad_s, 0.0, 5.0)
        check_option("mono_pad_s", self.mono_pad_s, 0.0, 5.0)


def voice_activity_from(options: Mapping[str, float]) -> VoiceActivity:
    """Settings by name.

    Raises:
        ConfigError: ``engine_options_invalid``, one is unknown or out of range.
    """
    known = [field.name for field in fields(VoiceActivity)]
    if unknown := sorted(set(options) - set(known)):
        raise ConfigError(
            "engine_options_invalid",
            f"speech-recognizer: voice_activity has no {', '.join(unknown)}; there are: {', '.join(known)}.",
        )
    return VoiceActivity(**options)


def check_option(name: str, value: float, smallest: float, largest: float) -> None:
    """Check that a number of the configuration is in its range.

    Raises:
        ConfigError: ``engine_options_invalid``.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not smallest <= value <= largest:
        range_ = f"a number from {smallest:g} to {largest:g}"
        raise ConfigError(
            "engine_options_invalid", f"speech-recognizer: {name} is {value!r}; set it to {range_}."
        )


def check_beam_sizes(beam_sizes: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Widths of the beam by language code, as Search takes them.

    Raises:
        ConfigError: ``engine_options_invalid``, a language is none of Whisper's or a width is out of range.
    """
    if not isinstance(beam_sizes, Mapping):
        raise ConfigError(
            "engine_options_invalid",
            f"speech-recognizer: beam_sizes is {beam_sizes!r}; set it to a width per language, such as {{ko: 8}}.",
        )
    if unknown := [code for code in beam_sizes if code not in LANGUAGES]:
        raise ConfigError(
            "engine_options_invalid",
            f"speech-recognizer: beam_sizes has {unknown[0]!r}; set it to widths by code, such as ko or en.",
        )
    for code, size in beam_sizes.items():
        _check_count(f"beam_sizes of {code}", size)
    return tuple(sorted(beam_sizes.items()))


def check_languages(name: str, codes: Sequence[str]) -> tuple[str, ...]:
    """Language codes of an option, sorted.

    Raises:
        ConfigError: ``engine_options_invalid``, it is no list, or one is none of Whisper's.
    """
    if isinstance(codes, str) or not isinstance(codes, Sequence):
        raise ConfigError(
            "engine_options_invalid",
            f"speech-recognizer: {name} is {codes!r}; set it to a list of codes, such as [en].",
        )
    if unknown := [code for code in codes if code not in LANGUAGES]:
        raise ConfigError(
            "engine_options_invalid",
            f"speech-recognizer: {name} has {unknown[0]!r}; set it to a list of codes, such as [en].",
        )
    return tuple(sorted(set(codes)))


def check_counts(**counts: int | None) -> None:
    """Check that every given option is a whole number of 1 or more.

    Raises:
        ConfigError: ``engine_options_invalid``.
    """
    for name, count in counts.items():
        if count is not None:
            _check_count(name, count)


def _check_count(name: str, count: object) -> None:
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ConfigError(
            "engine_options_invalid",
            f"speech-recognizer: {name} is {count!r}; set it to a whole number of 1 or more.",
        )
