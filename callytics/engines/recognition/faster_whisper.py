"""Speech recognition with Whisper on CTranslate2 (faster-whisper), made for calls.

    every channel: voice activity -> spans -> windows of speech, nothing else     speech.py
    both channels: a span that only echoes the other channel is left out          crosstalk.py
    language, from several windows, where the caller did not say
    batches of windows: beam search -> words with times                           decoding.py
    windows with loops or missing text: again, in halves, then with a penalty on repetition      readings.py
    (if asked: every window is read in several ways, and the readings vote        readings.py, consensus.py)
    what was not said is dropped and reported                                     hallucination.py, crosstalk.py

Everything is deterministic: there is no sampling, and no window sees the text of another.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from callytics import models, settings
from callytics.domain import Audio, CallOptions, Flag, LanguageScore, Pcm, Transcript, Word
from callytics.engines.recognition.calls import (
    UNCERTAIN_LANGUAGE,
    UNDETERMINED,
    VoiceActivity,
    language_scores,
    speech_windows,
    transcript_flags,
    without_leaks,
)
from callytics.engines.recognition.crosstalk import Levels
from callytics.engines.recognition.decoding import Decoder, Search
from callytics.engines.recognition.evidence import believed_words
from callytics.engines.recognition.readings import Speech, WindowReader
from callytics.engines.recognition.speech import SpeechDetector, Window
from callytics.errors import InvalidRequestError
from callytics.pretrained import LOCAL, snapshot

HUB_FILES = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*")
"""Those that faster_whisper.download_model fetches."""


class FasterWhisperRecognizer:
    """``(Audio, CallOptions) -> Transcript``. Safe to call from several threads.

    Args:
        model: a name in callytics/models.json, the path of a CTranslate2 Whisper folder, or a hub id of one
            ("Systran/faster-whisper-large-v3").
        revision: of the hub: a commit, tag or branch. Pin a commit in production.
        device: "cpu", "cuda" or "auto".
        compute_type: of CTranslate2: "int8" on CPUs, "float16" or "int8_float16" on GPUs.
        cpu_threads: per call, default settings.cpu_threads(); ``num_workers`` calls run at the same time.
        beam_size: width of the beam search.
        batch_size: windows decoded together.
        voting: every window is read in four ways and the readings vote (readings.py), for three times the work. On
            three calls composed for development it helped (CER stereo .142 to .136, mono .216 to .202; WER .086 to
            .071, .229 to .214); on the English calls of the test kit it did not (.207 to .229 stereo), so it is off:
            each window is read once, and again only where that looks wrong.
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
        revision: str | None = None,
        device: str = "cpu",
        compute_type: str = "int8",
        cpu_threads: int | None = None,
        num_workers: int = 1,
        beam_size: int = 5,
        batch_size: int = 8,
        voting: bool = False,
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
            folder, self.model, self.model_revision = Path(model), Path(model).name, LOCAL
        elif "/" in model:
            folder, self.model_revision = snapshot("speech-recognizer", model, revision, HUB_FILES)
            self.model = model
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
            cpu_threads=cpu_threads or settings.cpu_threads(),
            num_workers=num_workers,
        )
        self._is_multilingual = bool(whisper.model.is_multilingual)
        self._known_languages = frozenset(whisper.supported_languages)
        self._decoder = Decoder(whisper)
        self._read = WindowReader(self._decoder, Search(beam_size=beam_size), batch_size, voting)
        self._detector = SpeechDetector()
        self._languages = tuple(languages)
        self._likely_languages = frozenset(likely_languages)
        self._detection_windows = detection_windows
        self._activity = VoiceActivity(vad_threshold, min_speech_s, min_silence_s, pad_s)

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
        language = asked or most_likely(scores, self._likely_languages)
        hotwords = ", ".join(options.hotwords) or None
        words: list[Word] = []
        for decoded in self._read(Speech(pcm, language, hotwords), windows):
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

    def _detect_language(self, pcm: Pcm, windows: Sequence[Window]) -> tuple[LanguageScore, ...]:
        longest = sorted(windows, key=lambda window: -window.duration_s)[: self._detection_windows]
        probabilities = self._decoder.language_probabilities(self._decoder.encode(pcm, longest))
        return language_scores(longest, probabilities, self._languages)


def most_likely(scores: Sequence[LanguageScore], likely_languages: Collection[str]) -> str:
    """The first, unless it is a guess and one of the likely languages was heard at all."""
    likely = [score.code for score in scores if score.code in likely_languages]
    return likely[0] if likely and scores[0].score < UNCERTAIN_LANGUAGE else scores[0].code
