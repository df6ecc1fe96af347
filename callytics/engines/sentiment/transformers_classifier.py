"""Sentiment by a text-classification model of Hugging Face transformers; lexicon and criteria as in all engines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from callytics.domain import Conversation, SentimentAnalysis
from callytics.engines.batch_order import Kind
from callytics.engines.batch_queue import BatchQueue
from callytics.engines.memory import limit_torch
from callytics.engines.sentiment.assembly import LABELS, analyze
from callytics.engines.sentiment.lexicon import Lexicon
from callytics.errors import ConfigError
from callytics.weights.hub import load_pretrained, revision_of
from callytics.weights.needed import TRANSFORMERS_FILES, TRANSFORMERS_WEIGHTS, WeightsOption

Matrix = npt.NDArray[np.float64]

_NAMES = (
    (re.compile(r"neg", re.IGNORECASE), "negative"),
    (re.compile(r"neu", re.IGNORECASE), "neutral"),
    (re.compile(r"pos", re.IGNORECASE), "positive"),
    (re.compile(r"^[12] stars?$"), "negative"),
    (re.compile(r"^3 stars?$"), "neutral"),
    (re.compile(r"^[45] stars?$"), "positive"),
)
"""Label names of models on the hub: "negative", "Very Positive", "NEU", "1 star", "5 stars"."""


class TransformersSentimentAnalyzer:
    """Deterministic; safe to call from several threads.

    Args:
        model: a hub id, or the path of a folder, of a sequence classifier whose labels are sentiments. The default
            is XLM-RoBERTa pretrained on tweets in more than thirty languages, including Korean, and tuned on eight
            (Barbieri et al. 2022, "XLM-T", LREC).
        revision: a commit, tag or branch on the hub. Pin a commit in production.
        device: "cpu", "cuda", ...
        labels: the model's label -> "negative", "neutral" or "positive", for label names without a known meaning.
        max_tokens: longer sentences are cut; at most the model's own limit.
        batch_size: sentences per forward pass, where they share one.
        batch_across_calls: the sentences of all calls at work share batches; scores then differ in their last digits
            from those of a sentence alone (docs/adr/0024). False: one sentence at a time. Default: on a GPU.
        memory_share: the most of a card's memory that torch may take in this process, e.g. 0.08; None: no limit.
        max_terms: maximum number of positive words and of negative words, the most frequent first.

    Raises:
        WeightsError: ``weights_unavailable``.
        ConfigError: ``labels_unknown``, or ``options_invalid``.
    """

    environment = "sentiment-analyzer"
    weights = (WeightsOption("model", TRANSFORMERS_FILES, TRANSFORMERS_WEIGHTS),)

    def __init__(
        self,
        *,
        model: str = "cardiffnlp/twitter-xlm-roberta-base-sentiment",
        revision: str | None = None,
        device: str = "cpu",
        labels: Mapping[str, str] | None = None,
        max_tokens: int = 256,
        max_terms: int = 30,
        batch_size: int = 32,
        batch_across_calls: bool | None = None,
        memory_share: float | None = None,
    ) -> None:
        limit_torch(memory_share, device)
        import transformers

        def load() -> tuple[Any, Any]:
            classifier = transformers.AutoModelForSequenceClassification.from_pretrained(
                model, revision=revision
            )
            return classifier.to(device).eval(), transformers.AutoTokenizer.from_pretrained(
                model, revision=revision
            )

        self._classifier, tokenizer = load_pretrained("sentiment-analyzer", model, load)
        self._tokenize: Any = tokenizer.backend_tokenizer  # the wrapper around it keeps state between calls
        self._tokenize.no_padding()
        self._tokenize.enable_truncation(min(max_tokens, tokenizer.model_max_length))
        self.model = Path(model).name if Path(model).is_dir() else model
        self.model_revision = revision_of(model, self._classifier.config, revision)
        self._columns = label_columns(self._classifier.config.id2label, labels or {})
        self._max_terms = max_terms
        self._lexicon = Lexicon()
        shared = device.startswith("cuda") if batch_across_calls is None else batch_across_calls
        kind = Kind("sentences", batch_size)
        self._queue: BatchQueue[str, list[float]] | None = None
        if shared:
            self._queue = BatchQueue(
                lambda sentences, _: self._probabilities(sentences),
                kind=lambda sentence: kind,
                cost=len,
                name="sentences",
            )

    def close(self) -> None:
        """End the thread of the queue of sentences."""
        if self._queue is not None:
            self._queue.close()

    def __call__(self, conversation: Conversation) -> SentimentAnalysis:
        """Scores per turn that sum to 1, sentiment words with their turns, and the quality of the agent's speech."""
        return analyze(conversation, self._classify, self._lexicon, self._max_terms)

    def _classify(self, sentences: Sequence[str], language: str) -> Matrix:
        if self._queue is not None:
            rows = self._queue(sentences)
        else:
            rows = [row for sentence in sentences for row in self._probabilities([sentence])]
        return np.array(rows, np.float64).reshape(-1, self._columns.shape[0]) @ self._columns

    def _probabilities(self, sentences: Sequence[str]) -> list[list[float]]:
        """Probabilities of the model's labels, per sentence. Padding in a batch changes the last digits."""
        import torch

        tokens = [self._tokenize.encode(sentence).ids for sentence in sentences]
        longest = max(map(len, tokens))
        pad = self._classifier.config.pad_token_id or 0
        ids = torch.tensor(
            [[*row, *[pad] * (longest - len(row))] for row in tokens], device=self._classifier.device
        )
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in tokens]).to(ids.device)
        with torch.inference_mode():
            output = self._classifier(input_ids=ids, attention_mask=mask)
        probabilities: list[list[float]] = output.logits.double().softmax(-1).tolist()
        return probabilities


def label_columns(id2label: Mapping[int, str], given: Mapping[str, str]) -> Matrix:
    """Weight of each label of a model for each sentiment, shape (num_labels, 3); columns in the order of LABELS.

    Raises:
        ConfigError: ``labels_unknown``: neither the name of a label nor ``given`` shows its meaning;
            ``options_invalid``: ``given`` names a label that the model does not have, or an unknown sentiment.
    """
    names = [label.value.lower() for label in LABELS]
    wrong = (set(given) - set(id2label.values())) | (set(given.values()) - set(names))
    if wrong:
        raise ConfigError(
            "options_invalid",
            f"sentiment-analyzer: labels names {', '.join(sorted(wrong))}; the model has "
            f"{', '.join(id2label.values())}, and each is one of {', '.join(names)}.",
        )
    columns = np.zeros((len(id2label), len(names)))
    for number, label in id2label.items():
        meaning = given.get(label) or next((name for rule, name in _NAMES if rule.search(label)), None)
        if meaning is None:
            raise ConfigError(
                "labels_unknown",
                f"sentiment-analyzer: the model's label {label!r} does not say what it means. Give the option "
                f"`labels`, e.g. {{{label}: negative}}, for all of {', '.join(id2label.values())}.",
            )
        columns[int(number), names.index(meaning)] = 1.0
    return columns
