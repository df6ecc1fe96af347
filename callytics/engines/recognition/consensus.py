"""One text out of several decodings of the same sound, by vote: ROVER (Fiscus 1997, "A post-processing system to
yield reduced word error rates", IEEE ASRU), here over the hypotheses of one model.

The decodings are aligned to the one that is nearest to all others (the minimum Bayes risk choice, Goel and Byrne
2000); then every place is decided by the majority. Errors that only one decoding makes are outvoted.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import Levenshtein

SYLLABIC_LANGUAGES = frozenset({"ko", "ja", "zh", "yue", "th", "lo", "my"})
"""Compared by character: a Korean word carries its particles, and one wrong syllable must not outvote the rest."""


@dataclass(frozen=True)
class Unit:
    """A word or a character: ``key`` is compared, ``text`` is written (with the space before it)."""

    key: str
    text: str


@dataclass
class Place:
    """The votes for one place of the text; "" votes for nothing to stand there."""

    votes: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def vote(self, key: str, text: str) -> None:
        self.votes[key] = self.votes.get(key, 0) + 1
        self.texts.setdefault(key, text)

    def winner(self) -> str:
        """The text with most votes; of equals the one that was heard first."""
        return self.texts[max(self.votes, key=lambda key: self.votes[key])]


def units(text: str, language: str) -> list[Unit]:
    """The text in units; punctuation stays with its word."""
    found: list[Unit] = []
    for word in unicodedata.normalize("NFC", text).split():
        parts = list(word) if language in SYLLABIC_LANGUAGES else [word]
        space = " "
        for part in parts:
            key = "".join(c for c in part.lower() if c.isalnum())
            if key:
                found.append(Unit(key, space + part))
                space = ""
            elif space:
                space += part
            elif found:
                found[-1] = Unit(found[-1].key, found[-1].text + part)
    return found


def consensus(texts: Sequence[str], language: str) -> str:
    """The text that most of ``texts`` agree on, place by place; earlier texts win ties."""
    candidates = [units(text, language) for text in texts]
    keys = [[unit.key for unit in candidate] for candidate in candidates]
    risks = [sum(Levenshtein.distance(one, other) for other in keys) for one in keys]
    centre = risks.index(min(risks))
    places = [Place() for _ in keys[centre]]
    between = [Place() for _ in range(len(places) + 1)]
    for candidate, of_candidate in zip(candidates, keys, strict=True):
        for edit in Levenshtein.opcodes(keys[centre], of_candidate):
            if edit.tag == "insert":
                inserted = candidate[edit.dest_start : edit.dest_end]
                text = "".join(unit.text for unit in inserted)
                between[edit.src_start].vote(" ".join(unit.key for unit in inserted), text)
                continue
            for i in range(edit.src_start, edit.src_end):
                unit = candidate[edit.dest_start + i - edit.src_start] if edit.tag != "delete" else None
                places[i].vote(unit.key if unit else "", unit.text if unit else "")
    written = []
    for i, extra in enumerate(between):
        if extra.votes and max(extra.votes.values()) > len(texts) / 2:
            written.append(extra.winner())
        if i < len(places):
            written.append(places[i].winner())
    return "".join(written).strip()
