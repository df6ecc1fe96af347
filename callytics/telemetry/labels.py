"""The values that labels may have. A label never holds a call's id or a caller's text: each has a closed list, or is a
name that the operator wrote into the configuration. What is neither becomes ``other``."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from callytics.config import ENGINE_STAGES
from callytics.domain import JobStatus, PiiKind, Role, SentimentLabel, StageStatus
from callytics.options.languages import LANGUAGES

OTHER = "other"
MAX_NAME = 64
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_NAME - 1}}}")

STAGE_ERROR_CODES = frozenset(
    {
        "agent_channel_unknown", "audio_format_unknown", "config_invalid", "device_unavailable", "device_unknown",
        "engine_not_installed", "engine_options_invalid", "engine_unknown", "known_speaker_inaudible",
        "known_speakers_unsupported", "labels_unknown", "language_unknown", "llm_key_missing", "llm_malformed",
        "llm_rate_limited", "llm_refused", "llm_rejected", "llm_unauthorized", "llm_unavailable", "media_empty",
        "denoise_unknown", "pitch_unknown", "endpoint_unreachable", "media_implausible",
        "media_no_audio", "media_too_complex", "media_too_long", "media_undecodable", "model_invalid",
        "model_missing", "model_unavailable", "model_unknown", "no_answer",
        "num_speakers_invalid", "option_invalid", "options_invalid", "pipeline_invalid", "recording_not_found",
        "stage_crashed", "stage_lost", "stage_not_deployed", "stage_stopping", "stage_timeout", "stage_unavailable",
        "too_long_for_voices", "translation_unsupported", "weights_corrupt", "weights_missing", "weights_unavailable",
    }
)  # fmt: skip
"""With which stages fail. Engines of one's own may have others."""


@dataclass(frozen=True)
class Label:
    """
    Attributes:
        values: the closed list; None: any name as the configuration may have it.
    """

    name: str
    meaning: str
    values: Collection[str] | None = None

    def safe(self, value: str) -> str:
        """The value, or ``other``."""
        if self.values is not None:
            return value if value in self.values else OTHER
        return value if _NAME.fullmatch(value) else OTHER


ENDED = frozenset({JobStatus.COMPLETED, JobStatus.PARTIAL, JobStatus.FAILED, JobStatus.CANCELLED})

STATUS = Label("status", "how the call ended", ENDED)
TENANT_CLASS = Label("tenant_class", "the tenant `default`, or any other", frozenset({"operator", "tenant"}))
LANGUAGE = Label("language", "code of the language; `und`: none recognised", frozenset({*LANGUAGES, "und"}))
PRIORITY = Label("priority", "of the call", frozenset({"high", "normal", "low"}))
STAGE = Label("stage", "name of the pipeline's stage", frozenset(ENGINE_STAGES))
APPLICATION = Label("stage", "name of the Serve application")
VERSION = Label("version", "name of the application that did it, such as `speech-recognizer-v2`")
STAGE_STATUS = Label("status", "how the stage ended", frozenset({StageStatus.COMPLETED, StageStatus.FAILED}))
CODE = Label("code", "code of the error", STAGE_ERROR_CODES)
SENTIMENT = Label("sentiment", "of the turn", frozenset(SentimentLabel))
ROLE = Label("role", "who spoke", frozenset(Role))
TOPIC = Label(
    "topic",
    "of topics.tsv",
    frozenset(
        {
            "account", "appointment", "billing", "cancellation", "card_loss", "complaint", "delivery", "health",
            "inquiry", "insurance_claim", "loan", "order", "other", "plan_change", "public_service", "refund",
            "return_exchange", "sales", "survey", "technical_support", "wrong_number",
        }
    ),
)  # fmt: skip
DIRECTION = Label("direction", "sent to the model, or received", frozenset({"input", "output"}))
OUTCOME = Label(
    "outcome",
    "of one attempt; `failed` is tried again, `given_up` was the last",
    frozenset({"delivered", "failed", "given_up"}),
)
PII_TYPE = Label("type", "kind of personal data", frozenset(PiiKind))
PIECES = Label("pieces", "what a batch is made of", frozenset({"windows", "turns", "sentences", "voices"}))
QUEUE_STATUS = Label("status", "waiting, or at work", frozenset({"QUEUED", "PROCESSING"}))
FOLDER = Label("folder", "of the recordings, or of an SQLite database", frozenset({"blobs", "database"}))
