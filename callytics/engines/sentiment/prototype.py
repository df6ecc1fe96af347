"""Sentiment and communication quality by similarity to prototype sentences (sentence-transformers).

A sentence embedding model places sentences of similar meaning near each other, a multilingual model also across
languages. So examples can define a sentiment or a part of a criterion: prototypes.tsv and the sentences of training/,
both written for this project. Nothing is trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from callytics.domain import Conversation, SentimentAnalysis, Turn
from callytics.engines.batch_order import Kind
from callytics.engines.batch_queue import BatchQueue
from callytics.engines.memory import limit_torch
from callytics.engines.sentiment.assembly import LABELS, analyze
from callytics.engines.sentiment.criteria import shows_by_rules
from callytics.engines.sentiment.lexicon import Lexicon
from callytics.engines.sentiment.text import sentences_of
from callytics.weights.hub import load_pretrained, revision_of
from callytics.weights.needed import TRANSFORMERS_FILES, TRANSFORMERS_WEIGHTS, WeightsOption

SCALE = 20.0
"""Cosine similarity times 20 is the logit in the training of such models by sentence-transformers (`scale` of its
MultipleNegativesRankingLoss), and also here."""

PROTOTYPE_LANGUAGES = ("ko", "en")
EMPATHY_PARTS = ("understanding", "trouble", "content")
OTHER = "other"  # plain business: shows none of the parts
Matrix = npt.NDArray[np.float64]


class PrototypeSentimentAnalyzer:
    """Deterministic; safe to call from several threads.

    A sentence has the sentiment with the nearest mean of prototypes. It shows a part of a criterion (a salutation,
    understanding, ...) if a prototype of that part is nearer than all prototypes of its rivals. Turns in Korean and
    English are compared with prototypes of their own language, others with all prototypes.

    Args:
        model: a hub id, or the path of a folder, of sentence-transformers. The default is multilingual (50
            languages, Korean among them; Reimers & Gurevych 2020, EMNLP; Apache-2.0).
        revision: a commit, tag or branch on the hub. Pin a commit in production.
        device: "cpu", "cuda", ...
        batch_size: sentences per forward pass.
        batch_across_calls: the sentences of all calls at work share batches; vectors then differ in their last digits
            from those of a call alone (docs/adr/0024). Default: on a GPU.
        memory_share: the most of a card's memory that torch may take in this process, e.g. 0.08; None: no limit.
        max_terms: maximum number of positive words and of negative words, the most frequent first.

    Raises:
        WeightsError: ``weights_unavailable``.
    """

    environment = "sentiment-analyzer"
    weights = (WeightsOption("model", TRANSFORMERS_FILES, TRANSFORMERS_WEIGHTS),)

    def __init__(
        self,
        *,
        model: str = "sentence-transformers/paraphrase-multilingual-mpnet-base-v2",
        revision: str | None = None,
        device: str = "cpu",
        batch_size: int = 32,
        max_terms: int = 30,
        batch_across_calls: bool | None = None,
        memory_share: float | None = None,
    ) -> None:
        limit_torch(memory_share, device)
        from sentence_transformers import SentenceTransformer

        self._encoder: Any = load_pretrained(
            "sentiment-analyzer", model, lambda: SentenceTransformer(model, revision=revision, device=device)
        )
        self.model = Path(model).name if Path(model).is_dir() else model
        self.model_revision = revision_of(model, getattr(self._encoder[0], "config", None), revision)
        self._batch_size = batch_size
        self._queue: BatchQueue[str, Matrix] | None = None
        if device.startswith("cuda") if batch_across_calls is None else batch_across_calls:
            kind = Kind("sentences", batch_size)
            self._queue = BatchQueue(
                lambda sentences, _: list(self._encoded(sentences)),
                kind=lambda sentence: kind,
                cost=len,
                name="sentences",
            )
        self._max_terms = max_terms
        self._lexicon = Lexicon()
        self._prototypes = {code: self._embedded(_prototypes((code,))) for code in PROTOTYPE_LANGUAGES}
        self._prototypes_of_all = {
            name: np.vstack([of_language[name] for of_language in self._prototypes.values()])
            for name in self._prototypes[PROTOTYPE_LANGUAGES[0]]
        }

    def __call__(self, conversation: Conversation) -> SentimentAnalysis:
        """Scores per turn that sum to 1, sentiment words with their turns, and the quality of the agent's speech."""
        return self.batch([(conversation,)])[0]

    def batch(self, calls: Sequence[tuple[Conversation]]) -> list[SentimentAnalysis]:
        """The same for several waiting calls: their sentences are embedded together."""
        conversations = [conversation for (conversation,) in calls]
        texts = dict.fromkeys(
            text
            for conversation in conversations
            for turn in conversation.turns
            for text in sentences_of(turn)
        )
        vectors = dict(zip(texts, self._embed(list(texts)), strict=True)) if texts else {}
        return [self._analyze(conversation, vectors) for conversation in conversations]

    def _analyze(self, conversation: Conversation, vectors: Mapping[str, Matrix]) -> SentimentAnalysis:
        def classify(sentences: Sequence[str], language: str) -> Matrix:
            if not sentences:
                return np.zeros((0, len(LABELS)))
            return _probabilities(np.stack([vectors[text] for text in sentences]), self._of(language))

        by_words = shows_by_rules(conversation)

        def shows(part: str, turn: Turn) -> bool:
            prototypes = self._of(conversation.language_of(turn))
            if (
                part not in prototypes
            ):  # hardship, the own name, the firm: told by words as in the other engines
                return by_words is not None and by_words(part, turn)
            rows = [vectors[text] for text in sentences_of(turn)]
            rivals = np.vstack([prototypes[name] for name in _rivals(part)])
            return bool(rows) and _nearer(np.stack(rows), prototypes[part], rivals)

        return analyze(conversation, classify, self._lexicon, self._max_terms, shows)

    def _embedded(self, sentences: Mapping[str, Sequence[str]]) -> dict[str, Matrix]:
        return {name: self._embed(of_name) for name, of_name in sentences.items()}

    def close(self) -> None:
        """End the thread of the queue of sentences."""
        if self._queue is not None:
            self._queue.close()

    def _embed(self, sentences: Sequence[str]) -> Matrix:
        """Unit vectors, shape (num_sentences, width)."""
        if self._queue is None:
            return self._encoded(sentences)
        return np.stack(self._queue(sentences))

    def _encoded(self, sentences: Sequence[str]) -> Matrix:
        vectors = self._encoder.encode(
            list(sentences),
            batch_size=self._batch_size,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, np.float64)

    def _of(self, language: str) -> dict[str, Matrix]:
        return self._prototypes.get(language, self._prototypes_of_all)


def _probabilities(vectors: Matrix, prototypes: Mapping[str, Matrix]) -> Matrix:
    """Softmax over the similarity to the mean of each sentiment, shape (num_sentences, 3)."""
    means = np.stack([prototypes[label.value.lower()].mean(axis=0) for label in LABELS])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    logits = SCALE * vectors @ means.T
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: Matrix = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities


def _rivals(part: str) -> list[str]:
    """The alternatives to a part. Parts of a greeting or closing can occur together in one sentence; understanding,
    trouble and content exclude each other."""
    return [OTHER, *(name for name in EMPATHY_PARTS if part in EMPATHY_PARTS and name != part)]


def _nearer(vectors: Matrix, prototypes: Matrix, rivals: Matrix) -> bool:
    """Whether at least one sentence is nearer to one of the prototypes than to every rival."""
    return bool(((vectors @ prototypes.T).max(axis=1) > (vectors @ rivals.T).max(axis=1)).any())


def _prototypes(languages: Sequence[str]) -> dict[str, list[str]]:
    """Label or part -> sentences: the labels of training/ and the parts of prototypes.tsv."""
    folder = resources.files("callytics.engines.sentiment")
    found: dict[str, list[str]] = {}
    for code in languages:
        for line in folder.joinpath("training", f"{code}.tsv").read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                label, text = line.split("\t")
                found.setdefault(label, []).append(text)
    for line in folder.joinpath("prototypes.tsv").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            part, code, text = line.split("\t")
            if code in languages:
                found.setdefault(part, []).append(text)
    return found
