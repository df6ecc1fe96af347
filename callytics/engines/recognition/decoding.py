"""Decodes windows of speech to words with faster-whisper's model: many windows per batch, deterministic."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from callytics.domain import Pcm, Task
from callytics.engines.recognition.speech import Window
from callytics.engines.recognition.spoken import heard_frames

PREPENDED = "\"'“¿([{-"
APPENDED = "\"'.。,，!！?？:：”)]}、"

MAX_STRETCHES = 16  # judged at a time: 3 s of one need 6 MB with Whisper base

Sound = tuple[Pcm, Window]
"""A window and the call that it is of."""

UNSPACED_LANGUAGES = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
"""Written without spaces between words: faster-whisper splits them by character (its tokenizer.py)."""


@dataclass(frozen=True)
class TimedWord:
    """Times are seconds within the window."""

    text: str  # Whisper's text: a leading space starts a new word
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True)
class Decoded:
    """Whisper's output for one window.

    Attributes:
        avg_logprob: mean log probability per token.
        no_speech_prob: probability of the <|nospeech|> token at the start of the window.
    """

    window: Window
    tokens: tuple[int, ...]
    text: str
    avg_logprob: float
    no_speech_prob: float
    words: tuple[TimedWord, ...] = field(default=())

    @property
    def compression_ratio(self) -> float:
        """Compression ratio of the text: a loop compresses very well (Radford et al. 2022, section 4.5)."""
        data = self.text.encode()
        return len(data) / len(zlib.compress(data)) if data else 0.0


@dataclass(frozen=True)
class Search:
    """Parameters of the beam search, with its language and task.

    Attributes:
        beam_sizes: language code, width of the beam in it; all others have ``beam_size``.
        timestamps: write Whisper's time tokens between phrases.
        timestamp_languages: language codes in which it does.
        before_languages: language codes in which the text before a window is its prompt.
    """

    beam_size: int = 5
    beam_sizes: tuple[tuple[str, int], ...] = ()
    patience: float = 1.0
    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0
    timestamps: bool = False
    timestamp_languages: tuple[str, ...] = ()
    before_languages: tuple[str, ...] = ()
    task: Task = Task.TRANSCRIBE

    def in_language(self, language: str) -> Search:
        """The search for windows in a language, with its width of the beam and its time tokens."""
        return replace(
            self,
            beam_size=dict(self.beam_sizes).get(language, self.beam_size),
            beam_sizes=(),
            timestamps=self.timestamps or language in self.timestamp_languages,
            timestamp_languages=(),
        )

    def writes_spaces(self, language: str) -> bool:
        """Whether the output has spaces; a translation is English in any case."""
        return self.task is Task.TRANSLATE or language not in UNSPACED_LANGUAGES


class Decoder:
    """faster-whisper's WhisperModel, run window by window. Safe to call from several threads.

    On a CPU in int8 the output for a window is the same, bit for bit, whatever shares its batch (docs/adr/0024).
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        # In double precision: with another number of threads BLAS adds up in another order, and int8 makes confidences
        # of it that differ in the second digit.
        extractor = model.feature_extractor
        extractor.mel_filters = extractor.mel_filters.astype(np.float64)

    def encode(self, sounds: Sequence[Sound]) -> Any:
        """Encoder output of a batch, a CTranslate2 StorageView of shape (num_windows, 1500, width).

        The sound is padded to 30 s with silence, as in openai/whisper (audio.py, pad_or_trim) and in training.
        faster-whisper pads the spectrogram with zeros instead, which represent a faint noise.
        """
        extract = self._model.feature_extractor
        features = [
            np.asarray(extract(_filled(window.samples(pcm), extract.n_samples), padding=0), np.float32)
            for pcm, window in sounds
        ]
        if self._model.model.device != "cpu":
            return self._model.encode(np.stack(features))
        # The attention of a window needs 72 MB with Whisper base, and a CPU is just as fast with one window at a time.
        from ctranslate2 import StorageView

        encoded = [np.asarray(self._model.encode(of_window)) for of_window in features]
        return StorageView.from_array(np.concatenate(encoded))

    def language_probabilities(self, encoded: Any) -> list[dict[str, float]]:
        """Language code -> probability, for each window of a batch."""
        return [
            {token[2:-2]: float(probability) for token, probability in window}
            for window in self._model.model.detect_language(encoded)
        ]

    def stretch_probabilities(self, encoded: Any, windows: Sequence[Window]) -> list[list[dict[str, float]]]:
        """Language code -> probability, for each stretch of each window of a batch; empty for a short stretch."""
        from ctranslate2 import StorageView

        def judge(parts: npt.NDArray[Any]) -> list[dict[str, float]]:
            return self.language_probabilities(StorageView.from_array(parts))

        return judged_stretches(_on_host(encoded), windows, judge)

    def rows(self, encoded: Any, rows: Sequence[int]) -> Any:
        """The encoder output of some windows of a batch."""
        from ctranslate2 import StorageView

        return StorageView.from_array(np.ascontiguousarray(_on_host(encoded)[list(rows)]))

    def joined(self, encoded: Sequence[Any]) -> Any:
        """The encoder outputs of several batches as that of one."""
        from ctranslate2 import StorageView

        return StorageView.from_array(np.concatenate([_on_host(one) for one in encoded]))

    def decode(
        self, windows: Sequence[Window], language: str, hotwords: str | None, search: Search, encoded: Any
    ) -> list[Decoded]:
        """Decode a batch of windows that are at most 30 s long each, with the same text before them.

        Args:
            encoded: the output of :meth:`encode` for these windows.
        """
        from faster_whisper.transcribe import get_suppressed_tokens

        tokenizer = self._tokenizer(language, search.task)
        before = windows[0].before if language in search.before_languages else ()
        prompt = self._prompt(tokenizer, hotwords, before, search)
        results = self._model.model.generate(
            encoded,
            [list(prompt) for _ in windows],
            beam_size=search.beam_size,
            patience=search.patience,
            repetition_penalty=search.repetition_penalty,
            no_repeat_ngram_size=search.no_repeat_ngram_size,
            max_length=self._model.max_length,
            suppress_blank=True,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
            return_scores=True,
            return_no_speech_prob=True,
        )
        decoded = [
            self._decoded(window, result, tokenizer) for window, result in zip(windows, results, strict=True)
        ]
        return self._with_words(decoded, encoded, tokenizer, search.writes_spaces(language))

    def _prompt(
        self, tokenizer: Any, hotwords: str | None, before: Sequence[int], search: Search
    ) -> list[int]:
        """Hotwords, the text before, language and task. The first two share half of the decoder's context; from
        faster-whisper each would get as much, which leaves no room for the text."""
        num_hotwords = len(tokenizer.encode(" " + hotwords.strip())) if hotwords else 0
        room = max(0, self._model.max_length // 2 - 1 - num_hotwords)
        prompt: list[int] = self._model.get_prompt(
            tokenizer,
            previous_tokens=list(before[len(before) - min(room, len(before)) :]),
            without_timestamps=not search.timestamps,
            hotwords=hotwords,
        )
        return prompt

    def _tokenizer(self, language: str, task: Task) -> Any:
        from faster_whisper.tokenizer import Tokenizer

        multilingual = self._model.model.is_multilingual
        return Tokenizer(self._model.hf_tokenizer, multilingual, task=task.value, language=language)

    def _decoded(self, window: Window, result: Any, tokenizer: Any) -> Decoded:
        tokens = result.sequences_ids[0]
        text_tokens = tuple(token for token in tokens if token < tokenizer.eot)
        # CTranslate2 divides the score by the length; Whisper counts the end-of-text token too.
        avg_logprob = result.scores[0] * len(tokens) / (len(tokens) + 1)
        text = tokenizer.decode(text_tokens).strip()
        return Decoded(window, text_tokens, text, float(avg_logprob), float(result.no_speech_prob))

    def _with_words(
        self, decoded: Sequence[Decoded], encoded: Any, tokenizer: Any, spaces: bool
    ) -> list[Decoded]:
        """Word times by dynamic time warping over the cross-attention (as in openai/whisper's timing.py)."""
        from faster_whisper.transcribe import merge_punctuations

        frames = [max(2, round(one.window.duration_s * self._model.frames_per_second)) for one in decoded]
        tokens = [list(one.tokens) for one in decoded]
        alignments = self._alignments(tokenizer, tokens, encoded, frames)
        timed = []
        for one, alignment in zip(decoded, alignments, strict=True):
            merge_punctuations(alignment, PREPENDED, APPENDED)
            words = tuple(
                TimedWord(word["word"], float(word["start"]), float(word["end"]), float(word["probability"]))
                for word in alignment
                if word["word"].strip()
            )
            if spaces:
                words = joined(words)
            timed.append(
                Decoded(one.window, one.tokens, one.text, one.avg_logprob, one.no_speech_prob, words)
            )
        return timed

    def _alignments(
        self, tokenizer: Any, tokens: Sequence[list[int]], encoded: Any, frames: Sequence[int]
    ) -> list[Any]:
        if self._model.model.device != "cpu":
            found: list[Any] = self._model.find_alignment(tokenizer, tokens, encoded, frames)
            return found
        # It scores all 51,865 tokens at every position, 0.2 MB each: batches are no faster and need 150 MB more.
        from ctranslate2 import StorageView

        views = [StorageView.from_array(window[np.newaxis]) for window in np.asarray(encoded)]
        return [
            self._model.find_alignment(tokenizer, [of_window], view, [num_frames])[0]
            for of_window, view, num_frames in zip(tokens, views, frames, strict=True)
        ]


def judged_stretches(
    encoded: Any, windows: Sequence[Window], judge: Callable[[Any], list[dict[str, float]]]
) -> list[list[dict[str, float]]]:
    """``judge`` of the parts of ``encoded`` that heard_frames() names: those of one length together."""
    by_length: dict[int, list[tuple[int, int, int]]] = {}
    found: list[list[dict[str, float]]] = []
    for row, window in enumerate(windows):
        frames = heard_frames(window)
        found.append([{} for _ in frames])
        for number, part in enumerate(frames):
            if part:
                first = max(0, min(part[0], encoded.shape[1] - (part[1] - part[0])))
                by_length.setdefault(part[1] - part[0], []).append((row, number, first))
    for length, parts in by_length.items():
        for begin in range(0, len(parts), MAX_STRETCHES):
            some = parts[begin : begin + MAX_STRETCHES]
            index = np.array([row for row, _, _ in some])[:, None]
            frames_of = np.array([first for _, _, first in some])[:, None] + np.arange(length)
            for (row, number, _), heard in zip(some, judge(encoded[index, frames_of]), strict=True):
                found[row][number] = heard
    return found


def _on_host(encoded: Any) -> npt.NDArray[Any]:
    """As an array: CTranslate2 shares its memory with numpy on the CPU only."""
    from ctranslate2 import Device

    return np.asarray(encoded if encoded.device == "cpu" else encoded.to_device(Device.cpu))


def _filled(samples: npt.NDArray[np.float32], num_samples: int) -> npt.NDArray[np.float32]:
    return np.pad(samples[:num_samples], (0, max(0, num_samples - len(samples))))


def joined(words: Sequence[TimedWord]) -> tuple[TimedWord, ...]:
    """Join the parts of words that the tokeniser split at a hyphen ("thirty", "-nine")."""
    whole: list[TimedWord] = []
    for word in words:
        if whole and not word.text.startswith(" "):
            before = whole.pop()
            probability = (before.probability + word.probability) / 2
            word = TimedWord(before.text + word.text, before.start_s, word.end_s, probability)
        whole.append(word)
    return tuple(whole)
