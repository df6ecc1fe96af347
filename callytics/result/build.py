"""Fills the result of a call from the outputs of the stages. The last step of the graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, TypeVar

from callytics.conversation.announcements import ANNOUNCEMENT
from callytics.conversation.speakers import speaker_of_window
from callytics.domain import (
    POSSIBLE_IRONY,
    Audio,
    ContactSummary,
    Conversation,
    Correction,
    Diarization,
    Flag,
    HeardWindow,
    JobStatus,
    Recording,
    Role,
    SentimentAnalysis,
    StageFailure,
    StageRun,
    TermCount,
    Transcript,
    Turn,
    TurnSentiment,
    TurnTone,
    TurnVoice,
)
from callytics.result.characteristics import characteristics_detail, milliseconds
from callytics.result.judgements import MOOD_CORRECTED, with_judgements
from callytics.result.schema.call import CallResult
from callytics.result.schema.corrections import CorrectionDetail
from callytics.result.schema.quality import CommunicationQuality, CriterionDetail, LapseDetail
from callytics.result.schema.recording import AcousticsDetail, LanguageIdentification, MediaDetail
from callytics.result.schema.sentiment import TermDetail, WordAnalysis
from callytics.result.schema.summary import (
    ActionItemDetail,
    CheckedClaimDetail,
    ClaimCountsDetail,
    ContactSummaryDetail,
    LanguageModelUsageDetail,
)
from callytics.result.schema.transcript import (
    DroppedSpeech,
    ParticipantDetail,
    RecognitionWindow,
    RedactionDetail,
    ToneDetail,
    TranscriptItem,
    TranscriptSentence,
    TranscriptTurn,
    VoiceDetail,
)
from callytics.result.schema.work import JobDetails, ResultFlag, StageDetail, StageErrorDetail

Analysis = TypeVar("Analysis", SentimentAnalysis, ContactSummary)


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
        _grounded(conversation, sentiment, "sentiment-analyzer"),
        _grounded(conversation, summary, "llm-analyzer"),
        corrections,
    )
    known = checked_sentiment if isinstance(checked_sentiment, SentimentAnalysis) else None
    return CallResult(
        call_id=recording.call_id,
        language_code=conversation.language,
        language_identification=[
            LanguageIdentification(code=s.code, score=round(s.score, 4)) for s in transcript.language_scores
        ],
        media=_media(audio),
        acoustics=_acoustics(audio),
        participants=_participants(conversation),
        transcript=_transcript(conversation, known, _tones(checked_summary)),
        recognition_windows=_windows(transcript, conversation),
        dropped_speech=_dropped(transcript, conversation.redacted),
        conversation_characteristics=characteristics_detail(conversation, known),
        word_analysis=_word_analysis(known) if known else None,
        communication_quality=_quality(known) if known else None,
        contact_summary=_contact_summary(checked_summary)
        if isinstance(checked_summary, ContactSummary)
        else None,
        flags=[
            ResultFlag(code=flag.code, message=flag.message)
            for flag in (
                *audio.flags,
                *diarization.flags,
                *transcript.flags,
                *_announcement_flags(conversation),
                *_redaction_flags(conversation),
                *_summary_flags(checked_summary),
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
    participants, turns = _participants(conversation), _transcript(conversation, None)
    return {
        "language_code": conversation.language,
        "participants": [participant.model_dump(mode="json") for participant in participants],
        "transcript": [turn.model_dump(mode="json") for turn in turns],
        "recognition_windows": [w.model_dump(mode="json") for w in _windows(transcript, conversation)],
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


def _media(audio: Audio) -> MediaDetail:
    media = audio.media
    return MediaDetail(
        sha256=media.sha256,
        format=media.format,
        codec=media.codec,
        sample_rate_hz=media.sample_rate_hz,
        channels=media.channels,
        duration_ms=milliseconds(media.duration_s),
    )


def _acoustics(audio: Audio) -> AcousticsDetail:
    measured = audio.acoustics
    return AcousticsDetail(
        rms_dbfs=round(measured.rms_dbfs, 2),
        loudness_lufs=round(measured.loudness_lufs, 2),
        snr_db=round(measured.snr_db, 2),
        clipping_ratio=round(measured.clipping_ratio, 6),
        silence_ratio=round(measured.silence_ratio, 4),
        dual_mono=measured.dual_mono,
        antiphase=measured.antiphase,
        silent_channels=list(measured.silent_channels),
    )


def _participants(conversation: Conversation) -> list[ParticipantDetail]:
    return [
        ParticipantDetail(
            participant_id=participant.id,
            participant_role=participant.role,
            role_source=participant.role_source,
            role_confidence=round(participant.role_confidence, 3),
            channel_index=participant.channel_index,
            name=participant.name,
        )
        for participant in conversation.participants
    ]


def _tones(summary: ContactSummary | SentimentAnalysis | StageFailure) -> Mapping[str, TurnTone]:
    return {tone.turn_id: tone for tone in summary.tones} if isinstance(summary, ContactSummary) else {}


def _transcript(
    conversation: Conversation,
    sentiment: SentimentAnalysis | None,
    tones: Mapping[str, TurnTone] = MappingProxyType({}),
) -> list[TranscriptTurn]:
    sentiments = {entry.turn_id: entry for entry in sentiment.turns} if sentiment else {}
    return [
        _transcript_turn(
            turn,
            conversation.role_of(turn.participant_id),
            sentiments.get(turn.id),
            conversation.language_of(turn),
            tones.get(turn.id),
        )
        for turn in conversation.turns
    ]


def _transcript_turn(
    turn: Turn, role: Role, sentiment: TurnSentiment | None, language: str, tone: TurnTone | None = None
) -> TranscriptTurn:
    return TranscriptTurn(
        id=turn.id,
        participant_id=turn.participant_id,
        participant_role=role,
        begin_offset_ms=milliseconds(turn.start_s),
        end_offset_ms=milliseconds(turn.end_s),
        content=turn.content,
        content_raw=turn.content_raw,
        written=turn.written or None,
        confidence=round(turn.confidence, 3),
        items=[
            TranscriptItem(
                content=word.text,
                begin_offset_ms=milliseconds(word.start_s),
                end_offset_ms=milliseconds(word.end_s),
                confidence=round(word.confidence, 3),
                corrected=word.corrected,
            )
            for word in turn.words
        ],
        sentences=[
            TranscriptSentence(
                content=sentence.text,
                begin_offset_ms=milliseconds(sentence.start_s),
                end_offset_ms=milliseconds(sentence.end_s),
            )
            for sentence in turn.sentences
        ],
        sentiment=sentiment.label if sentiment else None,
        sentiment_scores={
            "positive": round(sentiment.positive, 4),
            "neutral": round(sentiment.neutral, 4),
            "negative": round(sentiment.negative, 4),
        }
        if sentiment
        else None,
        overlap=turn.overlap,
        interruption=turn.interruption,
        redactions=[
            RedactionDetail(
                kind=redaction.kind,
                begin_offset_ms=milliseconds(redaction.start_s),
                end_offset_ms=milliseconds(redaction.end_s),
            )
            for redaction in turn.redactions
        ],
        flags=[*turn.flags, *_mood_flags(sentiment)],
        language_code=language,
        voice=_voice(turn.voice) if turn.voice else None,
        tone=_tone(tone) if tone else None,
    )


def _tone(tone: TurnTone) -> ToneDetail:
    return ToneDetail(
        sentiment=tone.label, irony=tone.irony, empathy=tone.empathy, rude=tone.rude, quote=tone.quote.text
    )


def _mood_flags(sentiment: TurnSentiment | None) -> tuple[str, ...]:
    if sentiment is None:
        return ()
    marks = ((POSSIBLE_IRONY, sentiment.possible_irony), (MOOD_CORRECTED, sentiment.corrected))
    return tuple(flag for flag, is_set in marks if is_set)


def _voice(voice: TurnVoice) -> VoiceDetail:
    pitch_change, loudness_change = voice.pitch_change_semitones, voice.loudness_change_db
    return VoiceDetail(
        pitch_hz=round(voice.pitch_hz, 1),
        pitch_range_semitones=round(voice.pitch_range_semitones, 1),
        pitch_change_semitones=None if pitch_change is None else round(pitch_change, 1),
        loudness_change_db=None if loudness_change is None else round(loudness_change, 1),
    )


def _windows(transcript: Transcript, conversation: Conversation) -> list[RecognitionWindow]:
    return [
        RecognitionWindow(
            participant_id=_participant_of(window, conversation),
            begin_offset_ms=milliseconds(window.start_s),
            end_offset_ms=milliseconds(window.end_s),
            avg_logprob=window.avg_logprob,
            no_speech_prob=window.no_speech_prob,
            language_code=window.language or transcript.language,
        )
        for window in transcript.windows
    ]


def _participant_of(window: HeardWindow, conversation: Conversation) -> str | None:
    if window.channel is None:
        return None
    return speaker_of_window(conversation.participants, conversation.speech, window.channel, window)


def _dropped(transcript: Transcript, redacted: bool) -> list[DroppedSpeech]:
    """Dropped text has no turn that shows the meaning of its numbers, so a redacted call does not include it."""
    return [
        DroppedSpeech(
            begin_offset_ms=milliseconds(dropped.start_s),
            end_offset_ms=milliseconds(dropped.end_s),
            content="[REDACTED]" if redacted else dropped.text,
            reason=dropped.reason,
        )
        for dropped in transcript.dropped
    ]


def _word_analysis(sentiment: SentimentAnalysis) -> WordAnalysis:
    def details(terms: Sequence[TermCount]) -> list[TermDetail]:
        return [TermDetail(term=t.term, count=t.count, turn_ids=list(t.turn_ids)) for t in terms]

    return WordAnalysis(
        positive=details(sentiment.positive_terms), negative=details(sentiment.negative_terms)
    )


def _quality(sentiment: SentimentAnalysis) -> CommunicationQuality:
    return CommunicationQuality(
        overall=sentiment.quality_overall,
        judged_criteria=sum(criterion.score is not None for criterion in sentiment.quality_criteria),
        lapses=[
            LapseDetail(
                kind=lapse.kind,
                severity=lapse.severity,
                turn_id=lapse.turn_id,
                quote=lapse.quote,
                correction=lapse.correction,
            )
            for lapse in sentiment.lapses
        ],
        criteria=[
            CriterionDetail(
                id=criterion.id,
                score=criterion.score,
                evidence_turn_ids=list(criterion.evidence_turn_ids),
                detail=criterion.detail,
                state=criterion.state,
            )
            for criterion in sentiment.quality_criteria
        ],
    )


def _contact_summary(summary: ContactSummary) -> ContactSummaryDetail:
    claims = {
        "summary": summary.summary,
        "topic": summary.topic,
        "issue": summary.issue,
        "outcome": summary.outcome,
        "still_open": summary.still_open,
    }
    evidence = {name: list(claim.evidence_turn_ids) for name, claim in claims.items() if claim}
    items = [
        ActionItemDetail(
            text=item.text,
            owner=item.owner,
            evidence_turn_ids=list(item.evidence_turn_ids),
            due=item.due,
        )
        for item in summary.action_items
    ]
    every_id = [i for ids in (*evidence.values(), *(item.evidence_turn_ids for item in items)) for i in ids]
    return ContactSummaryDetail(
        **{name: claim.text if claim else None for name, claim in claims.items()},
        resolved=summary.resolved,
        uncertain=list(summary.uncertain),
        action_items=items,
        evidence=evidence,
        evidence_turn_ids=list(dict.fromkeys(every_id)),
        engine=summary.engine,
        model=summary.model,
        usage=LanguageModelUsageDetail(**asdict(summary.usage)) if summary.usage else None,
        claims=[CheckedClaimDetail(**asdict(claim)) for claim in summary.claims],
        claim_counts=ClaimCountsDetail(**asdict(summary.claim_counts)) if summary.claim_counts else None,
        replaced=list(summary.replaced),
        corrected=list(summary.corrected),
    )


def _announcement_flags(conversation: Conversation) -> tuple[Flag, ...]:
    turns = [turn for turn in conversation.turns if ANNOUNCEMENT in turn.flags]
    if not turns:
        return ()
    seconds = sum(turn.end_s - turn.start_s for turn in turns)
    message = (
        f"{len(turns)} turns ({seconds:.1f} s) are heard on both channels at once, as announcements are: they "
        "count as neither party's."
    )
    return (Flag(ANNOUNCEMENT, message),)


def _redaction_flags(conversation: Conversation) -> tuple[Flag, ...]:
    if not conversation.redacted:
        return ()
    kinds = Counter(redaction.kind for turn in conversation.turns for redaction in turn.redactions)
    counts = ", ".join(f"{kind} ({count})" for kind, count in sorted(kinds.items())) or "nothing was found"
    return (Flag("pii_redacted", f"What identifies people was taken out: {counts}."),)


def _summary_flags(summary: Any) -> tuple[Flag, ...]:
    return summary.flags if isinstance(summary, ContactSummary) else ()


def _grounded(
    conversation: Conversation, output: Analysis | StageFailure, stage: str
) -> Analysis | StageFailure:
    """The output, or a failure if it names a turn that does not exist."""
    if isinstance(output, StageFailure):
        return output
    unknown = _evidence(output) - {turn.id for turn in conversation.turns}
    if not unknown:
        return output
    message = f"{stage} names turns that do not exist: {', '.join(sorted(unknown))}"
    return StageFailure(stage, "evidence_unknown", message)


def _evidence(output: SentimentAnalysis | ContactSummary) -> set[str]:
    """Every turn id that an output names."""
    if isinstance(output, SentimentAnalysis):
        ids = [entry.turn_id for entry in output.turns]
        ids += [i for term in (*output.positive_terms, *output.negative_terms) for i in term.turn_ids]
        ids += [i for criterion in output.quality_criteria for i in criterion.evidence_turn_ids]
        ids += [lapse.turn_id for lapse in output.lapses]
        return set(ids)
    single = (output.summary, output.topic, output.issue, output.outcome, output.still_open)
    claims = (*single, *output.action_items)
    quoted = {quote.turn_id for claim in output.claims for quote in claim.quotes} | set(_tones(output))
    return quoted | {i for claim in claims if claim for i in claim.evidence_turn_ids}
