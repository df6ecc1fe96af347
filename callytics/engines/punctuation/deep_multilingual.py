"""Punctuation by a token classifier (deepmultilingualpunctuation) for the languages of its training data.

Guhr et al. 2021, "FullStop: Multilingual Deep Models for Punctuation Prediction" (SEPP-NLG 2021): after every word
the model predicts one of nothing . , ? - : from the text alone. It restores no capitals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

from callytics.domain import Conversation, Sentence, Turn, Word
from callytics.engines.batch_order import Kind
from callytics.engines.batch_queue import BatchQueue
from callytics.engines.memory import limit_torch
from callytics.engines.punctuation.sentences import sentence, split_by_marks, split_mark
from callytics.weights.hub import load_pretrained, revision_of, snapshot
from callytics.weights.needed import TRANSFORMERS_FILES, TRANSFORMERS_WEIGHTS, WeightsOption

MODEL_LANGUAGES = ("en", "de", "fr", "it")
"""Languages of the package's own model, oliverguhr/fullstop-punctuation-multilang-large (MIT)."""

SENTENCE_MARKS = frozenset(".?!…")


class DeepMultilingualPunctuationRestorer:
    """Adds marks to turns in ``languages``; other languages keep the recogniser's marks and are split by them.

    The recogniser's marks are kept, because it heard the voice and the model reads words only. The model adds missing
    marks, and every turn ends with one. Deterministic; for several threads: their turns go through one queue.

    Args:
        model: a hub id, or the path of a folder: a token classifier with the labels 0 . , ? - : . For Dutch too:
            oliverguhr/fullstop-punctuation-multilingual-sonar-base; for twelve languages, Spanish among them:
            kredor/punctuate-all.
        revision: a commit, tag or branch on the hub. Pin a commit in production.
        languages: languages of the model, ISO 639-1.
        batch_size: turns per forward pass, where they share one.
        batch_across_calls: the turns of all calls at work share batches. torch rounds otherwise in another batch, so a
            mark may differ from that of the turn alone (docs/adr/0024). False: one turn at a time. Default: on a GPU.
        memory_share: the most of a card's memory that torch may take in this process, e.g. 0.1; None: no limit.

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
        batch_size: int = 32,
        batch_across_calls: bool | None = None,
        memory_share: float | None = None,
    ) -> None:
        from deepmultilingualpunctuation import PunctuationModel

        limit_torch(memory_share)
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
        on_gpu = str(getattr(self._punctuation.pipe, "device", "cpu")).startswith("cuda")
        shared = on_gpu if batch_across_calls is None else batch_across_calls
        kind = Kind("turns", batch_size if shared else 1)
        # One worker: the pipeline's tokenizer is not thread-safe.
        self._queue = BatchQueue(self._tagged, kind=lambda words: kind, cost=len, name="turns")

    def __call__(self, conversation: Conversation) -> Conversation:
        """Every turn with punctuated ``content``, split into ``sentences``; raw text and words do not change."""
        known = [
            turn
            for turn in conversation.turns
            if turn.words and conversation.language_of(turn) in self.languages
        ]
        bare = {turn.id: [split_mark(word.text)[0] for word in turn.words] for turn in known}
        predicted = dict(zip(bare, self._predicted(list(bare.values())), strict=True))
        turns = (self._restore(turn, predicted.get(turn.id)) for turn in conversation.turns)
        return replace(conversation, turns=tuple(turns))

    def close(self) -> None:
        """End the thread of the queue of turns."""
        self._queue.close()

    def _restore(self, turn: Turn, predicted: Sequence[str] | None) -> Turn:
        if not turn.words:
            return turn
        sentences = split_by_marks(turn.words) if predicted is None else _sentences(turn.words, predicted)
        return replace(turn, content=" ".join(s.text for s in sentences), sentences=sentences)

    def _predicted(self, turns: Sequence[Sequence[str]]) -> list[list[str]]:
        """Per turn the mark after each word, "" for none. The model gets no words without a letter or digit ("...")."""
        spoken = [
            [index for index, word in enumerate(words) if any(c.isalnum() for c in word)] for words in turns
        ]
        asked = [(words, indices) for words, indices in zip(turns, spoken, strict=True) if indices]
        tagged = iter(self._queue([[words[index] for index in indices] for words, indices in asked]))
        found = []
        for words, indices in zip(turns, spoken, strict=True):
            marks = [""] * len(words)
            for index, (_, label, _) in zip(indices, next(tagged) if indices else (), strict=True):
                marks[index] = label if label in (".", ",", "?", "-", ":") else ""
            found.append(marks)
        return found

    def _tagged(self, turns: Sequence[list[str]], prepared: None) -> list[list[Any]]:
        """The library's prediction for several turns with one forward pass: it is asked which texts it would give to
        its pipeline, the pipeline gets them all together, and the library goes on with what comes out."""
        if len(turns) == 1:
            return [self._punctuation.predict(turns[0])]
        recorded = _Recorder()
        for words in turns:
            self._ask(recorded, words)
        texts = list(recorded.texts)
        results = dict(zip(texts, self._punctuation.pipe(texts, batch_size=len(texts)), strict=True))
        return [self._ask(results.__getitem__, words) for words in turns]

    def _ask(self, pipe: Callable[[str], Any], words: list[str]) -> list[Any]:
        library = copy(self._punctuation)
        library.pipe = pipe
        found: list[Any] = library.predict(words)
        return found


class _Recorder:
    """In the place of the pipeline: notes the texts, each once, and marks nothing."""

    def __init__(self) -> None:
        self.texts: dict[str, None] = {}

    def __call__(self, text: str) -> list[dict[str, Any]]:
        self.texts[text] = None
        before, whole = {"end": -1}, {"end": len(text)}  # the library reads a result before the end of a word
        return [{**token, "entity": "0", "score": 0.0} for token in (before, whole)]


def _sentences(words: Sequence[Word], predicted: Sequence[str]) -> tuple[Sentence, ...]:
    bare, heard = map(list, zip(*(split_mark(word.text) for word in words), strict=True))
    marks = [ours or theirs for ours, theirs in zip(heard, predicted, strict=True)]
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


def written(word: str, mark: str) -> str:
    """A dash stands alone; other marks are attached to the word."""
    return f"{word} -" if mark == "-" else word + mark
