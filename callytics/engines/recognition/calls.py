"""What recognition of a call is beside decoding, whatever decodes: windows of speech, language, leaks, flags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from callytics.domain import DroppedText, Flag, LanguageScore, Pcm, Word
from callytics.engines.recognition.crosstalk import Levels, leaked_words
from callytics.engines.recognition.speech import Window, pack, pad_spans, speech_spans, split_long

UNDETERMINED = "und"  # ISO 639-2
WINDOW_S = 30.0  # what Whisper hears at a time
UNCERTAIN_LANGUAGE = 0.5
MIN_LANGUAGE_SCORE = 0.01  # less is not worth telling


@dataclass(frozen=True)
class VoiceActivity:
    """How spans of speech are found; the defaults are those of FasterWhisperRecognizer.

    Attributes:
        threshold: probability above which Silero calls it speech (its own default).
        min_speech_s: shorter spans are noise.
        min_silence_s: shorter pauses do not cut.
        pad_s: kept around every span, so that soft starts and ends are heard.
    """

    threshold: float = 0.5
    min_speech_s: float = 0.1
    min_silence_s: float = 0.3
    pad_s: float = 0.4


def speech_windows(
    pcm: Pcm, speech: Sequence[npt.NDArray[np.float32]], levels: Levels | None, activity: VoiceActivity
) -> tuple[list[Window], list[DroppedText]]:
    """Windows of speech of all channels, and the spans left out as leaks of the other channel.

    Args:
        speech: of each channel, the probability of speech every 32 ms, shape (num_frames,).
        levels: of both channels of a stereo call; None for a mono call.
    """
    windows: list[Window] = []
    dropped: list[DroppedText] = []
    for channel, probabilities in enumerate(speech):
        spans = speech_spans(probabilities, activity.threshold, activity.min_speech_s, activity.min_silence_s)
        leaks = [span for span in spans if levels and levels.is_leak(span, channel)]
        dropped += [DroppedText(span.start_s, span.end_s, "", "crosstalk") for span in leaks]
        kept = pad_spans([span for span in spans if span not in leaks], activity.pad_s, pcm.duration_s)
        windows += pack(split_long(kept, probabilities, WINDOW_S), channel, WINDOW_S)
    return windows, dropped


def language_scores(
    windows: Sequence[Window], probabilities: Sequence[Mapping[str, float]], languages: Sequence[str]
) -> tuple[LanguageScore, ...]:
    """Mean over the windows, weighted by their duration; best first.

    Args:
        probabilities: language code -> probability, of each window.
        languages: the only ones to expect; empty for all.
    """
    totals: dict[str, float] = {}
    for window, of_window in zip(windows, probabilities, strict=True):
        for code, probability in of_window.items():
            if not languages or code in languages:
                totals[code] = totals.get(code, 0.0) + probability * window.duration_s
    sum_of_all = sum(totals.values())
    ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    scores = [LanguageScore(code, value / sum_of_all) for code, value in ranked]
    return tuple(score for i, score in enumerate(scores) if i == 0 or score.score >= MIN_LANGUAGE_SCORE)


def without_leaks(words: Sequence[Word], levels: Levels) -> tuple[list[Word], list[DroppedText]]:
    """Words that were said on their channel, and the runs of words that only leaked into it."""
    runs = leaked_words(words, levels)
    leaked = {id(word) for run in runs for word in run}
    dropped = [
        DroppedText(run[0].start_s, run[-1].end_s, " ".join(word.text for word in run), "crosstalk")
        for run in runs
    ]
    return [word for word in words if id(word) not in leaked], dropped


def transcript_flags(
    words: Sequence[Word], language: str, scores: Sequence[LanguageScore], dropped: Sequence[DroppedText]
) -> Iterator[Flag]:
    if not words:
        yield Flag("no_speech", "Nothing that was heard is believed to be speech.")
    if scores and scores[0].score < UNCERTAIN_LANGUAGE:
        message = f"The language is a guess: {language} (heard most: {scores[0].score:.2f})."
        yield Flag("language_uncertain", message)
    for reason in sorted({text.reason for text in dropped if text.text}):
        stretches = [text for text in dropped if text.reason == reason and text.text]
        seconds = sum(text.end_s - text.start_s for text in stretches)
        yield Flag(
            f"text_dropped_{reason}",
            f"{len(stretches)} stretches ({seconds:.1f} s) of recognised text were dropped: {reason}.",
        )
