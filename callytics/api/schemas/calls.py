"""A call and the state of its analysis."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from callytics.api.schemas.fields import StrictBody
from callytics.domain import Denoise, Task
from callytics.result.schema.recording import CallMetadata
from callytics.store import JobStatus, Priority

Step = Literal["audio", "diarization", "recognition", "punctuation", "roles", "sentiment", "analysis"]


class ReprocessBody(StrictBody):
    """The step from which to run a call again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"from": "punctuation"}]})

    from_: Step = Field(
        default="audio",
        alias="from",
        description="The first step to run again; steps that depend on it follow. audio: all",
    )


class MediaView(BaseModel):
    sha256: str
    format: str
    codec: str
    sample_rate_hz: int
    channels: int
    duration_ms: int


class OptionsView(BaseModel):
    language: str | None
    agent_channel: int | None
    num_speakers: int | None
    hotwords: list[str]
    audio_format: str | None
    audio_sample_rate_hz: int | None
    audio_channels: int | None
    denoise: Denoise | None = Field(description="Reduction of noise before the analysis; null: as configured")
    roles: dict[str, str]
    redact_pii: bool
    written_forms: bool
    task: Task = Field(description="translate: into English, as requested through /v1/audio/translations")
    known_speakers: list[str] = Field(description="Names of the speakers whose voices came with the request")


class StageView(BaseModel):
    name: str
    status: str
    attempts: int
    duration_ms: int
    engine: str
    model: str
    error_code: str
    error_message: str


class ErrorView(BaseModel):
    stage: str
    code: str
    message: str


class CallView(BaseModel):
    """A call and the state of its analysis."""

    call_id: str = Field(examples=["01kaqf3v9x6z2h8m4n7p5r1t0w"])
    job_status: JobStatus
    progress: float = Field(description="Share of stages that have ended, from 0 to 1", examples=[0.5])
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    filename: str
    size_bytes: int
    media: MediaView
    options: OptionsView
    metadata: CallMetadata
    language_code: str | None
    attempts: int
    stages: list[StageView]
    error: ErrorView | None = Field(
        description="Why the call failed; while it waits for another attempt, why the last attempt failed"
    )
    priority: Priority
    next_attempt_at: datetime | None = Field(
        description="Time of the next attempt, for a queued call that failed before"
    )
    result_at: datetime | None = Field(
        description="Time of the result; the result is kept while the call is analysed again, and if that fails"
    )
    links: dict[str, str]


class SubmittedCall(CallView):
    duplicate: bool = Field(
        description="True: this is an earlier call with the same audio and options, or the same request"
    )
