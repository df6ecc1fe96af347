# ruff: noqa: E501  (one pattern per line reads better)
"""Customers who say at the end that the problem is solved: they know, whatever is still on its way."""

from __future__ import annotations

import re
from collections.abc import Sequence

from callytics.domain import Role
from callytics.engines.analysis.features import Seen
from callytics.engines.analysis.signals import plain

LAST_TURNS = 6
"""Turns of the end of a call, of both parties."""

_SOLVED = {  # Korean without spaces, as plain() leaves it
    "ko": re.compile(r"해결(?:됐|되었|된것같|되네)|(?:문제|고민)(?:가|는|이)?다?풀렸"),
    "en": re.compile(
        r"\b(?:that|this|it)(?:'s| has| is)? (?:all )?(?:solves|solved|resolves|fixes|sorts|settles) (?:my|the|our|this|that|it|everything)\b|\b(?:problem|issue)(?:'s| is| has been) (?:all )?(?:solved|resolved|sorted|fixed)\b"
    ),
}
_DOUBT = {
    "ko": re.compile(r"안해결|해결(?:됐으면|되었으면)|아직|언제|하나도|전혀|다시|줄알|\?$"),
    "en": re.compile(
        r"\b(?:not|never|if|unless|until|once|when|hardly|hope|would|will|thought|said|claim\w*)\b|n't|\?$"
    ),
}


def says_solved(call: Sequence[Seen]) -> bool:
    """Whether the customer says so, without doubt, in one of the last turns and protests in none after it."""
    for seen in reversed(call[-LAST_TURNS:]):
        if seen.role is Role.CUSTOMER and seen.language in _SOLVED:
            text = plain(seen.turn.content, seen.language)
            if _SOLVED[seen.language].search(text):
                return not _DOUBT[seen.language].search(text)
            if seen.signs & {"protest", "decline"}:
                return False
    return False
