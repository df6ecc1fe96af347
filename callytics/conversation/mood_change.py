"""The mood of a party at the start and at the end of a call, and its direction.

The first third of the party's turns against the last third. A turn weighs by the root of its length and by its
certainty (1 minus the probability of neutral). Turns of mere courtesy ("okay, thank you, bye") tell no mood. The
direction comes from a small softmax regression on the probabilities of both thirds, of the first and the last turn and
of both halves; tools/train_quality_model.py learns mood_direction.json.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from callytics.domain import MoodDirection, SentimentLabel, Turn, TurnSentiment

SHARE = 1 / 3
UNHAPPY, HAPPY = -0.75, 1.5
"""On the scale of -5 to +5: where the mood of a third is negative, and where positive. Chosen on the choose split of
the written calls, in the middle of a plateau. Complaints are rarely put in strong words, so that is nearer."""

DIRECTIONS = (MoodDirection.WORSE, MoodDirection.SAME, MoodDirection.BETTER)
"""The order of the rows of mood_direction.json."""

MANY_TURNS = 12

MIN_CERTAINTY = 0.02
"""Weight of a turn that is certainly neutral, so that a calm third has a mean."""

MIN_LETTERS = {"ko": 4, "en": 5}
"""Letters beside the courtesies that make a turn more than a courtesy."""

_COURTESIES = {
    "ko": re.compile(
        r"감사합니다|감사해요|감사드려요|감사드립니다|고맙습니다|고마워요|수고들? ?하(?:세요|십시오)|안녕히 ?계세요"
        r"|들어가세요|들어가십시오|좋은 하루 ?(?:되세요|보내세요)?|끊을게요|알겠습니다|알겠어요|그래요|그럼|네+|예+|아"
    ),
    "en": re.compile(
        r"\b(?:thank(?:s| you)(?: so much| very much| a lot| again| for your (?:help|time|patience))?|bye(?: bye| now)?"
        r"|goodbye|cheers|ta|take care|have a (?:good|great|nice|lovely|wonderful) (?:day|one|evening|weekend|night"
        r"|rest of your day)|you too|okay|ok|all ?right|right|yes|yeah|yep|no|will do|sounds good|that'?s (?:all|it"
        r"|everything)|then|well|so|and|you|i appreciate (?:it|that|your time)|sir|ma'?am|mate|love)\b"
    ),
}


@dataclass(frozen=True)
class MoodChange:
    """Scores from -5 to +5; None if the party says nothing."""

    start: float | None
    end: float | None
    direction: MoodDirection | None


def mood_change(
    turns: Sequence[Turn], moods: Sequence[TurnSentiment], language_of: Callable[[Turn], str]
) -> MoodChange:
    """Args:
    turns: of one party, in the order of the call.
    moods: of the same turns.
    """
    pairs = telling_turns(turns, moods, language_of)
    if not pairs:
        return MoodChange(None, None, None)
    size = max(1, round(len(pairs) * SHARE))
    start, end = _mean(pairs[:size]), _mean(pairs[-size:])
    direction = _direction([mood for _, mood in pairs], signs_of_change(pairs))
    if direction is MoodDirection.BETTER and _is_ironic(pairs[-size:]):
        direction = MoodDirection.SAME
    return MoodChange(start, end, direction)


def telling_turns(
    turns: Sequence[Turn], moods: Sequence[TurnSentiment], language_of: Callable[[Turn], str]
) -> list[tuple[Turn, TurnSentiment]]:
    """The turns that are more than a courtesy; all of them if these are fewer than two."""
    pairs = list(zip(turns, moods, strict=True))
    telling = [(t, m) for t, m in pairs if m.possible_irony or not _is_courtesy(t.content, language_of(t))]
    return telling if len(telling) >= 2 else pairs


def signs_of_change(pairs: Sequence[tuple[Turn, TurnSentiment]]) -> list[float]:
    """What the regression sees: 18 numbers from 0 to 1."""
    size = max(1, round(len(pairs) * SHARE))
    half = max(1, len(pairs) // 2)
    negative = [mood.negative for _, mood in pairs]
    positive = [mood.positive for _, mood in pairs]
    before, after = _chances(pairs[:size]), _chances(pairs[-size:])
    return [
        *before,
        *after,
        negative[0],
        positive[0],
        negative[-1],
        positive[-1],
        max(negative[:half]),
        sum(negative[:half]) / half,
        max(negative[half:], default=0.0),
        max(positive[half:], default=0.0),
        sum(negative) / len(pairs),
        sum(positive) / len(pairs),
        before[0] * after[0],
        before[0] * after[1],
        after[0] * (1 - before[0]),
        min(len(pairs), MANY_TURNS) / MANY_TURNS,
    ]


def _chances(pairs: Sequence[tuple[Turn, TurnSentiment]]) -> tuple[float, float]:
    """Mean probability of negative and of positive."""
    weights = [_weight(turn, mood) for turn, mood in pairs]
    negative = sum(mood.negative * weight for (_, mood), weight in zip(pairs, weights, strict=True))
    positive = sum(mood.positive * weight for (_, mood), weight in zip(pairs, weights, strict=True))
    return negative / sum(weights), positive / sum(weights)


def _direction(moods: Sequence[TurnSentiment], signs: Sequence[float]) -> MoodDirection:
    if len(moods) == 1:
        return MoodDirection.SAME
    model = _model()
    scores = [
        bias + sum(weight * value for weight, value in zip(row, signs, strict=True))
        for bias, row in zip(model["bias"], model["weights"], strict=True)
    ]
    return DIRECTIONS[scores.index(max(scores))]


@cache
def _model() -> dict[str, Any]:
    path = resources.files("callytics.conversation").joinpath("mood_direction.json")
    model: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return model


def _is_courtesy(text: str, language: str) -> bool:
    courtesies = _COURTESIES.get(language)
    if courtesies is None:
        return False
    rest = courtesies.sub(" ", text.lower().replace("’", "'"))
    return sum(character.isalnum() for character in rest) < MIN_LETTERS[language]


def _is_ironic(pairs: Sequence[tuple[Turn, TurnSentiment]]) -> bool:
    """Whether possible irony is all that the praise of these turns rests on."""
    return any(mood.possible_irony for _, mood in pairs) and not any(
        mood.label is SentimentLabel.POSITIVE for _, mood in pairs
    )


def _mean(pairs: Sequence[tuple[Turn, TurnSentiment]]) -> float:
    weights = [_weight(turn, mood) for turn, mood in pairs]
    total = sum(weights)
    return sum(mood.score * weight for (_, mood), weight in zip(pairs, weights, strict=True)) / total


def _weight(turn: Turn, mood: TurnSentiment) -> float:
    return math.sqrt(len(turn.content)) * (1 - mood.neutral + MIN_CERTAINTY)
