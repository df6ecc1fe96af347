"""The mood of turns and parties."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from callytics.domain.quality import ConductLapse, QualityCriterion


class SentimentLabel(StrEnum):
    POSITIVE = "POSITIVE"
    NEUTRAL = "NEUTRAL"
    NEGATIVE = "NEGATIVE"


class MoodDirection(StrEnum):
    """The mood of a party from the start of the call to its end."""

    BETTER = "BETTER"
    SAME = "SAME"
    WORSE = "WORSE"


POSSIBLE_IRONY = "possible_irony"
"""Flag of a turn of the result: its praise probably means the opposite."""


@dataclass(frozen=True)
class TurnSentiment:
    """Calibrated probabilities, and a label that engines may set by thresholds of their own."""

    turn_id: str
    label: SentimentLabel
    positive: float
    neutral: float
    negative: float
    possible_irony: bool = False
    corrected: bool = False  # by a person

    @property
    def score(self) -> float:
        """-5 (negative) to +5 (positive), the scale of Amazon Transcribe Call Analytics."""
        return 5.0 * (self.positive - self.negative)


@dataclass(frozen=True)
class TermCount:
    term: str
    count: int
    turn_ids: tuple[str, ...]


@dataclass(frozen=True)
class SentimentAnalysis:
    """Output of sentiment-analyzer: one entry per turn, in the order of the turns."""

    turns: tuple[TurnSentiment, ...]
    positive_terms: tuple[TermCount, ...]
    negative_terms: tuple[TermCount, ...]
    quality_overall: float | None  # 0..100
    quality_criteria: tuple[QualityCriterion, ...]
    lapses: tuple[ConductLapse, ...] = ()  # of agents, the gravest first
