"""Sentences of a turn, with times. They consist of whole words, so the time of a word is never split."""

from __future__ import annotations

import re
from collections.abc import Sequence

from callytics.domain import Sentence, Word

_END = re.compile(r"[.?!…。？！]+[\"'”’)\]]*$")
_ABBREVIATION = re.compile(
    r"^(mr|mrs|ms|dr|prof|st|no|vs|etc|inc|ltd|co|jr|sr|e\.g|i\.e|[a-z])\.$", re.IGNORECASE
)


def split_mark(text: str) -> tuple[str, str]:
    """A word and the punctuation mark after it: "네," -> ("네", ","); "3.5" and "a.com" stay whole.

    For several marks the strongest is returned: "?!" -> "?", "..." -> "…".
    """
    match = re.search(r"[.,?!…;:。，？！、]+$", text)
    if not match or match.start() == 0:
        return text, ""
    marks = match.group().translate(str.maketrans("。，？！、", ".,?!,"))
    for mark in "?!…":
        if mark in marks:
            return text[: match.start()], mark
    if marks.startswith("..."):
        return text[: match.start()], "…"
    return text[: match.start()], "." if "." in marks else ","


def sentence(text: str, words: Sequence[Word]) -> Sentence:
    """A sentence with ``text`` and the time of ``words`` (at least one)."""
    return Sentence(text, words[0].start_s, max(word.end_s for word in words))


def split_by_marks(words: Sequence[Word]) -> tuple[Sentence, ...]:
    """Sentences of a punctuated text; abbreviations ("Dr.") do not end a sentence."""
    sentences: list[Sentence] = []
    begin = 0
    for index, word in enumerate(words):
        last = index == len(words) - 1
        if last or (_END.search(word.text) and not _ABBREVIATION.match(word.text)):
            part = words[begin : index + 1]
            sentences.append(sentence(" ".join(w.text for w in part), part))
            begin = index + 1
    return tuple(sentences)
