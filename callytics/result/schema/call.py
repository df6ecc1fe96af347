"""The result of one call: all its parts."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from callytics.domain import JobStatus
from callytics.errors import InvalidRequestError
from callytics.result.schema.base import SCHEMA_VERSION, ResultModel
from callytics.result.schema.characteristics import ConversationCharacteristics
from callytics.result.schema.corrections import CorrectionDetail
from callytics.result.schema.quality import CommunicationQuality
from callytics.result.schema.recording import (
    AcousticsDetail,
    CallMetadata,
    LanguageIdentification,
    MediaDetail,
)
from callytics.result.schema.sentiment import WordAnalysis
from callytics.result.schema.summary import ContactSummaryDetail
from callytics.result.schema.transcript import (
    DroppedSpeech,
    ParticipantDetail,
    RecognitionWindow,
    TranscriptTurn,
)
from callytics.result.schema.work import JobDetails, ResultFlag


class CallResult(ResultModel):
    """The result of one call, schema 1.0."""

    schema_version: str = Field(default=SCHEMA_VERSION, description="Of this contract.")
    call_id: str = Field(description="The call's id, 26 characters.")
    job_status: JobStatus = Field(
        default=JobStatus.IN_PROGRESS,
        description="COMPLETED, or PARTIAL if an optional stage failed and its block is missing.",
    )
    job_details: JobDetails = Field(default=JobDetails(), description="The stages' runs and errors.")
    language_code: str = Field(
        description="Language of most words of the call, ISO 639-1, for instance `ko`; `und` without speech."
    )
    language_identification: list[LanguageIdentification] = Field(
        description="The most likely languages; empty if the request named the language, or without speech."
    )
    media: MediaDetail = Field(description="Properties of the received file.")
    acoustics: AcousticsDetail = Field(description="Measurements of the sound.")
    metadata: CallMetadata = Field(
        default=CallMetadata(), description="The uploader's description of the call, unchanged."
    )
    participants: list[ParticipantDetail] = Field(description="The parties; empty without speech.")
    transcript: list[TranscriptTurn] = Field(description="The turns in the order in which they begin.")
    recognition_windows: list[RecognitionWindow] = Field(
        default=[], description="The recogniser's windows; empty if its engine does not report them."
    )
    dropped_speech: list[DroppedSpeech] = Field(
        default=[], description="Recognised text that was judged as not spoken."
    )
    conversation_characteristics: ConversationCharacteristics = Field(
        description="Figures about the conversation."
    )
    word_analysis: WordAnalysis | None = Field(
        default=None, description="Positive and negative words; null if sentiment analysis failed."
    )
    communication_quality: CommunicationQuality | None = Field(
        default=None, description="How well the agent communicated; null if sentiment analysis failed."
    )
    contact_summary: ContactSummaryDetail | None = Field(
        default=None, description="Summary of the call; null if the analysis failed."
    )
    flags: list[ResultFlag] = Field(
        default=[], description="Remarks for the reader; empty if there are none."
    )
    corrections: list[CorrectionDetail] = Field(
        default=[], description="People's corrections, and whether this result includes them; oldest first."
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
