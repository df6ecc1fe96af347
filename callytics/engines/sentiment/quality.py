"""Communication quality of the agent: six criteria, each 0..100 with its evidence turns.

Only turns of participants with the role AGENT are judged; without such a participant there is no judgement. The
criteria are those of common call-centre scorecards; each function describes its criterion. They are rules over words
and times, not a trained judge: they see the words, not the tone of voice. A function decides whether a turn shows a
part of a criterion (a salutation, understanding, trouble): by words (criteria.py), by embeddings in prototype.py.

The criteria lie in greeting_closing.py, empathy.py and manner.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from callytics.domain import ConductLapse, Conversation, CriterionState, QualityCriterion, Role, Turn
from callytics.engines.sentiment.conduct import find_lapses, highest_score
from callytics.engines.sentiment.conduct_model import Vector
from callytics.engines.sentiment.criteria import Result, Shows, shows_by_rules
from callytics.engines.sentiment.empathy import empathy
from callytics.engines.sentiment.greeting_closing import closing, greeting
from callytics.engines.sentiment.manner import clarity, listening, politeness
from callytics.engines.sentiment.quality_model import state_of

WEIGHTS = {
    "greeting": 1.0,
    "empathy": 2.0,
    "clarity": 1.5,
    "listening": 2.0,
    "closing": 1.0,
    "politeness": 1.5,
}
"""Weights of the overall mean, over the criteria that apply: the main part of a call counts more than its frame."""


def assess_quality(
    conversation: Conversation,
    shows: Shows | None = None,
    negative: Mapping[str, float] | None = None,
    embeddings: Mapping[str, Vector] | None = None,
) -> tuple[float | None, tuple[QualityCriterion, ...], tuple[ConductLapse, ...]]:
    """The weighted mean of the criteria that apply (None if none applies), at most what the lapses leave; all six
    criteria; the lapses, the gravest first.

    Args:
        shows: recogniser of the parts; default: the rules for the language of each turn.
        negative: probability that a turn is negative, by id; without it trouble and lapses are found by rules alone.
        embeddings: of every turn by id, of the encoder of the default engine, for the model of conduct.
    """
    shows = shows or shows_by_rules(conversation)
    turns = [t for t in conversation.turns if conversation.role_of(t.participant_id) is Role.AGENT]

    def decide(name: str, by_rules: CriterionState) -> CriterionState:
        if embeddings is None or negative is None or shows is None:
            return by_rules
        return state_of(name, conversation, turns, by_rules, negative, embeddings, shows)

    criteria: dict[str, Callable[[Conversation, Sequence[Turn], Shows | None], Result]] = {
        "greeting": partial(greeting, decide=decide),
        "empathy": partial(empathy, negative=negative, decide=decide),
        "clarity": clarity,
        "listening": listening,
        "closing": partial(closing, decide=decide),
        "politeness": politeness,
    }
    results: list[QualityCriterion] = []
    for name, judge in criteria.items():
        score, turn_ids, detail, state = (
            judge(conversation, turns, shows)
            if turns
            else (None, (), "no known agent", CriterionState.NOT_JUDGED)
        )
        results.append(
            QualityCriterion(name, None if score is None else round(score, 1), turn_ids, detail, state)
        )
    scores = {c.id: c.score for c in results if c.score is not None}
    weight = sum(WEIGHTS[name] for name in scores)
    overall = sum(score * WEIGHTS[name] for name, score in scores.items()) / weight if weight else None
    lapses = find_lapses(conversation, negative, embeddings)
    if overall is not None:
        overall = round(min(overall, highest_score(lapses)), 1)
    return overall, tuple(results), lapses
