"""Speech recognition with Whisper on Hugging Face transformers: any checkpoint of the hub, fine-tuned ones too.

The same care for calls as in faster_whisper.py: each channel by itself, only windows of speech, leaks of the other
channel left out, invented text dropped and reported. It has the simpler decoding of the two: a window that looks
wrong is decoded again in halves, and then with a penalty on repetition. Everything is deterministic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from callytics.domain import Audio, CallOptions, Flag, LanguageScore, Pcm, Transcript, Word
from callytics.engines.recognition.calls import (
    UNDETERMINED,
    VoiceActivity,
    language_scores,
    speech_windows,
    transcript_flags,
    without_leaks,
)
from callytics.engines.recognition.crosstalk import Levels
from callytics.engines.recognition.decoding import Decoded, Search
from callytics.engines.recognition.evidence import believed_words
from callytics.engines.recognition.hallucination import badness, suspicious
from callytics.engines.recognition.speech import SpeechDetector, Window
from callytics.engines.recognition.transformers_decoding import TransformersDecoder
from callytics.errors import InvalidRequestError
from callytics.pretrained import load_pretrained, revision_of

STRICT_REPETITION_PENALTY = 1.2
STRICT_NGRAM_SIZE = 4


class TransformersWhisperRecognizer:
    """``(Audio, CallOptions) -> Transcript``. Safe to call from several threads.

    Args:
        model: a hub id, or the path of a folder with a Whisper checkpoint.
        revision: of the hub: a commit, tag or branch. Pin a commit in production.
        device: "cpu", "cuda", "cuda:0", ...
        dtype: "float32", "float16", "bfloat16", or "auto": float16 on a GPU, float32 on a CPU.
        beam_size: width of the beam search.
        batch_size: windows decoded together.
        languages: the only languages to expect when detecting; empty for all of the checkpoint's.
        detection_windows: windows of speech that the language is judged by.
        voice_activity: fields of VoiceActivity in calls.py, where they differ from its defaults.

    Raises:
        WeightsError: ``weights_unavailable``.
    """

    environment = "speech-recognizer-transformers"

    def __init__(
        self,
        model: str = "openai/whisper-large-v3-turbo",
        revision: str | None = None,
        device: str = "cpu",
        dtype: str = "auto",
        beam_size: int = 5,
        batch_size: int = 8,
        languages: Sequence[str] = (),
        detection_windows: int = 4,
        voice_activity: dict[str, float] | None = None,
    ) -> None:
        import torch
        import transformers

        def load() -> tuple[Any, Any, Any]:
            precision = ("float16" if device.startswith("cuda") else "float32") if dtype == "auto" else dtype
            whisper = transformers.WhisperForConditionalGeneration.from_pretrained(
                model,
                revision=revision,
                dtype=getattr(torch, precision),
                attn_implementation="eager",  # word times read the attention, which the fused kernels do not give
            )
            extractor = transformers.WhisperFeatureExtractor.from_pretrained(model, revision=revision)
            tokenizer = transformers.AutoTokenizer.from_pretrained(model, revision=revision)
            return whisper.to(device).eval(), extractor, tokenizer.backend_tokenizer

        loaded = load_pretrained("speech-recognizer", model, load)
        self.model = Path(model).name if Path(model).is_dir() else model
        self.model_revision = revision_of(model, loaded[0].config, revision)
        self._decoder = TransformersDecoder(*loaded)
        self._detector = SpeechDetector()
        self._search = Search(beam_size=beam_size)
        self._batch_size = batch_size
        self._languages = tuple(languages)
        self._detection_windows = detection_windows
        self._activity = VoiceActivity(**(voice_activity or {}))

    def __call__(self, audio: Audio, options: CallOptions) -> Transcript:
        """The words of a call: of each channel by itself where the parties have one each.

        Raises:
            InvalidRequestError: ``language_unknown``.
        """
        asked = self._checked_language(options.language)
        pcm = audio.pcm
        levels = Levels(pcm) if pcm.num_channels == 2 else None
        speech = [self._detector(pcm, channel) for channel in range(pcm.num_channels)]
        windows, dropped = speech_windows(pcm, speech, levels, self._activity)
        if not windows:
            flag = Flag("no_speech", "No speech was found in the recording.")
            return Transcript((), asked or UNDETERMINED, (), pcm.duration_s, tuple(dropped), (flag,))
        scores = () if asked else self._detect_language(pcm, windows)
        language = asked or scores[0].code
        words: list[Word] = []
        for decoded in self._decode(pcm, windows, language, ", ".join(options.hotwords) or None):
            believed, not_believed = believed_words(decoded, speech[decoded.window.channel])
            words += believed
            dropped += not_believed
        if levels:
            words, twice = without_leaks(words, levels)
            dropped += twice
        else:
            words = [replace(word, channel=None) for word in words]
        return Transcript(
            words=tuple(sorted(words, key=lambda word: (word.start_s, word.end_s))),
            language=language,
            language_scores=scores,
            duration_s=pcm.duration_s,
            dropped=tuple(sorted(dropped, key=lambda text: text.start_s)),
            flags=tuple(transcript_flags(words, language, scores, dropped)),
        )

    def _checked_language(self, language: str | None) -> str | None:
        if not self._decoder.is_multilingual:
            return "en"
        if language is None:
            return self._languages[0] if len(self._languages) == 1 else None
        code = language.lower().split("-")[0]
        if code not in self._decoder.languages:
            raise InvalidRequestError(
                "language_unknown",
                f"The recogniser has no language {language!r}; give an ISO 639-1 code, or none.",
            )
        return code

    def _detect_language(self, pcm: Pcm, windows: Sequence[Window]) -> tuple[LanguageScore, ...]:
        longest = sorted(windows, key=lambda window: -window.duration_s)[: self._detection_windows]
        probabilities = self._decoder.language_probabilities(self._decoder.encode(pcm, longest))
        return language_scores(longest, probabilities, self._languages)

    def _decode(
        self, pcm: Pcm, windows: Sequence[Window], language: str, hotwords: str | None
    ) -> list[Decoded]:
        found: list[Decoded] = []
        for begin in range(0, len(windows), self._batch_size):
            batch = windows[begin : begin + self._batch_size]
            for decoded in self._decoder.decode(pcm, batch, language, hotwords, self._search):
                if suspicious(decoded):
                    found += self._decode_again(pcm, decoded, language, hotwords)
                else:
                    found.append(decoded)
        return found

    def _decode_again(
        self, pcm: Pcm, first: Decoded, language: str, hotwords: str | None
    ) -> Sequence[Decoded]:
        """The best of: as it was; in halves; with a penalty on repetition."""
        strict = replace(
            self._search,
            repetition_penalty=STRICT_REPETITION_PENALTY,
            no_repeat_ngram_size=STRICT_NGRAM_SIZE,
        )
        attempts: list[Sequence[Decoded]] = [[first]]
        halves = first.window.halves()
        if len(halves) > 1:
            attempts.append(self._decoder.decode(pcm, halves, language, hotwords, self._search))
        if all(any(suspicious(one) for one in attempt) for attempt in attempts):
            attempts.append(self._decoder.decode(pcm, [first.window], language, hotwords, strict))
        return min(attempts, key=badness)
