"""Praise that probably means its opposite: "Thanks for nothing", "참 잘도 해 주시네요", "Great, just great".

Two signs of irony_cues.tsv: fixed ironic forms, and praise beside a trouble, a repetition or a threat in the same turn.
Both see words only. The flag says "possible", because sincere praise after a trouble can look the same.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources


@cache
def _patterns(language: str) -> dict[str, re.Pattern[str]]:
    """Kind (form, praise, sincere) -> pattern; empty for languages without."""
    table = resources.files("callytics.engines.sentiment").joinpath("irony_cues.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in table.splitlines() if not line.startswith("#")]
    return {kind: re.compile(pattern) for kind, code, pattern in rows if code == language}


def is_possible_irony(text: str, language: str, *, troubled: bool) -> bool:
    """Args:
    troubled: the turn also tells of a trouble, a repetition or a threat.
    """
    patterns = _patterns(language)
    if not patterns:
        return False
    low = text.lower().replace("’", "'")
    if patterns["form"].search(low):
        return True
    return troubled and bool(patterns["praise"].search(low)) and not patterns["sincere"].search(low)
