"""Punctuation by language: Kiwi for Korean, the multilingual model for its languages, existing marks for others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from callytics.domain import Conversation
from callytics.engines.punctuation.deep_multilingual import (
    MODEL_LANGUAGES,
    DeepMultilingualPunctuationRestorer,
)
from callytics.engines.punctuation.kiwi import KiwiPunctuationRestorer
from callytics.weights.needed import TRANSFORMERS_FILES, TRANSFORMERS_WEIGHTS, WeightsOption


class RoutedPunctuationRestorer:
    """Selects the restorer by the language of each turn. Deterministic; safe to call from several threads.

    Args:
        model, revision, languages, batch_size, batch_across_calls, memory_share: options of
            DeepMultilingualPunctuationRestorer.
        kiwi_model_type, respace: options of KiwiPunctuationRestorer.

    Raises:
        WeightsError: ``weights_unavailable``.
    """

    environment = "punctuation-restorer"
    weights = (WeightsOption("model", TRANSFORMERS_FILES, TRANSFORMERS_WEIGHTS),)

    def __init__(
        self,
        *,
        model: str = "oliverguhr/fullstop-punctuation-multilang-large",
        revision: str | None = None,
        languages: Sequence[str] = MODEL_LANGUAGES,
        kiwi_model_type: str = "cong-global",
        respace: bool = True,
        batch_size: int = 32,
        batch_across_calls: bool | None = None,
        memory_share: float | None = None,
    ) -> None:
        self._korean = KiwiPunctuationRestorer(model_type=kiwi_model_type, respace=respace)
        self._multilingual = DeepMultilingualPunctuationRestorer(
            model=model,
            revision=revision,
            languages=languages,
            batch_size=batch_size,
            batch_across_calls=batch_across_calls,
            memory_share=memory_share,
        )
        self.model = f"ko: {self._korean.model}, {'/'.join(languages)}: {self._multilingual.model}"
        self.model_revision = f"{self._korean.model_revision}, {self._multilingual.model_revision}"

    def __call__(self, conversation: Conversation) -> Conversation:
        """Every turn with punctuated ``content``, split into ``sentences``; raw text and words do not change."""
        korean = [turn for turn in conversation.turns if conversation.language_of(turn) == "ko"]
        others = [turn for turn in conversation.turns if conversation.language_of(turn) != "ko"]
        restored = [
            *self._korean(replace(conversation, turns=tuple(korean))).turns,
            *self._multilingual(replace(conversation, turns=tuple(others))).turns,
        ]
        by_id = {turn.id: turn for turn in restored}
        return replace(conversation, turns=tuple(by_id[turn.id] for turn in conversation.turns))

    def close(self) -> None:
        """End the thread of the queue of turns."""
        self._multilingual.close()
