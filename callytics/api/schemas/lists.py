"""Lists of calls, and the deletion of many."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from callytics.api.schemas.calls import CallView
from callytics.api.schemas.fields import ShortText, StrictBody
from callytics.domain import MoodDirection, Role
from callytics.store import JobStatus


class MatchView(BaseModel):
    turn_id: str
    participant_role: Role
    begin_offset_ms: int
    content: str


class FindingsView(BaseModel):
    """What a list shows of the result of a call."""

    state: Literal["CURRENT", "EARLIER"] = Field(
        description="EARLIER: of the run before, while the call is analysed again or after that failed"
    )
    result_at: datetime = Field(description="Time of that result")
    result_status: JobStatus = Field(description="COMPLETED or PARTIAL")
    agent_name: str | None = Field(description="Name of the agent, of a known voice or given by a person")
    topic: str | None = Field(description="Subject of the call", examples=["refund"])
    issue: str | None = Field(description="Why the customer called, on one line")
    resolved: bool | None = Field(description="Whether the issue was solved; null: not shown by the call")
    mood_start: float | None = Field(
        description="Mood of the customer in the first third of the turns, from -5 to +5"
    )
    mood_end: float | None = Field(description="The same of the last third")
    mood_overall: float | None = Field(description="The same of the whole call")
    mood_direction: MoodDirection | None = Field(description="From `mood_start` to `mood_end`")
    mood_quarters: list[float | None] = Field(
        description="Mood of the customer in the quarters of the call; null where the customer says nothing"
    )
    quality: float | None = Field(description="Communication of the agent, from 0 to 100")
    quality_criteria: int = Field(description="Number of criteria that `quality` rests on")
    flags: list[str] = Field(description="Codes of the remarks of the result")


class ListedCall(CallView):
    called_at: datetime = Field(description="When the call took place, or was uploaded if that is not known")
    findings: FindingsView | None = Field(
        default=None, description="What its result says; null: there is none, or it is not filled in yet"
    )
    matches: list[MatchView] | None = Field(default=None, description="With q: the first matching turns")


class CallIds(StrictBody):
    """Calls to be deleted."""

    call_ids: list[ShortText] = Field(
        min_length=1, max_length=500, description="Ids of calls", examples=[["01kaqf3v9x6z2h8m4n7p5r1t0w"]]
    )


class DeletedCalls(BaseModel):
    """What became of each id."""

    deleted: list[str] = Field(description="Deleted now, with all that was derived from them")
    not_found: list[str] = Field(description="No call of this tenant has this id, or has it any more")


class CallList(BaseModel):
    calls: list[ListedCall]
    next_cursor: str | None = Field(description="Cursor of the next page; null on the last one")
    total: int | None = Field(default=None, description="Calls on all pages; null unless `total=true`")
