"""Speech recognition with Whisper on CTranslate2 (faster-whisper), adapted to calls (see calls.py).

Everything is deterministic: there is no sampling. A window depends on the text before it only in the languages of
``mono_before_languages``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from callytics import settings
from callytics.domain import Audio, CallOptions, Transcript
from callytics.engines.recognition.calls import CallRecognizer, Languages, can_translate
from callytics.engines.recognition.decoding import Decoder, Search
from callytics.engines.recognition.options import (
    VoiceActivity,
    check_beam_sizes,
    check_counts,
    check_languages,
)
from callytics.weights import manifest as models
from callytics.weights.hub import LOCAL, snapshot
from callytics.weights.needed import WeightsOption

HUB_FILES = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*")
"""Those that faster_whisper.download_model fetches."""


class FasterWhisperRecognizer:
    """``(Audio, CallOptions) -> Transcript``. Safe to call from several threads.

    Args:
        model: a name or alias of `callytics models list`, the path of a CTranslate2 Whisper folder, or a hub id of
            one ("Systran/faster-whisper-large-v3").
        revision: a commit, tag or branch on the hub. Pin a commit in production.
        device: "cpu", "cuda" or "auto".
        compute_type: type of CTranslate2: "int8" on CPUs, "float16" or "int8_float16" on GPUs.
        cpu_threads: number of cores, default settings.cpu_threads(). Each core decodes its own batches, because
            several threads on one batch lose a third of their time to each other (docs/performance.md).
        beam_size: width of the beam search.
        beam_sizes: the same for some languages, by code.
        batch_size: maximum number of windows per batch.
        long_call_batch_size: the same for a call of an hour or more, default batch_size. On a CPU, decoding a window
            needs 60 MB of memory with Whisper base.
        languages: detection considers only these languages; empty for all of Whisper's.
        likely_languages: if detection is uncertain (a few words, bad sound), the best of these is used.
        detection_windows: number of windows of speech for language detection.
        vad_threshold: probability above which Silero detects speech; 0.5 is its own default; a lower one
            was tried in docs/adr/0010. Half of it suffices where the level tells a voice (levels.py).
        min_speech_s: shorter spans count as noise.
        min_silence_s: shorter pauses do not end a span.
        pad_s: padding on both sides of a span, which keeps soft starts and ends, where each party has a channel.
            faster-whisper's default; on five calls composed for development, 0.4 against 0.2 gave CER .184 / .220.
        mono_pad_s: the same where all speak on one channel: pauses up to twice as long stay in the sound
            (docs/adr/0035).
        mono_timestamp_languages: codes of languages in which Whisper writes its time tokens where all speak on one
            channel. In English, whisper-base then skips less in noise; in Korean, and in the joined sentences of a
            channel of one party, it makes more errors (docs/adr/0035).
        mono_before_languages: codes of languages in which a window gets the text before it as its prompt where all
            speak on one channel. In English, whisper-base then errs less in noise, in Korean more (docs/adr/0040).
            Windows wait for those before them, so a short call takes longer where no other is at work.
        translates: the model can translate into English; default: by its name (calls.can_translate).
        batch_across_calls: the windows of all calls at work share batches; each call gets the words that it gets alone
            (docs/adr/0024). Default: on a GPU.

    Raises:
        ConfigError: ``engine_options_invalid``, an option is out of range.
    """

    weights = (WeightsOption("model", HUB_FILES, ("model.bin",)),)

    def __init__(
        self,
        model: str = "whisper-base",
        revision: str | None = None,
        device: str = "cpu",
        compute_type: str = "int8",
        cpu_threads: int | None = None,
        beam_size: int = 5,
        batch_size: int = 8,
        languages: Sequence[str] = (),
        likely_languages: Sequence[str] = (),
        detection_windows: int = 4,
        vad_threshold: float = 0.5,
        min_speech_s: float = 0.1,
        min_silence_s: float = 0.3,
        pad_s: float = 0.4,
        long_call_batch_size: int | None = None,
        translates: bool | None = None,
        batch_across_calls: bool | None = None,
        beam_sizes: Mapping[str, int] | None = None,
        mono_pad_s: float = 1.5,
        mono_timestamp_languages: Sequence[str] = (),
        mono_before_languages: Sequence[str] = (),
    ) -> None:
        activity = VoiceActivity(vad_threshold, min_speech_s, min_silence_s, pad_s, mono_pad_s)
        check_counts(
            beam_size=beam_size,
            batch_size=batch_size,
            long_call_batch_size=long_call_batch_size,
            detection_windows=detection_windows,
            cpu_threads=cpu_threads,
        )
        search = Search(
            beam_size=beam_size,
            beam_sizes=check_beam_sizes(beam_sizes or {}),
            timestamp_languages=check_languages("mono_timestamp_languages", mono_timestamp_languages),
            before_languages=check_languages("mono_before_languages", mono_before_languages),
        )
        from faster_whisper import WhisperModel

        if Path(model).is_dir():
            folder, self.model, self.model_revision = Path(model), Path(model).name, LOCAL
        elif "/" in model:
            folder, self.model_revision = snapshot("speech-recognizer", model, revision, HUB_FILES)
            self.model = model
        else:
            entry = models.get_model(model)
            folder, self.model, self.model_revision = models.locate(entry.name), entry.name, entry.revision
        num_threads = cpu_threads or settings.cpu_threads()
        # On a GPU CTranslate2's two workers share the weights: one encodes the next batch while one decodes.
        num_workers = 2 if device == "cuda" else num_threads
        whisper = WhisperModel(
            str(folder), device=device, compute_type=compute_type, cpu_threads=1, num_workers=num_workers
        )
        on_gpu = whisper.model.device == "cuda"
        multilingual = whisper.supported_languages if whisper.model.is_multilingual else ()
        known = [code for code in multilingual if whisper.hf_tokenizer.token_to_id(f"<|{code}|>") is not None]
        self._recognise = CallRecognizer(
            Decoder(whisper),
            Languages(frozenset(known), tuple(languages), frozenset(likely_languages), detection_windows),
            activity,
            search,
            batch_size,
            1 if on_gpu else num_threads,
            long_call_batch_size,
            can_translate(self.model) if translates is None else translates,
            batch_across_calls=on_gpu if batch_across_calls is None else batch_across_calls,
            overlap=on_gpu,
        )

    def __call__(self, audio: Audio, options: CallOptions) -> Transcript:
        """The words of a call; the channels are recognised separately if each party has one.

        Raises:
            InvalidRequestError: ``language_unknown``.
        """
        return self._recognise(audio, options)

    def close(self) -> None:
        """End the threads of the queue of windows."""
        self._recognise.close()
