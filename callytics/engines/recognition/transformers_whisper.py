"""Speech recognition with Whisper on Hugging Face transformers: any checkpoint of the hub, including fine-tuned ones.

Adapted to calls in the same way as faster_whisper.py (see calls.py). Everything is deterministic.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from callytics.domain import Audio, CallOptions, Transcript
from callytics.engines.memory import limit_torch
from callytics.engines.recognition.calls import CallRecognizer, Languages, can_translate
from callytics.engines.recognition.decoding import Search
from callytics.engines.recognition.options import check_counts, voice_activity_from
from callytics.engines.recognition.transformers_decoding import TransformersDecoder
from callytics.weights import manifest as models
from callytics.weights.hub import load_pretrained, revision_of
from callytics.weights.needed import TRANSFORMERS_FILES, TRANSFORMERS_WEIGHTS, WeightsOption


class TransformersWhisperRecognizer:
    """``(Audio, CallOptions) -> Transcript``. Safe to call from several threads.

    Args:
        model: a hub id, the path of a folder with a Whisper checkpoint, or a name of `callytics models list`.
        revision: a commit, tag or branch on the hub. Pin a commit in production.
        device: "cpu", "cuda", "cuda:0", ...
        dtype: "float32", "float16", "bfloat16", or "auto": float16 on a GPU, float32 on a CPU.
        beam_size: width of the beam search.
        batch_size: windows per batch.
        languages: detection considers only these languages; empty for all of the checkpoint's.
        likely_languages: if detection is uncertain (a few words, bad sound), the best of these is used.
        detection_windows: number of windows of speech for language detection.
        voice_activity: fields of VoiceActivity in options.py that differ from its defaults.
        translates: the model can translate into English; default: by its name (calls.can_translate).
        batch_across_calls: the windows of all calls at work share batches. torch rounds otherwise in another batch, so
            a word may differ from that of the call alone (docs/adr/0024). Default: on a GPU.
        memory_share: the most of a card's memory that torch may take in this process, e.g. 0.24; None: no limit.

    Raises:
        ConfigError: ``engine_options_invalid``, an option is unknown or out of range.
        WeightsError: ``weights_unavailable``.
    """

    environment = "speech-recognizer-transformers"
    weights = (WeightsOption("model", TRANSFORMERS_FILES, TRANSFORMERS_WEIGHTS),)

    def __init__(
        self,
        model: str = "openai/whisper-large-v3-turbo",
        revision: str | None = None,
        device: str = "cpu",
        dtype: str = "auto",
        beam_size: int = 5,
        batch_size: int = 8,
        languages: Sequence[str] = (),
        likely_languages: Sequence[str] = (),
        detection_windows: int = 4,
        voice_activity: dict[str, float] | None = None,
        translates: bool | None = None,
        batch_across_calls: bool | None = None,
        memory_share: float | None = None,
    ) -> None:
        activity = voice_activity_from(voice_activity or {})
        check_counts(beam_size=beam_size, batch_size=batch_size, detection_windows=detection_windows)
        import torch
        import transformers

        limit_torch(memory_share, device)
        pinned = None if "/" in model or Path(model).is_dir() else models.get_model(model)
        checkpoint = str(models.locate(pinned.name)) if pinned else model

        def load() -> tuple[Any, Any, Any]:
            precision = ("float16" if device.startswith("cuda") else "float32") if dtype == "auto" else dtype
            whisper = transformers.WhisperForConditionalGeneration.from_pretrained(
                checkpoint,
                revision=revision,
                dtype=getattr(torch, precision),
                attn_implementation="eager",  # word times need the attention, which fused kernels do not return
            )
            extractor = transformers.WhisperFeatureExtractor.from_pretrained(checkpoint, revision=revision)
            tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint, revision=revision)
            return whisper.to(device).eval(), extractor, tokenizer.backend_tokenizer

        loaded = load_pretrained("speech-recognizer", model, load)
        if pinned:
            self.model, self.model_revision = pinned.name, pinned.revision
        else:
            self.model = Path(model).name if Path(model).is_dir() else model
            self.model_revision = revision_of(model, loaded[0].config, revision)
        decoder = TransformersDecoder(*loaded)
        on_gpu = device.startswith("cuda")
        self._recognise = CallRecognizer(
            decoder,
            Languages(decoder.languages, tuple(languages), frozenset(likely_languages), detection_windows),
            activity,
            Search(beam_size=beam_size),
            batch_size,
            translates=can_translate(self.model) if translates is None else translates,
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
