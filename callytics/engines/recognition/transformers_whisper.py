"""Speech recognition with Whisper on Hugging Face transformers: any checkpoint of the hub, fine-tuned ones too.

The same care for calls as in faster_whisper.py: calls.py says how. Everything is deterministic.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from callytics.domain import Audio, CallOptions, Transcript
from callytics.engines.recognition.calls import CallRecognizer, Languages, VoiceActivity, can_translate
from callytics.engines.recognition.transformers_decoding import TransformersDecoder
from callytics.weights.hub import load_pretrained, revision_of


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
        likely_languages: of these the best is taken where detection is a guess (a few words, bad sound).
        detection_windows: windows of speech that the language is judged by.
        voice_activity: fields of VoiceActivity in calls.py, where they differ from its defaults.
        translates: the model can translate into English; default: by its name (calls.can_translate).

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
        likely_languages: Sequence[str] = (),
        detection_windows: int = 4,
        voice_activity: dict[str, float] | None = None,
        translates: bool | None = None,
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
        decoder = TransformersDecoder(*loaded)
        self._recognise = CallRecognizer(
            decoder,
            Languages(decoder.languages, tuple(languages), frozenset(likely_languages), detection_windows),
            VoiceActivity(**(voice_activity or {})),
            beam_size,
            batch_size,
            translates=can_translate(self.model) if translates is None else translates,
        )

    def __call__(self, audio: Audio, options: CallOptions) -> Transcript:
        """The words of a call: of each channel by itself where the parties have one each.

        Raises:
            InvalidRequestError: ``language_unknown``.
        """
        return self._recognise(audio, options)
