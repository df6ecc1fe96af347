"""Decodes windows of speech to words with Hugging Face transformers: the torch counterpart of decoding.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from callytics.domain import PIPELINE_SAMPLE_RATE_HZ
from callytics.engines.recognition.alignment import token_starts
from callytics.engines.recognition.decoding import (
    APPENDED,
    PREPENDED,
    Decoded,
    Search,
    Sound,
    TimedWord,
    joined,
    judged_stretches,
)
from callytics.engines.recognition.speech import Window

FRAME_S = 0.02  # frame of the encoder's output: two steps of the 10 ms spectrogram


class TransformersDecoder:
    """WhisperForConditionalGeneration, run window by window. Safe to call from several threads.

    Args:
        model: WhisperForConditionalGeneration with eager attention: word times need its weights.
        feature_extractor: WhisperFeatureExtractor of the same checkpoint.
        tokenizer: ``tokenizers.Tokenizer`` of the same checkpoint.
    """

    def __init__(self, model: Any, feature_extractor: Any, tokenizer: Any) -> None:
        self._model = model
        self._extract = feature_extractor
        self._tokenizer = tokenizer
        self._is_multilingual = bool(getattr(model.generation_config, "is_multilingual", True))
        self._heads = _alignment_heads(model)

    @property
    def languages(self) -> frozenset[str]:
        """The language codes of this checkpoint; empty for an English-only checkpoint."""
        if not self._is_multilingual:
            return frozenset()
        return frozenset(token[2:-2] for token in self._model.generation_config.lang_to_id)

    def encode(self, sounds: Sequence[Sound]) -> Any:
        """Output of the encoder for a batch, BaseModelOutput of shape (num_windows, 1500, width)."""
        import torch

        samples = [window.samples(pcm) for pcm, window in sounds]
        features = self._extract(samples, sampling_rate=PIPELINE_SAMPLE_RATE_HZ, return_tensors="pt")
        with torch.inference_mode():
            placed = features.input_features.to(self._model.device, self._model.dtype)
            return self._model.get_encoder()(placed)

    def language_probabilities(self, encoded: Any) -> list[dict[str, float]]:
        """Language code -> probability, for each window of a batch."""
        import torch

        languages = self._model.generation_config.lang_to_id
        start = [[self._model.generation_config.decoder_start_token_id]] * len(encoded.last_hidden_state)
        with torch.inference_mode():
            logits = self._model(encoder_outputs=encoded, decoder_input_ids=self._ids(start)).logits[:, 0]
            rows = logits[:, list(languages.values())].float().softmax(-1).tolist()
        return [{token[2:-2]: p for token, p in zip(languages, row, strict=True)} for row in rows]

    def stretch_probabilities(self, encoded: Any, windows: Sequence[Window]) -> list[list[dict[str, float]]]:
        """Language code -> probability, for each stretch of each window of a batch; empty for a short stretch."""
        return judged_stretches(
            encoded.last_hidden_state,
            windows,
            lambda parts: self.language_probabilities(type(encoded)(parts)),
        )

    def rows(self, encoded: Any, rows: Sequence[int]) -> Any:
        """The encoder output of some windows of a batch."""
        return type(encoded)(encoded.last_hidden_state[list(rows)])

    def joined(self, encoded: Sequence[Any]) -> Any:
        """The encoder outputs of several batches as that of one."""
        import torch

        return type(encoded[0])(torch.cat([one.last_hidden_state for one in encoded]))

    def decode(
        self, windows: Sequence[Window], language: str, hotwords: str | None, search: Search, encoded: Any
    ) -> list[Decoded]:
        """Decode a batch of windows of at most 30 s each. ``search.patience`` is not supported.

        Args:
            encoded: the output of :meth:`encode` for these windows.
        """
        import torch
        from faster_whisper.tokenizer import Tokenizer

        tokenizer = Tokenizer(
            self._tokenizer, self._is_multilingual, task=search.task.value, language=language
        )
        prompt = self._prompt(tokenizer, hotwords)
        spoken = {"language": language, "task": search.task.value} if self._is_multilingual else {}
        with torch.inference_mode():
            sequences = self._model.generate(
                encoder_outputs=encoded,
                attention_mask=torch.ones(encoded.last_hidden_state.shape[:2], device=self._model.device),
                **spoken,
                return_timestamps=search.timestamps,
                prompt_ids=self._ids(prompt) if prompt else None,
                num_beams=search.beam_size,
                do_sample=False,
                repetition_penalty=search.repetition_penalty,
                no_repeat_ngram_size=search.no_repeat_ngram_size,
            )
        tokens = [
            [t for t in _after_prompt(row, tokenizer) if t < tokenizer.eot] for row in sequences.tolist()
        ]
        spaces = search.writes_spaces(language)
        return self._aligned(windows, tokens, prompt, encoded, tokenizer, spaces)

    def _prompt(self, tokenizer: Any, hotwords: str | None) -> list[int]:
        if not hotwords:
            return []
        half = self._model.config.max_target_positions // 2 - 1  # the other half is for the output
        return [tokenizer.sot_prev, *tokenizer.encode(" " + hotwords.strip())[: half - 1]]

    def _aligned(
        self,
        windows: Sequence[Window],
        tokens: Sequence[list[int]],
        prompt: Sequence[int],
        encoded: Any,
        tokenizer: Any,
        spaces: bool,
    ) -> list[Decoded]:
        """One more forward pass over the whole text, for probabilities and for the attention behind the times."""
        import torch

        head = [*prompt, *tokenizer.sot_sequence, tokenizer.no_timestamps]
        longest = max(len(row) for row in tokens)
        rows = [[*head, *row, *[tokenizer.eot] * (longest + 1 - len(row))] for row in tokens]
        with torch.inference_mode():
            output = self._model(
                encoder_outputs=encoded,
                decoder_input_ids=self._ids(rows),
                output_attentions=True,
                use_cache=False,
            )
            logits = output.logits.float()
            no_speech = logits[:, len(prompt)].softmax(-1)[:, tokenizer.no_speech].tolist()
            logits[..., self._model.generation_config.suppress_tokens or []] = -torch.inf
            # Position n predicts token n + 1: the last head token and all later ones predict the text and its end.
            written = self._ids(rows)[:, len(head) :]
            logprobs = logits[:, len(head) - 1 : -1].log_softmax(-1).gather(-1, written[..., None])[..., 0]
            attention = torch.stack([output.cross_attentions[layer][:, n] for layer, n in self._heads], 1)
            attention = attention[:, :, len(head) - 1 :].double().cpu()
        decoded = []
        for n, (window, row) in enumerate(zip(windows, tokens, strict=True)):
            own = logprobs[n, : len(row) + 1].double().cpu().numpy()
            frames = max(2, round(window.duration_s / FRAME_S))
            starts = token_starts(attention[n, :, : len(row) + 1, :frames].numpy()) * FRAME_S
            words = _words(row, starts, np.exp(own[:-1]), tokenizer, spaces)
            text = tokenizer.decode(row).strip()
            decoded.append(Decoded(window, tuple(row), text, float(own.mean()), no_speech[n], words))
        return decoded

    def _ids(self, rows: Sequence[Any]) -> Any:
        import torch

        return torch.tensor(rows, device=self._model.device)


def _after_prompt(row: list[int], tokenizer: Any) -> list[int]:
    """Drop <|startofprev|>, hot words and <|startoftranscript|>, which some versions of transformers return."""
    return row[row.index(tokenizer.sot) :] if tokenizer.sot in row else row


def _alignment_heads(model: Any) -> list[tuple[int, int]]:
    """(layer, head) pairs that follow the sound: the checkpoint's, else the whole upper half, as in CTranslate2."""
    known = getattr(model.generation_config, "alignment_heads", None)
    if known:
        return [(layer, head) for layer, head in known]
    layers = model.config.decoder_layers
    return [
        (n, head) for n in range(layers // 2, layers) for head in range(model.config.decoder_attention_heads)
    ]


def _words(
    row: Sequence[int], starts: Any, probabilities: Any, tokenizer: Any, spaces: bool
) -> tuple[TimedWord, ...]:
    """Convert tokens to words; ``starts`` has one more entry, the end of the text."""
    from faster_whisper.transcribe import merge_punctuations

    texts, parts = tokenizer.split_to_word_tokens([*row, tokenizer.eot])
    alignment: list[dict[str, Any]] = []
    begin = 0
    for text, part in zip(texts[:-1], parts[:-1], strict=True):
        end = begin + len(part)
        mean = float(probabilities[begin:end].mean())
        alignment.append(
            {
                "word": text,
                "tokens": part,
                "start": float(starts[begin]),
                "end": float(starts[end]),
                "probability": mean,
            }
        )
        begin = end
    merge_punctuations(alignment, PREPENDED, APPENDED)
    words = tuple(
        TimedWord(word["word"], word["start"], word["end"], word["probability"])
        for word in alignment
        if word["word"].strip()
    )
    return joined(words) if spaces else words
