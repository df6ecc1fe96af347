"""A sentence as clauses: what is said, whether it is denied, done or only intended, and who acts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

RESULT = "=result"
"""Concept of a clause that states a result without a verb for it: "it's off now"."""


class Actor(StrEnum):
    """The party that acts in a clause, seen from its speaker; UNSAID where the clause does not tell."""

    SPEAKER = "SPEAKER"
    HEARER = "HEARER"
    OTHER = "OTHER"
    UNSAID = "UNSAID"


@dataclass(frozen=True)
class Word:
    """A word that carries meaning.

    ``done``: for a verb, True if it is said as done, False if as intended, asked for or possible; None if neither, or
    for a noun. The concept of a verb that says little ("get") is empty. ``passive``: its subject undergoes it.
    ``denied``: in the scope of a negation. ``adnominal``: a verb that describes a noun, "spilled food".
    """

    concept: str
    predicate: bool = False
    done: bool | None = None
    passive: bool = False
    denied: bool = False
    adnominal: bool = False


@dataclass(frozen=True)
class Clause:
    """``negative``: denied or refused. ``lacking``: speaks of an absence or failure without a negation ("gone")."""

    text: str
    words: tuple[Word, ...]
    negative: bool = False
    lacking: bool = False
    question: bool = False
    actor: Actor = Actor.UNSAID

    @property
    def concepts(self) -> frozenset[str]:
        return frozenset(word.concept for word in self.words if word.concept)

    def denies(self, others: frozenset[str]) -> bool:
        """Whether all that it shares with ``others`` is denied; if it shares nothing, whether it denies at all."""
        shared = [word for word in self.words if word.concept in others]
        return all(word.denied for word in shared) if shared else self.negative

    @property
    def main(self) -> frozenset[str]:
        """Verbs that state something."""
        return frozenset(w.concept for w in self.words if w.predicate and w.concept and not w.adnominal)

    @property
    def predicates(self) -> frozenset[str]:
        return frozenset(word.concept for word in self.words if word.predicate and word.concept)


@cache
def concepts(language: str) -> dict[str, str]:
    """Word to concept, from concepts.tsv. Words that are not in it are concepts of their own."""
    rows = Path(__file__).with_name("concepts.tsv").read_text(encoding="utf-8").splitlines()
    column = {"en": 1, "ko": 2}[language]
    found: dict[str, str] = {}
    for row in rows:
        cells = row.split("\t")
        if row.startswith("#") or len(cells) <= column:
            continue
        for word in cells[column].split():
            found.setdefault(word, cells[0])
    return found
