"""Flags of a report for calls that are no whole conversation: the wrong number, a recording that was cut."""

from __future__ import annotations

import re
from collections.abc import Sequence

from callytics.domain import Claim, Flag, Role
from callytics.engines.analysis.features import Seen
from callytics.engines.analysis.topics import WRONG_NUMBER

MARKED_SHARE = 0.6
"""From this share of turns with a final mark, the marks are real ones, and a last turn without one breaks off."""

_MARK = re.compile(r"[.?!…\"')]\s*$")
_UNFINISHED = {
    "en": re.compile(
        r"\b(?:the|an?|to|and|from|about|of|with|is|was|but|so|my|your|that|for|in|on|at|if|when|because|or|its|he|she|"
        r"they|we|i|the next|could|would|will)\s*$",
        re.IGNORECASE,
    ),
    "ko": re.compile(
        r"(?:[가은는이을를의도]|으로|에서|한테|면|고|는데|지금|또|그|저|아니|좀|분|라고|여보세)\s*$"
    ),
}
_NAMED = re.compile(
    r"[가-힣](?:입니다|이에요|예요|이라고|라고)|\b(?:im|i'm) |\bdesk\b|\bhere$", re.IGNORECASE
)
_CONTINUES = {
    "en": re.compile(r"^(?:\.{3}|…|and\b|but\b|or\b|then\b|so (?:thats|that's|i)|because\b)", re.IGNORECASE),
    "ko": re.compile(r"^(?:\.{3}|…|(?:네 )?(?:그럼|그러면|그래서|근데|그런데|그리고)\s)"),
}


def ending_flags(call: Sequence[Seen], topic: Claim | None) -> tuple[Flag, ...]:
    """The flags ``wrong_number``, ``cut_start`` and ``cut_end``, as far as they apply."""
    flags = []
    if topic and topic.text == WRONG_NUMBER:
        flags.append(Flag("wrong_number", "The caller reached the wrong number."))
    if _cut_at_the_start(call):
        flags.append(Flag("cut_start", "The recording seems to begin after the start of the call."))
    if _cut_at_the_end(call):
        flags.append(Flag("cut_end", "The recording seems to end before the call does."))
    return tuple(flags)


def _cut_at_the_start(call: Sequence[Seen]) -> bool:
    """The first words continue something, or the agent begins with neither a greeting nor a name."""
    first = call[0]
    if first.language in _CONTINUES and _CONTINUES[first.language].search(first.turn.content_raw):
        return True
    if first.role is not Role.AGENT or first.signs & {"greeting", "outbound", "hold"}:
        return False
    return bool(first.signs & {"identity", "instruct"}) and not _NAMED.search(first.turn.content_raw)


def _cut_at_the_end(call: Sequence[Seen]) -> bool:
    """The last words break off: no final mark where other turns have one, or a word that cannot be the last."""
    *before, last = (seen.turn.content_raw for seen in call)
    if _MARK.search(last):
        return False
    marked = sum(bool(_MARK.search(text)) for text in before) / max(1, len(before))
    return marked >= MARKED_SHARE or _is_unfinished(last, call[-1].language)


def _is_unfinished(text: str, language: str) -> bool:
    return language in _UNFINISHED and bool(_UNFINISHED[language].search(text))
