"""The part of the result about who said what."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from callytics.conversation.speakers import speaker_of_window
from callytics.domain import (
    POSSIBLE_IRONY,
    ContactSummary,
    Conversation,
    HeardWindow,
    Role,
    SentimentAnalysis,
    StageFailure,
    Transcript,
    Turn,
    TurnSentiment,
    TurnTone,
    TurnVoice,
)
from callytics.result.characteristics import milliseconds
from callytics.result.judgements import MOOD_CORRECTED
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


def participant_details(conversation: Conversation) -> list[ParticipantDetail]:
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


def tones_of(summary: ContactSummary | SentimentAnalysis | StageFailure) -> Mapping[str, TurnTone]:
    return {tone.turn_id: tone for tone in summary.tones} if isinstance(summary, ContactSummary) else {}


def transcript_turns(
    conversation: Conversation,
    sentiment: SentimentAnalysis | None,
    tones: Mapping[str, TurnTone] = MappingProxyType({}),
) -> list[TranscriptTurn]:
    sentiments = {entry.turn_id: entry for entry in sentiment.turns} if sentiment else {}
    return [
        transcript_turn(
            turn,
            conversation.role_of(turn.participant_id),
            sentiments.get(turn.id),
            conversation.language_of(turn),
            tones.get(turn.id),
        )
        for turn in conversation.turns
    ]


def transcript_turn(
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


def recognition_windows(transcript: Transcript, conversation: Conversation) -> list[RecognitionWindow]:
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


def dropped_speech(transcript: Transcript, redacted: bool) -> list[DroppedSpeech]:
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
