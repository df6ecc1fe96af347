"""The result of one call as JSON: schema 1.0, the contract with users (report.py fills it).

Inside, times are float seconds; here they are integer milliseconds. Offsets in text are Unicode code points,
half-open. A block is either there or named in ``job_details.skipped`` or ``job_details.errors``.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from callytics.domain import CorrectionStatus, Role, RoleSource, SentimentLabel, StageStatus
from callytics.errors import InvalidRequestError

SCHEMA_VERSION = "1.0"


def _one_of(names: type[StrEnum]) -> Any:
    """For those who read the schema; what reads an older result takes also what a later version may add."""
    return Field(json_schema_extra={"enum": [name.value for name in names]})


RoleName = Annotated[str, _one_of(Role)]
RoleSourceName = Annotated[str, _one_of(RoleSource)]
SentimentName = Annotated[str, _one_of(SentimentLabel)]
StageStatusName = Annotated[str, _one_of(StageStatus)]
CorrectionStatusName = Annotated[str, _one_of(CorrectionStatus)]


class ResultModel(BaseModel):
    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="null")


class StageDetail(ResultModel):
    name: str
    status: StageStatusName
    attempts: int
    duration_ms: int
    application: str = ""
    engine: str = ""
    model: str = ""
    model_revision: str = ""
    config_hash: str = ""


class SkippedFeature(ResultModel):
    feature: str
    reason_code: str
    message: str


class StageErrorDetail(ResultModel):
    stage: str
    code: str
    message: str


class JobDetails(ResultModel):
    stages: list[StageDetail] = []
    skipped: list[SkippedFeature] = []
    errors: list[StageErrorDetail] = []


class ResultFlag(ResultModel):
    code: str
    message: str


class LanguageIdentification(ResultModel):
    code: str
    score: float


class MediaDetail(ResultModel):
    sha256: str
    format: str
    codec: str
    sample_rate_hz: int
    channels: int
    duration_ms: int


class AcousticsDetail(ResultModel):
    rms_dbfs: float
    loudness_lufs: float
    snr_db: float
    clipping_ratio: float
    silence_ratio: float
    dual_mono: bool
    antiphase: bool
    silent_channels: list[int]


class CallMetadata(ResultModel):
    external_id: str | None = None
    agent_id: str | None = None
    queue: str | None = None
    direction: str | None = None
    started_at: str | None = None
    custom: dict[str, Any] = {}


class ParticipantDetail(ResultModel):
    participant_id: str
    participant_role: RoleName
    role_source: RoleSourceName | None = None
    role_confidence: float = 0.0
    channel_index: int | None = None
    name: str | None = Field(default=None, description="As somebody gave it by hand")


class TranscriptItem(ResultModel):
    content: str
    begin_offset_ms: int
    end_offset_ms: int
    confidence: float
    corrected: bool = Field(
        default=False,
        description="Written by a person: its times are shares of the time of what it replaced, its confidence is 1",
    )


class TranscriptSentence(ResultModel):
    content: str
    begin_offset_ms: int
    end_offset_ms: int


class RedactionDetail(ResultModel):
    """``[KIND]`` stands in the texts for what was said then. Kinds: NAME, ADDRESS, EMAIL, PHONE, CARD, ACCOUNT,
    RESIDENT_NUMBER, SSN."""

    kind: str
    begin_offset_ms: int
    end_offset_ms: int


class TranscriptTurn(ResultModel):
    id: str
    participant_id: str
    participant_role: RoleName
    begin_offset_ms: int
    end_offset_ms: int
    content: str
    content_raw: str
    confidence: float
    items: list[TranscriptItem]
    sentences: list[TranscriptSentence] = []
    sentiment: SentimentName | None = None
    sentiment_scores: dict[str, float] | None = None
    overlap: bool = False
    interruption: bool = False
    redactions: list[RedactionDetail] = []
    flags: list[str] = []


class DroppedSpeech(ResultModel):
    begin_offset_ms: int
    end_offset_ms: int
    content: str
    reason: str


class TermDetail(ResultModel):
    term: str
    count: int
    turn_ids: list[str]


class WordAnalysis(ResultModel):
    positive: list[TermDetail]
    negative: list[TermDetail]


class CriterionDetail(ResultModel):
    id: str
    score: float | None
    evidence_turn_ids: list[str]
    detail: str = ""


class CommunicationQuality(ResultModel):
    overall: float | None
    criteria: list[CriterionDetail]


class ActionItemDetail(ResultModel):
    text: str
    owner: RoleName
    evidence_turn_ids: list[str]


class LanguageModelUsageDetail(ResultModel):
    """``cost_usd`` is null where the configuration names no prices."""

    requests: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None = None


class ContactSummaryDetail(ResultModel):
    """The text of each claim; ``evidence`` names the turns that show it, claim by claim.

    ``engine`` and ``model`` say who spoke; empty, it is the engine that ``job_details`` names for llm-analyzer.
    """

    summary: str | None
    topic: str | None
    issue: str | None
    outcome: str | None
    resolved: bool | None
    action_items: list[ActionItemDetail]
    evidence: dict[str, list[str]]
    evidence_turn_ids: list[str]
    engine: str = ""
    model: str = ""
    usage: LanguageModelUsageDetail | None = None


class TalkTimeDetail(ResultModel):
    participant_id: str
    participant_role: RoleName
    total_time_ms: int
    ratio: float


class TalkTime(ResultModel):
    total_time_ms: int
    details_by_participant: list[TalkTimeDetail]


class TalkSpeedDetail(ResultModel):
    participant_id: str
    participant_role: RoleName
    words_per_minute: float
    syllables_per_minute: float


class IntervalDetail(ResultModel):
    begin_offset_ms: int
    end_offset_ms: int
    duration_ms: int


class NonTalkTime(ResultModel):
    total_time_ms: int
    instances: list[IntervalDetail]


class InterruptionsDetail(ResultModel):
    participant_id: str
    participant_role: RoleName
    count: int
    total_time_ms: int
    instances: list[IntervalDetail]


class Interruptions(ResultModel):
    total_count: int
    total_time_ms: int
    by_interrupter: list[InterruptionsDetail]


class LongestMonologue(IntervalDetail):
    participant_id: str
    participant_role: RoleName
    turn_ids: list[str]


class ResponseLatencyDetail(ResultModel):
    participant_id: str
    participant_role: RoleName
    count: int
    mean_ms: int
    median_ms: int
    max_ms: int


class QuarterScore(ResultModel):
    begin_offset_ms: int
    end_offset_ms: int
    score: float | None


class SentimentTrendDetail(ResultModel):
    """Scores from -5 to +5; null where the participant says nothing."""

    participant_id: str
    participant_role: RoleName
    overall: float | None
    by_quarter: list[QuarterScore]


class ConversationCharacteristics(ResultModel):
    total_conversation_duration_ms: int
    talk_time: TalkTime
    talk_speed: list[TalkSpeedDetail]
    non_talk_time: NonTalkTime
    interruptions: Interruptions
    longest_monologue: LongestMonologue | None
    response_latency_ms: list[ResponseLatencyDetail]
    sentiment: list[SentimentTrendDetail] | None = None


class CorrectionDetail(ResultModel):
    """What became of something that a person corrected, when this result was made. What was corrected is at
    `GET /v1/calls/{call_id}/corrections`."""

    correction_id: str
    kind: str = Field(description="words or speaker_name")
    status: CorrectionStatusName = Field(
        description="APPLIED; SUPERSEDED by a later one at the same place; NOT_APPLIED, `reason` says why"
    )
    turn_id: str = Field(default="", description="The turn of this result that has the corrected words")
    participant_id: str = Field(default="", description="The participant of this result whom it is about")
    reason: str = Field(
        default="",
        description="no_turn_there, turn_has_other_bounds, redacted_words_changed, no_participant_there, kind_unknown",
    )


class CallResult(ResultModel):
    """The result of one call, schema 1.0."""

    schema_version: str = SCHEMA_VERSION
    call_id: str
    job_status: str = "IN_PROGRESS"
    job_details: JobDetails = JobDetails()
    language_code: str
    language_identification: list[LanguageIdentification]
    media: MediaDetail
    acoustics: AcousticsDetail
    metadata: CallMetadata = CallMetadata()
    participants: list[ParticipantDetail]
    transcript: list[TranscriptTurn]
    dropped_speech: list[DroppedSpeech] = []
    conversation_characteristics: ConversationCharacteristics
    word_analysis: WordAnalysis | None = None
    communication_quality: CommunicationQuality | None = None
    contact_summary: ContactSummaryDetail | None = None
    flags: list[ResultFlag] = []
    corrections: list[CorrectionDetail] = Field(
        default=[], description="What people corrected, and whether it is in this result"
    )


def read_result(path: Path) -> CallResult:
    """A result JSON from disk.

    Raises:
        InvalidRequestError: ``not_a_result``, the file is something else.
    """
    try:
        return CallResult.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InvalidRequestError(
            "not_a_result", f"{path} is not a result of schema {SCHEMA_VERSION}: {where}: {first['msg']}"
        ) from error
