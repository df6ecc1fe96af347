"""Question marks of Korean sentences from service calls, by the punctuation engine and a plain baseline.

    python -m evaluation.korean_marks [fit|choose|report] [--errors]

A sentence is given without marks. It is right if the engine ends it with the written mark and puts no question mark
inside it.

korean_marks.tsv has 344 sentences that agents and customers say, written for this project (Apache-2.0); 162 have a
question word, 171 are questions. Their author, a language model, knew the engine of then. The split is by a hash of
the sentence; ``report`` is not looked at while rules are made. For 24 sentences ("밥 먹었어요") only the intonation
tells a question, which a text does not have; their marks follow from the turn before, and their figure is separate.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from evaluation.dialogues import Split

FILE = Path(__file__).with_suffix(".tsv")
_QUESTION_WORD = re.compile(r"왜|언제|어디|누가|누구|얼마|며칠|몇|어떻|어떤|무슨|어느|뭐|뭘|무엇")

Restore = Callable[[str, str], str]


@dataclass(frozen=True)
class MarkedSentence:
    """``text`` has no mark at its end. ``by_intonation``: only the voice, or ``before``, tells a question."""

    split: str
    text: str
    before: str
    question: bool
    by_intonation: bool


@dataclass(frozen=True)
class QuestionScore:
    right: int
    marked: int
    asked: int
    errors: tuple[str, ...]

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, self.marked + self.asked)


def read_sentences(split: Split) -> list[MarkedSentence]:
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [
        MarkedSentence(
            row["split"],
            row["sentence"].rstrip("?."),
            row["before"],
            row["sentence"].endswith("?"),
            row["decided_by"] == "intonation",
        )
        for row in rows
        if row["split"] == split
    ]


def score(sentences: Iterable[MarkedSentence], restore: Restore) -> QuestionScore:
    """``restore`` returns a text with its marks, given what the other party said before."""
    right = marked = asked = 0
    errors = []
    for sentence in sentences:
        text = restore(sentence.text, sentence.before)
        says = "?" in text
        exact = text.endswith("?") and text.count("?") == 1
        right += sentence.question and exact
        marked += says
        asked += sentence.question
        if says != sentence.question or (says and not exact):
            errors.append(f"{sentence.text}{'?' if sentence.question else '.'} -> {text}")
    return QuestionScore(right, marked, asked, tuple(errors))


def by_question_word(text: str, _before: str = "") -> str:
    """The plain baseline: a sentence with a question word is a question."""
    return text + ("?" if _QUESTION_WORD.search(text) else ".")


def main(arguments: list[str]) -> None:
    from callytics.engines.punctuation.kiwi import KiwiPunctuationRestorer

    restorer = KiwiPunctuationRestorer()

    def restore(text: str, before: str) -> str:
        return " ".join(restorer.split(text, before))

    splits: list[Split] = [split for split in get_args(Split) if split in arguments] or list(get_args(Split))
    for split in splits:
        sentences = read_sentences(split)
        by_words = [s for s in sentences if not s.by_intonation]
        engine = score(by_words, restore)
        voice = score([s for s in sentences if s.by_intonation], restore)
        print(
            f"{split}, {len(by_words)} sentences: F1 {engine.f1:.3f}, by question word "
            f"{score(by_words, by_question_word).f1:.3f}; "
            f"{len(sentences) - len(by_words)} by intonation: {voice.f1:.3f}; all: {_all(engine, voice):.3f}"
        )
        if "--errors" in arguments and split != "report":
            print("\n".join(engine.errors + voice.errors))


def _all(*scores: QuestionScore) -> float:
    counts = [sum(getattr(s, name) for s in scores) for name in ("right", "marked", "asked")]
    return QuestionScore(counts[0], counts[1], counts[2], ()).f1


if __name__ == "__main__":
    main(sys.argv[1:])
