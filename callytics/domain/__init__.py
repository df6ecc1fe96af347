"""The data that flows between the stages: frozen dataclasses, seconds as floats, no numpy in a pickle.

    request.py       what is asked for
    audio.py         samples and measurements
    participants.py  who speaks when
    recognition.py   words
    conversation.py  turns
    corrections.py   what people corrected
    sentiment.py     moods
    quality.py       how the agent communicated
    summary.py       what it was about
    flag.py work.py  remarks; states of stages and calls

Each stage may run in its own environment with its own versions of all packages, so only types of the standard
library and of this package cross a stage boundary. Samples are sent as :class:`Pcm`, a buffer that pickles out of
band and is read from Ray's object store without a copy.

Times are seconds from the start of the recording (``start_s`` inclusive, ``end_s`` exclusive).
"""

from typing import Any

from callytics.domain.audio import (
    PIPELINE_SAMPLE_RATE_HZ,
    VOICE_LEVEL_STEP_DB,
    VOICE_LOWEST_DBFS,
    VOICE_LOWEST_HZ,
    VOICE_STEPS_PER_SEMITONE,
    Acoustics,
    Announcement,
    Audio,
    Media,
    Pcm,
    VoiceSample,
    VoiceTrack,
)
from callytics.domain.conversation import Conversation, PiiKind, Redaction, Sentence, Turn, TurnVoice
from callytics.domain.corrections import Correction, CorrectionKind, CorrectionOutcome, CorrectionStatus
from callytics.domain.flag import Flag
from callytics.domain.participants import Diarization, Participant, Role, RoleSource, SpeechSegment
from callytics.domain.quality import ConductLapse, CriterionState, QualityCriterion
from callytics.domain.recognition import DroppedText, DropReason, HeardWindow, LanguageScore, Transcript, Word
from callytics.domain.request import CallOptions, Denoise, KnownSpeaker, Recording, Task
from callytics.domain.sentiment import (
    POSSIBLE_IRONY,
    MoodDirection,
    SentimentAnalysis,
    SentimentLabel,
    TermCount,
    TurnSentiment,
)
from callytics.domain.summary import (
    ActionItem,
    CheckedClaim,
    Claim,
    ClaimCounts,
    ContactSummary,
    LanguageModelUsage,
    Proof,
    Quote,
    TurnTone,
)
from callytics.domain.work import JobStatus, StageFailure, StageRun, StageStatus

__all__ = [
    "PIPELINE_SAMPLE_RATE_HZ",
    "POSSIBLE_IRONY",
    "VOICE_LEVEL_STEP_DB",
    "VOICE_LOWEST_DBFS",
    "VOICE_LOWEST_HZ",
    "VOICE_STEPS_PER_SEMITONE",
    "Acoustics",
    "ActionItem",
    "Announcement",
    "Audio",
    "CallOptions",
    "CheckedClaim",
    "Claim",
    "ClaimCounts",
    "ConductLapse",
    "ContactSummary",
    "Conversation",
    "Correction",
    "CorrectionKind",
    "CorrectionOutcome",
    "CorrectionStatus",
    "CriterionState",
    "Denoise",
    "Diarization",
    "DropReason",
    "DroppedText",
    "Flag",
    "HeardWindow",
    "JobStatus",
    "KnownSpeaker",
    "LanguageModelUsage",
    "LanguageScore",
    "Media",
    "MoodDirection",
    "Participant",
    "Pcm",
    "PiiKind",
    "Proof",
    "QualityCriterion",
    "Quote",
    "Recording",
    "Redaction",
    "Role",
    "RoleSource",
    "Sentence",
    "SentimentAnalysis",
    "SentimentLabel",
    "SpeechSegment",
    "StageFailure",
    "StageRun",
    "StageStatus",
    "Task",
    "TermCount",
    "Transcript",
    "Turn",
    "TurnSentiment",
    "TurnTone",
    "TurnVoice",
    "VoiceSample",
    "VoiceTrack",
    "Word",
]

# A pickle names the module of each class. While a deploy is rolling it is read by code of another version, in which the
# file of a class may be another (this package was one module once): so pickles name the package.
_defined: dict[str, Any] = globals()
for _name in __all__:
    if isinstance(_defined[_name], type):
        _defined[_name].__module__ = __name__
