"""Names of people that no rule announces: a linear model judges every part of a text that could be one.

The rules of names.py know wordings, and wordings differ from centre to centre. The model weighs how much a candidate
looks like a name (syllables or capitals, lists of names and of words) and what surrounds it. tools/train_name_model.py
learns name_model.json; a candidate's score is the logarithm of its odds against "no name begins here".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from callytics.domain import PiiKind
from callytics.redaction import english_name_candidates, korean_name_candidates
from callytics.redaction.span import Span

LIMIT = {"ko": 0.7, "en": 0.7}
"""Score from which a candidate is a name.

Chosen on calls of fit and choose by cross-validation: a precision of .94 to .95."""

_HANGUL = re.compile(r"[가-힣]")
_CANDIDATES = {"ko": korean_name_candidates.candidates, "en": english_name_candidates.candidates}


def likely_names(text: str, before: str = "") -> Iterator[Span]:
    """Names in ``text``, without overlaps, the likeliest first. ``before`` is the question that it may answer."""
    language = "ko" if _HANGUL.search(text) else "en"
    weights = _weights()[language]
    scored: list[tuple[float, int, int]] = []
    for beginning_here in _CANDIDATES[language](text, before):
        scored += [
            (-sum(weights.get(feature, 0.0) for feature in each.features), each.start, each.end)
            for each in beginning_here
        ]
    taken: list[tuple[int, int]] = []
    for score, start, end in sorted(scored):
        if -score < LIMIT[language]:
            return
        if all(end <= other_start or other_end <= start for other_start, other_end in taken):
            taken.append((start, end))
            yield Span(start, end, PiiKind.NAME)


@cache
def _weights() -> dict[str, dict[str, float]]:
    document: dict[str, Any] = json.loads(
        Path(__file__).with_name("name_model.json").read_text(encoding="utf-8")
    )
    weights: dict[str, dict[str, float]] = document["weights"]
    return weights
