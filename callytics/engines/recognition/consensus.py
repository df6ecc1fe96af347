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


@dataclass(frozen=True)
class Agreed:
    """A piece of text, and the share of the readings that have it."""

    text: str
    share: float


@dataclass
class Place:
    """The votes for one place of the text; "" votes for nothing to stand there."""

    votes: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def vote(self, key: str, text: str) -> None:
        self.votes[key] = self.votes.get(key, 0) + 1
        self.texts.setdefault(key, text)

    def winner(self, num_voters: int) -> Agreed:
        """The text with most votes; of equals the one that was heard first."""
        key = max(self.votes, key=lambda key: self.votes[key])
        return Agreed(self.texts[key], self.votes[key] / num_voters)


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


def consensus(texts: Sequence[str], language: str) -> list[Agreed]:
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
    written: list[Agreed] = []
    for i, extra in enumerate(between):
        if extra.votes and max(extra.votes.values()) > len(texts) / 2:
            written.append(extra.winner(len(texts)))
        if i < len(places):
            written.append(places[i].winner(len(texts)))
    return [one for one in written if one.text]


def shares_of(words: Sequence[str], agreed: Sequence[Agreed]) -> list[float]:
    """For each word of the agreed text, however it is split, the mean share over its letters and digits."""
    of_letters = [one.share for one in agreed for c in one.text if c.isalnum()]
    shares, position = [], 0
    for word in words:
        length = sum(c.isalnum() for c in word)
        part = of_letters[position : position + length]
        shares.append(sum(part) / len(part) if part else 1.0)
        position += length
    return shares
