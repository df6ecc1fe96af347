"""Figures about the conversation."""

from __future__ import annotations

from pydantic import Field

from callytics.result.schema.base import BeginMs, EndMs, ParticipantId, ParticipantRole, ResultModel, TurnIds
from callytics.result.schema.sentiment import SentimentTrendDetail


class TalkTimeDetail(ResultModel):
    """Talk time of one party."""

    participant_id: ParticipantId
    participant_role: ParticipantRole
    total_time_ms: int = Field(
        description="Speech of this party, with overlaps counted once, in milliseconds."
    )
    ratio: float = Field(description="Share of the talk time of all parties, from 0 to 1.")


class TalkTime(ResultModel):
    """Talk time of each party."""

    total_time_ms: int = Field(description="Sum over the parties, in milliseconds.")
    details_by_participant: list[TalkTimeDetail] = Field(description="One entry per party.")


class TalkSpeedDetail(ResultModel):
    """Talk speed of one party."""

    participant_id: ParticipantId
    participant_role: ParticipantRole
    words_per_minute: float = Field(description="Words over talk time, per minute.")
    syllables_per_minute: float = Field(
        description="Syllables over talk time, per minute; the measure for Korean."
    )


class IntervalDetail(ResultModel):
    """A stretch of the recording."""

    begin_offset_ms: BeginMs
    end_offset_ms: EndMs
    duration_ms: int = Field(description="Its length, in milliseconds.")


class NonTalkTime(ResultModel):
    """The time without speech."""

    total_time_ms: int = Field(description="Total, in milliseconds.")
    instances: list[IntervalDetail] = Field(description="Stretches of 3 seconds or more.")


class InterruptionsDetail(ResultModel):
    """Interruptions by one party."""

    participant_id: ParticipantId
    participant_role: ParticipantRole
    count: int = Field(description="Number of interruptions by this party.")
    total_time_ms: int = Field(description="Time in which both spoke, in milliseconds.")
    instances: list[IntervalDetail] = Field(description="One entry per interruption.")


class Interruptions(ResultModel):
    """Turns that began while another party spoke; backchannels such as "네" do not count."""

    total_count: int = Field(description="Over all parties.")
    total_time_ms: int = Field(description="Over all parties, in milliseconds.")
    by_interrupter: list[InterruptionsDetail] = Field(description="One entry per party that interrupted.")


class LongestMonologue(IntervalDetail):
    """The longest run of turns of one party, interrupted by backchannels only."""

    participant_id: ParticipantId
    participant_role: ParticipantRole
    turn_ids: TurnIds


class ResponseLatencyDetail(ResultModel):
    """Response time of one party."""

    participant_id: ParticipantId
    participant_role: ParticipantRole
    count: int = Field(description="Number of measured answers, without those that overlap.")
    mean_ms: int = Field(description="Mean, in milliseconds.")
    median_ms: int = Field(description="Median, in milliseconds.")
    max_ms: int = Field(description="Longest, in milliseconds.")


class ConversationCharacteristics(ResultModel):
    """Figures about the conversation; the terms are those of Amazon Transcribe Call Analytics."""

    total_conversation_duration_ms: int = Field(description="Length of the recording, in milliseconds.")
    talk_time: TalkTime = Field(description="Talk time of each party.")
    talk_speed: list[TalkSpeedDetail] = Field(description="Talk speed; one entry per party that spoke.")
    non_talk_time: NonTalkTime = Field(description="When nobody spoke.")
    interruptions: Interruptions = Field(description="Interruptions by party, with times.")
    longest_monologue: LongestMonologue | None = Field(description="Null if nobody spoke.")
    response_latency_ms: list[ResponseLatencyDetail] = Field(
        description="Response times; one entry per party that answered."
    )
    sentiment: list[SentimentTrendDetail] | None = Field(
        default=None, description="Sentiment over the call; null if sentiment analysis failed."
    )
