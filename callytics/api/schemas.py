"""Bodies of requests and responses. Requests are strict: unknown fields and wrong types are rejected."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from callytics.api.strict import parse_json
from callytics.domain import CallOptions, Denoise, Role, Task
from callytics.errors import InvalidRequestError
from callytics.options.checks import (
    AUDIO_CHANNELS,
    MAX_CHANNELS,
    MAX_HOTWORD_LENGTH,
    MAX_HOTWORDS,
    MAX_SPEAKERS,
    SAMPLE_RATES_HZ,
    call_time,
)
from callytics.options.languages import language_code
from callytics.result.schema import CallMetadata
from callytics.store import CallFilter, CallOrder, JobStatus, Priority
from callytics.store.records import METADATA_FIELDS

MAX_CUSTOM_BYTES = 16 * 1024


PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
READABLE = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"
"""PRINTABLE with at least one character other than a space."""

ShortText = Annotated[str, Field(max_length=256, pattern=PRINTABLE)]
Hotword = Annotated[str, Field(min_length=1, max_length=MAX_HOTWORD_LENGTH, pattern=PRINTABLE)]


def _language(value: Any) -> Any:
    try:
        return language_code(value) if isinstance(value, str) else value
    except InvalidRequestError as error:
        raise ValueError(error.message) from error


Language = Annotated[
    Annotated[str, Field(max_length=100)] | None, BeforeValidator(_language), Field(examples=["ko"])
]
"""A language in any notation of callytics/options/languages.py, converted to its code; None: detect it."""


def _whole_number(value: Any) -> Any:
    """Strings must be digits only: pydantic also accepts " 1", "+1", "1.0" and "1_0"."""
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,19}", value):
        raise ValueError("must be a whole number")
    return value


WholeNumber = Annotated[int, BeforeValidator(_whole_number)]


def _iso_8601(value: Any) -> Any:
    """Pydantic also accepts a number of seconds or milliseconds."""
    if not (isinstance(value, str) and re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]", value)):
        raise ValueError("must be ISO 8601 with an offset, as 2026-11-22T09:30:00+09:00")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must be of the years 1 to 9999 in UTC") from error


Time = Annotated[AwareDatetime, BeforeValidator(_iso_8601), AfterValidator(_in_utc)]


def _iso_day(value: Any) -> Any:
    """Pydantic also accepts a number of seconds since 1970."""
    if not (isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value)):
        raise ValueError("must be a day, as 2026-11-22")
    return value


Day = Annotated[date, BeforeValidator(_iso_day)]


class StrictBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


def _is_a_time(value: str) -> str:
    call_time(value)
    return value


Direction = Literal["inbound", "outbound", "internal"]
StartedAt = Annotated[str, AfterValidator(_is_a_time), Field(examples=["2026-11-22T09:30:00+09:00"])]


class MetadataBody(StrictBody):
    """What you know about the call. In a PATCH, null clears a field and absent fields stay."""

    external_id: ShortText | None = Field(default=None, description="Your own id of the call")
    agent_id: ShortText | None = Field(default=None, description="The agent who took the call")
    queue: ShortText | None = Field(default=None, description="The queue, skill or campaign of the call")
    direction: Direction | None = Field(default=None, description="Who called whom")
    started_at: StartedAt | None = Field(
        default=None, description="When the call took place; ISO 8601 with an offset"
    )
    custom: dict[str, Any] | None = Field(
        default=None,
        description="Any other JSON, at most 16 KiB; merged with existing entries, null removes an entry",
        examples=[{"campaign": "spring"}],
    )

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
        return parse_json(value) if isinstance(value, str) else value
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error}") from error


class CallForm(BaseModel):
    """The form fields of an upload, besides the file. All are optional."""

    model_config = ConfigDict(extra="forbid")

    language: Language = Field(
        default=None,
        description="A code (ko), BCP 47 (ko-KR) or a name (Korean, 한국어); detected when absent, empty or auto",
    )
    agent_channel: WholeNumber | None = Field(
        default=None,
        ge=0,
        lt=MAX_CHANNELS,
        description="Channel of the agent in a stereo recording, from 0",
    )
    num_speakers: WholeNumber | None = Field(
        default=None, ge=1, le=MAX_SPEAKERS, description="Number of speakers in a mono recording, if known"
    )
    hotwords: Annotated[list[Hotword], BeforeValidator(_split_hotwords)] = Field(
        default=[],
        max_length=MAX_HOTWORDS,
        description="Names and terms to expect; repeat the field, or separate them with commas",
    )
    audio_format: Literal["mulaw", "alaw", "s16le", "g722", "gsm", "vox"] | None = Field(
        default=None,
        description="Encoding of a file without a header; by default what its extension (.ulaw, .sln16, .vox) tells",
    )
    audio_sample_rate_hz: WholeNumber | None = Field(
        default=None,
        ge=SAMPLE_RATES_HZ[0],
        le=SAMPLE_RATES_HZ[-1],
        description="Sample rate of a file without a header",
    )
    audio_channels: WholeNumber | None = Field(
        default=None,
        ge=AUDIO_CHANNELS[0],
        le=AUDIO_CHANNELS[-1],
        description="Channels of a file without a header: 1, or 2 whose samples alternate (mulaw, alaw, s16le)",
    )
    denoise: Denoise | None = Field(
        default=None,
        description="Analyse with noise reduced on: channels that it helps (auto), all, none; default: as configured",
    )
    metadata: Annotated[MetadataBody | None, BeforeValidator(_parse_metadata)] = Field(
        default=None, description="JSON: external_id, agent_id, queue, direction, started_at, custom"
    )
    external_id: ShortText | None = Field(default=None, description="As in `metadata`, without JSON")
    agent_id: ShortText | None = Field(
        default=None, description="As in `metadata`, without JSON", examples=["kim.minji"]
    )
    queue: ShortText | None = Field(default=None, description="As in `metadata`, without JSON")
    direction: Direction | None = Field(default=None, description="As in `metadata`, without JSON")
    started_at: StartedAt | None = Field(default=None, description="As in `metadata`, without JSON")
    media_url: str | None = Field(
        default=None,
        max_length=2000,
        description="URL to fetch the recording from, instead of a file; its host must be allowed by the settings",
        examples=["https://recordings.example.org/2026/11/call.wav"],
    )
    redact_pii: bool = Field(
        default=False,
        description="Remove names, addresses and numbers of people from all texts and from the served audio",
    )
    written_forms: bool = Field(
        default=False,
        description="Also give each turn with numbers, dates and amounts in written form (`written`): 567,000원, $120",
    )
    deduplicate: bool = Field(
        default=True,
        description="False: analyse again even if the same audio and options were analysed before",
    )

    priority: Priority = Field(
        default=Priority.NORMAL,
        description="Priority among your own calls; other tenants still get their turn",
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_is_not_given(cls, values: Any) -> Any:
        """Forms of web pages send every field, and an empty one says nothing."""
        if not isinstance(values, Mapping):
            return values
        return {name: value for name, value in values.items() if value != "" or name not in cls.model_fields}

    def options(self) -> CallOptions:
        return CallOptions(
            language=self.language,
            agent_channel=self.agent_channel,
            num_speakers=self.num_speakers,
            hotwords=tuple(self.hotwords),
            audio_format=self.audio_format,
            audio_sample_rate_hz=self.audio_sample_rate_hz,
            audio_channels=self.audio_channels,
            redact_pii=self.redact_pii,
            denoise=self.denoise,
            written_forms=self.written_forms,
        )

    @field_validator(*METADATA_FIELDS)
    @classmethod
    def _as_in_metadata(cls, value: str | None, info: ValidationInfo) -> str | None:
        """A value given twice must be the same both times, so that no client has to guess which one counts."""
        metadata: MetadataBody | None = info.data.get("metadata")
        name = str(info.field_name)
        if metadata is not None and name in metadata.model_fields_set and getattr(metadata, name) != value:
            raise ValueError(
                f"is given a second time, and differently, in metadata: {getattr(metadata, name)!r}"
            )
        return value

    def metadata_json(self) -> dict[str, Any]:
        fields = self.model_dump(include=set(METADATA_FIELDS), exclude_unset=True)
        return {**fields, **(self.metadata.model_dump(exclude_unset=True) if self.metadata else {})}


class TurnCorrection(StrictBody):
    """The corrected text of a turn."""

    turn_id: ShortText = Field(description="`id` of a turn of the result", examples=["t3"])
    content: str = Field(
        max_length=20_000,
        pattern=READABLE,
        description="The corrected text of the whole turn. Repeated spaces become one; punctuation, capitals and "
        "spacing are otherwise kept as given. In a redacted call, leave marks such as [NAME] in place",
        examples=["I would like a refund for order 4711."],
    )


class ParticipantName(StrictBody):
    """The name of a participant."""

    participant_id: ShortText = Field(
        description="`participant_id` of a participant of the result", examples=["spk_0"]
    )
    name: Annotated[str, Field(max_length=256, pattern=READABLE)] | None = Field(
        description="Shown instead of the role in transcripts; null removes it", examples=["Kim Minji"]
    )


def _once(values: list[Any] | None, name: str) -> list[Any] | None:
    ids = [getattr(value, name) for value in values or []]
    if repeated := sorted({each for each in ids if ids.count(each) > 1}):
        raise ValueError(f"names {', '.join(repeated)} more than once")
    return values


class CallPatch(StrictBody):
    """Changes to a call. After a correction of words, names or roles, the call is queued and only the steps that
    depend on the correction run again."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"metadata": {"agent_id": "kim.minji"}},
                {"roles": {"spk_0": "CUSTOMER", "spk_1": "AGENT"}},
                {"turns": [{"turn_id": "t3", "content": "I would like a refund for order 4711."}]},
                {"participants": [{"participant_id": "spk_0", "name": "Kim Minji"}]},
            ]
        }
    )

    metadata: MetadataBody | None = Field(
        default=None, description="Only the given fields change; null clears a field"
    )
    roles: dict[str, Literal["AGENT", "CUSTOMER", "OTHER", "UNKNOWN"]] | None = Field(
        default=None,
        description="Role per participant id",
        examples=[{"spk_0": "CUSTOMER", "spk_1": "AGENT"}],
    )
    turns: Annotated[list[TurnCorrection], AfterValidator(partial(_once, name="turn_id"))] | None = Field(
        default=None, max_length=1000, description="Corrected texts, one per turn; other turns stay"
    )
    participants: (
        Annotated[list[ParticipantName], AfterValidator(partial(_once, name="participant_id"))] | None
    ) = Field(default=None, max_length=32, description="Names of participants; other participants stay")


Step = Literal["audio", "diarization", "recognition", "punctuation", "roles", "sentiment", "analysis"]


class ReprocessBody(StrictBody):
    """The step from which to run a call again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"from": "punctuation"}]})

    from_: Step = Field(
        default="audio",
        alias="from",
        description="The first step to run again; steps that depend on it follow. audio: all",
    )


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
    sort: CallOrder = Field(
        default=CallOrder.CREATED_LAST,
        description="By upload, or by when the calls took place; `-`: the latest first. Calls without `started_at` "
        "come last",
    )

    @model_validator(mode="after")
    def _from_is_before(self) -> CallFilters:
        if self.created_from and self.created_before and self.created_from >= self.created_before:
            raise ValueError("created_from must be earlier than created_before")
        if self.started_from and self.started_before and self.started_from >= self.started_before:
            raise ValueError("started_from must be earlier than started_before")
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
    cursor: str | None = Field(default=None, max_length=200, description="next_cursor of the previous page")
    total: bool = Field(default=False, description="Also count the calls of all pages")


# ---------------------------------------------------------------- responses


class CorrectionView(BaseModel):
    """A correction made by a person. It is kept when it is undone and when the call is analysed again."""

    correction_id: str = Field(
        description="The id used in `corrections` of the result", examples=["01kaqf3v9x6z2h8m4n7p5r1t0w"]
    )
    kind: str = Field(description="words or speaker_name; more kinds may be added", examples=["words"])
    turn_id: str = Field(
        description="Id of the turn at the time of the correction; empty for a name", examples=["t3"]
    )
    participant_id: str = Field(
        description="The participant who spoke the words, or who was named", examples=["spk_0"]
    )
    begin_offset_ms: int = Field(
        description="Start in the recording; for a name, of the participant's longest turn"
    )
    end_offset_ms: int = Field(description="End in the recording")
    before: str = Field(description="The previous text; empty if there was none")
    after: str | None = Field(description="The corrected text; null: the name was removed")
    created_by: str = Field(description="Id of the API key or user that made the correction")
    created_at: datetime = Field(description="Time of the correction")
    undone_by: str | None = Field(description="Id of the API key or user that undid it; null: it is in force")
    undone_at: datetime | None = Field(description="Time when it was undone")


class CorrectionList(BaseModel):
    """The history of a call's corrections."""

    corrections: list[CorrectionView] = Field(description="Oldest first, including undone corrections")


class LogLine(BaseModel):
    """A line that a service logged while it worked on a call."""

    time: datetime = Field(description="Time at which the line was written")
    level: str = Field(description="INFO, WARNING, ERROR or CRITICAL", examples=["INFO"])
    stage: str = Field(
        description="Stage of the pipeline, or the service that is none", examples=["speech-recognizer"]
    )
    application: str = Field(
        description="Serve application: the stage's, or another version of it", examples=["speech-recognizer"]
    )
    version: str = Field(description="Configuration hash of an engine stage; package version of a service")
    replica: str = Field(description="Id of the replica that wrote the line", examples=["x3k9fq2a"])
    logger: str = Field(description="Python logger", examples=["deployments.stage"])
    message: str = Field(description="The line, at most 2,000 characters", examples=["done in 1.27 s"])
    traceback: str | None = Field(description="Files, lines and types of an error, without its text")


class CallLogs(BaseModel):
    """The log lines of a call."""

    call_id: str = Field(description="Id of the call")
    lines: list[LogLine] = Field(max_length=500, description="Lines by time, from all stages")
    last: int = Field(ge=0, description="The next request's `after`, for the lines that come later")


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


class MatchView(BaseModel):
    turn_id: str
    participant_role: Role
    begin_offset_ms: int
    content: str


class ListedCall(CallView):
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
