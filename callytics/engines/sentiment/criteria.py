"""What the functions of the criteria share: their result, and whether a turn shows a part, by words of its language."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources

from callytics.domain import Conversation, CriterionState, Turn
from callytics.engines.sentiment.conduct import find_lapses

Result = tuple[float | None, tuple[str, ...], str, CriterionState]
"""Score, evidence turns, detail, and what was seen."""

NO_RULES: Result = (None, (), "language not covered", CriterionState.NOT_JUDGED)

Shows = Callable[[str, Turn], bool]
"""Whether a turn shows a part: one of GREETING_PARTS or CLOSING_PARTS, "understanding", "trouble", "content"."""

Decide = Callable[[str, CriterionState], CriterionState]
"""The state of a criterion, from its name and what the rules say."""


@cache
def _rules(language: str) -> dict[str, re.Pattern[str]]:
    """Patterns of quality_cues.tsv by part; "content" is trouble that is over."""
    table = resources.files("callytics.engines.sentiment").joinpath("quality_cues.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and line[0] != "#"]
    return {part: re.compile(pattern) for code, part, pattern in rows if code == language}


def shows_by_rules(conversation: Conversation) -> Shows | None:
    """Recognition by words and phrases of a turn's language; None for a call without a language that has rules."""
    if not any(map(_rules, {conversation.language, *map(conversation.language_of, conversation.turns)})):
        return None

    def shows(part: str, turn: Turn) -> bool:
        rule = _rules(conversation.language_of(turn)).get(part)
        return rule is not None and rule.search(turn.content.lower()) is not None

    return shows


def parts_shown(parts: Sequence[str], turns: Sequence[Turn], shows: Shows) -> tuple[int, tuple[str, ...]]:
    """The number of parts that occur, and their turns."""
    found = 0
    turn_ids: list[str] = []
    for part in parts:
        hits = [turn.id for turn in turns if shows(part, turn)]
        found += bool(hits)
        turn_ids += hits[:1]
    return found, tuple(dict.fromkeys(turn_ids))


def as_the_rules(name: str, by_rules: CriterionState) -> CriterionState:
    del name
    return by_rules


def impolite_turns(conversation: Conversation) -> frozenset[str]:
    return frozenset(lapse.turn_id for lapse in find_lapses(conversation) if lapse.severity > 1)
