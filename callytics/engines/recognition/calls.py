"""Recognition of a call with any decoder: windows of speech, language, reading, leaks, flags.

every channel: voice activity -> spans -> windows that contain speech only    speech.py
both channels: a span that only echoes the other channel is excluded          crosstalk.py
language, from several windows, if the request does not give it; then of every stretch      spoken.py
batches of windows -> words with times, repeated if the text looks wrong      readings.py
text that was not spoken is dropped and reported                              evidence.py, crosstalk.py
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from callytics.domain import (
    Announcement,
    Audio,
    CallOptions,
    DroppedText,
    DropReason,
    Flag,
    HeardWindow,
    LanguageScore,
    Pcm,
    Task,
    Transcript,
    Word,
)
from callytics.engines.recognition.crosstalk import Levels, leaked_words
from callytics.engines.recognition.decoding import Decoded, Search
from callytics.engines.recognition.evidence import believed_words
from callytics.engines.recognition.levels import levels_db, with_missed, with_soft_voices
from callytics.engines.recognition.options import WINDOW_S, VoiceActivity
from callytics.engines.recognition.readings import Speech, WindowReader
from callytics.engines.recognition.speech import (
    SpeechDetector,
    Window,
    pack,
    pad_spans,
    speech_spans,
    split_long,
    without_doubtful,
)
from callytics.engines.recognition.spoken import (
    Probabilities,
    Spoken,
    expected_by_channel,
    sure_languages,
)
from callytics.engines.recognition.unread import unread_flags
from callytics.engines.recognition.window_batches import Heard, WindowDecoder
from callytics.engines.tickets import Ticket, current_ticket, working_for
from callytics.errors import InvalidRequestError
from callytics.options.languages import language_code

UNDETERMINED = "und"  # ISO 639-2
UNCERTAIN_LANGUAGE = 0.5
MIN_LANGUAGE_SCORE = 0.01  # lower scores are not reported
PRODUCT_LANGUAGES = ("ko", "en")  # what a stretch may be in where the configuration names no likely languages
MAX_DOUBTFUL_SHARE = 0.2  # of the speech; more makes the language uncertain
MIN_ENGLISH_WORDS = 3  # a reply of "OK" or a brand name is Korean as well
LONG_CALL_S = 3600.0
"""From this length, the sound itself needs much memory (88 MB per hour as FLAC); its windows may have to use less."""


@dataclass(frozen=True)
class Languages:
    """The expected languages.

    Attributes:
        known: codes of the model; empty for an English-only model.
        expected: detection considers only these; empty for all.
        likely: if detection is uncertain (a few words, bad sound), the best of these is used.
        detection_windows: number of windows of speech, the longest ones, for language detection.
    """

    known: Collection[str]
    expected: Sequence[str] = ()
    likely: Collection[str] = ()
    detection_windows: int = 4

    def asked(self, language: str | None) -> str | None:
        """The code that the request, the model or the configuration sets; None if it must be detected.

        Raises:
            InvalidRequestError: ``language_unknown``.
        """
        if not self.known:
            return "en"
        code = language_code(language)
        if code is None:
            return self.expected[0] if len(self.expected) == 1 else None
        if (
            code == "yue" and code not in self.known
        ):  # checkpoints before large-v3 classify Cantonese as Chinese
            code = "zh"
        if code not in self.known:
            raise InvalidRequestError("language_unknown", f"This model has no language {language!r}.")
        return code


class CallRecognizer:
    """``(Audio, CallOptions) -> Transcript`` with a decoder. Safe to call from several threads if the decoder is.

    Args:
        search: parameters of the beam search, for every language.
        batch_size: maximum number of windows per batch.
        num_workers: number of batches decoded at the same time.
        long_call_batch_size: maximum number of windows per batch for a call of LONG_CALL_S or more.
        batch_across_calls: the windows of all calls at work share batches.
        overlap: encode the next batch while one is decoded: for a device beside the CPU.
        translates: the model was trained to translate into English; other models write the spoken language.
    """

    def __init__(
        self,
        decoder: WindowDecoder,
        languages: Languages,
        activity: VoiceActivity,
        search: Search,
        batch_size: int,
        num_workers: int = 1,
        long_call_batch_size: int | None = None,
        translates: bool = True,
        *,
        batch_across_calls: bool = False,
        overlap: bool = False,
    ) -> None:
        self._decoder = decoder
        self._languages = languages
        self._activity = activity
        self._translates = translates and bool(languages.known)
        self._batch_size = batch_size
        self._long_call_batch_size = long_call_batch_size or batch_size
        self._read = WindowReader(
            decoder,
            search,
            num_workers,
            across_calls=batch_across_calls,
            overlap=overlap,
        )
        self._detector = SpeechDetector()

    def __call__(self, audio: Audio, options: CallOptions) -> Transcript:
        """The words of a call; the channels are recognised separately if each party has one.

        Raises:
            InvalidRequestError: ``language_unknown``, ``translation_unsupported``.
        """
        with working_for(current_ticket() or Ticket()):
            return self._transcript(audio, options)

    def close(self) -> None:
        """End the threads of the queue. A second time changes nothing."""
        self._read.close()

    def _transcript(self, audio: Audio, options: CallOptions) -> Transcript:
        asked = self._languages.asked(options.language)
        self._check_task(options.task)
        pcm = audio.pcm
        levels = Levels(pcm) if pcm.num_channels == 2 else None
        speech = [self._detector(pcm, channel) for channel in range(pcm.num_channels)]
        windows, dropped = speech_windows(pcm, speech, levels, self._activity)
        if not windows:
            flag = Flag("no_speech", "No speech was found in the recording.")
            flags = (flag, *task_flags(options.task, asked or UNDETERMINED))
            return Transcript((), asked or UNDETERMINED, (), pcm.duration_s, tuple(dropped), flags)
        batch_size = self._batch_size if pcm.duration_s < LONG_CALL_S else self._long_call_batch_size
        heard = [] if asked else self._read.heard(pcm, self._longest(windows), batch_size)
        scores = self._language_scores(heard)
        language = asked or most_likely(scores, self._languages.likely)
        spoken = self._spoken(heard, language, pcm.num_channels, named=asked is not None)
        words: list[Word] = []
        windows_heard: list[HeardWindow] = []
        windows_read: list[Window] = []
        hotwords = ", ".join(options.hotwords) or None
        speech_of_call = Speech(
            pcm, language, hotwords, options.task, spoken, one_channel=pcm.num_channels == 1
        )
        for decoded in self._read(speech_of_call, windows, batch_size, heard):
            if options.task is Task.TRANSCRIBE:
                decoded = with_written_language(decoded, language, spoken)
            believed, not_believed = believed_words(decoded, speech[decoded.window.channel])
            if believed:
                windows_heard.append(heard_window(decoded, is_stereo=levels is not None))
            words += believed
            dropped += not_believed
            windows_read.append(decoded.window)
        unread = tuple(unread_flags(windows_read, words, dropped, speech))
        if levels:
            words, twice = without_leaks(words, levels)
            dropped += twice
            words = [without_party(word, audio.announcements) for word in words]
        else:
            words = [replace(word, channel=None) for word in words]
        if options.task is Task.TRANSLATE:
            words = [replace(word, language="") for word in words]
        seconds = seconds_by_language(words, language)
        language = max(
            seconds, key=lambda code: (round(seconds[code], 3), code == language), default=language
        )
        return Transcript(
            words=tuple(sorted(words, key=lambda word: (word.start_s, word.end_s))),
            language="en" if options.task is Task.TRANSLATE else language,
            language_scores=scores,
            duration_s=pcm.duration_s,
            dropped=tuple(sorted(dropped, key=lambda text: text.start_s)),
            flags=without_repetition(
                *transcript_flags(words, language, scores, dropped),
                *mixed_flags(seconds, windows_read),
                *unread,
                *task_flags(options.task, language),
            ),
            windows=tuple(sorted(windows_heard, key=lambda window: window.start_s)),
        )

    def _check_task(self, task: Task) -> None:
        if task is Task.TRANSLATE and not self._translates:
            raise InvalidRequestError(
                "translation_unsupported",
                "The model of this recogniser cannot translate: it was not trained to. Configure one that was, such "
                "as whisper-base or large-v3 (not a turbo, distilled or English-only model).",
            )

    def _longest(self, windows: Sequence[Window]) -> list[Window]:
        """The longest windows: that of each channel, then those of the call."""
        by_length = sorted(windows, key=lambda window: -window.duration_s)
        of_channels = {window.channel: window for window in reversed(by_length)}.values()
        by_length.sort(key=lambda window: window not in of_channels)
        return by_length[: max(len(of_channels), self._languages.detection_windows)]

    def _language_scores(self, heard: Sequence[Heard]) -> tuple[LanguageScore, ...]:
        windows = [one.window for one in heard]
        probabilities = [
            of_window for one in heard for of_window in self._decoder.language_probabilities(one.encoded)
        ]
        return language_scores(windows, probabilities, self._languages.expected)

    def _spoken(
        self, heard: Sequence[Heard], language: str, num_channels: int, *, named: bool
    ) -> Spoken | None:
        """The languages that stretches may be in; None if there can be only one."""
        known, expected = self._languages.known, self._languages.expected
        stretches = with_stretches(heard)
        sure = {code for code in sure_languages(stretches) if not expected or code in expected}
        candidates = {
            language,
            *sure,
            *(expected or (code for code in self._languages.likely or PRODUCT_LANGUAGES if code in known)),
        }
        if not known or len(candidates) < 2:
            return None
        by_channel = expected_by_channel(stretches, language, candidates, num_channels)
        return Spoken(frozenset(candidates), by_channel, named)


def speech_windows(
    pcm: Pcm, speech: Sequence[npt.NDArray[np.float32]], levels: Levels | None, activity: VoiceActivity
) -> tuple[list[Window], list[DroppedText]]:
    """Windows of speech of all channels, and the spans excluded as leaks from the other channel.

    Args:
        speech: probability of speech per channel and 32 ms, shape (num_frames,) each.
        levels: levels of both channels of a stereo call; None for a mono call.
    """
    windows: list[Window] = []
    dropped: list[DroppedText] = []
    for channel, probabilities in enumerate(speech):
        own = levels.decibels[channel] if levels else levels_db(pcm, channel)
        likely = with_soft_voices(probabilities, own, activity.threshold)
        spans, wider = (
            without_doubtful(
                speech_spans(frames, activity.threshold, activity.min_speech_s, activity.min_silence_s),
                probabilities,
            )
            for frames in (probabilities, likely)
        )
        spans = with_missed(spans, wider)
        leaks = [span for span in spans if levels and levels.is_leak(span, channel)]
        dropped += [DroppedText(span.start_s, span.end_s, "", DropReason.CROSSTALK) for span in leaks]
        pad_s = activity.pad_s if pcm.num_channels > 1 else activity.mono_pad_s
        kept = pad_spans([span for span in spans if span not in leaks], pad_s, pcm.duration_s)
        windows += pack(split_long(kept, probabilities, WINDOW_S), channel, WINDOW_S)
    return windows, dropped


def with_stretches(heard: Sequence[Heard]) -> list[tuple[Window, Sequence[Probabilities]]]:
    return [(one.window, one.stretches) for one in heard]


def language_scores(
    windows: Sequence[Window], probabilities: Sequence[Mapping[str, float]], languages: Sequence[str]
) -> tuple[LanguageScore, ...]:
    """Mean score over the windows, weighted by their duration; best first.

    Args:
        probabilities: language code -> probability, of each window.
        languages: considers only these; empty for all.
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


def most_likely(scores: Sequence[LanguageScore], likely_languages: Collection[str]) -> str:
    """The best language, unless it is uncertain and a likely language has any score."""
    likely = [score.code for score in scores if score.code in likely_languages]
    return likely[0] if likely and scores[0].score < UNCERTAIN_LANGUAGE else scores[0].code


def with_written_language(decoded: Decoded, language: str, spoken: Spoken | None) -> Decoded:
    """Asked for Korean, Whisper often writes English where it hears English: the script then tells the language."""
    window = decoded.window
    code = window.language or language
    if spoken and {"ko", "en"} <= spoken.candidates and code == "ko" and is_english(decoded.text):
        code = "en"
    return replace(decoded, window=replace(window, language=code))


def is_english(text: str) -> bool:
    return not re.search(r"[가-힣]", text) and len(re.findall(r"[A-Za-z']{2,}", text)) >= MIN_ENGLISH_WORDS


def seconds_by_language(words: Sequence[Word], language: str) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for word in words:
        code = word.language or language
        seconds[code] = seconds.get(code, 0.0) + word.end_s - word.start_s
    return seconds


def mixed_flags(seconds: Mapping[str, float], windows: Sequence[Window]) -> Iterator[Flag]:
    """
    Args:
        seconds: language code -> seconds of words.
        windows: all that were decoded.
    """
    if len(seconds) > 1:
        parts = ", ".join(
            f"{code} {seconds[code]:.0f} s" for code in sorted(seconds, key=lambda c: -seconds[c])
        )
        yield Flag("mixed_languages", f"More than one language is spoken: {parts}.")
    doubtful_s = sum(window.doubtful * window.duration_s for window in windows)
    if doubtful_s > MAX_DOUBTFUL_SHARE * sum(window.duration_s for window in windows):
        message = (
            f"{doubtful_s:.0f} s of speech sound like another language than the one they are written in."
        )
        yield Flag("language_uncertain", message)


def without_repetition(*flags: Flag) -> tuple[Flag, ...]:
    return tuple({flag.code: flag for flag in reversed(flags)}.values())[::-1]


def can_translate(model: str) -> bool:
    """Judged by the name of a checkpoint: turbo was trained without translation data (openai/whisper discussion 2363),
    distil-whisper on transcription only. The checkpoint itself says whether it supports languages besides English."""
    return not any(part in model.lower() for part in ("turbo", "distil"))


def heard_window(decoded: Decoded, is_stereo: bool) -> HeardWindow:
    pieces = decoded.window.pieces
    return HeardWindow(
        start_s=round(pieces[0].start_s, 3),
        end_s=round(pieces[-1].end_s, 3),
        channel=decoded.window.channel if is_stereo else None,
        language=decoded.window.language,
        avg_logprob=round(decoded.avg_logprob, 4),
        no_speech_prob=round(decoded.no_speech_prob, 4),
    )


def task_flags(task: Task, spoken: str) -> Iterator[Flag]:
    if task is Task.TRANSLATE:
        yield Flag(
            "translated",
            f"The text is the recogniser's translation into English; spoken: {spoken}. Its words have no exact times.",
        )


def without_leaks(words: Sequence[Word], levels: Levels) -> tuple[list[Word], list[DroppedText]]:
    """Words spoken on their channel, and the runs of words that only leaked into it."""
    runs = leaked_words(words, levels)
    leaked = {id(word) for run in runs for word in run}
    dropped = [
        DroppedText(run[0].start_s, run[-1].end_s, " ".join(word.text for word in run), DropReason.CROSSTALK)
        for run in runs
    ]
    return [word for word in words if id(word) not in leaked], dropped


def without_party(word: Word, announcements: Sequence[Announcement]) -> Word:
    """A word of an announcement has no channel; any other word is as it was."""
    middle_s = (word.start_s + word.end_s) / 2
    said = any(a.channel == word.channel and a.start_s <= middle_s < a.end_s for a in announcements)
    return replace(word, channel=None) if said else word


def transcript_flags(
    words: Sequence[Word], language: str, scores: Sequence[LanguageScore], dropped: Sequence[DroppedText]
) -> Iterator[Flag]:
    if not words:
        yield Flag("no_speech", "Nothing that was heard is believed to be speech.")
    used = {word.language or language for word in words} or {language}
    if scores and sum(score.score for score in scores if score.code in used) < UNCERTAIN_LANGUAGE:
        message = f"The language is a guess: {language} (heard most: {scores[0].score:.2f})."
        yield Flag("language_uncertain", message)
    for reason in sorted({text.reason for text in dropped if text.text}):
        stretches = [text for text in dropped if text.reason == reason and text.text]
        seconds = sum(text.end_s - text.start_s for text in stretches)
        yield Flag(
            f"text_dropped_{reason}",
            f"{len(stretches)} stretches ({seconds:.1f} s) of recognised text were dropped: {reason}.",
        )
