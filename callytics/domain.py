"""The data that flows between the stages: frozen dataclasses, seconds as floats, no numpy in a pickle.

Each stage may run in its own environment with its own versions of all packages, so only types of the standard
library and of this module cross a stage boundary. Samples are sent as :class:`Pcm`, a buffer that pickles out of
band and is read from Ray's object store without a copy.

Times are seconds from the start of the recording (``start_s`` inclusive, ``end_s`` exclusive).
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

PIPELINE_SAMPLE_RATE_HZ = 16_000
"""The sample rate for which Whisper, the segmentation and the embedding models were trained."""


class Role(StrEnum):
    AGENT = "AGENT"
    CUSTOMER = "CUSTOMER"
    OTHER = "OTHER"
    UNKNOWN = "UNKNOWN"


class RoleSource(StrEnum):
    CHANNEL = "channel"
    TEXT = "text"
    MANUAL = "manual"


class CorrectionKind(StrEnum):
    WORDS = "words"
    SPEAKER_NAME = "speaker_name"
    ROLE = "role"
    TURN_SPEAKER = "turn_speaker"
    SPLIT = "split"
    MERGE = "merge"
    MOOD = "mood"
    SUMMARY = "summary"


class CorrectionStatus(StrEnum):
    APPLIED = "APPLIED"
    SUPERSEDED = "SUPERSEDED"
    NOT_APPLIED = "NOT_APPLIED"


class SentimentLabel(StrEnum):
    POSITIVE = "POSITIVE"
    NEUTRAL = "NEUTRAL"
    NEGATIVE = "NEGATIVE"


class MoodDirection(StrEnum):
    """The mood of a party from the start of the call to its end."""

    BETTER = "BETTER"
    SAME = "SAME"
    WORSE = "WORSE"


class StageStatus(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


class JobStatus(StrEnum):
    QUEUED = "QUEUED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class DropReason(StrEnum):
    """The reason why recognised text is judged as not spoken."""

    NO_SPEECH = "no_speech"  # the recogniser itself doubts the speech
    REPETITION = "repetition"  # a loop
    IMPLAUSIBLE_RATE = "implausible_rate"  # more characters per second than a person can speak
    SET_PHRASE = "set_phrase"  # usual output of recognisers for music and silence
    LOW_CONFIDENCE = "low_confidence"
    CROSSTALK = "crosstalk"  # the other party, heard on this channel


class PiiKind(StrEnum):
    """Kinds of personal data that redaction removes."""

    NAME = "NAME"
    ADDRESS = "ADDRESS"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    CARD = "CARD"
    ACCOUNT = "ACCOUNT"
    RESIDENT_NUMBER = "RESIDENT_NUMBER"
    SSN = "SSN"
    BIRTH_DATE = "BIRTH_DATE"
    PASSPORT = "PASSPORT"
    PLATE = "PLATE"


# ---------------------------------------------------------------- input


class Task(StrEnum):
    """Output of the recogniser: the spoken text, or its translation into English."""

    TRANSCRIBE = "transcribe"
    TRANSLATE = "translate"


class Denoise(StrEnum):
    """Which channels are analysed with their noise reduced: those that it helps, all, or none."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True)
class KnownSpeaker:
    """A person whose voice is known: the name to show, and the URL of a recording of this person alone."""

    name: str
    uri: str


@dataclass(frozen=True)
class CallOptions:
    """Options of one call. Every field is optional.

    Attributes:
        language: ISO 639-1 code; None detects it.
        agent_channel: 0-based channel of the agent in a stereo recording; None takes the configured default.
        num_speakers: the known number of speakers of a mono recording; None estimates it.
        hotwords: names and terms that recognition should expect.
        audio_format: for headerless files, "mulaw", "alaw", "s16le", "g722", "gsm" or "vox"; None reads the header.
        audio_sample_rate_hz: for headerless files.
        audio_channels: for headerless files: 1, or 2 whose samples alternate.
        roles: participant id and role, as corrected by hand; overrules channels and text.
        redact_pii: take out what identifies people: names, addresses, numbers (callytics/redaction).
        task: read by the recogniser alone; a translation carries the flag "translated".
        known_speakers: participants with one of these voices get the name.
        denoise: read by the audio-processor alone; None takes the configured default.
        written_forms: write numbers, dates and amounts as such, beside the words (callytics/written_forms).
    """

    language: str | None = None
    agent_channel: int | None = None
    num_speakers: int | None = None
    hotwords: tuple[str, ...] = ()
    audio_format: str | None = None
    audio_sample_rate_hz: int | None = None
    audio_channels: int | None = None
    roles: tuple[tuple[str, Role], ...] = ()
    redact_pii: bool = False
    task: Task = Task.TRANSCRIBE
    known_speakers: tuple[KnownSpeaker, ...] = ()
    denoise: Denoise | None = None
    written_forms: bool = False


@dataclass(frozen=True)
class Correction:
    """A correction by a person, with its place in the call.

    The place is a time in the recording, not only a turn, because turns are renumbered when a call is recognised again.

    Attributes:
        kind: the corrected property. A kind that is unknown to this version is kept but not applied.
        turn_id: id of the turn at the time of the correction, for people only. "" if there was none.
        participant_id: the speaker of the text, or the named participant.
        channel_index: the party's own channel of the original file; None in a mono call.
        start_s: start of the turn; for a name, of the participant's longest turn. Equal to ``end_s``: no place.
        before: the replaced text, "" if there was none.
        after: the corrected text; a name of None is no name.
        detail: JSON for a program, by kind (callytics/conversation/correction_details.py); "" where there is none.
    """

    id: str
    kind: str
    turn_id: str
    participant_id: str
    channel_index: int | None
    start_s: float
    end_s: float
    before: str
    after: str | None
    detail: str = ""


@dataclass(frozen=True)
class Recording:
    """The location of the bytes of a call: any fsspec URL, or a plain path.

    Attributes:
        sha256: hash of the bytes, in lower-case hex digits, from their receipt; empty: computed on reading.
    """

    call_id: str
    uri: str
    sha256: str = ""


# ---------------------------------------------------------------- audio


@dataclass(frozen=True, eq=False)
class Pcm:
    """Signed 16-bit samples, shape (num_channels, num_samples), C-contiguous."""

    buffer: Any  # anything with the buffer protocol
    num_channels: int
    num_samples: int
    sample_rate_hz: int

    @classmethod
    def from_array(cls, samples: npt.NDArray[Any], sample_rate_hz: int) -> Pcm:
        """From an int16 array, or a float array in [-1, 1], of shape (num_channels, num_samples)."""
        import numpy as np

        if samples.ndim != 2:
            raise ValueError(f"expected (num_channels, num_samples), got shape {samples.shape}")
        if samples.dtype != np.int16:
            samples = (np.clip(samples, -1.0, 1.0) * 32767.0).round().astype(np.int16)
        samples = np.ascontiguousarray(samples)
        return cls(samples, samples.shape[0], samples.shape[1], sample_rate_hz)

    @property
    def duration_s(self) -> float:
        return self.num_samples / self.sample_rate_hz

    def int16(self) -> npt.NDArray[np.int16]:
        """All samples, shape (num_channels, num_samples), without a copy; read-only in shared memory."""
        import numpy as np

        return np.frombuffer(self.buffer, dtype=np.int16).reshape(self.num_channels, self.num_samples)

    def samples(self, channel: int, start: int, end: int) -> npt.NDArray[np.int16]:
        """Existing samples of one channel in [``start``, ``end``). Callers must not change them."""
        return self.int16()[channel, start:end]

    def float32(
        self, channel: int, start_s: float = 0.0, end_s: float | None = None
    ) -> npt.NDArray[np.float32]:
        """A copy of one channel (or a part of it) as float32 in [-1, 1], shape (num_samples,)."""
        import numpy as np

        start = max(0, round(start_s * self.sample_rate_hz))
        end = self.num_samples if end_s is None else min(self.num_samples, round(end_s * self.sample_rate_hz))
        part: npt.NDArray[np.float32] = self.samples(channel, start, end).astype(np.float32)
        part /= 32768.0
        return part

    def __reduce_ex__(self, protocol: Any) -> Any:
        buffer = pickle.PickleBuffer(self.buffer) if protocol >= 5 else bytes(self.buffer)
        return Pcm, (buffer, self.num_channels, self.num_samples, self.sample_rate_hz)


@dataclass(frozen=True)
class Media:
    """Properties of the received file."""

    sha256: str
    format: str  # ffmpeg's name of the container: "wav", "mp3", "ogg", ...
    codec: str
    sample_rate_hz: int
    channels: int
    duration_s: float


@dataclass(frozen=True)
class Acoustics:
    """Measured on the decoded recording, before any processing."""

    rms_dbfs: float
    loudness_lufs: float
    snr_db: float
    clipping_ratio: float
    silence_ratio: float
    dual_mono: bool = False
    antiphase: bool = False
    silent_channels: tuple[int, ...] = ()


@dataclass(frozen=True)
class Flag:
    """A remark for the reader of the result. ``code`` is stable, e.g. "dual_mono", "truncated"."""

    code: str
    message: str


@dataclass(frozen=True)
class VoiceSample:
    """A known speaker's voice: 16 kHz, one channel."""

    name: str
    pcm: Pcm


@dataclass(frozen=True)
class VoiceTrack:
    """Level and pitch of one pcm channel, frame by frame, as received: no gain of the stage is in them.

    One byte per frame, in base64: a call of ten minutes has 12,000 frames per channel, and checkpoints are JSON.

    Attributes:
        frame_s: length of a frame; frame ``i`` begins at ``i * frame_s``.
        levels: steps of 0.5 dB above -127.5 dBFS.
        pitches: 0 for a frame without a voice, else 1 + steps of 1/6 semitone above VOICE_LOWEST_HZ.
    """

    frame_s: float
    levels: str
    pitches: str


VOICE_LEVEL_STEP_DB, VOICE_LOWEST_DBFS = 0.5, -127.5
VOICE_STEPS_PER_SEMITONE, VOICE_LOWEST_HZ = 6, 65.0
"""Units of a VoiceTrack."""


@dataclass(frozen=True)
class Announcement:
    """A stretch in which both channels of a stereo call have the same sound: neither party's.

    ``channel`` is the pcm channel that still has it; it was taken out of the other one.
    """

    start_s: float
    end_s: float
    channel: int


@dataclass(frozen=True)
class Audio:
    """Output of audio-processor.

    ``pcm`` is 16 kHz and holds only the channels that are worth analysing: one for a mono call, and for a stereo
    file with a duplicated, inverted or silent channel; two if each party has a channel.
    ``channel_indices[i]`` is the channel of the original file that became ``pcm`` channel ``i``.
    """

    pcm: Pcm
    media: Media
    acoustics: Acoustics
    channel_indices: tuple[int, ...]
    flags: tuple[Flag, ...] = ()
    voice_samples: tuple[VoiceSample, ...] = ()  # from CallOptions.known_speakers
    announcements: tuple[Announcement, ...] = ()  # in order; of a call with one channel per party
    voice_tracks: tuple[
        VoiceTrack, ...
    ] = ()  # one per pcm channel; empty if the stage does not measure voices

    def without_samples(self) -> Audio:
        """The measurements and the duration: enough for every stage that does not process the sound."""
        pcm = self.pcm
        silent = Pcm(b"", pcm.num_channels, pcm.num_samples, pcm.sample_rate_hz)
        return replace(self, pcm=silent, voice_samples=())


# ---------------------------------------------------------------- who and what


@dataclass(frozen=True)
class SpeechSegment:
    """A stretch of speech of one speaker. Segments of different speakers may overlap."""

    start_s: float
    end_s: float
    speaker: str  # "spk_0", "spk_1", ...
    channel: int | None = None  # pcm channel, if speakers are separated by channel


@dataclass(frozen=True)
class Participant:
    """One party of the call. ``channel_index`` is the channel of the original file, if the party has one."""

    id: str
    role: Role = Role.UNKNOWN
    role_source: RoleSource | None = None
    role_confidence: float = 0.0
    channel_index: int | None = None
    name: str | None = None  # from a person, or from CallOptions.known_speakers if the voice matches


@dataclass(frozen=True)
class Diarization:
    """Output of speaker-diarizer: segments sorted by start, and one participant per speaker label.

    With one channel per party (``by_channel``) the participants already have their roles.
    """

    segments: tuple[SpeechSegment, ...]
    participants: tuple[Participant, ...]
    by_channel: bool
    duration_s: float
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True)
class Word:
    text: str  # without surrounding spaces; may end in punctuation
    start_s: float
    end_s: float
    confidence: float  # 0..1
    channel: int | None = None  # pcm channel of the word; None for a mono call, and in an announcement
    corrected: bool = False  # written by a person; its time is interpolated over the replaced words
    language: str = ""  # "": that of the call


@dataclass(frozen=True)
class LanguageScore:
    code: str
    score: float


@dataclass(frozen=True)
class DroppedText:
    """Text from the recogniser that was judged as not spoken."""

    start_s: float
    end_s: float
    text: str
    reason: DropReason


@dataclass(frozen=True)
class HeardWindow:
    """A stretch that the recogniser decoded as one window and whose words are in the transcript, with its confidence.

    Attributes:
        channel: pcm channel; None for a mono call.
        avg_logprob: mean log probability per token.
        no_speech_prob: the recogniser's probability that there is no speech.
        language: the language in which it was decoded; "": that of the call.
    """

    start_s: float
    end_s: float
    channel: int | None
    avg_logprob: float
    no_speech_prob: float
    language: str = ""


@dataclass(frozen=True)
class Transcript:
    """Output of speech-recognizer: words sorted by start.

    ``language`` is the language of most words; a word in another one says so. For a translation it is "en";
    ``language_scores`` give the spoken one.
    """

    words: tuple[Word, ...]
    language: str
    language_scores: tuple[LanguageScore, ...]
    duration_s: float
    dropped: tuple[DroppedText, ...] = ()
    flags: tuple[Flag, ...] = ()
    windows: tuple[HeardWindow, ...] = ()  # empty if the engine does not report them


# ---------------------------------------------------------------- the conversation


@dataclass(frozen=True)
class Sentence:
    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Redaction:
    """A stretch of speech that identifies a person and was removed."""

    kind: PiiKind
    start_s: float
    end_s: float


@dataclass(frozen=True)
class TurnVoice:
    """How a turn was said. The changes are against the speaker's own median; None if too few turns tell it.

    Attributes:
        pitch_hz: median fundamental frequency.
        pitch_range_semitones: between its 10th and 90th percentile.
    """

    pitch_hz: float
    pitch_range_semitones: float
    pitch_change_semitones: float | None = None
    loudness_change_db: float | None = None


@dataclass(frozen=True)
class Turn:
    """One party speaks until the other does. ``content_raw`` is the recognised text, word by word."""

    id: str  # "t1", "t2", ... in order of start
    participant_id: str
    start_s: float
    end_s: float
    content: str
    content_raw: str
    words: tuple[Word, ...]
    confidence: float
    sentences: tuple[Sentence, ...] = ()
    overlap: bool = False  # another party speaks during it
    interruption: bool = False  # it began while the other party was speaking, and took the floor
    flags: tuple[str, ...] = ()
    redactions: tuple[Redaction, ...] = ()
    written: str = ""  # content with numbers in written form; "" unless the options request it
    language: str = ""  # of most of its words; "": that of the call
    voice: TurnVoice | None = None  # None if it cannot be told: too short, overlapped, unvoiced, not measured


@dataclass(frozen=True)
class CorrectionOutcome:
    """The outcome of a correction in this analysis; ``turn_id`` and ``participant_id`` are the current ones."""

    correction_id: str
    kind: str
    status: CorrectionStatus
    turn_id: str = ""
    participant_id: str = ""
    reason: str = ""  # stable code of why it was not applied


@dataclass(frozen=True)
class Conversation:
    """The call as a conversation: attribute() creates it; punctuation, correct, roles and redact refine it."""

    language: str
    duration_s: float
    participants: tuple[Participant, ...]
    turns: tuple[Turn, ...]
    speech: tuple[SpeechSegment, ...]
    redacted: bool = False  # redaction ran: the removed data must not enter the result in another way
    corrections: tuple[CorrectionOutcome, ...] = ()
    turns_before: tuple[
        Turn, ...
    ] = ()  # if people changed bounds or speakers of turns; redaction reads them too

    def role_of(self, participant_id: str) -> Role:
        return next((p.role for p in self.participants if p.id == participant_id), Role.UNKNOWN)

    def language_of(self, turn: Turn) -> str:
        return turn.language or self.language


# ---------------------------------------------------------------- what it means


POSSIBLE_IRONY = "possible_irony"
"""Flag of a turn of the result: its praise probably means the opposite."""


@dataclass(frozen=True)
class TurnSentiment:
    """Calibrated probabilities, and a label that engines may set by thresholds of their own."""

    turn_id: str
    label: SentimentLabel
    positive: float
    neutral: float
    negative: float
    possible_irony: bool = False
    corrected: bool = False  # by a person

    @property
    def score(self) -> float:
        """-5 (negative) to +5 (positive), the scale of Amazon Transcribe Call Analytics."""
        return 5.0 * (self.positive - self.negative)


@dataclass(frozen=True)
class TermCount:
    term: str
    count: int
    turn_ids: tuple[str, ...]


class CriterionState(StrEnum):
    """What was seen of a criterion. NOT_RECORDED: the call is cut where it belongs; NOT_CALLED_FOR: nothing asked for
    it; MEASURED: a criterion of degree, neither shown nor missing; NOT_JUDGED: no agent is known, no rules."""

    SHOWN = "shown"
    NOT_SHOWN = "not_shown"
    NOT_RECORDED = "not_recorded"
    NOT_CALLED_FOR = "not_called_for"
    MEASURED = "measured"
    NOT_JUDGED = "not_judged"


@dataclass(frozen=True)
class QualityCriterion:
    """``id``: greeting, empathy, clarity, listening, closing, politeness. ``score``: 0..100, None if the criterion
    does not apply (politeness level outside Korean, or no speech)."""

    id: str
    score: float | None
    evidence_turn_ids: tuple[str, ...] = ()
    detail: str = ""
    state: CriterionState = CriterionState.NOT_JUDGED


@dataclass(frozen=True)
class ConductLapse:
    """Something that an agent said and should not have.

    Attributes:
        kind: swearing, insult, threat, scorn, dismissal, blame, refuses_name, sigh, pressure, plain_speech,
            honorific_for_a_thing, unfit (congratulation on a loss), manner (by the learned model, no wording),
            protested (the customer protests about the tone of the turn).
        severity: 3 (caps the score of the call at once), 2, or 1 (a slip).
        quote: the sentence.
        correction: how it is said right; empty if no form alone would mend it.
    """

    kind: str
    severity: int
    turn_id: str
    quote: str
    correction: str = ""


@dataclass(frozen=True)
class SentimentAnalysis:
    """Output of sentiment-analyzer: one entry per turn, in the order of the turns."""

    turns: tuple[TurnSentiment, ...]
    positive_terms: tuple[TermCount, ...]
    negative_terms: tuple[TermCount, ...]
    quality_overall: float | None  # 0..100
    quality_criteria: tuple[QualityCriterion, ...]
    lapses: tuple[ConductLapse, ...] = ()  # of agents, the gravest first


@dataclass(frozen=True)
class Claim:
    """A statement about the call and the turns that support it."""

    text: str
    evidence_turn_ids: tuple[str, ...]


@dataclass(frozen=True)
class ActionItem:
    """``due``: the day or term that was said for it, in the call's own words; None if none was."""

    text: str
    owner: Role
    evidence_turn_ids: tuple[str, ...]
    due: str | None = None


class Proof(StrEnum):
    """Whether the quoted words of the call prove a statement of a language model."""

    PROVEN = "proven"
    UNPROVEN = "unproven"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True)
class Quote:
    """Verbatim words of a turn."""

    turn_id: str
    text: str


@dataclass(frozen=True)
class CheckedClaim:
    """A statement of a language model that the result shows, and the words that prove it.

    ``field`` is the field of the summary that shows it; ``reason`` says what its quotes lack, "" if they prove it.
    """

    field: str
    text: str
    quotes: tuple[Quote, ...]
    proof: Proof
    reason: str = ""


@dataclass(frozen=True)
class ClaimCounts:
    """How many statements of a language model are proven, unproven and contradicted; ``verified``: by a second
    question as well."""

    proven: int
    unproven: int
    contradicted: int
    verified: bool


@dataclass(frozen=True)
class TurnTone:
    """What a language model heard in a turn: mood by what is meant, and the verbatim words that show it."""

    turn_id: str
    label: SentimentLabel
    irony: bool
    empathy: bool
    rude: bool
    quote: Quote


@dataclass(frozen=True)
class LanguageModelUsage:
    """Usage of an analysis. ``cost_usd`` is None if the configuration has no prices."""

    requests: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None = None


@dataclass(frozen=True)
class ContactSummary:
    """Output of llm-analyzer. A field is None if the conversation does not show it.

    ``still_open`` is what the call left open: a refused or pending issue; None if nothing is. ``uncertain`` names the
    claims ("issue", "outcome", ...) that are the best candidate only. ``engine`` and ``model`` name the engine that
    made the summary, if it can differ from the configured engine (a fallback); if empty, the configured engine made it.
    ``claims`` and ``claim_counts`` are a language model's; ``replaced`` names the fields whose claim was not proven and
    in which the extractive engine's candidate stands; ``corrected`` names the fields that a person wrote. ``tones`` are
    a language model's judgements of single turns.
    """

    summary: Claim | None
    topic: Claim | None
    issue: Claim | None
    outcome: Claim | None
    resolved: bool | None
    action_items: tuple[ActionItem, ...] = ()
    engine: str = ""
    model: str = ""
    usage: LanguageModelUsage | None = None
    flags: tuple[Flag, ...] = ()
    still_open: Claim | None = None
    uncertain: tuple[str, ...] = ()
    claims: tuple[CheckedClaim, ...] = ()
    claim_counts: ClaimCounts | None = None
    replaced: tuple[str, ...] = ()
    tones: tuple[TurnTone, ...] = ()
    corrected: tuple[str, ...] = ()


# ---------------------------------------------------------------- how the work went


@dataclass(frozen=True)
class StageFailure:
    """Replaces the output of an optional stage that failed."""

    stage: str
    code: str
    message: str


@dataclass(frozen=True)
class StageRun:
    """One stage's run on one call; becomes an entry of ``job_details.stages``."""

    name: str
    status: StageStatus
    attempts: int = 0
    duration_s: float = 0.0
    application: str = ""
    engine: str = ""
    model: str = ""
    model_revision: str = ""
    config_hash: str = ""
    error_code: str = ""
    error_message: str = ""
