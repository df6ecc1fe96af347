"""Names of people that no rule announces: a linear model judges every part of a text that could be one.

The rules of names.py know wordings, and wordings differ from centre to centre. The model weighs how much a candidate
looks like a name (syllables or capitals, lists of names and of words), what surrounds it, whether it is in the first
turn, where firms are named, and whether the rules take it for a name. tools/train_name_model.py learns name_model.json;
a candidate's score is the logarithm of its odds against "no name begins here".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from callytics.domain import PiiKind
from callytics.redaction import english_name_candidates, korean_name_candidates
from callytics.redaction.candidates import Candidate
from callytics.redaction.span import Span

LIMIT = {"ko": 0.0, "en": 0.6}
"""Score from which a candidate is a name.

Chosen with RULED_LIMIT by cross-validation on 720 calls that no rule was written with, where recall and precision are
about as good as each other (docs/adr/0038)."""

RULED_LIMIT = {"ko": -1.0, "en": -2.0}
"""Score below which what a rule takes for a name is none."""

_HANGUL = re.compile(r"[가-힣]")
_CANDIDATES = {"ko": korean_name_candidates.candidates, "en": english_name_candidates.candidates}


def likely_names(
    text: str, before: str = "", ruled: Sequence[Span] = (), *, opening: bool = False
) -> Iterator[Span]:
    """Names in ``text``: first those of the rules that are believed, then others without overlaps, likeliest first.

    Args:
        before: the question that the text may answer.
        ruled: what the rules take for names; it counts for them.
        opening: whether this is the first turn of a call, where firms are named.
    """
    language = "ko" if _HANGUL.search(text) else "en"
    scored = _scored(text, before, ruled, opening, language)
    for span in ruled:
        overlapping = [score for score, start, end in scored if start < span.end and span.start < end]
        if max(overlapping, default=0.0) >= RULED_LIMIT[language]:
            yield span
    taken: list[tuple[int, int]] = []
    for score, start, end in sorted(scored, key=lambda each: (-each[0], each[1:])):
        if score < LIMIT[language]:
            return
        if all(end <= other_start or other_end <= start for other_start, other_end in taken):
            taken.append((start, end))
            yield Span(start, end, PiiKind.NAME)


def _scored(
    text: str, before: str, ruled: Sequence[Span], opening: bool, language: str
) -> list[tuple[float, int, int]]:
    """Score, start and end of every candidate."""
    weights = _weights()[language]
    scored = []
    for beginning_here in _CANDIDATES[language](text, before, opening=opening):
        for each in beginning_here:
            features = (*each.features, *of_rules(each, ruled)) if ruled else each.features
            score = sum([weights[feature] for feature in features if feature in weights])
            scored.append((score, each.start, each.end))
    return scored


def of_rules(candidate: Candidate, ruled: Sequence[Span]) -> Iterator[str]:
    """Features: whether the rules take this part for a name, or a longer or shorter one."""
    for span in ruled:
        if (span.start, span.end) == (candidate.start, candidate.end):
            yield "ruled"
            yield f"ruled {candidate.features[1]}"
            yield f"ruled {candidate.features[3]}"
            return
    if any(span.start < candidate.end and candidate.start < span.end for span in ruled):
        yield "ruled in part"


@cache
def _weights() -> dict[str, dict[str, float]]:
    document: dict[str, Any] = json.loads(
        Path(__file__).with_name("name_model.json").read_text(encoding="utf-8")
    )
    weights: dict[str, dict[str, float]] = document["weights"]
    return weights
