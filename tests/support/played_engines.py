"""Engines that find one short conversation, for tests of the graph."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from callytics.config import ENGINE_STAGES
from callytics.domain import (
    Acoustics,
    Audio,
    CallOptions,
    Claim,
    ContactSummary,
    Conversation,
    Media,
    Pcm,
    Recording,
    SentimentAnalysis,
    SentimentLabel,
    TurnSentiment,
)
from callytics.errors import InvalidMediaError
from tests.support.conversations import stereo

DIARIZATION, TRANSCRIPT = stereo(
    (0, 0.0, 2.0, "안녕하세요 무엇을 도와드릴까요"), (1, 2.5, 4.0, "환불해 주세요"), duration_s=5.0
)


class Engine:
    model = "test-model"
    model_revision = "r1"

    def __init__(self, error: str | None = None) -> None:
        self.error = error

    def __call__(self, *inputs: Any) -> Any:
        if self.error == "media":
            raise InvalidMediaError("media_empty", "The file is empty.")
        if self.error:
            raise ValueError(self.error)
        return self.run(*inputs)

    def run(self, *inputs: Any) -> Any:
        raise NotImplementedError


class AudioEngine(Engine):
    def run(self, recording: Recording, options: CallOptions) -> Audio:
        pcm = Pcm.from_array(np.zeros((2, 80_000), np.int16), 16_000)
        return Audio(
            pcm, Media("0" * 64, "wav", "pcm_s16le", 8000, 2, 5.0), Acoustics(-20, -20, 30, 0, 0.2), (0, 1)
        )


class Diarizer(Engine):
    def run(self, audio: Audio, options: CallOptions) -> Any:
        return DIARIZATION


class Recognizer(Engine):
    def run(self, audio: Audio, options: CallOptions) -> Any:
        return TRANSCRIPT


class Punctuation(Engine):
    def run(self, conversation: Conversation) -> Conversation:
        return replace(
            conversation, turns=tuple(replace(t, content=t.content + ".") for t in conversation.turns)
        )


class Sentiment(Engine):
    def run(self, conversation: Conversation) -> SentimentAnalysis:
        turns = tuple(TurnSentiment(t.id, SentimentLabel.NEUTRAL, 0.1, 0.8, 0.1) for t in conversation.turns)
        return SentimentAnalysis(turns, (), (), None, ())


class Analysis(Engine):
    evidence = "t2"

    def run(self, conversation: Conversation) -> ContactSummary:
        claim = Claim("환불해 주세요.", (self.evidence,))
        return ContactSummary(claim, claim, claim, None, None)


class InventingAnalysis(Analysis):
    evidence = "t99"


CLASSES = dict(
    zip(ENGINE_STAGES, (AudioEngine, Diarizer, Recognizer, Punctuation, Sentiment, Analysis), strict=True)
)
