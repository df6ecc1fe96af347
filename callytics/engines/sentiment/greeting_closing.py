"""How an agent opens and closes a call: the criteria of greeting and closing, by rules over words and places.

A call that is cut at its start or at its end has nothing to judge there. quality_model.py may decide otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from callytics.domain import Conversation, CriterionState, Turn
from callytics.engines.sentiment.criteria import (
    NO_RULES,
    Decide,
    Result,
    Shows,
    as_the_rules,
    impolite_turns,
    parts_shown,
)

GREETING_PARTS = ("salutation", "name", "offer")
CLOSING_PARTS = ("further_wishes", "thanks", "leave")

EDGE_TURNS = 3
"""Number of the agent's first turns that may contain the greeting, and of the last for the closing."""

OPENING_WORDS = {"ko": 4, "en": 7}
"""A customer who says this much before the agent's first turn has begun with the matter."""

FIRM_WORDS = 14
"""A longer first turn names a firm by the way."""


def greeting(
    conversation: Conversation,
    turns: Sequence[Turn],
    shows: Shows | None,
    decide: Decide = as_the_rules,
) -> Result:
    """Salutation, own or company name, and an offer of help: a third of the score each."""
    if shows is None:
        return NO_RULES
    found, turn_ids = parts_shown(GREETING_PARTS, turns[:EDGE_TURNS], shows)
    state = decide("greeting", greeting_by_rules(conversation, turns, shows))
    if state is CriterionState.NOT_RECORDED:
        return None, (), "the call is cut at the start", state
    if state is CriterionState.SHOWN and not found:
        found, turn_ids = 1, (turns[0].id,)
    return 100.0 * found / 3, turn_ids, f"{found} of salutation, name, offer of help", state


def greeting_by_rules(conversation: Conversation, turns: Sequence[Turn], shows: Shows) -> CriterionState:
    """Args: turns: of agents, at least one."""
    within = _BEGINS_WITHIN.search(conversation.turns[0].content.lower()) is not None
    if within and conversation.turns[0] in turns and not shows("salutation", turns[0]):
        return CriterionState.NOT_RECORDED
    if _is_greeting(conversation, turns, shows):
        return CriterionState.SHOWN
    return CriterionState.NOT_RECORDED if within else CriterionState.NOT_SHOWN


def _is_greeting(conversation: Conversation, turns: Sequence[Turn], shows: Shows) -> bool:
    """Who is called first has to greet, to name the firm or to offer help; after a customer who has begun with the
    matter, a bare "hello" only returns the customer's: the agent has to say who speaks."""
    before = conversation.turns[: conversation.turns.index(turns[0])]
    enough = OPENING_WORDS.get(conversation.language, max(OPENING_WORDS.values()))
    if sum(len(turn.content.split()) for turn in before) >= enough:
        return any(shows("self", turn) for turn in turns[:2])
    named = any(shows(part, turns[0]) for part in ("name", "self"))
    firm = len(turns[0].content.split()) <= FIRM_WORDS and shows("firm", turns[0])
    return named or firm or any(shows("salutation", turn) for turn in turns[:2])


def closing(
    conversation: Conversation,
    turns: Sequence[Turn],
    shows: Shows | None,
    decide: Decide = as_the_rules,
) -> Result:
    """Offer of further help, thanks, farewell: a third of the score each."""
    if shows is None:
        return NO_RULES
    found, turn_ids = parts_shown(CLOSING_PARTS, turns[-EDGE_TURNS:], shows)
    state = decide("closing", closing_by_rules(conversation, turns, shows))
    if state is CriterionState.NOT_RECORDED:
        return None, (), "the call is cut at the end", state
    if state is CriterionState.SHOWN and not found:
        found, turn_ids = 1, (turns[-1].id,)
    return 100.0 * found / 3, turn_ids, f"{found} of further wishes, thanks, leave", state


def closing_by_rules(conversation: Conversation, turns: Sequence[Turn], shows: Shows) -> CriterionState:
    """Args: turns: of agents, at least one."""
    last = [turn for turn in turns if turn in conversation.turns[-4:]][-2:]
    if last and last[-1].id in impolite_turns(conversation):
        last = []  # an impolite last word closes nothing
    if _is_cut(conversation):
        return CriterionState.NOT_RECORDED
    if any(shows(part, turn) for part in CLOSING_PARTS for turn in last):
        return CriterionState.SHOWN
    return CriterionState.NOT_SHOWN


_BEGINS_WITHIN = re.compile(
    r"^(?:and|so|but|because|or|then|yeah no)\b|^(?:네,? ?)?(?:그래서|그러니까|그런데|근데|그리고|그럼|그러면)"
    r"|^[^.?!]*(?:다니까요|라니까요)"
    r"|^[…]|^\.\."
)
"""A first turn that goes on with something."""

MARKED_SHARE = 0.8
"""Share of the turns that end with a mark from which a turn without one is broken off."""

_KOREAN_ENDS = "요다죠까네라자지어아야유쥬게쇼잉걸군나와해예응음줘봐래돼오소"
"""Last syllables of whole sentences, for texts without marks."""

_DANGLING = re.compile(
    r"(?:\b(?:the|a|an|to|my|your|his|and|of|from|is|about|for|with|in|at|or|but|will|can|quarter|by|gotta|gonna|just|i|so|because|if|when|until|than)|[은는을를의]|까지|에서|여보세)$"
)
"""A last word after which something must follow."""


def _is_cut(conversation: Conversation) -> bool:
    """Whether the last turn is unfinished: no mark where nearly every turn has one, or a word that asks for more."""
    texts = [(turn.content_raw or turn.content).strip() for turn in conversation.turns]
    last = texts[-1]
    marked = [text[-1:] in ".?!…~" for text in texts]
    before = marked[:-2] or marked[:-1]  # the other party may break off as well
    if before and sum(before) >= MARKED_SHARE * len(before):
        return not marked[-1] or (last.endswith(("...", "…")) and "여보세요" not in last)
    if conversation.language_of(conversation.turns[-1]) == "ko" and not marked[-1]:
        return len(last.split()) > 1 and last[-1] not in _KOREAN_ENDS
    return _DANGLING.search(last.lower()) is not None
