"""Scores of text, speakers and times against a reference, based on the field's standard scorers.

    text        jiwer 4 (Levenshtein distance); corpus level: errors of all items / reference units of all items
    speakers    pyannote.metrics 4, overlapped speech scored
    roles       share of single-speaker reference speech with the right role (see ``role_errors``)
    times       of the first and last word of an utterance against the utterance

Everything returns counts that can be added, so a figure over a set is never a mean of rates.
"""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

COLLAR_S = 0.25
"""Tolerance on EACH side of a reference boundary (NIST RT). pyannote.metrics takes the sum of both: 0.5."""


@dataclass(frozen=True)
class Interval:
    """A label (speaker, role) is active in [start_s, end_s)."""

    start_s: float
    end_s: float
    label: str


# ---------------------------------------------------------------- text


@dataclass(frozen=True)
class ErrorCounts:
    """Units are characters (CER) or words (WER)."""

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    reference_units: int = 0

    @property
    def errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Errors per reference unit; NaN without a reference."""
        return self.errors / self.reference_units if self.reference_units else math.nan

    def __add__(self, other: ErrorCounts) -> ErrorCounts:
        return ErrorCounts(
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
            self.reference_units + other.reference_units,
        )


def total(counts: Iterable[ErrorCounts]) -> ErrorCounts:
    return sum(counts, ErrorCounts())


def normalise(text: str) -> str:
    """Unicode NFC, lower case, apostrophes dropped (don't = dont), other punctuation and symbols to a space.

    Numbers are not converted: "5" is not "five". If a reference exists in both forms (digits, and as spoken), the
    form with fewer errors counts; otherwise a number in the other form is an error.
    """
    text = unicodedata.normalize("NFC", text).lower()
    text = re.sub(r"['’ʼ`]", "", text)
    kept = (c if unicodedata.category(c)[0] in "LNM" else " " for c in text)
    return " ".join("".join(kept).split())


def characters(text: str) -> str:
    """``normalise`` without spaces: the units of Korean CER. Korean spacing is optional in much of real text."""
    return normalise(text).replace(" ", "")


def _count(reference: Sequence[str], hypothesis: Sequence[str]) -> ErrorCounts:
    """Levenshtein counts over units. jiwer counts words, so each character is passed as a word."""
    import jiwer

    if not reference:
        return ErrorCounts(insertions=len(hypothesis))
    if not hypothesis:
        return ErrorCounts(deletions=len(reference), reference_units=len(reference))
    measured = jiwer.process_words(" ".join(reference), " ".join(hypothesis))
    return ErrorCounts(measured.substitutions, measured.deletions, measured.insertions, len(reference))


def _lowest(counts: Iterable[ErrorCounts]) -> ErrorCounts:
    return min(counts, key=lambda count: count.rate if count.reference_units else count.errors)


def character_errors(references: Sequence[str], hypothesis: str) -> ErrorCounts:
    """CER without spaces and punctuation against the best of several forms of the same reference."""
    return _lowest(_count(characters(form), characters(hypothesis)) for form in references)


def word_errors(references: Sequence[str], hypothesis: str) -> ErrorCounts:
    """WER without punctuation against the best of several forms of the same reference."""
    return _lowest(_count(normalise(form).split(), normalise(hypothesis).split()) for form in references)


def text_errors(references: Sequence[str], hypothesis: str, language: str) -> ErrorCounts:
    """The usual measure for the language: CER for Korean, WER for others."""
    score = character_errors if language == "ko" else word_errors
    return score(references, hypothesis)


def role_text_errors(
    references: Mapping[str, Sequence[str]], hypotheses: Mapping[str, str], language: str
) -> ErrorCounts:
    """Errors of the text per role. Text under a role that the reference lacks counts as inserted.

    Args:
        references: role -> forms of the role's whole text, in order of time.
        hypotheses: role -> the system's whole text for that role, in order of time.
    """
    known = total(
        text_errors(forms, hypotheses.get(role, ""), language) for role, forms in references.items()
    )
    foreign = total(
        text_errors([""], text, language) for role, text in hypotheses.items() if role not in references
    )
    return known + foreign


def best_mapping_errors(
    references: Mapping[str, Sequence[str]], hypotheses: Mapping[str, str], language: str
) -> ErrorCounts:
    """cpCER / cpWER: the mapping of speakers to reference speakers with the fewest errors (CHiME-6, Watanabe et
    al. 2020). An extra speaker counts as inserted, a missing one as deleted. Meant for a few speakers: above six, only
    the six with most text are mapped, and the others count as inserted."""
    by_length = sorted(hypotheses.values(), key=len, reverse=True)
    texts, rest = by_length[:6], by_length[6:]
    forms: list[Sequence[str]] = list(references.values())
    forms += [[""]] * (len(texts) - len(forms))
    texts += [""] * (len(forms) - len(texts))
    table = [[text_errors(form, text, language) for text in texts] for form in forms]
    candidates = (
        total(table[row][column] for row, column in enumerate(order))
        for order in permutations(range(len(texts)))
    )
    best = min(candidates, key=lambda count: count.errors)
    return best + total(text_errors([""], text, language) for text in rest)


# ---------------------------------------------------------------- speakers


@dataclass(frozen=True)
class DiarizationErrors:
    """Seconds, counted by pyannote.metrics. ``total_s`` is the scored reference speech."""

    false_alarm_s: float = 0.0
    missed_s: float = 0.0
    confusion_s: float = 0.0
    total_s: float = 0.0

    @property
    def rate(self) -> float:
        return (
            (self.false_alarm_s + self.missed_s + self.confusion_s) / self.total_s
            if self.total_s
            else math.nan
        )

    def __add__(self, other: DiarizationErrors) -> DiarizationErrors:
        return DiarizationErrors(
            self.false_alarm_s + other.false_alarm_s,
            self.missed_s + other.missed_s,
            self.confusion_s + other.confusion_s,
            self.total_s + other.total_s,
        )


def diarization_errors(
    reference: Iterable[Interval],
    hypothesis: Iterable[Interval],
    scored: Sequence[tuple[float, float]],
    collar_s: float = 0.0,
) -> DiarizationErrors:
    """DER components; labels are mapped optimally, overlapped speech is scored.

    Args:
        scored: the regions of the UEM, as (start_s, end_s).
        collar_s: tolerance on each side of every reference boundary.
    """
    from pyannote.core import Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    metric = DiarizationErrorRate(collar=2 * collar_s, skip_overlap=False)
    uem = Timeline([Segment(start, end) for start, end in scored])
    parts = metric(_annotation(reference), _annotation(hypothesis), uem=uem, detailed=True)
    return DiarizationErrors(
        parts["false alarm"], parts["missed detection"], parts["confusion"], parts["total"]
    )


def _annotation(intervals: Iterable[Interval]) -> Any:
    from pyannote.core import Annotation, Segment

    annotation = Annotation(uri="call")
    for track, interval in enumerate(intervals):
        annotation[Segment(interval.start_s, interval.end_s), track] = interval.label
    return annotation.support()


# ---------------------------------------------------------------- roles


@dataclass(frozen=True)
class RoleErrors:
    """Seconds of reference speech of exactly one party: right role alone, another role (too), no role."""

    right_s: float = 0.0
    wrong_s: float = 0.0
    missed_s: float = 0.0

    @property
    def accuracy(self) -> float:
        """Share of the reference speech under the right role and no other; missed speech counts as wrong."""
        scored_s = self.right_s + self.wrong_s + self.missed_s
        return self.right_s / scored_s if scored_s else math.nan

    @property
    def accuracy_of_detected(self) -> float:
        """The same over the detected speech."""
        found_s = self.right_s + self.wrong_s
        return self.right_s / found_s if found_s else math.nan

    def __add__(self, other: RoleErrors) -> RoleErrors:
        return RoleErrors(
            self.right_s + other.right_s, self.wrong_s + other.wrong_s, self.missed_s + other.missed_s
        )


def role_errors(reference: Sequence[Interval], hypothesis: Sequence[Interval]) -> RoleErrors:
    """Exact over time (no frames, no collar), over speech of exactly one party in the reference.

    Right: the hypothesis has the role of that party and no other at that moment. The labels of both are roles.
    """
    edges = sorted({edge for part in (*reference, *hypothesis) for edge in (part.start_s, part.end_s)})
    heard = _active(edges, reference)
    found = _active(edges, hypothesis)
    right_s = wrong_s = missed_s = 0.0
    for index, (start_s, end_s) in enumerate(pairwise(edges)):
        if len(heard[index]) != 1:
            continue
        if found[index] == heard[index]:
            right_s += end_s - start_s
        elif found[index]:
            wrong_s += end_s - start_s
        else:
            missed_s += end_s - start_s
    return RoleErrors(right_s, wrong_s, missed_s)


def _active(edges: Sequence[float], intervals: Iterable[Interval]) -> list[set[str]]:
    """The active labels between each edge and the next."""
    active: list[set[str]] = [set() for _ in edges]
    for interval in intervals:
        for index in range(bisect_left(edges, interval.start_s), bisect_left(edges, interval.end_s)):
            active[index].add(interval.label)
    return active


# ---------------------------------------------------------------- files


def read_rttm(path: Path) -> list[Interval]:
    """NIST RTTM: SPEAKER file channel start duration <NA> <NA> speaker ..."""
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    return [Interval(float(r[3]), float(r[3]) + float(r[4]), r[7]) for r in rows if r and r[0] == "SPEAKER"]


def read_uem(path: Path) -> list[tuple[float, float]]:
    """UEM: file channel start end"""
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    return [(float(r[2]), float(r[3])) for r in rows if r]
