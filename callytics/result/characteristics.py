"""Conversation characteristics in the form of the result schema: milliseconds, participants by id and role."""

from __future__ import annotations

from typing import Any

from callytics.conversation import characteristics as traits
from callytics.conversation.announcements import parties_only
from callytics.domain import Conversation, SentimentAnalysis
from callytics.result.schema.characteristics import (
    ConversationCharacteristics,
    Interruptions,
    InterruptionsDetail,
    IntervalDetail,
    LongestMonologue,
    NonTalkTime,
    ResponseLatencyDetail,
    TalkSpeedDetail,
    TalkTime,
    TalkTimeDetail,
)
from callytics.result.schema.sentiment import QuarterScore, SentimentTrendDetail


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _interval(interval: traits.Interval) -> IntervalDetail:
    begin_ms, end_ms = milliseconds(interval.start_s), milliseconds(interval.end_s)
    return IntervalDetail(begin_offset_ms=begin_ms, end_offset_ms=end_ms, duration_ms=end_ms - begin_ms)


def characteristics_detail(
    conversation: Conversation, sentiment: SentimentAnalysis | None
) -> ConversationCharacteristics:
    gaps = traits.silences(conversation)
    conversation = parties_only(conversation)
    speeds = traits.talk_speed(conversation)
    latencies = traits.response_latency(conversation)
    trends = traits.sentiment_trends(conversation, sentiment) if sentiment else None
    who: dict[str, dict[str, Any]] = {
        p.id: {"participant_id": p.id, "participant_role": p.role} for p in conversation.participants
    }
    return ConversationCharacteristics(
        total_conversation_duration_ms=milliseconds(conversation.duration_s),
        talk_time=_talk_time(conversation, who),
        talk_speed=[
            TalkSpeedDetail(
                **who[participant_id],
                words_per_minute=round(speed.words_per_minute, 1),
                syllables_per_minute=round(speed.syllables_per_minute, 1),
            )
            for participant_id, speed in speeds.items()
        ],
        non_talk_time=NonTalkTime(
            total_time_ms=milliseconds(sum(gap.duration_s for gap in gaps)),
            instances=[_interval(gap) for gap in gaps if gap.duration_s >= traits.NON_TALK_MIN_S],
        ),
        interruptions=_interruptions(conversation, who),
        longest_monologue=_monologue(conversation, who),
        response_latency_ms=[
            ResponseLatencyDetail(
                **who[participant_id],
                count=latency.count,
                mean_ms=milliseconds(latency.mean_s),
                median_ms=milliseconds(latency.median_s),
                max_ms=milliseconds(latency.max_s),
            )
            for participant_id, latency in latencies.items()
        ],
        sentiment=[_trend(who[participant_id], trend) for participant_id, trend in trends.items()]
        if trends is not None
        else None,
    )


def _talk_time(conversation: Conversation, who: dict[str, dict[str, Any]]) -> TalkTime:
    times_s = traits.talk_time_s(conversation)
    total_s = sum(times_s.values())
    return TalkTime(
        total_time_ms=milliseconds(total_s),
        details_by_participant=[
            TalkTimeDetail(
                **who[participant_id],
                total_time_ms=milliseconds(time_s),
                ratio=round(time_s / total_s, 4) if total_s else 0.0,
            )
            for participant_id, time_s in times_s.items()
        ],
    )


def _interruptions(conversation: Conversation, who: dict[str, dict[str, Any]]) -> Interruptions:
    found = traits.interruptions(conversation)
    return Interruptions(
        total_count=sum(len(intervals) for intervals in found.values()),
        total_time_ms=milliseconds(sum(i.duration_s for intervals in found.values() for i in intervals)),
        by_interrupter=[
            InterruptionsDetail(
                **who[participant_id],
                count=len(intervals),
                total_time_ms=milliseconds(sum(interval.duration_s for interval in intervals)),
                instances=[_interval(interval) for interval in intervals],
            )
            for participant_id, intervals in found.items()
        ],
    )


def _monologue(conversation: Conversation, who: dict[str, dict[str, Any]]) -> LongestMonologue | None:
    longest = traits.longest_monologue(conversation)
    if longest is None:
        return None
    interval = _interval(longest.interval)
    return LongestMonologue(
        participant_id=longest.participant_id,
        participant_role=who[longest.participant_id]["participant_role"],
        begin_offset_ms=interval.begin_offset_ms,
        end_offset_ms=interval.end_offset_ms,
        duration_ms=interval.duration_ms,
        turn_ids=list(longest.turn_ids),
    )


def _trend(who: dict[str, Any], trend: traits.SentimentTrend) -> SentimentTrendDetail:
    return SentimentTrendDetail(
        **who,
        overall=None if trend.overall is None else round(trend.overall, 2),
        start=None if trend.change.start is None else round(trend.change.start, 2),
        end=None if trend.change.end is None else round(trend.change.end, 2),
        direction=trend.change.direction,
        by_quarter=[
            QuarterScore(
                begin_offset_ms=milliseconds(quarter.interval.start_s),
                end_offset_ms=milliseconds(quarter.interval.end_s),
                score=None if quarter.score is None else round(quarter.score, 2),
            )
            for quarter in trend.quarters
        ],
    )
