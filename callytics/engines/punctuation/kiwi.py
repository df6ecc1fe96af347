"""Korean punctuation and spacing by morphological analysis with Kiwi; other languages keep Whisper's marks.

Kiwi (https://github.com/bab2min/Kiwi, LGPL-3.0): Lee 2024, "Kiwi: Developing a Korean Morphological Analyzer
Based on Statistical Language Models and Skip-Bigram". The wheel kiwipiepy_model contains the model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from callytics.domain import Conversation, Sentence, Turn, Word
from callytics.engines.punctuation.korean import REPLIES, Ending, ends_sentence, final_mark
from callytics.engines.punctuation.questions import Morpheme, echoes, may_echo
from callytics.engines.punctuation.sentences import sentence, split_by_marks, split_mark
from callytics.engines.punctuation.spacing import join_bound_forms, spaced

CONTEXT_WORDS = 4
"""Number of words to the left that are analysed with a candidate ending."""

MIN_RESPACED_SYLLABLES = 4
"""Two words of two syllables: a shorter word cannot be a run-on that we would correct."""

_HANGUL = re.compile(r"[가-힣]")
_CANDIDATE = re.compile(r"[다요죠까오지야네자라어아해돼니냐나군게걸래대데소음함]$")


class KiwiPunctuationRestorer:
    """Sentence ends, final marks and spacing of Korean turns. Deterministic; safe to call from several threads.

    Args:
        model_type: Kiwi's language model; "cong-global" uses more context than "cong" at about the same cost.
        respace: correct the spacing of the recognised text.
    """

    def __init__(self, *, model_type: str = "cong-global", respace: bool = True) -> None:
        import kiwipiepy

        self.model = f"kiwi-{model_type}"
        self.model_revision = str(kiwipiepy.__version__)
        self._respace = respace
        # One worker: a turn is one short text, and the stage's CPU share is a fraction of a core. The dictionary of
        # multi-word names (film titles, ...) costs 180 MB and does not help to find sentence ends.
        self._kiwi: Any = kiwipiepy.Kiwi(
            num_workers=1, model_type=model_type, load_multi_dict=False, load_typo_dict=False
        )

    def __call__(self, conversation: Conversation) -> Conversation:
        """Every turn with punctuated ``content``, split into ``sentences``; raw text and words do not change."""
        before = [None, *conversation.turns]
        turns = (
            self._restore(turn, _said_by_other(turn, last), korean=conversation.language_of(turn) == "ko")
            for turn, last in zip(conversation.turns, before, strict=False)
        )
        return replace(conversation, turns=tuple(turns))

    def _restore(self, turn: Turn, before: str, *, korean: bool) -> Turn:
        if not turn.words:
            return turn
        if korean and _HANGUL.search(turn.content_raw):
            sentences = self._korean_sentences(turn.words, before)
        else:
            sentences = split_by_marks(turn.words)
        return replace(turn, content=" ".join(s.text for s in sentences), sentences=sentences)

    def split(self, text: str, before: str = "") -> list[str]:
        """The sentences of a plain Korean text, punctuated: the rules without times, for evaluation.

        Args:
            before: what the other party said before.
        """
        words = [Word(word, 0.0, 0.0, 1.0) for word in text.split()]
        return [s.text for s in self._korean_sentences(words, before)] if words else []

    def _korean_sentences(self, words: Sequence[Word], before: str) -> tuple[Sentence, ...]:
        bare, marks = map(list, zip(*(split_mark(word.text) for word in words), strict=True))
        in_context, model_ends = self._analyse(bare)
        sentences: list[Sentence] = []
        begin = 0
        for index in range(len(words)):
            last = index == len(words) - 1
            alone = self._alone(bare, begin, index)
            if not last:
                pause_s = max(0.0, words[index + 1].start_s - words[index].end_s)
                ending = Ending(
                    bare[index], marks[index], pause_s, alone, in_context[index + 1], index in model_ends
                )
                if not ends_sentence(ending):
                    continue
            part = slice(begin, index + 1)
            text = self._written(bare[part], marks[part], in_context[part], alone)
            if not begin and text.endswith(".") and self._echoes(" ".join(bare[part]), before):
                text = f"{text[:-1]}?"
            sentences.append(sentence(text, words[part]))
            begin = index + 1
        return tuple(sentences)

    def _written(
        self,
        bare: Sequence[str],
        marks: Sequence[str],
        morphemes: Sequence[Sequence[Morpheme]],
        alone: Sequence[Morpheme],
    ) -> str:
        """One sentence as text, with the recogniser's commas and a comma after an opening "네"."""
        pieces = list(bare)
        if self._respace:
            pieces = [self._spaced(word) for word in bare]
        final = final_mark(" ".join(bare), marks[-1], alone)
        for index in range(len(pieces) - 1):
            if marks[index] == "," or (index == 0 and bare[0] in REPLIES and bare[0] != "아"):
                pieces[index] += ","
        text = join_bound_forms(pieces, morphemes) if self._respace else " ".join(pieces)
        return text + final

    def _echoes(self, sentence: str, before: str) -> bool:
        return may_echo(sentence, before) and echoes(self._tokens(sentence), self._tokens(before))

    def _analyse(self, words: Sequence[str]) -> tuple[list[list[Morpheme]], set[int]]:
        """Morphemes of each word in context, and the words after which Kiwi's splitter ends a sentence."""
        text = " ".join(words)
        morphemes: list[list[Morpheme]] = [[] for _ in words]
        word_ends: dict[int, int] = {}
        starts: list[int] = []
        position = 0
        for index, written in enumerate(words):
            starts.append(position)
            position += len(written)
            word_ends[position] = index
            position += 1
        model_ends: set[int] = set()
        word = 0
        for part in self._kiwi.split_into_sents(text, return_tokens=True):
            if part.end in word_ends:  # an end inside a word is a misreading: never split a word
                model_ends.add(word_ends[part.end])
            for token in part.tokens:
                while word + 1 < len(starts) and token.start >= starts[word + 1]:
                    word += 1
                morphemes[word].append(Morpheme(token.form, token.tag))
        return morphemes, model_ends

    def _alone(self, words: Sequence[str], begin: int, index: int) -> list[Morpheme]:
        if not _CANDIDATE.search(words[index]) and index != len(words) - 1:
            # No final ending has this form; the word's own morphemes are enough to judge a mark here.
            return self._tokens(words[index])
        return self._tokens(" ".join(words[max(begin, index - CONTEXT_WORDS + 1) : index + 1]))

    def _spaced(self, word: str) -> str:
        if len(word) < MIN_RESPACED_SYLLABLES:
            return word
        return spaced(word, [(t.start, Morpheme(t.form, t.tag)) for t in self._kiwi.tokenize(word)])

    def _tokens(self, text: str) -> list[Morpheme]:
        return [Morpheme(token.form, token.tag) for token in self._kiwi.tokenize(text)]


def _said_by_other(turn: Turn, last: Turn | None) -> str:
    """The turn before, if the other party spoke it."""
    return last.content_raw if last is not None and last.participant_id != turn.participant_id else ""
