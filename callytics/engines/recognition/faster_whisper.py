"""Speech recognition with Whisper on CTranslate2 (faster-whisper), made for calls.

    every channel: voice activity -> spans -> windows of speech, nothing else     speech.py
    both channels: a span that only echoes the other channel is left out          crosstalk.py
    language, from several windows, where the caller did not say
    batches of windows: beam search -> words with times                           decoding.py
    windows with loops, missing text or low probability: again, in halves, then with a repetition penalty
    what was not said is dropped and reported                                     hallucination.py, crosstalk.py

Everything is deterministic: there is no sampling, and no window sees the text of another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from callytics import models
from callytics.domain import Audio, CallOptions, DroppedText, Flag, LanguageScore, Pcm, Transcript, Word
from callytics.engines.recognition.crosstalk import Levels, leaked_words
from callytics.engines.recognition.decoding import Decoded, Decoder, Search
from callytics.engines.recognition.evidence import believed_words
from callytics.engines.recognition.hallucination import badness, suspicious
from callytics.engines.recognition.speech import (
    Span,
    SpeechDetector,
    Window,
    pack,
    pad_spans,
    speech_spans,
    split_long,
)
from callytics.errors import InvalidRequestError

T = TypeVar("T")
UNDETERMINED = "und"  # ISO 639-2
WINDOW_S = 30.0  # what Whisper hears at a time
UNCERTAIN_LANGUAGE = 0.5


class FasterWhisperRecognizer:
    """``(Audio, CallOptions) -> Transcript``. Safe to call from several threads.

    Args:
        model: a name in callytics/models.json, or the path of a CTranslate2 Whisper folder.
        device: "cpu", "cuda" or "auto".
        compute_type: of CTranslate2: "int8" on CPUs, "float16" or "int8_float16" on GPUs.
        cpu_threads: per call; ``num_workers`` calls run at the same time.
        beam_size: width of the beam search.
        batch_size: windows decoded together.
        retry_logprob: a window whose mean log probability is lower is decoded in halves too, and the more
            probable text is taken. Chosen on three mono calls composed for development: CER .303 to .276,
            .265 to .261 and no change (English); retrying every window gave the same. On other calls it has
            cost as much as it gained. Costs a second pass on noisy calls.
        languages: the only languages to expect when detecting; empty for all of Whisper's.
        likely_languages: of these the best is taken where detection is a guess (a few words, bad sound).
        detection_windows: windows of speech that the language is judged by.
        vad_threshold: probability above which Silero calls it speech (its own default).
        min_speech_s: shorter spans are noise.
        min_silence_s: shorter pauses do not cut.
        pad_s: kept around every span, so that soft starts and ends are heard. faster-whisper's default; on
            five calls composed for development 0.4 against 0.2 gave CER .184 / .220 stereo, .240 / .238 mono.
    """

    def __init__(
        self,
        model: str = "whisper-base",
        device: str = "cpu",
        compute_type: str = "int8",
        cpu_threads: int = 2,
        num_workers: int = 1,
        beam_size: int = 5,
        batch_size: int = 8,
        retry_logprob: float = -0.4,
        languages: Sequence[str] = (),
        likely_languages: Sequence[str] = (),
        detection_windows: int = 4,
        vad_threshold: float = 0.5,
        min_speech_s: float = 0.1,
        min_silence_s: float = 0.3,
        pad_s: float = 0.4,
    ) -> None:
        from faster_whisper import WhisperModel

        if Path(model).is_dir():
            folder, self.model, self.model_revision = Path(model), Path(model).name, "local"
        else:
            folder, self.model, self.model_revision = (
                models.locate(model),
                model,
                models.get_model(model).revision,
            )
        whisper = WhisperModel(
            str(folder),
            device=device,
            compute_type=compute_type,
            cpu_threads=cpu_threads,
            num_workers=num_workers,
        )
        self._is_multilingual = bool(whisper.model.is_multilingual)
        self._known_languages = frozenset(whisper.supported_languages)
        self._decoder = Decoder(whisper)
        self._detector = SpeechDetector()
        self._search = Search(beam_size=beam_size)
        self._batch_size = batch_size
        self._retry_logprob = retry_logprob
        self._languages = tuple(languages)
        self._likely_languages = frozenset(likely_languages)
        self._detection_windows = detection_windows
        self._vad_threshold = vad_threshold
        self._min_speech_s = min_speech_s
        self._min_silence_s = min_silence_s
        self._pad_s = pad_s

    def __call__(self, audio: Audio, options: CallOptions) -> Transcript:
        """The words of a call: of each channel by itself where the parties have one each.

        Raises:
            InvalidRequestError: ``language_unknown``.
        """
        asked = self._checked_language(options.language)
        pcm = audio.pcm
        levels = Levels(pcm) if pcm.num_channels == 2 else None
        speech = [self._detector(pcm, channel) for channel in range(pcm.num_channels)]
        windows, dropped = self._windows(pcm, speech, levels)
        if not windows:
            flag = Flag("no_speech", "No speech was found in the recording.")
            return Transcript((), asked or UNDETERMINED, (), pcm.duration_s, tuple(dropped), (flag,))
        scores = () if asked else self._detect_language(pcm, windows)
        language = asked or most_likely(scores, self._likely_languages)
        hotwords = ", ".join(options.hotwords) or None
        words: list[Word] = []
        for decoded in self._decode(pcm, windows, language, hotwords):
            believed, not_believed = believed_words(decoded, speech[decoded.window.channel])
            words += believed
            dropped += not_believed
        if levels:
            words, twice = _without_leaks(words, levels)
            dropped += twice
        else:
            words = [replace(word, channel=None) for word in words]
        return Transcript(
            words=tuple(sorted(words, key=lambda word: (word.start_s, word.end_s))),
            language=language,
            language_scores=scores,
            duration_s=pcm.duration_s,
            dropped=tuple(sorted(dropped, key=lambda text: text.start_s)),
            flags=tuple(_flags(words, language, scores, dropped)),
        )

    def _checked_language(self, language: str | None) -> str | None:
        if not self._is_multilingual:
            return "en"
        if language is None:
            return self._languages[0] if len(self._languages) == 1 else None
        code = language.lower().split("-")[0]
        if code not in self._known_languages:
            raise InvalidRequestError(
                "language_unknown",
                f"The recogniser has no language {language!r}; give an ISO 639-1 code, or none.",
            )
        return code

    def _windows(
        self, pcm: Pcm, speech: Sequence[npt.NDArray[np.float32]], levels: Levels | None
    ) -> tuple[list[Window], list[DroppedText]]:
        """Windows of speech of all channels, and the spans left out as leaks of the other channel."""
        windows: list[Window] = []
        dropped: list[DroppedText] = []
        for channel, probabilities in enumerate(speech):
            spans = speech_spans(probabilities, self._vad_threshold, self._min_speech_s, self._min_silence_s)
            leaks = [span for span in spans if levels and levels.is_leak(span, channel)]
            dropped += [DroppedText(span.start_s, span.end_s, "", "crosstalk") for span in leaks]
            kept: list[Span] = pad_spans(
                [span for span in spans if span not in leaks], self._pad_s, pcm.duration_s
            )
            windows += pack(split_long(kept, probabilities, WINDOW_S), channel, WINDOW_S)
        return windows, dropped

    def _detect_language(self, pcm: Pcm, windows: Sequence[Window]) -> tuple[LanguageScore, ...]:
        """Mean over the windows with most speech, weighted by its duration; best first, scores above 0.01."""
        longest = sorted(windows, key=lambda window: -window.duration_s)[: self._detection_windows]
        probabilities = self._decoder.language_probabilities(self._decoder.encode(pcm, longest))
        totals: dict[str, float] = {}
        for window, of_window in zip(longest, probabilities, strict=True):
            for code, probability in of_window.items():
                if not self._languages or code in self._languages:
                    totals[code] = totals.get(code, 0.0) + probability * window.duration_s
        sum_of_all = sum(totals.values())
        ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
        scores = [LanguageScore(code, value / sum_of_all) for code, value in ranked]
        return tuple(score for i, score in enumerate(scores) if i == 0 or score.score >= 0.01)

    def _decode(
        self, pcm: Pcm, windows: Sequence[Window], language: str, hotwords: str | None
    ) -> Iterator[Decoded]:
        for batch in _batches(windows, self._batch_size):
            for decoded in self._decoder.decode(pcm, batch, language, hotwords, self._search):
                if suspicious(decoded) or decoded.avg_logprob < self._retry_logprob:
                    yield from self._decode_again(pcm, decoded, language, hotwords)
                else:
                    yield decoded

    def _decode_again(
        self, pcm: Pcm, first: Decoded, language: str, hotwords: str | None
    ) -> Sequence[Decoded]:
        """The best of: as it was; in halves (of halves); with a penalty on repetition. No sampling, unlike
        Whisper's fallback to higher temperatures: the same call must always give the same text."""
        attempts: list[Sequence[Decoded]] = [[first]]
        halves = first.window.halves()
        if len(halves) > 1:
            parts: list[Decoded] = []
            for half in self._decoder.decode(pcm, halves, language, hotwords, self._search):
                again = suspicious(half)
                parts += self._decode_again(pcm, half, language, hotwords) if again else [half]
            attempts.append(parts)
        # A window that is only improbable is not worth a third pass.
        if all(any(suspicious(one) for one in attempt) for attempt in attempts):
            strict = replace(self._search, repetition_penalty=1.2, no_repeat_ngram_size=4)
            attempts.append(self._decoder.decode(pcm, [first.window], language, hotwords, strict))
        return min(attempts, key=badness)


def most_likely(scores: Sequence[LanguageScore], likely_languages: Collection[str]) -> str:
    """The first, unless it is a guess and one of the likely languages was heard at all."""
    likely = [score.code for score in scores if score.code in likely_languages]
    return likely[0] if likely and scores[0].score < UNCERTAIN_LANGUAGE else scores[0].code


def _batches(items: Sequence[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _without_leaks(words: Sequence[Word], levels: Levels) -> tuple[list[Word], list[DroppedText]]:
    runs = leaked_words(words, levels)
    leaked = {id(word) for run in runs for word in run}
    dropped = [
        DroppedText(run[0].start_s, run[-1].end_s, " ".join(word.text for word in run), "crosstalk")
        for run in runs
    ]
    return [word for word in words if id(word) not in leaked], dropped


def _flags(
    words: Sequence[Word], language: str, scores: Sequence[LanguageScore], dropped: Sequence[DroppedText]
) -> Iterator[Flag]:
    if not words:
        yield Flag("no_speech", "Nothing that was heard is believed to be speech.")
    if scores and scores[0].score < UNCERTAIN_LANGUAGE:
        yield Flag(
            "language_uncertain", f"The language is a guess: {language} (heard most: {scores[0].score:.2f})."
        )
    for reason in sorted({text.reason for text in dropped if text.text}):
        stretches = [text for text in dropped if text.reason == reason and text.text]
        seconds = sum(text.end_s - text.start_s for text in stretches)
        yield Flag(
            f"text_dropped_{reason}",
            f"{len(stretches)} stretches ({seconds:.1f} s) of recognised text were dropped: {reason}.",
        )
