"""Bodies of GET /v1/overview. Every number of calls comes with the list of exactly these calls."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, Field

from callytics.domain import JobStatus, MoodDirection
from callytics.store import FindingsState, Mood, Resolved


class CallCount(BaseModel):
    """A number of calls."""

    calls: int = Field(description="Number of calls")
    calls_url: str = Field(description="The list of exactly these calls", examples=["/v1/calls?topic=refund"])


class CallShare(CallCount):
    """A number of calls among others, with Wilson's interval."""

    share: float | None = Field(description="Share of these calls, from 0 to 1; null without any")
    low: float | None = Field(description="Lower end of the 95 % interval")
    high: float | None = Field(description="Upper end of the 95 % interval")
    small: bool = Field(description="Among fewer than `small_below` calls: the figure is rough")


class MeanOfCalls(CallCount):
    """A mean over calls, with Student's interval; `calls` is n."""

    mean: float | None = Field(description="The mean; null without calls")
    low: float | None = Field(description="Lower end of the 95 % interval; null with fewer than two calls")
    high: float | None = Field(description="Upper end of the 95 % interval")
    small: bool = Field(description="Of fewer than `small_below` calls: the figure is rough")


class StatusCount(CallCount):
    """Calls with a status."""

    status: JobStatus


class StateCount(CallCount):
    """Calls whose findings are of the last run, of an earlier one, or not there."""

    state: FindingsState = Field(description="As `findings` of the list")


class DayCount(CallCount):
    """Calls of a day."""

    day: date = Field(description="In the time zone of the overview")


class LengthBucket(CallCount):
    """Calls of similar length."""

    from_s: float = Field(description="Inclusive, in seconds")
    before_s: float | None = Field(description="Exclusive; null: no limit")


class LengthsView(CallCount):
    """How long the calls are."""

    total_s: float = Field(description="All together, in seconds")
    mean_s: float | None = Field(description="Mean, in seconds; null without calls")
    median_s: float | None = Field(description="Median")
    p90_s: float | None = Field(description="The length that nine of ten calls do not exceed")
    buckets: list[LengthBucket] = Field(description="From short to long")


class MoodShare(CallShare):
    """Calls that end in a mood, among those whose mood is known."""

    mood: Mood = Field(description="Mood of the customer at the end of the call")


class DirectionShare(CallShare):
    """Calls in which the mood changes in a direction, among those whose mood is known."""

    direction: MoodDirection = Field(description="From the start of the call to its end")


class MoodsView(BaseModel):
    """The mood of the customers."""

    ended: list[MoodShare] = Field(description="By the mood at the end")
    directions: list[DirectionShare] = Field(description="By the change from start to end")
    start: MeanOfCalls = Field(description="Mood at the start, from -5 to +5")
    end: MeanOfCalls = Field(description="Mood at the end")


class IssueView(BaseModel):
    """Why a customer called."""

    call_id: str
    issue: str = Field(description="On one line, as the result has it")


class ResolvedCount(CallCount):
    """Calls by whether the issue was solved."""

    resolved: Resolved = Field(description="UNKNOWN: the result does not show it")


class TopicView(CallShare):
    """A reason for calls: its share of the calls with findings, against the period before."""

    topic: str | None = Field(description="null: calls without a topic")
    before: CallShare = Field(description="The same of the period before")
    change: float | None = Field(description="`share` minus that of the period before")
    change_low: float | None = Field(description="Lower end of the 95 % interval of the change (Newcombe)")
    change_high: float | None = Field(description="Upper end; the share changed if 0 is not within")
    resolved: list[ResolvedCount] = Field(description="By whether the issue was solved")
    issues: list[IssueView] = Field(description="Those of the latest calls")


class QualityView(CallCount):
    """The calls of an agent or a queue, and how they went."""

    name: str | None = Field(description="null: calls without one")
    quality: MeanOfCalls = Field(description="Communication of the agent, from 0 to 100, of the calls judged")
    ended_negative: CallShare = Field(
        description="Calls that end in a negative mood, among those whose mood is known"
    )


class FlagCount(CallCount):
    """Calls with a flag."""

    flag: str = Field(description="Code of a remark of the result")


class PeriodView(CallCount):
    """Some days, and their calls."""

    first_day: date = Field(description="Inclusive")
    last_day: date = Field(description="Inclusive")
    called_from: datetime = Field(description="Start of the first day")
    called_before: datetime = Field(description="End of the last day, exclusive")


class OverviewView(BaseModel):
    """What the calls of a period have in common. A figure rests on the results that are stored now."""

    time_zone: str = Field(description="Days begin and end in this time zone", examples=["Asia/Seoul"])
    confidence: float = Field(description="Of the intervals", examples=[0.95])
    small_below: int = Field(description="Figures of fewer calls are marked `small`", examples=[30])
    period: PeriodView = Field(description="What was asked for")
    before: PeriodView = Field(description="As many days, immediately before")
    statuses: list[StatusCount] = Field(description="Calls by status")
    findings: list[StateCount] = Field(description="Calls by which result the figures below are of")
    days: list[DayCount] = Field(description="Every day of the period")
    lengths: LengthsView = Field(description="How long the calls are")
    moods: MoodsView = Field(description="The mood of the customers")
    quality: MeanOfCalls = Field(
        description="Communication of the agents, from 0 to 100, of the calls judged"
    )
    quality_before: MeanOfCalls = Field(description="The same of the period before")
    topics: list[TopicView] = Field(description="Reasons for calls, the most frequent first")
    agents: list[QualityView] = Field(description="By agent, the one with most calls first")
    queues: list[QualityView] = Field(description="By queue, which stands for the team")
    flags: list[FlagCount] = Field(description="By remark of the result, the most frequent first")
