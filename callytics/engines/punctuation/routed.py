"""Punctuation by language: Korean by Kiwi, the languages of the multilingual model by it, others by their own marks."""

from __future__ import annotations

from collections.abc import Sequence

from callytics.domain import Conversation
from callytics.engines.punctuation.deep_multilingual import (
    MODEL_LANGUAGES,
    DeepMultilingualPunctuationRestorer,
)
from callytics.engines.punctuation.kiwi import KiwiPunctuationRestorer


class RoutedPunctuationRestorer:
    """Chooses by ``conversation.language``. Deterministic; safe to call from several threads.

    Args:
        model: of DeepMultilingualPunctuationRestorer, and ``languages``, those it knows.
        kiwi_model_type: of KiwiPunctuationRestorer, and ``respace``.

    Raises:
        WeightsError: ``weights_unavailable``.
    """

    environment = "punctuation-restorer"

    def __init__(
        self,
        *,
        model: str = "oliverguhr/fullstop-punctuation-multilang-large",
        languages: Sequence[str] = MODEL_LANGUAGES,
        kiwi_model_type: str = "cong-global",
        respace: bool = True,
    ) -> None:
        self._korean = KiwiPunctuationRestorer(model_type=kiwi_model_type, respace=respace)
        self._multilingual = DeepMultilingualPunctuationRestorer(model=model, languages=languages)
        self.model = f"ko: {self._korean.model}, {'/'.join(languages)}: {self._multilingual.model}"
        self.model_revision = f"{self._korean.model_revision}, {self._multilingual.model_revision}"

    def __call__(self, conversation: Conversation) -> Conversation:
        """Every turn with ``content`` punctuated and split to ``sentences``; raw text and words as they were."""
        return (self._korean if conversation.language == "ko" else self._multilingual)(conversation)
