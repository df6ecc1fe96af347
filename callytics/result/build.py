"""Fills the result of a call from the outputs of the stages. The last step of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from callytics.domain import (
    Audio,
    ContactSummary,
    Conversation,
    Correction,
    Diarization,
    JobStatus,
    Recording,
    SentimentAnalysis,
    StageFailure,
    StageRun,
    Transcript,
)
from callytics.result.analysis import communication_quality, contact_summary, word_analysis
from callytics.result.characteristics import characteristics_detail, milliseconds
from callytics.result.flags import announcement_flags, redaction_flags, summary_flags
from callytics.result.grounding import grounded
from callytics.result.judgements import with_judgements
from callytics.result.recording import acoustics_detail, media_detail
from callytics.result.schema.call import CallResult
from callytics.result.schema.corrections import CorrectionDetail
from callytics.result.schema.recording import LanguageIdentification
from callytics.result.schema.work import JobDetails, ResultFlag, StageDetail, StageErrorDetail
from callytics.result.transcript import (
    dropped_speech,
    participant_details,
    recognition_windows,
    tones_of,
    transcript_turns,
)


def build_report(
    recording: Recording,
    audio: Audio,
    diarization: Diarization,
    transcript: Transcript,
    conversation: Conversation,
    sentiment: SentimentAnalysis | StageFailure,
    summary: ContactSummary | StageFailure,
    corrections: Sequence[Correction] = (),
) -> CallResult:
    """Everything except the stages' runs, which complete() adds.

    A stage whose output names a turn that does not exist counts as failed.
    """
    checked_sentiment, checked_summary, outcomes = with_judgements(
        conversation,
        grounded(conversation, sentiment, "sentiment-analyzer"),
        grounded(conversation, summary, "llm-analyzer"),
        corrections,
    )
    known = checked_sentiment if isinstance(checked_sentiment, SentimentAnalysis) else None
    return CallResult(
        call_id=recording.call_id,
        language_code=conversation.language,
        language_identification=[
            LanguageIdentification(code=s.code, score=round(s.score, 4)) for s in transcript.language_scores
        ],
        media=media_detail(audio),
        acoustics=acoustics_detail(audio),
        participants=participant_details(conversation),
        transcript=transcript_turns(conversation, known, tones_of(checked_summary)),
        recognition_windows=recognition_windows(transcript, conversation),
        dropped_speech=dropped_speech(transcript, conversation.redacted),
        conversation_characteristics=characteristics_detail(conversation, known),
        word_analysis=word_analysis(known) if known else None,
        communication_quality=communication_quality(known) if known else None,
        contact_summary=contact_summary(checked_summary)
        if isinstance(checked_summary, ContactSummary)
        else None,
        flags=[
            ResultFlag(code=flag.code, message=flag.message)
            for flag in (
                *audio.flags,
                *diarization.flags,
                *transcript.flags,
                *announcement_flags(conversation),
                *redaction_flags(conversation),
                *summary_flags(checked_summary),
            )
        ],
        corrections=[CorrectionDetail(**asdict(outcome)) for outcome in outcomes],
        job_details=JobDetails(
            errors=[
                StageErrorDetail(stage=output.stage, code=output.code, message=output.message)
                for output in (checked_sentiment, checked_summary)
                if isinstance(output, StageFailure)
            ]
        ),
    )


def spoken(conversation: Conversation, transcript: Transcript) -> dict[str, Any]:
    """The transcript and participants in the form of the result, before the analysis is known."""
    participants, turns = participant_details(conversation), transcript_turns(conversation, None)
    return {
        "language_code": conversation.language,
        "participants": [participant.model_dump(mode="json") for participant in participants],
        "transcript": [turn.model_dump(mode="json") for turn in turns],
        "recognition_windows": [
            w.model_dump(mode="json") for w in recognition_windows(transcript, conversation)
        ],
        "flags": [{"code": flag.code, "message": flag.message} for flag in transcript.flags],
    }


def complete(report: CallResult, runs: Sequence[StageRun]) -> CallResult:
    """The report with the run of each stage, and the resulting status."""
    details = JobDetails(stages=[_stage(run) for run in runs], errors=report.job_details.errors)
    status = JobStatus.PARTIAL if details.errors else JobStatus.COMPLETED
    return report.model_copy(update={"job_details": details, "job_status": status})


def _stage(run: StageRun) -> StageDetail:
    return StageDetail(
        name=run.name,
        status=run.status,
        attempts=run.attempts,
        duration_ms=milliseconds(run.duration_s),
        application=run.application,
        engine=run.engine,
        model=run.model,
        model_revision=run.model_revision,
        config_hash=run.config_hash,
    )
