"""Finds a part of one text in another text with the same words in another spelling.

Punctuation, spaces and capitals differ between the recognised text, the restored text and its sentences; letters and
digits usually do not. If they do, the whole differing stretch counts: too much rather than too little.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from callytics.redaction.span import Span, joined


def transfer(spans: Iterable[Span], source: str, target: str) -> list[Span]:
    """The spans of ``source`` as spans of ``target``, without those that have no letter in it."""
    spans = list(spans)
    if source == target or not spans:
        return spans
    source_at, target_at = _letters(source), _letters(target)
    source_letters = "".join(source[i].lower() for i in source_at)
    target_letters = "".join(target[i].lower() for i in target_at)
    blocks: list[tuple[str, int, int, int, int]]
    if source_letters == target_letters:
        blocks = [("equal", 0, len(source_at), 0, len(target_at))]
    else:
        blocks = list(SequenceMatcher(None, source_letters, target_letters, autojunk=False).get_opcodes())
    found = []
    for span in spans:
        first = sum(1 for i in source_at if i < span.start)
        last = sum(1 for i in source_at if i < span.end)
        covered = sorted(j for block in blocks for j in _covered(block, first, last))
        if covered:
            found.append(Span(target_at[covered[0]], target_at[covered[-1]] + 1, span.kind))
    return joined(found)


def _covered(block: tuple[str, int, int, int, int], first: int, last: int) -> Iterable[int]:
    """Letters of the target that match the letters ``first`` to ``last`` of the source, in one block."""
    tag, i1, i2, j1, j2 = block
    if tag == "insert":
        return range(j1, j2) if first < i1 < last else ()
    if i2 <= first or i1 >= last:
        return ()
    if tag == "equal":
        return range(j1 + max(first, i1) - i1, j1 + min(last, i2) - i1)
    return range(j1, j2)


def _letters(text: str) -> list[int]:
    return [index for index, character in enumerate(text) if character.isalnum()]
