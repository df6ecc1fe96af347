"""The sentences of a turn."""

from __future__ import annotations

import re

from callytics.domain import Turn

_SENTENCE_END = re.compile(r"(?<=[.?!…])\s+")


def sentences_of(turn: Turn) -> list[str]:
    """The sentences of punctuation-restorer, else the parts between marks; only those with a letter or digit."""
    texts = [s.text for s in turn.sentences] or _SENTENCE_END.split(turn.content)
    return [text for text in texts if re.search(r"\w", text)]
