"""The result of one call as JSON: schema 1.0, the contract with users (build.py fills it).

Internal times are float seconds; here they are integer milliseconds from the start of the recording. Offsets in text
are Unicode code points, half-open. A block is present, or null with its stage named in ``job_details.errors``.
tools/make_result_docs.py generates docs/result.md and docs/result.schema.json from this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from callytics.domain import (
    CorrectionStatus,
    DropReason,
    JobStatus,
    MoodDirection,
    PiiKind,
    Proof,
    Role,
    RoleSource,
    SentimentLabel,
    StageStatus,
)
from callytics.errors import InvalidRequestError

SCHEMA_VERSION = "1.0"

ParticipantId = Annotated[str, Field(description="Id of a party in `participants`, for instance `spk_0`.")]
ParticipantRole = Annotated[Role, Field(description="The role of that party in the call.")]
BeginMs = Annotated[
    int, Field(description="Where it begins, in milliseconds from the start of the recording.")
]
EndMs = Annotated[
    int,
    Field(
        description="Where it ends, in milliseconds from the start of the recording; not before it begins."
    ),
]
TurnIds = Annotated[list[str], Field(description="Ids of the turns that show it, in the order of the call.")]


class ResultModel(BaseModel):
    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="null")


# ---------------------------------------------------------------- how the work went


class StageDetail(ResultModel):
    """The run of one stage of the graph on this call."""

    name: str = Field(description="The stage, for instance `speech-recognizer`.")
    status: StageStatus = Field(description="Its outcome. A stage that FAILED is also in `errors`.")
    attempts: int = Field(
        description="Number of attempts for this call; 0: its result for the "
        "same recording in another call was used."
    )
    duration_ms: int = Field(description="Wall time of the last attempt, in milliseconds.")
    application: str = Field(
        default="", description="The Serve application that ran it; distinguishes versions."
    )
    engine: str = Field(default="", description="The engine class, as in the configuration.")
    model: str = Field(default="", description="The weights that the engine used; empty if it uses none.")
    model_revision: str = Field(default="", description="The publisher's revision of the weights.")
    config_hash: str = Field(
        default="", description="Hash of the engine's options: equal hashes, equal settings."
    )


class StageErrorDetail(ResultModel):
    """An optional stage failed, and its block of the result is null."""

    stage: str = Field(description="The stage that failed.")
    code: str = Field(description="Stable, for programs, in snake_case.")
    message: str = Field(description="What failed and why, for people; may change.")


class JobDetails(ResultModel):
    """The stages' runs and errors."""

    stages: list[StageDetail] = Field(default=[], description="In the order of the graph.")
    errors: list[StageErrorDetail] = Field(
        default=[], description="Reasons for missing parts; empty unless `job_status` is PARTIAL."
    )

    @model_validator(mode="before")
    @classmethod
    def _without_skipped(cls, data: Any) -> Any:
        """Results of versions before 0.2.0 have an empty list ``skipped``."""
        if isinstance(data, dict) and data.get("skipped") == []:
            return {name: value for name, value in data.items() if name != "skipped"}
        return data


class ResultFlag(ResultModel):
    """A remark for the reader of the result."""

    code: str = Field(
        description="Stable, for programs: `dual_mono`, `truncated`, `announcement`, `language_uncertain`, "
        "`mixed_languages`, `pii_redacted` and so on."
    )
    message: str = Field(description="The same for people, with the figures of this call; may change.")


# ---------------------------------------------------------------- the recording


class LanguageIdentification(ResultModel):
    """A language and its probability."""

    code: str = Field(description="ISO 639-1 code, for instance `ko`.")
    score: float = Field(description="Probability from 0 to 1, over the whole recording.")


class MediaDetail(ResultModel):
    """Properties of the received file."""

    sha256: str = Field(description="Hash of the file's bytes, in lower-case hex.")
    format: str = Field(description="ffmpeg's name of the container: `wav`, `mp3`, `ogg` and so on.")
    codec: str = Field(description="ffmpeg's name of the audio codec.")
    sample_rate_hz: int = Field(description="Sample rate of the file, in hertz; analysis runs at 16,000.")
    channels: int = Field(description="Channels of the file, 1 or more.")
    duration_ms: int = Field(description="Length of the decoded sound, in milliseconds.")


class AcousticsDetail(ResultModel):
    """Measured on the decoded recording, before any processing."""

    rms_dbfs: float = Field(description="Root mean square level, in dB relative to full scale; 0 or less.")
    loudness_lufs: float = Field(description="Integrated loudness (ITU-R BS.1770), in LUFS; 0 or less.")
    snr_db: float = Field(description="Speech level over noise level, in dB.")
    clipping_ratio: float = Field(description="Share of samples at full scale, from 0 to 1.")
    silence_ratio: float = Field(description="Share of the recording without sound, from 0 to 1.")
    dual_mono: bool = Field(description="Both channels carry the same sound; treated as mono.")
    antiphase: bool = Field(description="One channel is the other inverted; treated as mono.")
    silent_channels: list[int] = Field(description="0-based channels without sound.")


class CallMetadata(ResultModel):
    """The uploader's description of the call, unchanged."""

    external_id: str | None = Field(default=None, description="The call's id in the uploader's system.")
    agent_id: str | None = Field(default=None, description="The agent's id in the uploader's system.")
    queue: str | None = Field(default=None, description="The queue or line of the incoming call.")
    direction: str | None = Field(default=None, description="`inbound`, `outbound` or `internal`.")
    started_at: str | None = Field(default=None, description="When the call took place, ISO 8601.")
    custom: dict[str, Any] = Field(default={}, description="Anything else, as JSON.")


# ---------------------------------------------------------------- who said what


class ParticipantDetail(ResultModel):
    """One party of the call, or its announcements."""

    participant_id: str = Field(
        description="Unique in this call, for instance `spk_0`; `announcement` for what is heard on both channels of a "
        "stereo call at once, such as a voice menu."
    )
    participant_role: Role = Field(description="AGENT, CUSTOMER, OTHER, or UNKNOWN without evidence.")
    role_source: RoleSource | None = Field(
        default=None,
        description="Source of the role: `channel`, `text`, or `manual` for a correction by hand.",
    )
    role_confidence: float = Field(default=0.0, description="Confidence in the role, from 0 to 1.")
    channel_index: int | None = Field(
        default=None,
        description="0-based channel of this party in the file; people who talk after each other share one. "
        "Null in a mono file.",
    )
    name: str | None = Field(
        default=None,
        description="Given by a person, or the known speaker with this voice; null if neither.",
    )


class TranscriptItem(ResultModel):
    """One word."""

    content: str = Field(description="The word, with the punctuation that belongs to it.")
    begin_offset_ms: BeginMs
    end_offset_ms: EndMs
    confidence: float = Field(description="The recogniser's confidence, from 0 to 1; 1 if `corrected`.")
    corrected: bool = Field(
        default=False, description="Written by a person; its times are interpolated over the replaced words."
    )


class TranscriptSentence(ResultModel):
    """One sentence of a turn."""

    content: str = Field(description="The sentence with punctuation.")
    begin_offset_ms: BeginMs
    end_offset_ms: EndMs


class RedactionDetail(ResultModel):
    """``[KIND]`` replaces this stretch of speech in the texts."""

    kind: PiiKind = Field(description="Kind of the removed personal data.")
    begin_offset_ms: BeginMs
    end_offset_ms: EndMs


class VoiceDetail(ResultModel):
    """How a turn was said: measured on its voiced parts, without what was redacted and what others say over it."""

    pitch_hz: float = Field(description="Median pitch (fundamental frequency) in hertz.")
    pitch_range_semitones: float = Field(
        description="From the 10th to the 90th percentile of the pitch, in semitones: small if monotonous."
    )
    pitch_change_semitones: float | None = Field(
        description="Median pitch against the median of this party's turns in the call, in semitones; null if fewer "
        "than three turns of the party can be measured."
    )
    loudness_change_db: float | None = Field(
        description="Level against the median of this party's turns in the call, in dB; null as above."
    )


class ToneDetail(ResultModel):
    """What a language model heard in a turn; judgements without verbatim words are dropped (flag `tone_dropped`)."""

    sentiment: SentimentLabel = Field(
        description="The mood by what is meant, also where words say otherwise."
    )
    irony: bool = Field(description="The words say the opposite of what is meant.")
    empathy: bool = Field(description="It shows understanding for the other party's trouble.")
    rude: bool = Field(description="It insults, mocks, threatens, blames or brushes off.")
    quote: str = Field(description="The words of the turn that show it.")


class TranscriptTurn(ResultModel):
    """One party speaks until the other does."""

    id: str = Field(description="`t1`, `t2` and so on, in the order in which turns begin.")
    participant_id: ParticipantId
    participant_role: ParticipantRole
    begin_offset_ms: BeginMs
    end_offset_ms: EndMs
    content: str = Field(description="The text with punctuation and spacing restored.")
    content_raw: str = Field(description="The recognised text, word by word.")
    written: str | None = Field(
        default=None,
        description="`content` with numbers, dates, times and amounts in written form; null unless the option "
        "`written_forms` was set.",
    )
    confidence: float = Field(description="Mean confidence of the words, from 0 to 1.")
    items: list[TranscriptItem] = Field(description="The words in order.")
    sentences: list[TranscriptSentence] = Field(
        default=[], description="The sentences in order; may be empty."
    )
    sentiment: SentimentLabel | None = Field(
        default=None,
        description="The sentiment; null if sentiment analysis failed. The default engine decides by a threshold per "
        "language, so that rare sentiments are found: it is not always the one with the highest probability.",
    )
    sentiment_scores: dict[str, float] | None = Field(
        default=None, description="`positive`, `neutral` and `negative`, each from 0 to 1, together 1."
    )
    overlap: bool = Field(default=False, description="Another party speaks during it.")
    interruption: bool = Field(
        default=False,
        description="It began while another party was speaking and took the floor; backchannels do not count.",
    )
    redactions: list[RedactionDetail] = Field(
        default=[], description="Data removed from this turn; empty unless redaction was requested."
    )
    flags: list[str] = Field(
        default=[],
        description="Stable codes of remarks about this turn: `corrected`; `mood_corrected`, a person's "
        "sentiment, whose score is 1; `possible_irony`, praise that probably "
        "means its opposite and counts as negative; `announcement`, heard on both channels at "
        "once and said by neither party: talk time, overlap, interruptions, sentiment, quality, word lists and "
        "summary leave it out; `raised_voice`, both clearly louder and higher than this party's median.",
    )
    language_code: str | None = Field(
        default=None,
        description="ISO 639-1 code of the language of most of its words; null in results of earlier versions.",
    )
    voice: VoiceDetail | None = Field(
        default=None,
        description="How it was said; null where it cannot be told: less than half a second of voice, others speak "
        "over it, or not measured.",
    )
    tone: ToneDetail | None = Field(
        default=None,
        description="What a language model heard, beside `sentiment`, which always is the sentiment analyser's and is "
        "what trends, lists and quality are computed from; null without the option `tone` of the language-model "
        "engine, and where it heard nothing particular.",
    )


class RecognitionWindow(ResultModel):
    """A stretch that the recogniser decoded as one window, and its confidence."""

    participant_id: str | None = Field(description="The party of the channel; null if parties share one.")
    begin_offset_ms: BeginMs
    end_offset_ms: EndMs
    avg_logprob: float = Field(description="Mean natural log probability per token; 0 or less.")
    no_speech_prob: float = Field(description="Probability that there is no speech, from 0 to 1.")
    language_code: str | None = Field(
        default=None,
        description="The language in which it was decoded; null in results of earlier versions.",
    )


class DroppedSpeech(ResultModel):
    """Recognised text that was judged as not spoken; not in any turn or figure."""

    begin_offset_ms: BeginMs
    end_offset_ms: EndMs
    content: str = Field(description="The recognised text; `[REDACTED]` in a redacted call.")
    reason: DropReason = Field(description="Why it was dropped.")


# ---------------------------------------------------------------- what it means


class TermDetail(ResultModel):
    """A word that carries sentiment."""

    term: str = Field(description="The word in its dictionary form.")
    count: int = Field(description="Number of occurrences, 1 or more.")
    turn_ids: TurnIds


class WordAnalysis(ResultModel):
    """Positive and negative words, the most frequent first."""

    positive: list[TermDetail] = Field(description="Words of positive sentiment.")
    negative: list[TermDetail] = Field(description="Words of negative sentiment.")


class CriterionDetail(ResultModel):
    """One criterion of how well the agent communicated."""

    id: str = Field(description="`greeting`, `empathy`, `clarity`, `listening`, `closing` or `politeness`.")
    score: float | None = Field(description="From 0 to 100; null if it does not apply to this call.")
    evidence_turn_ids: TurnIds
    detail: str = Field(default="", description="Basis of the score, for people; may change.")
    state: str = Field(
        default="",
        description="`shown`, `not_shown`, `not_recorded` (the call is cut where it belongs), `not_called_for`, "
        "`measured` (a matter of degree) or `not_judged`; empty in results of older versions.",
    )


class LapseDetail(ResultModel):
    """Something that an agent said and should not have. Found by wording: the quote tells whether it is one."""

    kind: str = Field(
        description="`swearing`, `insult`, `threat`, `scorn`, `dismissal`, `blame`, `refuses_name`, `sigh`, "
        "`pressure`, `plain_speech`, `honorific_for_a_thing`, `unfit` (congratulation on a loss), `manner` (by the "
        "learned model, no wording), or `protested`: the customer protests about the tone."
    )
    severity: int = Field(description="3: grave, 2: a lapse, 1: a slip. Each limits the overall score.")
    turn_id: str = Field(description="Id of the turn.")
    quote: str = Field(description="The sentence.")
    correction: str = Field(
        default="", description="The right form of the sentence, if the form is the fault."
    )


class CommunicationQuality(ResultModel):
    """How well the agent communicated."""

    overall: float | None = Field(
        description="From 0 to 100, the weighted mean of the criteria that apply, limited by the lapses; null if "
        "no criterion applies."
    )
    judged_criteria: int = Field(default=0, description="Number of criteria that the overall score rests on.")
    criteria: list[CriterionDetail] = Field(description="One entry per criterion.")
    lapses: list[LapseDetail] = Field(
        default=[], description="Lapses of agents, the gravest first, then in the order of the call."
    )


class ActionItemDetail(ResultModel):
    """A task that remains after the call."""

    text: str = Field(description="The task.")
    owner: Role = Field(description="The party that must do it.")
    evidence_turn_ids: TurnIds
    due: str | None = Field(
        default=None,
        description="The day or term that was said for it, in the call's words; null if none was.",
    )


class QuoteDetail(ResultModel):
    """Verbatim words of a turn."""

    turn_id: str = Field(description="Id of the turn.")
    text: str = Field(description="Its words, character by character but for white space.")


class CheckedClaimDetail(ResultModel):
    """A statement of a language model that the result shows, and the words that it was judged by."""

    field: str = Field(
        description="Field that shows it: `summary` (one entry per sentence), `topic`, `issue`, `outcome`, `resolved` "
        "or `action_item`."
    )
    text: str = Field(description="The statement; `true` or `false` for `resolved`.")
    quotes: list[QuoteDetail] = Field(description="The words that the model quotes for it.")
    proof: Proof = Field(
        description="Whether the quotes prove it. What they contradict is never shown, only counted."
    )
    reason: str = Field(
        default="",
        description="What the quotes lack, for programs: `number_not_said`, `negation_turned` and so on; empty if "
        "proven.",
    )


class ClaimCountsDetail(ResultModel):
    """How many statements of the language model its quotes prove."""

    proven: int = Field(description="Statements that their quotes prove.")
    unproven: int = Field(description="Statements that their quotes do not show, dropped or shown by option.")
    contradicted: int = Field(description="Statements that their quotes contradict; always dropped.")
    verified: bool = Field(
        description="A second, independent question to the model was asked as well; false: rules only."
    )


class LanguageModelUsageDetail(ResultModel):
    """Usage of the language model for this call."""

    requests: int = Field(description="Requests to the endpoint, including repeated ones.")
    input_tokens: int = Field(description="Tokens sent, counted by the endpoint.")
    output_tokens: int = Field(description="Tokens received, counted by the endpoint.")
    cost_usd: float | None = Field(
        default=None, description="Cost in US dollars by the configured prices; null without prices."
    )


class ContactSummaryDetail(ResultModel):
    """The text of each claim; ``evidence`` names the turns that show it, claim by claim."""

    summary: str | None = Field(description="The call in a few sentences; null if the call shows none.")
    topic: str | None = Field(description="Subject of the call, for instance `refund`; null if unclear.")
    issue: str | None = Field(description="Why the customer called; null if the call does not show it.")
    outcome: str | None = Field(description="The outcome; null if the call does not show it.")
    still_open: str | None = Field(
        default=None, description="What the call left open; null if nothing, or if the call does not show it."
    )
    uncertain: list[str] = Field(
        default=[],
        description="Claims that are the best candidate only, to be checked: `issue`, `outcome`, `still_open`, and "
        "those that a language model does not prove.",
    )
    resolved: bool | None = Field(
        description="Whether the issue was solved; null if the call does not show it."
    )
    action_items: list[ActionItemDetail] = Field(
        description="Tasks that remain after the call; may be empty."
    )
    evidence: dict[str, list[str]] = Field(
        description="Turn ids by claim: `summary`, `topic`, `issue`, `outcome`, `still_open`; only those not null."
    )
    evidence_turn_ids: list[str] = Field(description="All turns that support any claim or action item.")
    engine: str = Field(
        default="",
        description="The engine used, if it is not the one that `job_details` names for llm-analyzer.",
    )
    model: str = Field(default="", description="Its model; empty if `engine` is.")
    usage: LanguageModelUsageDetail | None = Field(
        default=None, description="Usage of the language model; null if none was used."
    )
    claims: list[CheckedClaimDetail] = Field(
        default=[],
        description="The shown statements of a language model with their quotes; empty without one.",
    )
    claim_counts: ClaimCountsDetail | None = Field(
        default=None, description="All statements of the language model by proof; null without one."
    )
    replaced: list[str] = Field(
        default=[],
        description="Fields (`summary`, `issue`, `outcome`) whose statement was dropped for want of proof and in which "
        "the extractive engine's candidate stands.",
    )
    corrected: list[str] = Field(
        default=[],
        description="Fields that a person wrote: `summary`, `topic`, `issue`, `outcome`, `still_open`, `resolved`, "
        "`action_items`. They have no evidence and no claims.",
    )


# ---------------------------------------------------------------- characteristics


class TalkTimeDetail(ResultModel):
    """Talk time of one party."""

    participant_id: ParticipantId
    participant_role: ParticipantRole
    total_time_ms: int = Field(
        description="Speech of this party, with overlaps counted once, in milliseconds."
    )
    ratio: float = Field(description="Share of the talk time of all parties, from 0 to 1.")


class TalkTime(ResultModel):
    """Talk time of each party."""

    total_time_ms: int = Field(description="Sum over the parties, in milliseconds.")
    details_by_participant: list[TalkTimeDetail] = Field(description="One entry per party.")


class TalkSpeedDetail(ResultModel):
    """Talk speed of one party."""

    participant_id: ParticipantId
    participant_role: ParticipantRole
    words_per_minute: float = Field(description="Words over talk time, per minute.")
    syllables_per_minute: float = Field(
        description="Syllables over talk time, per minute; the measure for Korean."
    )


class IntervalDetail(ResultModel):
    """A stretch of the recording."""

    begin_offset_ms: BeginMs
    end_offset_ms: EndMs
    duration_ms: int = Field(description="Its length, in milliseconds.")


class NonTalkTime(ResultModel):
    """The time without speech."""

    total_time_ms: int = Field(description="Total, in milliseconds.")
    instances: list[IntervalDetail] = Field(description="Stretches of 3 seconds or more.")


class InterruptionsDetail(ResultModel):
    """Interruptions by one party."""

    participant_id: ParticipantId
    participant_role: ParticipantRole
    count: int = Field(description="Number of interruptions by this party.")
    total_time_ms: int = Field(description="Time in which both spoke, in milliseconds.")
    instances: list[IntervalDetail] = Field(description="One entry per interruption.")


class Interruptions(ResultModel):
    """Turns that began while another party spoke; backchannels such as "네" do not count."""

    total_count: int = Field(description="Over all parties.")
    total_time_ms: int = Field(description="Over all parties, in milliseconds.")
    by_interrupter: list[InterruptionsDetail] = Field(description="One entry per party that interrupted.")


class LongestMonologue(IntervalDetail):
    """The longest run of turns of one party, interrupted by backchannels only."""

    participant_id: ParticipantId
    participant_role: ParticipantRole
    turn_ids: TurnIds


class ResponseLatencyDetail(ResultModel):
    """Response time of one party."""

    participant_id: ParticipantId
    participant_role: ParticipantRole
    count: int = Field(description="Number of measured answers, without those that overlap.")
    mean_ms: int = Field(description="Mean, in milliseconds.")
    median_ms: int = Field(description="Median, in milliseconds.")
    max_ms: int = Field(description="Longest, in milliseconds.")


class QuarterScore(ResultModel):
    """Sentiment in one quarter of the call."""

    begin_offset_ms: BeginMs
    end_offset_ms: EndMs
    score: float | None = Field(description="From -5 to +5; null if the party says nothing in it.")


class SentimentTrendDetail(ResultModel):
    """Sentiment of one party over the call."""

    participant_id: ParticipantId
    participant_role: ParticipantRole
    overall: float | None = Field(description="From -5 to +5; null if the party says nothing.")
    start: float | None = Field(
        default=None,
        description="From -5 to +5: the first third of the turns, weighted by length and certainty; closing courtesies "
        "do not count. Null if the party says nothing, and in results of earlier versions.",
    )
    end: float | None = Field(default=None, description="The same of the last third.")
    direction: MoodDirection | None = Field(
        default=None, description="From `start` to `end`: BETTER, SAME or WORSE; null as `start`."
    )
    by_quarter: list[QuarterScore] = Field(description="Four equal parts of the call, in order.")


class ConversationCharacteristics(ResultModel):
    """Figures about the conversation; the terms are those of Amazon Transcribe Call Analytics."""

    total_conversation_duration_ms: int = Field(description="Length of the recording, in milliseconds.")
    talk_time: TalkTime = Field(description="Talk time of each party.")
    talk_speed: list[TalkSpeedDetail] = Field(description="Talk speed; one entry per party that spoke.")
    non_talk_time: NonTalkTime = Field(description="When nobody spoke.")
    interruptions: Interruptions = Field(description="Interruptions by party, with times.")
    longest_monologue: LongestMonologue | None = Field(description="Null if nobody spoke.")
    response_latency_ms: list[ResponseLatencyDetail] = Field(
        description="Response times; one entry per party that answered."
    )
    sentiment: list[SentimentTrendDetail] | None = Field(
        default=None, description="Sentiment over the call; null if sentiment analysis failed."
    )


# ---------------------------------------------------------------- what people corrected


class CorrectionDetail(ResultModel):
    """The outcome of a person's correction in this result. The corrected text is in the call's history:
    `GET /v1/calls/{call_id}/corrections`."""

    correction_id: str = Field(description="Its id in that history.")
    kind: str = Field(
        description="`words`, `speaker_name`, `role`, `turn_speaker`, `split`, `merge`, `mood` or `summary`; later "
        "versions may add kinds."
    )
    status: CorrectionStatus = Field(
        description="SUPERSEDED by a later one at the same place; NOT_APPLIED, and `reason` says why."
    )
    turn_id: str = Field(
        description="The turn of this result that was corrected (the first of two, after a split); empty if none was."
    )
    participant_id: str = Field(description="The party of the correction.")
    reason: str = Field(
        description="`no_turn_there`, `turn_has_other_bounds`, `no_word_there`, `redacted_words_changed`, "
        "`no_participant_there`, `turn_not_judged`, `stage_failed`, `identifies`, `kind_unknown`; empty if it was "
        "applied."
    )


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
