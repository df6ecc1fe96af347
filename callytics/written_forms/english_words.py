"""The words of a text with their places, and what stands beside a word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from callytics.written_forms.english_numbers import NUMBER_WORDS, TENS, UNITS

_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?|\d[\d,.]*")


_JOINS = frozenset({" ", "-"})


@dataclass(frozen=True)
class Word:
    text: str
    start: int
    end: int


Made = tuple[str, int]
"""The written form, and how many words it replaces."""


def split(text: str) -> list[Word]:
    return [Word(match.group().lower(), match.start(), match.end()) for match in _WORD.finditer(text)]


def texts(words: Sequence[Word]) -> list[str]:
    return [word.text for word in words]


def is_joined(text: str, before: Word, after: Word) -> bool:
    return text[before.end : after.start] in _JOINS


def number_run(
    text: str, words: Sequence[Word], index: int, extra: frozenset[str] = frozenset()
) -> list[str]:
    """The number words from ``index`` on that belong together; "and" only between hundred or thousand and a number."""
    allowed = NUMBER_WORDS | extra
    run: list[str] = []
    for place in range(index, len(words)):
        word = words[place].text
        if run and not is_joined(text, words[place - 1], words[place]):
            break
        if word == "and":
            follows = words[place + 1].text if place + 1 < len(words) else ""
            if not run or run[-1] not in ("hundred", "thousand") or follows not in UNITS | TENS:
                break
        elif word == "a":
            follows = words[place + 1].text if place + 1 < len(words) else ""
            if run or follows not in ("hundred", "thousand", "million"):
                break
        elif word not in allowed:
            break
        run.append(word)
    return run


def word_after(text: str, words: Sequence[Word], index: int) -> str:
    """The word after ``index - 1``, if only a space or hyphen is between; else ""."""
    return words[index].text if index < len(words) and is_joined(text, words[index - 1], words[index]) else ""


def word_before(words: Sequence[Word], index: int, back: int = 1) -> str:
    return words[index - back].text if index >= back else ""
