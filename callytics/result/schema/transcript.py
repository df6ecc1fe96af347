"""Who said what."""

from __future__ import annotations

from pydantic import Field

from callytics.domain import DropReason, PiiKind, Role, RoleSource, SentimentLabel
from callytics.result.schema.base import BeginMs, EndMs, ParticipantId, ParticipantRole, ResultModel


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
