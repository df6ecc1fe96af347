"""The parameters by which calls are found."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from callytics.api.schemas.fields import Language, ShortText, Time, WholeNumber
from callytics.domain import MoodDirection
from callytics.store import CallFilter, CallOrder, FindingsState, JobStatus, Missing, Mood, Resolved


class CallFilters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    status: list[JobStatus] = Field(default=[], description="One or more statuses; repeat the parameter")
    language: Language = None
    external_id: ShortText | None = None
    agent_id: ShortText | None = None
    queue: ShortText | None = None
    direction: ShortText | None = None
    created_from: Time | None = Field(default=None, description="Inclusive; ISO 8601 with an offset")
    created_before: Time | None = Field(default=None, description="Exclusive")
    started_from: Time | None = Field(
        default=None, description="When the call took place (`started_at` of its metadata); inclusive"
    )
    started_before: Time | None = Field(default=None, description="Exclusive")
    q: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description='Words or "quoted phrases" that must all occur; Korean ones in any form: 휴일을 finds 휴일이',
        examples=["환불"],
    )
    called_from: Time | None = Field(
        default=None, description="When the call took place, or was uploaded if that is not known; inclusive"
    )
    called_before: Time | None = Field(default=None, description="Exclusive")
    duration_from_s: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="Length of the recording in seconds; inclusive"
    )
    duration_before_s: float | None = Field(default=None, ge=0, allow_inf_nan=False, description="Exclusive")
    agent: ShortText | None = Field(
        default=None, description="`agent_id` of the metadata, or else the name of the agent in the result"
    )
    topic: ShortText | None = Field(default=None, description="Topic of the result", examples=["refund"])
    mood: Mood | None = Field(
        default=None, description="Mood of the customer at the end of the call; ANY: it is known"
    )
    mood_direction: MoodDirection | None = Field(
        default=None, description="Mood of the customer from the start of the call to its end"
    )
    quality_from: float | None = Field(
        default=None, ge=0, le=100, description="Communication of the agent, 0 to 100; inclusive"
    )
    quality_before: float | None = Field(
        default=None, ge=0, le=101, description="Exclusive; 101 includes 100"
    )
    resolved: Resolved | None = Field(default=None, description="Whether the issue was solved")
    flag: list[ShortText] = Field(
        default=[],
        max_length=10,
        description="Code of a flag of the result; repeat the parameter for calls with all of them",
        examples=[["truncated"]],
    )
    findings: FindingsState | None = Field(
        default=None,
        description="Which result the findings are of. CURRENT: of the last run; EARLIER: of the run before, while the "
        "call is analysed again or after that failed; ANY: either; NONE: there is none",
    )
    without: list[Missing] = Field(default=[], description="Calls that lack this; repeat the parameter")
    sort: CallOrder = Field(
        default=CallOrder.CREATED_LAST,
        description="By upload (`created_at`), by when the calls took place (`called_at`, `started_at`), or by what "
        "was found; `-`: the latest or largest first. Calls without a value come last",
    )

    @model_validator(mode="after")
    def _from_is_before(self) -> CallFilters:
        if self.created_from and self.created_before and self.created_from >= self.created_before:
            raise ValueError("created_from must be earlier than created_before")
        if self.started_from and self.started_before and self.started_from >= self.started_before:
            raise ValueError("started_from must be earlier than started_before")
        if self.called_from and self.called_before and self.called_from >= self.called_before:
            raise ValueError("called_from must be earlier than called_before")
        for name, least, beyond in (
            ("duration", self.duration_from_s, self.duration_before_s),
            ("quality", self.quality_from, self.quality_before),
        ):
            if least is not None and beyond is not None and least >= beyond:
                raise ValueError(
                    f"the lower bound of {name} must be less than the upper one, which is exclusive"
                )
        return self

    def wanted(self, tenant: str) -> CallFilter:
        return CallFilter(
            statuses=tuple(self.status),
            language_code=self.language,
            external_id=self.external_id,
            agent_id=self.agent_id,
            queue=self.queue,
            direction=self.direction,
            created_from_ms=_ms(self.created_from),
            created_before_ms=_ms(self.created_before),
            started_from_ms=_ms(self.started_from),
            started_before_ms=_ms(self.started_before),
            text=self.q,
            tenant=tenant,
            called_from_ms=_ms(self.called_from),
            called_before_ms=_ms(self.called_before),
            duration_from_s=self.duration_from_s,
            duration_before_s=self.duration_before_s,
            agent=self.agent,
            topic=self.topic,
            mood=self.mood,
            mood_direction=self.mood_direction,
            quality_from=self.quality_from,
            quality_before=self.quality_before,
            resolved=self.resolved,
            flags=tuple(self.flag),
            findings=self.findings,
            without=tuple(self.without),
        )


def _ms(time: datetime | None) -> int | None:
    return round(time.timestamp() * 1000) if time is not None else None


class ExportQuery(CallFilters):
    format: Literal["csv", "jsonl"] = Field(
        default="csv",
        description="csv: one row of main figures per call, for a spreadsheet; jsonl: one line per call, "
        "with its whole result",
    )


class ListQuery(CallFilters):
    limit: WholeNumber = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=2000, description="next_cursor of the previous page")
    total: bool = Field(default=False, description="Also count the calls of all pages")
