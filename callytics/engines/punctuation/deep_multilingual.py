"""Punctuation by a token classifier (deepmultilingualpunctuation) for the languages of its training data.

Guhr et al. 2021, "FullStop: Multilingual Deep Models for Punctuation Prediction" (SEPP-NLG 2021): after every word
the model predicts one of nothing . , ? - : from the text alone. It restores no capitals.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from callytics.domain import Conversation, Sentence, Turn, Word
from callytics.engines.punctuation.sentences import sentence, split_by_marks, split_mark
from callytics.weights.hub import load_pretrained, revision_of, snapshot
from callytics.weights.needed import TRANSFORMERS_FILES, TRANSFORMERS_WEIGHTS, WeightsOption

MODEL_LANGUAGES = ("en", "de", "fr", "it")
"""Languages of the package's own model, oliverguhr/fullstop-punctuation-multilang-large (MIT)."""

SENTENCE_MARKS = frozenset(".?!…")


class DeepMultilingualPunctuationRestorer:
    """Adds marks to turns in ``languages``; other languages keep the recogniser's marks and are split by them.

    The recogniser's marks are kept, because it heard the voice and the model reads words only. The model adds missing
    marks, and every turn ends with one. Deterministic; calls from several threads wait for each other.

    Args:
        model: a hub id, or the path of a folder: a token classifier with the labels 0 . , ? - : . For Dutch too:
            oliverguhr/fullstop-punctuation-multilingual-sonar-base; for twelve languages, Spanish among them:
            kredor/punctuate-all.
        revision: a commit, tag or branch on the hub. Pin a commit in production.
        languages: languages of the model, ISO 639-1.

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
    ) -> None:
        from deepmultilingualpunctuation import PunctuationModel

        source, commit = model, None
        if revision is not None and not Path(model).is_dir():
            # The library takes no revision: it gets the folder of that commit.
            files = (*TRANSFORMERS_FILES, *TRANSFORMERS_WEIGHTS)
            folder, commit = snapshot("punctuation-restorer", model, revision, files)
            source = str(folder)
        # The model uses a GPU if torch sees one; the deployment of the stage sets its share of the GPU.
        self._punctuation: Any = load_pretrained(
            "punctuation-restorer", model, lambda: PunctuationModel(model=source)
        )
        self.model = Path(model).name if Path(model).is_dir() else model
        self.model_revision = commit or revision_of(model, self._punctuation.pipe.model.config, None)
        self.languages = frozenset(languages)
        self._lock = threading.Lock()  # the pipeline's tokenizer is not thread-safe

    def __call__(self, conversation: Conversation) -> Conversation:
        """Every turn with punctuated ``content``, split into ``sentences``; raw text and words do not change."""
        turns = (
            self._restore(turn, known=conversation.language_of(turn) in self.languages)
            for turn in conversation.turns
        )
        return replace(conversation, turns=tuple(turns))

    def _restore(self, turn: Turn, *, known: bool) -> Turn:
        if not turn.words:
            return turn
        sentences = self._sentences(turn.words) if known else split_by_marks(turn.words)
        return replace(turn, content=" ".join(s.text for s in sentences), sentences=sentences)

    def _sentences(self, words: Sequence[Word]) -> tuple[Sentence, ...]:
        bare, heard = map(list, zip(*(split_mark(word.text) for word in words), strict=True))
        marks = [ours or theirs for ours, theirs in zip(heard, self._predicted(bare), strict=True)]
        if marks[-1] not in SENTENCE_MARKS and any(c.isalnum() for c in bare[-1]):
            marks[-1] = "."
        sentences: list[Sentence] = []
        begin = 0
        for index, mark in enumerate(marks):
            if mark in SENTENCE_MARKS or index == len(words) - 1:
                part = slice(begin, index + 1)
                text = " ".join(written(*pair) for pair in zip(bare[part], marks[part], strict=True))
                sentences.append(sentence(text, words[part]))
                begin = index + 1
        return tuple(sentences)

    def _predicted(self, words: Sequence[str]) -> list[str]:
        """The mark after each word, "" for none. The model does not get words without a letter or digit ("...")."""
        spoken = [index for index, word in enumerate(words) if any(c.isalnum() for c in word)]
        marks = [""] * len(words)
        if spoken:
            with self._lock:
                tagged = self._punctuation.predict([words[index] for index in spoken])
            for index, (_, label, _) in zip(spoken, tagged, strict=True):
                marks[index] = label if label in (".", ",", "?", "-", ":") else ""
        return marks


def written(word: str, mark: str) -> str:
    """A dash stands alone; other marks are attached to the word."""
    return f"{word} -" if mark == "-" else word + mark
