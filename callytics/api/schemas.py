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
from callytics.domain import CallOptions, Denoise, MoodDirection, Role, Task
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
from callytics.store import CallFilter, CallOrder, FindingsState, JobStatus, Missing, Mood, Priority, Resolved
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
    """What is wrong about a turn: its text, its speaker, its sentiment. At least one of them."""

    turn_id: ShortText = Field(description="`id` of a turn of the result", examples=["t3"])
    content: str | None = Field(
        default=None,
        max_length=20_000,
        pattern=READABLE,
        description="The corrected text of the whole turn. Repeated spaces become one; punctuation, capitals and "
        "spacing are otherwise kept as given. In a redacted call, leave marks such as [NAME] in place",
        examples=["I would like a refund for order 4711."],
    )
    participant_id: ShortText | None = Field(
        default=None, description="The participant who said it", examples=["spk_1"]
    )
    sentiment: Literal["POSITIVE", "NEUTRAL", "NEGATIVE"] | None = Field(
        default=None, description="Its sentiment; `sentiment_scores` become 1 and 0", examples=["NEGATIVE"]
    )

    @model_validator(mode="after")
    def _says_something(self) -> TurnCorrection:
        if self.content is self.participant_id is self.sentiment is None:
            raise ValueError("needs content, participant_id or sentiment")
        return self


class TurnSplit(StrictBody):
    """A turn that is two."""

    turn_id: ShortText = Field(description="`id` of a turn of the result", examples=["t3"])
    word: WholeNumber = Field(
        ge=1, le=100_000, description="Index in `items` of the first word of the second turn", examples=[4]
    )
    participant_id: ShortText | None = Field(
        default=None, description="Who says the second turn; null: who says the first"
    )


class TurnMerge(StrictBody):
    """Two turns that are one."""

    turn_id: ShortText = Field(description="The first, whose speaker the turn gets", examples=["t3"])
    next_turn_id: ShortText = Field(
        description="The turn after it, or the next one of its speaker", examples=["t4"]
    )


def _flat(text: str) -> str:
    if not (flat := " ".join(text.split())):
        raise ValueError("is empty")
    return flat


Sentences = Annotated[str, Field(max_length=5000, pattern=READABLE), AfterValidator(_flat)]
Phrase = Annotated[str, Field(max_length=256, pattern=READABLE), AfterValidator(_flat)]


class TaskBody(StrictBody):
    """A task that remains after the call."""

    text: Sentences = Field(description="What is to be done", examples=["Send the form."])
    owner: Literal["AGENT", "CUSTOMER", "OTHER", "UNKNOWN"] = Field(description="Who must do it")
    due: Phrase | None = Field(default=None, description="By when", examples=["Friday"])


class SummaryBody(StrictBody):
    """Fields of `contact_summary` in a person's words. Only the given ones change."""

    summary: Sentences | None = Field(default=None, description="The call in a few sentences; null: none")
    topic: Phrase | None = Field(default=None, description="For instance `refund`; null: unclear")
    issue: Sentences | None = Field(default=None, description="Why the customer called; null: not shown")
    outcome: Sentences | None = Field(default=None, description="What came of it; null: not shown")
    still_open: Sentences | None = Field(default=None, description="What is left open; null: nothing")
    resolved: bool | None = Field(default=None, description="Whether the issue was solved; null: unclear")
    action_items: list[TaskBody] = Field(
        default=[], max_length=50, description="All tasks that remain; they replace those of the result"
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
    """Changes to a call. After a correction the call is queued, and only the steps that depend on the correction run
    again."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"metadata": {"agent_id": "kim.minji"}},
                {"roles": {"spk_0": "CUSTOMER", "spk_1": "AGENT"}},
                {"turns": [{"turn_id": "t3", "content": "I would like a refund for order 4711."}]},
                {"participants": [{"participant_id": "spk_0", "name": "Kim Minji"}]},
                {"turns": [{"turn_id": "t3", "participant_id": "spk_1", "sentiment": "NEGATIVE"}]},
                {"splits": [{"turn_id": "t3", "word": 4, "participant_id": "spk_1"}]},
                {"merges": [{"turn_id": "t3", "next_turn_id": "t4"}]},
                {"summary": {"outcome": "A refund by Friday.", "resolved": True}},
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
        default=None,
        max_length=1000,
        description="Corrections of text, speaker, sentiment, one per turn; other turns stay",
    )
    participants: (
        Annotated[list[ParticipantName], AfterValidator(partial(_once, name="participant_id"))] | None
    ) = Field(default=None, max_length=32, description="Names of participants; other participants stay")
    splits: list[TurnSplit] | None = Field(
        default=None, max_length=100, description="Turns to split, each once in a request"
    )
    merges: list[TurnMerge] | None = Field(
        default=None, max_length=100, description="Pairs of turns to join, each turn once in a request"
    )
    summary: SummaryBody | None = Field(default=None, description="Fields of the summary; other fields stay")

    @model_validator(mode="after")
    def _bounds_change_once(self) -> CallPatch:
        """What is split or joined is another turn afterwards: nothing else can be said of it in the same request."""
        ids = [split.turn_id for split in self.splits or []]
        ids += [each for merge in self.merges or [] for each in (merge.turn_id, merge.next_turn_id)]
        corrected = {turn.turn_id for turn in self.turns or []}
        if repeated := sorted({each for each in ids if ids.count(each) > 1 or each in corrected}):
            raise ValueError(f"{', '.join(repeated)}: a turn is split, joined or corrected once in a request")
        return self

    @property
    def corrects(self) -> bool:
        return any((self.roles, self.turns, self.participants, self.splits, self.merges)) or bool(
            self.summary and self.summary.model_fields_set
        )


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


# ---------------------------------------------------------------- responses


class CorrectionView(BaseModel):
    """A correction made by a person. It is kept when it is undone and when the call is analysed again."""

    correction_id: str = Field(
        description="The id used in `corrections` of the result", examples=["01kaqf3v9x6z2h8m4n7p5r1t0w"]
    )
    kind: str = Field(
        description="words, speaker_name, role, turn_speaker, split, merge, mood or summary; more kinds may be added",
        examples=["words"],
    )
    turn_id: str = Field(
        description="Id of the turn at the time of the correction (the first, of a merge); empty for a name, a "
        "role and a summary",
        examples=["t3"],
    )
    participant_id: str = Field(
        description="The participant who spoke the words, was named, or got a role; empty for a summary",
        examples=["spk_0"],
    )
    field: str | None = Field(
        description="Of a summary: the field of `contact_summary`", examples=["outcome"]
    )
    begin_offset_ms: int = Field(
        description="Start in the recording; for a name or a role, of the participant's longest turn"
    )
    end_offset_ms: int = Field(description="End in the recording")
    before: str = Field(
        description="The previous text, participant, role or sentiment; two turns, or tasks, on a line each; empty if "
        "there was none"
    )
    after: str | None = Field(description="The corrected one; null: the name, or the field, was removed")
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
