"""Words that carry sentiment, and the mood of the parties."""

from __future__ import annotations

from pydantic import Field

from callytics.domain import MoodDirection
from callytics.result.schema.base import BeginMs, EndMs, ParticipantId, ParticipantRole, ResultModel, TurnIds


class TermDetail(ResultModel):
    """A word that carries sentiment."""

    term: str = Field(description="The word in its dictionary form.")
    count: int = Field(description="Number of occurrences, 1 or more.")
    turn_ids: TurnIds


class WordAnalysis(ResultModel):
    """Positive and negative words, the most frequent first."""

    positive: list[TermDetail] = Field(description="Words of positive sentiment.")
    negative: list[TermDetail] = Field(description="Words of negative sentiment.")


class QuarterScore(ResultModel):
    """Sentiment in one quarter of the call."""

    begin_offset_ms: BeginMs
    end_offset_ms: EndMs
    score: float | None = Field(description="From -5 to +5; null if the party says nothing in it.")


class SentimentTrendDetail(ResultModel):
    """Sentiment of one party over the call."""

    participant_id: ParticipantId
    participant_role: ParticipantRole
    overall: float | None = Field(description="From -5 to +5; null if the party says nothing.")
    start: float | None = Field(
        default=None,
        description="From -5 to +5: the first third of the turns, weighted by length and certainty; closing courtesies "
        "do not count. Null if the party says nothing, and in results of earlier versions.",
    )
    end: float | None = Field(default=None, description="The same of the last third.")
    direction: MoodDirection | None = Field(
        default=None, description="From `start` to `end`: BETTER, SAME or WORSE; null as `start`."
    )
    by_quarter: list[QuarterScore] = Field(description="Four equal parts of the call, in order.")
