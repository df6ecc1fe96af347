"""Fills the result of a call from the outputs of the stages. The last step of the graph."""

from __future__ import annotations

from collections.abc import Sequence

from callytics import characteristics as traits
from callytics import result as schema
from callytics.domain import (
    Audio,
    ContactSummary,
    Conversation,
    Diarization,
    Recording,
    SentimentAnalysis,
    StageFailure,
    StageRun,
    StageStatus,
    TermCount,
    Transcript,
    Turn,
    TurnSentiment,
)
from callytics.errors import StageError


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def build_report(
    recording: Recording,
    audio: Audio,
    diarization: Diarization,
    transcript: Transcript,
    conversation: Conversation,
    sentiment: SentimentAnalysis | StageFailure,
    summary: ContactSummary | StageFailure,
) -> schema.CallResult:
    """Everything but how the job went, which complete() adds.

    Raises:
        StageError: a stage claims something about a turn that does not exist.
    """
    known = sentiment if isinstance(sentiment, SentimentAnalysis) else None
    report = schema.CallResult(
        call_id=recording.call_id,
        language_code=conversation.language,
        language_identification=[
            schema.LanguageIdentification(code=s.code, score=round(s.score, 4))
            for s in transcript.language_scores
        ],
        media=_media(audio),
        acoustics=_acoustics(audio),
        participants=_participants(conversation),
        transcript=_transcript(conversation, known),
        dropped_speech=_dropped(transcript),
        conversation_characteristics=_characteristics(conversation, known),
        word_analysis=_word_analysis(known) if known else None,
        communication_quality=_quality(known) if known else None,
        contact_summary=_contact_summary(summary) if isinstance(summary, ContactSummary) else None,
        flags=[
            schema.ResultFlag(code=flag.code, message=flag.message)
            for flag in (*audio.flags, *diarization.flags, *transcript.flags)
        ],
    )
    _check_evidence(report)
    return report


def complete(report: schema.CallResult, runs: Sequence[StageRun]) -> schema.CallResult:
    """The report with how each stage went, and the status that follows from it."""
    failed = [run for run in runs if run.status is StageStatus.FAILED]
    details = schema.JobDetails(
        stages=[
            schema.StageDetail(
                name=run.name,
                status=run.status.value,
                attempts=run.attempts,
                duration_ms=milliseconds(run.duration_s),
                application=run.application,
                engine=run.engine,
                model=run.model,
                model_revision=run.model_revision,
                config_hash=run.config_hash,
            )
            for run in runs
        ],
        errors=[
            schema.StageErrorDetail(stage=run.name, code=run.error_code, message=run.error_message)
            for run in failed
        ],
    )
    status = "PARTIAL" if failed else "COMPLETED"
    return report.model_copy(update={"job_details": details, "job_status": status})


def _media(audio: Audio) -> schema.MediaDetail:
    media = audio.media
    return schema.MediaDetail(
        sha256=media.sha256,
        format=media.format,
        codec=media.codec,
        sample_rate_hz=media.sample_rate_hz,
        channels=media.channels,
        duration_ms=milliseconds(media.duration_s),
    )


def _acoustics(audio: Audio) -> schema.AcousticsDetail:
    measured = audio.acoustics
    return schema.AcousticsDetail(
        rms_dbfs=round(measured.rms_dbfs, 2),
        loudness_lufs=round(measured.loudness_lufs, 2),
        snr_db=round(measured.snr_db, 2),
        clipping_ratio=round(measured.clipping_ratio, 6),
        silence_ratio=round(measured.silence_ratio, 4),
        dual_mono=measured.dual_mono,
        antiphase=measured.antiphase,
        silent_channels=list(measured.silent_channels),
    )


def _participants(conversation: Conversation) -> list[schema.ParticipantDetail]:
    return [
        schema.ParticipantDetail(
            participant_id=participant.id,
            participant_role=participant.role.value,
            role_source=participant.role_source.value if participant.role_source else None,
            role_confidence=round(participant.role_confidence, 3),
            channel_index=participant.channel_index,
        )
        for participant in conversation.participants
    ]


def _transcript(
    conversation: Conversation, sentiment: SentimentAnalysis | None
) -> list[schema.TranscriptTurn]:
    sentiments = {entry.turn_id: entry for entry in sentiment.turns} if sentiment else {}
    return [
        _transcript_turn(turn, conversation.role_of(turn.participant_id).value, sentiments.get(turn.id))
        for turn in conversation.turns
    ]


def _transcript_turn(turn: Turn, role: str, sentiment: TurnSentiment | None) -> schema.TranscriptTurn:
    return schema.TranscriptTurn(
        id=turn.id,
        participant_id=turn.participant_id,
        participant_role=role,
        begin_offset_ms=milliseconds(turn.start_s),
        end_offset_ms=milliseconds(turn.end_s),
        content=turn.content,
        content_raw=turn.content_raw,
        confidence=round(turn.confidence, 3),
        items=[
            schema.TranscriptItem(
                content=word.text,
                begin_offset_ms=milliseconds(word.start_s),
                end_offset_ms=milliseconds(word.end_s),
                confidence=round(word.confidence, 3),
            )
            for word in turn.words
        ],
        sentences=[
            schema.TranscriptSentence(
                content=sentence.text,
                begin_offset_ms=milliseconds(sentence.start_s),
                end_offset_ms=milliseconds(sentence.end_s),
            )
            for sentence in turn.sentences
        ],
        sentiment=sentiment.label.value if sentiment else None,
        sentiment_scores={
            "positive": round(sentiment.positive, 4),
            "neutral": round(sentiment.neutral, 4),
            "negative": round(sentiment.negative, 4),
        }
        if sentiment
        else None,
        overlap=turn.overlap,
        interruption=turn.interruption,
        flags=list(turn.flags),
    )


def _dropped(transcript: Transcript) -> list[schema.DroppedSpeech]:
    return [
        schema.DroppedSpeech(
            begin_offset_ms=milliseconds(dropped.start_s),
            end_offset_ms=milliseconds(dropped.end_s),
            content=dropped.text,
            reason=dropped.reason,
        )
        for dropped in transcript.dropped
    ]


def _interval(interval: traits.Interval) -> schema.IntervalDetail:
    begin_ms, end_ms = milliseconds(interval.start_s), milliseconds(interval.end_s)
    return schema.IntervalDetail(
        begin_offset_ms=begin_ms, end_offset_ms=end_ms, duration_ms=end_ms - begin_ms
    )


def _characteristics(
    conversation: Conversation, sentiment: SentimentAnalysis | None
) -> schema.ConversationCharacteristics:
    gaps = traits.silences(conversation)
    speeds = traits.talk_speed(conversation)
    latencies = traits.response_latency(conversation)
    trends = traits.sentiment_trends(conversation, sentiment) if sentiment else None
    who = {
        p.id: {"participant_id": p.id, "participant_role": p.role.value} for p in conversation.participants
    }
    return schema.ConversationCharacteristics(
        total_conversation_duration_ms=milliseconds(conversation.duration_s),
        talk_time=_talk_time(conversation, who),
        talk_speed=[
            schema.TalkSpeedDetail(
                **who[participant_id],
                words_per_minute=round(speed.words_per_minute, 1),
                syllables_per_minute=round(speed.syllables_per_minute, 1),
            )
            for participant_id, speed in speeds.items()
        ],
        non_talk_time=schema.NonTalkTime(
            total_time_ms=milliseconds(sum(gap.duration_s for gap in gaps)),
            instances=[_interval(gap) for gap in gaps if gap.duration_s >= traits.NON_TALK_MIN_S],
        ),
        interruptions=_interruptions(conversation, who),
        longest_monologue=_monologue(conversation, who),
        response_latency_ms=[
            schema.ResponseLatencyDetail(
                **who[participant_id],
                count=latency.count,
                mean_ms=milliseconds(latency.mean_s),
                median_ms=milliseconds(latency.median_s),
                max_ms=milliseconds(latency.max_s),
            )
            for participant_id, latency in latencies.items()
        ],
        sentiment=[_trend(who[participant_id], trend) for participant_id, trend in trends.items()]
        if trends is not None
        else None,
    )


def _talk_time(conversation: Conversation, who: dict[str, dict[str, str]]) -> schema.TalkTime:
    times_s = traits.talk_time_s(conversation)
    total_s = sum(times_s.values())
    return schema.TalkTime(
        total_time_ms=milliseconds(total_s),
        details_by_participant=[
            schema.TalkTimeDetail(
                **who[participant_id],
                total_time_ms=milliseconds(time_s),
                ratio=round(time_s / total_s, 4) if total_s else 0.0,
            )
            for participant_id, time_s in times_s.items()
        ],
    )


def _interruptions(conversation: Conversation, who: dict[str, dict[str, str]]) -> schema.Interruptions:
    found = traits.interruptions(conversation)
    return schema.Interruptions(
        total_count=sum(len(intervals) for intervals in found.values()),
        total_time_ms=milliseconds(sum(i.duration_s for intervals in found.values() for i in intervals)),
        by_interrupter=[
            schema.InterruptionsDetail(
                **who[participant_id],
                count=len(intervals),
                total_time_ms=milliseconds(sum(interval.duration_s for interval in intervals)),
                instances=[_interval(interval) for interval in intervals],
            )
            for participant_id, intervals in found.items()
        ],
    )


def _monologue(conversation: Conversation, who: dict[str, dict[str, str]]) -> schema.LongestMonologue | None:
    longest = traits.longest_monologue(conversation)
    if longest is None:
        return None
    interval = _interval(longest.interval)
    return schema.LongestMonologue(
        participant_id=longest.participant_id,
        participant_role=who[longest.participant_id]["participant_role"],
        begin_offset_ms=interval.begin_offset_ms,
        end_offset_ms=interval.end_offset_ms,
        duration_ms=interval.duration_ms,
        turn_ids=list(longest.turn_ids),
    )


def _trend(who: dict[str, str], trend: traits.SentimentTrend) -> schema.SentimentTrendDetail:
    return schema.SentimentTrendDetail(
        **who,
        overall=None if trend.overall is None else round(trend.overall, 2),
        by_quarter=[
            schema.QuarterScore(
                begin_offset_ms=milliseconds(quarter.interval.start_s),
                end_offset_ms=milliseconds(quarter.interval.end_s),
                score=None if quarter.score is None else round(quarter.score, 2),
            )
            for quarter in trend.quarters
        ],
    )


def _word_analysis(sentiment: SentimentAnalysis) -> schema.WordAnalysis:
    def details(terms: Sequence[TermCount]) -> list[schema.TermDetail]:
        return [schema.TermDetail(term=t.term, count=t.count, turn_ids=list(t.turn_ids)) for t in terms]

    return schema.WordAnalysis(
        positive=details(sentiment.positive_terms), negative=details(sentiment.negative_terms)
    )


def _quality(sentiment: SentimentAnalysis) -> schema.CommunicationQuality:
    return schema.CommunicationQuality(
        overall=sentiment.quality_overall,
        criteria=[
            schema.CriterionDetail(
                id=criterion.id,
                score=criterion.score,
                evidence_turn_ids=list(criterion.evidence_turn_ids),
                detail=criterion.detail,
            )
            for criterion in sentiment.quality_criteria
        ],
    )


def _contact_summary(summary: ContactSummary) -> schema.ContactSummaryDetail:
    claims = {
        "summary": summary.summary,
        "topic": summary.topic,
        "issue": summary.issue,
        "outcome": summary.outcome,
    }
    evidence = {name: list(claim.evidence_turn_ids) for name, claim in claims.items() if claim}
    items = [
        schema.ActionItemDetail(
            text=item.text, owner=item.owner.value, evidence_turn_ids=list(item.evidence_turn_ids)
        )
        for item in summary.action_items
    ]
    every_id = [i for ids in (*evidence.values(), *(item.evidence_turn_ids for item in items)) for i in ids]
    return schema.ContactSummaryDetail(
        **{name: claim.text if claim else None for name, claim in claims.items()},
        resolved=summary.resolved,
        action_items=items,
        evidence=evidence,
        evidence_turn_ids=list(dict.fromkeys(every_id)),
    )


def _check_evidence(report: schema.CallResult) -> None:
    """A claim about the talk must point at turns that exist."""
    turn_ids = {turn.id for turn in report.transcript}
    claimed: dict[str, set[str]] = {"sentiment-analyzer": set(), "llm-analyzer": set()}
    if report.contact_summary:
        claimed["llm-analyzer"] |= set(report.contact_summary.evidence_turn_ids)
    if report.word_analysis:
        for term in (*report.word_analysis.positive, *report.word_analysis.negative):
            claimed["sentiment-analyzer"] |= set(term.turn_ids)
    if report.communication_quality:
        for criterion in report.communication_quality.criteria:
            claimed["sentiment-analyzer"] |= set(criterion.evidence_turn_ids)
    for stage, ids in claimed.items():
        unknown = ids - turn_ids
        if unknown:
            raise StageError(
                stage,
                "evidence_unknown",
                f"{stage} names turns that do not exist: {', '.join(sorted(unknown))}",
            )
