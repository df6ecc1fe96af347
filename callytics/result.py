"""The result of one call as JSON: schema 1.0, the contract with users (report.py fills it).

Inside, times are float seconds; here they are integer milliseconds. Offsets in text are Unicode code points,
half-open. A block is either there or named in ``job_details.skipped`` or ``job_details.errors``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from callytics.errors import InvalidRequestError

SCHEMA_VERSION = "1.0"


class ResultModel(BaseModel):
    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="null")


class StageDetail(ResultModel):
    name: str
    status: str
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
    participant_role: str
    role_source: str | None = None
    role_confidence: float = 0.0
    channel_index: int | None = None
    name: str | None = None


class TranscriptItem(ResultModel):
    content: str
    begin_offset_ms: int
    end_offset_ms: int
    confidence: float


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
    participant_role: str
    begin_offset_ms: int
    end_offset_ms: int
    content: str
    content_raw: str
    confidence: float
    items: list[TranscriptItem]
    sentences: list[TranscriptSentence] = []
    sentiment: str | None = None
    sentiment_scores: dict[str, float] | None = None
    overlap: bool = False
    interruption: bool = False
    redactions: list[RedactionDetail] = []
    flags: list[str] = []


class RecognitionWindow(ResultModel):
    """A stretch that the recogniser heard at once, and its doubts about it: the mean log probability of a token, and
    how likely it is that nobody speaks. ``participant_id`` where each party has a channel."""

    participant_id: str | None
    begin_offset_ms: int
    end_offset_ms: int
    avg_logprob: float
    no_speech_prob: float


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
    owner: str
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
    participant_role: str
    total_time_ms: int
    ratio: float


class TalkTime(ResultModel):
    total_time_ms: int
    details_by_participant: list[TalkTimeDetail]


class TalkSpeedDetail(ResultModel):
    participant_id: str
    participant_role: str
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
    participant_role: str
    count: int
    total_time_ms: int
    instances: list[IntervalDetail]


class Interruptions(ResultModel):
    total_count: int
    total_time_ms: int
    by_interrupter: list[InterruptionsDetail]


class LongestMonologue(IntervalDetail):
    participant_id: str
    participant_role: str
    turn_ids: list[str]


class ResponseLatencyDetail(ResultModel):
    participant_id: str
    participant_role: str
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
    participant_role: str
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
    recognition_windows: list[RecognitionWindow] = []
    dropped_speech: list[DroppedSpeech] = []
    conversation_characteristics: ConversationCharacteristics
    word_analysis: WordAnalysis | None = None
    communication_quality: CommunicationQuality | None = None
    contact_summary: ContactSummaryDetail | None = None
    flags: list[ResultFlag] = []


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
