"""How an agent speaks: the criteria of clarity, listening and politeness, measured over words and times."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from callytics.domain import Conversation, CriterionState, Turn
from callytics.engines.sentiment.criteria import NO_RULES, Result, Shows
from callytics.engines.sentiment.text import sentences_of

LONG_SENTENCE_WORDS = {"ko": 20, "en": 30}
"""A longer spoken sentence is hard to follow; a Korean word carries about a third more."""

BALANCED_TALK = (0.25, 0.65)
"""Usual share of the words for an agent who listens and informs; outside, the score falls linearly."""

_POLITE_ENGLISH = (
    r"\bplease\b|thank|could you|would you|may i|could i|sorry|welcome|certainly|of course|\bsir\b|ma'am"
)
_KOREAN_LEVELS = (
    ("formal", re.compile(r"(?:니다|니까|십시오|시다)$"), 100.0),
    ("polite", re.compile(r"(?:요|죠)$"), 85.0),
    ("plain", re.compile(r"(?:다|야|어|아|해|지|니|냐|자|라|네|군|게|래|데)$"), 0.0),
)
"""합쇼체, 해요체, and 반말 with 해라체. A call centre expects the first two; the second is slightly less formal."""


def clarity(conversation: Conversation, turns: Sequence[Turn], shows: Shows | None) -> Result:
    """Share of the agent's sentences that are not too long to follow; evidence: turns with longer ones."""
    limits = {t.id: LONG_SENTENCE_WORDS.get(conversation.language_of(t), 30) for t in turns}
    sentences = [(t.id, text) for t in turns for text in sentences_of(t)]
    long = [turn_id for turn_id, text in sentences if len(text.split()) > limits[turn_id]]
    if not sentences:
        return None, (), "nothing said", CriterionState.NOT_JUDGED
    score = 100.0 * (1 - len(long) / len(sentences))
    limit = " or ".join(map(str, sorted(set(limits.values()))))
    detail = f"{len(long)} of {len(sentences)} sentences longer than {limit} words"
    return score, tuple(dict.fromkeys(long)), detail, CriterionState.MEASURED


def listening(conversation: Conversation, turns: Sequence[Turn], shows: Shows | None) -> Result:
    """No interruptions, room for the customer: 60 for the share of turns that do not interrupt (three in ten is 0), 40
    for a balanced share of the words."""
    interrupting = [turn.id for turn in turns if turn.interruption]
    words = sum(len(turn.content.split()) for turn in conversation.turns)
    share = sum(len(turn.content.split()) for turn in turns) / words if words else 0.0
    if share in (0.0, 1.0):
        return None, (), "nobody to listen to", CriterionState.NOT_CALLED_FOR
    low, high = BALANCED_TALK
    off = (low - share) / low if share < low else (share - high) / (1 - high) if share > high else 0.0
    patience = max(0.0, 1 - len(interrupting) / len(turns) / 0.3)
    detail = f"{len(interrupting)} interruptions, {share:.0%} of the words"
    return 60.0 * patience + 40.0 * (1 - off), tuple(interrupting), detail, CriterionState.MEASURED


def politeness(conversation: Conversation, turns: Sequence[Turn], shows: Shows | None) -> Result:
    """In the language of most of the agent's turns. Korean: mean speech level of the sentences; evidence: turns with
    plain sentences, if any. English: polite words in at least a third of the turns give 100."""
    language = Counter(map(conversation.language_of, turns)).most_common(1)[0][0]
    turns = [turn for turn in turns if conversation.language_of(turn) == language]
    if language == "ko":
        return _korean_politeness(turns)
    if language != "en":
        return NO_RULES
    polite = [turn.id for turn in turns if re.search(_POLITE_ENGLISH, turn.content.lower())]
    score = min(100.0, 300.0 * len(polite) / len(turns))
    return (
        score,
        tuple(polite),
        f"polite words in {len(polite)} of {len(turns)} turns",
        CriterionState.MEASURED,
    )


def _korean_politeness(turns: Sequence[Turn]) -> Result:
    counts = {name: 0 for name, _, _ in _KOREAN_LEVELS}
    evidence: dict[str, list[str]] = {name: [] for name in counts}
    total = 0.0
    for turn in turns:
        for text in sentences_of(turn):
            bare = re.sub(r"[^\w]+$", "", text)
            if len(bare.split()) < 2 and bare in ("네", "예", "아", "어", "음"):
                continue
            for name, pattern, score in _KOREAN_LEVELS:
                if pattern.search(bare):
                    counts[name] += 1
                    total += score
                    evidence[name].append(turn.id)
                    break
    number = sum(counts.values())
    if not number:
        return None, (), "no sentence with a speech level", CriterionState.NOT_JUDGED
    level = max(counts, key=lambda name: counts[name])
    turn_ids = evidence["plain"] or evidence[level]
    detail = f"합쇼체 {counts['formal']}, 해요체 {counts['polite']}, 반말 {counts['plain']}"
    return total / number, tuple(dict.fromkeys(turn_ids)), detail, CriterionState.MEASURED
