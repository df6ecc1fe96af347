"""The result of one call as JSON: schema 1.0, the contract with users (see docs/result.md).

Inside, times are float seconds; here they are integer milliseconds. Offsets in text are Unicode code points,
half-open. A block is either there or named in ``job_details.skipped`` or ``job_details.errors``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from callytics import conversation as characteristics
from callytics.domain import (
    Acoustics,
    Audio,
    Conversation,
    ContactSummary,
    Diarization,
    Recording,
    SentimentAnalysis,
    StageFailure,
    StageRun,
    StageStatus,
    Transcript,
    Turn,
    TurnSentiment,
)
from callytics.errors import StageError

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


class TranscriptItem(ResultModel):
    content: str
    begin_offset_ms: int
    end_offset_ms: int
    confidence: float


class TranscriptSentence(ResultModel):
    content: str
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
    redactions: list[dict[str, Any]] = []
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


class ClaimDetail(ResultModel):
    content: str
    evidence_turn_ids: list[str]


class ActionItemDetail(ResultModel):
    text: str
    owner: str
    evidence_turn_ids: list[str]


class ContactSummaryDetail(ResultModel):
    """Amazon's ContactSummary, with the turns that show each claim."""

    summary: ClaimDetail | None
    topic: ClaimDetail | None
    issue: ClaimDetail | None
    outcome: ClaimDetail | None
    resolved: bool | None
    action_items: list[ActionItemDetail]
    evidence_turn_ids: list[str]
