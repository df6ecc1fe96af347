"""Whisper on CTranslate2, the engine of speech-recognizer: a random model of transformers through its converter."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np

from benchmarks.gpu.contract import NotHere, OutOfMemory, Sizes

try:
    import ctranslate2
    import transformers
    from ctranslate2.converters.transformers import WhisperLoader
except ImportError as error:
    raise NotHere(f"needs ctranslate2, transformers and torch ({error})") from error

SPECIAL = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|transcribe|>",
    "<|notimestamps|>",
    "<|nospeech|>",
)


class CTranslate2Whisper:
    """
    Args:
        dtype: CTranslate2's compute type: "float16", "int8_float16", "float32", ...
        beams: width of the beam search.
    """

    def __init__(self, sizes: Sizes, device: str, dtype: str, beams: int = 1) -> None:
        self.name = "CTranslate2"
        self._sizes, self._beams = sizes, beams
        self._folder = tempfile.TemporaryDirectory(prefix="callytics-gpu-")
        _write(sizes, self._folder.name, dtype)
        kind, _, number = device.partition(":")
        try:
            self._model = ctranslate2.models.Whisper(
                self._folder.name, device=kind, device_index=int(number or 0), compute_type=dtype
            )
        except (RuntimeError, ValueError) as error:  # cuBLAS 12 is missing, or there is no such device
            raise NotHere(f"CTranslate2 does not start on {device}: {str(error).splitlines()[0]}") from error

    def run(self, features: Any) -> list[list[int]]:
        prompt = [1, 2, 3, 4]
        placed = ctranslate2.StorageView.from_array(np.ascontiguousarray(features, np.float32))
        try:
            results = self._model.generate(
                placed,
                [prompt] * len(features),
                beam_size=self._beams,
                max_length=len(prompt) + self._sizes.tokens,
                suppress_blank=False,
                suppress_tokens=[0],  # the end of the text: every window gets all of its tokens
            )
        except RuntimeError as error:
            if "out of memory" in str(error).lower():
                raise OutOfMemory(str(error).splitlines()[0]) from error
            raise
        return [list(result.sequences_ids[0]) for result in results]


def _write(sizes: Sizes, folder: str, dtype: str) -> None:
    config = transformers.WhisperConfig(
        vocab_size=sizes.vocabulary,
        num_mel_bins=sizes.mels,
        d_model=sizes.width,
        encoder_layers=sizes.encoder_layers,
        decoder_layers=sizes.decoder_layers,
        encoder_attention_heads=sizes.heads,
        decoder_attention_heads=sizes.heads,
        encoder_ffn_dim=4 * sizes.width,
        decoder_ffn_dim=4 * sizes.width,
        max_source_positions=sizes.positions,
        max_target_positions=sizes.text_positions,
        decoder_start_token_id=1,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
        suppress_tokens=[],
        begin_suppress_tokens=[],
    )
    model = transformers.WhisperForConditionalGeneration(config).eval()
    spec = WhisperLoader().get_model_spec(model)
    rest = sizes.vocabulary - len(SPECIAL)
    spec.register_vocabulary([*SPECIAL, *(f"t{number}" for number in range(rest))])
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = [2]
    heads = range(sizes.heads)
    spec.config.alignment_heads = [(sizes.decoder_layers - 1, head) for head in heads]
    spec.validate()
    spec.optimize(quantization=dtype)
    spec.save(folder)
