"""What an agent did wrong in words: insults, scorn, dismissal, blame, plain speech, honorifics for things.

Judged by content: conduct_cues.tsv lists wordings by kind and severity, korean_forms.py has forms; a customer who
protests about the tone makes the turn before a lapse as well. A learned model of the turn in its surroundings
(conduct_model.py) adds turns that no wording names, and takes back wordings that the surroundings speak against. The
quote stands beside every lapse, so that a person can tell.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources

from callytics.domain import ConductLapse, Conversation, Role, Turn
from callytics.engines.sentiment.conduct_model import (
    LIMIT,
    RULE_LIMIT,
    SEVERE_LIMIT,
    Vector,
    impolite_scores,
    kind_of,
)
from callytics.engines.sentiment.korean_forms import korean_forms
from callytics.engines.sentiment.text import sentences_of

CAPS = {3: (15.0, 0.0), 2: (50.0, 10.0), 1: (90.0, 5.0)}
"""Severity -> the highest score of a call with one such lapse, and how much each further one takes off."""

MIN_CAP = 5.0

PROTEST = {
    "ko": re.compile(
        r"말투|태도가|불친절|반말|무슨 말을 그렇게|말을 그렇게"
        r"|어떻게 그런 말|매정하|너무하시네|말 ?조심|지금 뭐라(?:고|구)|뭐라고 하셨|다들이라뇨|비꼬|무시하"
    ),
    "en": re.compile(
        r"\brude\b|how dare|your (?:attitude|tone|manners)|(?:talk|speak) to me like|what is wrong with you"
        r"|excuse me\?|did you just|that ain'?t funny|it'?s not a story|are you kidding me|so condescending"
    ),
}

_SAID_BEFORE = re.compile(
    r"\b(?:call(?:ed|ing|s)?|said|says) (?:you|me|her|him|them)(?: were| are)?(?: an?)?\s\Z"
)
_SAID_AFTER = re.compile(r"[가-힣]{0,2}?이?(?:라고|라는|란|다고) ?(?:하|했|그랬|말|들|욕|불)")


@cache
def _cues(language: str) -> tuple[tuple[str, int, re.Pattern[str]], ...]:
    table = resources.files("callytics.engines.sentiment").joinpath("conduct_cues.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and line[0] != "#"]
    return tuple(
        (kind, int(severity), re.compile(pattern))
        for code, kind, severity, pattern in rows
        if code == language
    )


def find_lapses(
    conversation: Conversation,
    negative: Mapping[str, float] | None = None,
    embeddings: Mapping[str, Vector] | None = None,
) -> tuple[ConductLapse, ...]:
    """Lapses of agents, the gravest first, then in the order of the call. None in a language without rules.

    Args:
        negative: probability that a turn is negative, by id. With it the learned model adds turns that no rule names
            (kind `manner`), and takes back wordings that their surroundings speak against.
        embeddings: of every turn by id, where the engine has them: the learned model then sees meanings as well.
    """
    found: list[ConductLapse] = []
    by_rules = lapses_by_rules(conversation)
    scores = {} if negative is None else _scores(conversation, negative, by_rules, embeddings)
    limit, rule_limit = LIMIT[kind_of(embeddings)], RULE_LIMIT[kind_of(embeddings)]
    for turn in conversation.turns:
        if turn.id not in by_rules:
            continue
        language, lapses = conversation.language_of(turn), by_rules[turn.id]
        score = scores.get(turn.id)
        if score is not None:
            least = {1: -math.inf, 2: rule_limit[language], 3: SEVERE_LIMIT}
            lapses = [lapse for lapse in lapses if score >= least[lapse.severity]]
            if not any(lapse.severity > 1 for lapse in lapses) and score >= limit[language]:
                lapses = [*lapses, ConductLapse("manner", 2, turn.id, turn.content)]
        found += lapses
    order = {turn.id: number for number, turn in enumerate(conversation.turns)}
    return tuple(sorted(found, key=lambda lapse: (-lapse.severity, order[lapse.turn_id])))


def lapses_by_rules(conversation: Conversation) -> dict[str, list[ConductLapse]]:
    """What rules find in every turn of an agent, by its id."""
    found = {}
    for index, turn in enumerate(conversation.turns):
        if conversation.role_of(turn.participant_id) is Role.AGENT:
            found[turn.id] = list(_of_turn(turn, conversation.language_of(turn)))
            if not found[turn.id] and _protested(conversation, index):
                found[turn.id] = [ConductLapse("protested", 2, turn.id, turn.content)]
    return found


def severities(by_rules: Mapping[str, Sequence[ConductLapse]]) -> dict[str, int]:
    """The highest severity of every turn with a lapse, by its id."""
    return {
        turn_id: max(lapse.severity for lapse in of_turn) for turn_id, of_turn in by_rules.items() if of_turn
    }


def _scores(
    conversation: Conversation,
    negative: Mapping[str, float],
    by_rules: Mapping[str, Sequence[ConductLapse]],
    embeddings: Mapping[str, Vector] | None,
) -> dict[str, float]:
    """Scores of the turns in the language of the call."""
    language = conversation.language
    if language not in PROTEST:
        return {}
    scores = impolite_scores(
        conversation, negative, language, PROTEST[language], severities(by_rules), embeddings
    )
    return {
        t.id: scores[t.id]
        for t in conversation.turns
        if t.id in scores and conversation.language_of(t) == language
    }


def highest_score(lapses: Sequence[ConductLapse]) -> float:
    """The highest overall score that these lapses leave, 0..100."""
    cap = 100.0
    for severity, (first, further) in CAPS.items():
        turns = {lapse.turn_id for lapse in lapses if lapse.severity == severity}
        if turns:
            cap = min(cap, first - further * (len(turns) - 1))
    return max(MIN_CAP, cap)


def _of_turn(turn: Turn, language: str) -> Iterator[ConductLapse]:
    """One per kind."""
    text = turn.content.lower().replace("’", "'")
    for kind, severity, pattern in _cues(language):
        match = pattern.search(text)
        if match and not (severity == 3 and _is_quoted(text, match)):
            yield ConductLapse(kind, severity, turn.id, _clause(turn, match.group()))
    if language == "ko":
        yield from korean_forms(turn)


def _is_quoted(text: str, match: re.Match[str]) -> bool:
    """Whether the words are another person's: "he called you an idiot?", "바보라고 하셨다고요"."""
    return bool(_SAID_BEFORE.search(text, 0, match.start()) or _SAID_AFTER.match(text, match.end()))


def _protested(conversation: Conversation, index: int) -> bool:
    """Whether the customer's next turn complains about how this one was said."""
    following = next(iter(conversation.turns[index + 1 : index + 2]), None)
    if following is None or conversation.role_of(following.participant_id) is Role.AGENT:
        return False
    protest = PROTEST.get(conversation.language_of(following))
    return protest is not None and protest.search(following.content.lower()) is not None


def _clause(turn: Turn, words: str) -> str:
    """The sentence of the turn with these words; all of it if a mark lies between them."""
    return next(
        (text for text in sentences_of(turn) if words in text.lower().replace("’", "'")), turn.content
    )
