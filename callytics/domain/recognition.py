"""What was recognised: words with times, and text that was judged as not spoken."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from callytics.domain.flag import Flag


class DropReason(StrEnum):
    """The reason why recognised text is judged as not spoken."""

    NO_SPEECH = "no_speech"  # the recogniser itself doubts the speech
    REPETITION = "repetition"  # a loop
    IMPLAUSIBLE_RATE = "implausible_rate"  # more characters per second than a person can speak
    SET_PHRASE = "set_phrase"  # usual output of recognisers for music and silence
    LOW_CONFIDENCE = "low_confidence"
    CROSSTALK = "crosstalk"  # the other party, heard on this channel


@dataclass(frozen=True)
class Word:
    text: str  # without surrounding spaces; may end in punctuation
    start_s: float
    end_s: float
    confidence: float  # 0..1
    channel: int | None = None  # pcm channel of the word; None for a mono call, and in an announcement
    corrected: bool = False  # written by a person; its time is interpolated over the replaced words
    language: str = ""  # "": that of the call


@dataclass(frozen=True)
class LanguageScore:
    code: str
    score: float


@dataclass(frozen=True)
class DroppedText:
    """Text from the recogniser that was judged as not spoken."""

    start_s: float
    end_s: float
    text: str
    reason: DropReason


@dataclass(frozen=True)
class HeardWindow:
    """A stretch that the recogniser decoded as one window and whose words are in the transcript, with its confidence.

    Attributes:
        channel: pcm channel; None for a mono call.
        avg_logprob: mean log probability per token.
        no_speech_prob: the recogniser's probability that there is no speech.
        language: the language in which it was decoded; "": that of the call.
    """

    start_s: float
    end_s: float
    channel: int | None
    avg_logprob: float
    no_speech_prob: float
    language: str = ""


@dataclass(frozen=True)
class Transcript:
    """Output of speech-recognizer: words sorted by start.

    ``language`` is the language of most words; a word in another one says so. For a translation it is "en";
    ``language_scores`` give the spoken one.
    """

    words: tuple[Word, ...]
    language: str
    language_scores: tuple[LanguageScore, ...]
    duration_s: float
    dropped: tuple[DroppedText, ...] = ()
    flags: tuple[Flag, ...] = ()
    windows: tuple[HeardWindow, ...] = ()  # empty if the engine does not report them
