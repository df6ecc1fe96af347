"""Engines without models for tests of the deployments: quick, deterministic, and obvious in a result."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from callytics.domain import (
    Acoustics,
    Audio,
    CallOptions,
    ContactSummary,
    Conversation,
    Diarization,
    LanguageScore,
    Media,
    Participant,
    Pcm,
    Recording,
    Role,
    RoleSource,
    SentimentAnalysis,
    SentimentLabel,
    SpeechSegment,
    Transcript,
    Turn,
    TurnSentiment,
    Word,
)
from callytics.engines.batch_order import Kind
from callytics.engines.batch_queue import BatchQueue
from callytics.errors import InvalidMediaError

MEDIA = Media("0" * 64, "wav", "pcm_s16le", 16_000, 2, 2.0)


class _Tiny:
    model = "tiny"
    model_revision = "1"

    def __init__(
        self,
        delay_s: float = 0.0,
        fail: bool = False,
        die_file: str = "",
        fail_file: str = "",
        hang_file: str = "",
        broken_file: str = "",
    ) -> None:
        if broken_file and os.path.exists(broken_file):
            raise RuntimeError("told not to start")
        self._delay_s = delay_s
        self._fail = fail
        self._die_file = die_file
        self._fail_file = fail_file
        self._hang_file = hang_file

    def visible_gpus(self) -> str:
        """What Ray gave this replica: "0" for a share of the first card, "" for none."""
        return os.environ.get("CUDA_VISIBLE_DEVICES", "")

    def _work(self) -> None:
        time.sleep(self._delay_s)
        if self._die_file and os.path.exists(self._die_file):
            os.unlink(self._die_file)
            os.kill(os.getpid(), 9)
        while self._hang_file and os.path.exists(self._hang_file):
            time.sleep(0.05)
        if self._fail:
            raise RuntimeError("told to fail")
        if self._fail_file and os.path.exists(self._fail_file):
            raise RuntimeError(Path(self._fail_file).read_text() or "told to fail")


class TinyAudioProcessor(_Tiny):
    def __call__(self, recording: Recording, options: CallOptions) -> Audio:
        self._work()
        is_file = os.path.isfile(recording.uri)
        if recording.uri.endswith("bad.wav") or (is_file and Path(recording.uri).read_bytes() == b"bad"):
            raise InvalidMediaError("media_undecodable", "told to reject")
        pcm = Pcm(bytes(2 * 2 * 32_000), 2, 32_000, 16_000)
        return Audio(pcm, MEDIA, Acoustics(-20.0, -20.0, 30.0, 0.0, 0.1), (0, 1))

    def probe(self, recording: Recording, options: CallOptions, max_duration_s: float) -> Media:
        return MEDIA

    def convert(self, uri: str, audio_format: str) -> bytes:
        return audio_format.encode()


class TinyDiarizer(_Tiny):
    def __call__(self, audio: Audio, options: CallOptions) -> Diarization:
        self._work()
        assert len(bytes(audio.pcm.buffer)) == 2 * audio.pcm.num_channels * audio.pcm.num_samples > 0
        segments = (SpeechSegment(0.0, 1.0, "spk_0", 0), SpeechSegment(1.0, 2.0, "spk_1", 1))
        participants = (
            Participant("spk_0", Role.AGENT, RoleSource.CHANNEL, 1.0, 0),
            Participant("spk_1", Role.CUSTOMER, RoleSource.CHANNEL, 1.0, 1),
        )
        return Diarization(segments, participants, True, 2.0)


class TinyRecognizer(_Tiny):
    def __init__(self, customer_says: str = "Hi.", **options: Any) -> None:
        super().__init__(**options)
        self._customer_says = customer_says.split()

    def __call__(self, audio: Audio, options: CallOptions) -> Transcript:
        self._work()
        step_s = 0.8 / len(self._customer_says)
        said = (
            Word(text, 1.1 + i * step_s, 1.1 + (i + 1) * step_s, 0.9, 1)
            for i, text in enumerate(self._customer_says)
        )
        words = (Word("Hello.", 0.1, 0.9, 0.9, 0), *said)
        return Transcript(words, "en", (LanguageScore("en", 1.0),), 2.0)


class TinyPunctuation(_Tiny):
    """Its turns go through a queue of batches, as those of the engine with a model."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._queue: BatchQueue[Turn, Turn] = BatchQueue(
            lambda turns, _: turns, kind=lambda turn: Kind("turns", 8), name="turns"
        )

    def __call__(self, conversation: Conversation) -> Conversation:
        self._work()
        return replace(conversation, turns=tuple(self._queue(conversation.turns)))

    def close(self) -> None:
        self._queue.close()


class TinySentiment(_Tiny):
    def __call__(self, conversation: Conversation) -> SentimentAnalysis:
        self._work()
        turns = tuple(TurnSentiment(t.id, SentimentLabel.NEUTRAL, 0.1, 0.8, 0.1) for t in conversation.turns)
        return SentimentAnalysis(turns, (), (), None, ())

    def batch(self, calls: list[tuple[Conversation]]) -> list[SentimentAnalysis]:
        return [self(*call) for call in calls]


class TinyAnalyzer(_Tiny):
    def __call__(self, conversation: Conversation) -> ContactSummary:
        self._work()
        return ContactSummary(None, None, None, None, None)
