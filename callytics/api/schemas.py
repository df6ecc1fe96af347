"""Bodies of requests and responses. Requests are strict: what is unknown or of another type is refused."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
)

from callytics.domain import CallOptions, Task
from callytics.result import CallMetadata
from callytics.store import JobStatus, Priority

MAX_CUSTOM_BYTES = 16 * 1024


PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
ShortText = Annotated[str, Field(max_length=256, pattern=PRINTABLE)]
Hotword = Annotated[str, Field(min_length=1, max_length=100, pattern=PRINTABLE)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$", examples=["ko"])]


class StrictBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class MetadataBody(StrictBody):
    """What the caller knows about the call. In a PATCH, null clears and what is absent stays."""

    external_id: ShortText | None = None
    agent_id: ShortText | None = None
    queue: ShortText | None = None
    direction: Literal["inbound", "outbound", "internal"] | None = None
    started_at: str | None = Field(
        default=None, description="ISO 8601", examples=["2026-11-22T09:30:00+09:00"]
    )
    custom: dict[str, Any] | None = Field(default=None, examples=[{"campaign": "spring"}])

    @field_validator("started_at")
    @classmethod
    def _is_a_time(cls, value: str | None) -> str | None:
        if value is not None:
            datetime.fromisoformat(value)
        return value

    @field_validator("custom")
    @classmethod
    def _is_plain_json(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if len(json.dumps(value, allow_nan=False, ensure_ascii=False).encode()) > MAX_CUSTOM_BYTES:
            raise ValueError(f"must be at most {MAX_CUSTOM_BYTES} bytes of JSON")
        return value


def _split_hotwords(value: Any) -> Any:
    return [word.strip() for text in value for word in re.split(r"[,\n]", text) if word.strip()]


def _parse_metadata(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error}") from error


class CallForm(BaseModel):
    """The fields of an upload, besides the file. All are optional."""

    model_config = ConfigDict(extra="forbid")

    language: Language | None = Field(default=None, description="ISO 639-1; detected when absent")
    agent_channel: int | None = Field(
        default=None, ge=0, le=31, description="Channel of the agent in a stereo recording, from 0"
    )
    num_speakers: int | None = Field(default=None, ge=1, le=20, description="Of a mono recording, if known")
    hotwords: Annotated[list[Hotword], BeforeValidator(_split_hotwords)] = Field(
        default=[],
        max_length=100,
        description="Names and terms to expect; repeat the field, or separate by commas",
    )
    audio_format: Literal["mulaw", "alaw", "s16le"] | None = Field(
        default=None, description="Of a file without a header"
    )
    audio_sample_rate_hz: int | None = Field(
        default=None, ge=4000, le=192_000, description="Of a file without a header"
    )
    metadata: Annotated[MetadataBody | None, BeforeValidator(_parse_metadata)] = Field(
        default=None, description="JSON: external_id, agent_id, queue, direction, started_at, custom"
    )
    media_url: str | None = Field(
        default=None,
        max_length=2000,
        description="Instead of the file: where the service fetches it, of the hosts that its settings allow",
        examples=["https://recordings.example.org/2026/11/call.wav"],
    )
    redact_pii: bool = Field(
        default=False,
        description="Take out names, addresses and numbers of people, from the texts and from the audio that is served",
    )
    deduplicate: bool = Field(
        default=True, description="False analyses again what was analysed before (same audio, same options)"
    )

    priority: Priority = Field(
        default=Priority.NORMAL, description="Among your own calls; others have their turn all the same"
    )

    def options(self) -> CallOptions:
        return CallOptions(
            language=self.language,
            agent_channel=self.agent_channel,
            num_speakers=self.num_speakers,
            hotwords=tuple(self.hotwords),
            audio_format=self.audio_format,
            audio_sample_rate_hz=self.audio_sample_rate_hz,
            redact_pii=self.redact_pii,
        )

    def metadata_json(self) -> dict[str, Any]:
        return self.metadata.model_dump(exclude_unset=True) if self.metadata else {}


class CallPatch(StrictBody):
    """Changes to a call. Correcting a role analyses again what depends on it, so the call is queued."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"metadata": {"agent_id": "kim.minji"}},
                {"roles": {"spk_0": "CUSTOMER", "spk_1": "AGENT"}},
            ]
        }
    )

    metadata: MetadataBody | None = None
    roles: dict[str, Literal["AGENT", "CUSTOMER", "OTHER", "UNKNOWN"]] | None = Field(
        default=None, description="Participant id and role"
    )


Step = Literal["audio", "diarization", "recognition", "punctuation", "roles", "sentiment", "analysis"]


class ReprocessBody(StrictBody):
    """From where on to run a call again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"from": "punctuation"}]})

    from_: Step = Field(
        default="audio", alias="from", description="This step and all that depends on it; audio: everything"
    )


class ListQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    status: list[JobStatus] = Field(default=[], description="Any of these; repeat the parameter")
    language: Language | None = None
    external_id: ShortText | None = None
    agent_id: ShortText | None = None
    queue: ShortText | None = None
    direction: ShortText | None = None
    created_from: AwareDatetime | None = Field(default=None, description="Inclusive; ISO 8601 with an offset")
    created_before: AwareDatetime | None = Field(default=None, description="Exclusive")
    q: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description='Words, or "quoted phrases", all said in the call; Korean also without its particles',
        examples=["환불"],
    )
    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=200, description="next_cursor of the page before")


# ---------------------------------------------------------------- responses


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
    roles: dict[str, str]
    redact_pii: bool
    task: Task = Field(description="translate: into English, asked for by /v1/audio/translations")
    known_speakers: list[str] = Field(description="Names; their voices came with the request")


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
    """A call and how its analysis goes."""

    call_id: str = Field(examples=["01kaqf3v9x6z2h8m4n7p5r1t0w"])
    job_status: JobStatus
    progress: float = Field(description="0 to 1: the share of stages that have ended", examples=[0.5])
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
        description="Why it failed; while it waits for another attempt, why the last one failed"
    )
    priority: Priority
    next_attempt_at: datetime | None = Field(
        description="Of a queued call that failed before: when it is tried again"
    )
    result_at: datetime | None = Field(
        description="When the result was made; it stays while the call is analysed again, and where that fails"
    )
    links: dict[str, str]


class SubmittedCall(CallView):
    duplicate: bool = Field(
        description="True: this is an earlier call of the same audio, or the same request"
    )


class MatchView(BaseModel):
    turn_id: str
    participant_role: str
    begin_offset_ms: int
    content: str


class ListedCall(CallView):
    matches: list[MatchView] | None = Field(default=None, description="With q: the first turns that say it")


class CallList(BaseModel):
    calls: list[ListedCall]
    next_cursor: str | None = Field(description="For the next page; null on the last")
