"""Baselines for our figures: plain faster-whisper, and Silero voice activity per channel.

Plain means the library's own defaults, the same weights, beam 5, the language given, every channel on its own:

    (i)    ``WhisperModel.transcribe``
    (ii)   the same with ``vad_filter=True, word_timestamps=True``
    (iii)  ``BatchedInferencePipeline.transcribe``, batches of 8

Decoding is the library's, not ours. Modes (i) and (iii) fall back to sampling for bad segments, so the random seed is
set before every recording.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from callytics.domain import Role, Word
from callytics.metrics import Interval
from callytics.weights.manifest import pull
from evaluation.hypothesis import Hypothesis

SAMPLE_RATE_HZ = 16_000
CHANNEL_ROLES = (Role.AGENT.value, Role.CUSTOMER.value)
WORD_GAP_S = 0.5
"""Words of mode (ii) nearer than this are one piece of speech, as in the references of the kit."""

SILERO_MIN_SILENCE_MS = 500
SILERO_PAD_MS = 100


@dataclass(frozen=True)
class Mode:
    id: str
    description: str


MODES = (
    Mode("i", "faster-whisper, defaults"),
    Mode("ii", "faster-whisper, VAD filter, word times"),
    Mode("iii", "faster-whisper, batched"),
)


class PlainWhisper:
    """Whisper base, int8, through faster-whisper's own interface. One recording at a time."""

    def __init__(self, model: str = "whisper-base", cpu_threads: int = 2) -> None:
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        self._model = WhisperModel(
            str(pull(model)), device="cpu", compute_type="int8", cpu_threads=cpu_threads
        )
        self._batched = BatchedInferencePipeline(self._model)

    def __call__(self, path: Path, mode: str, language: str | None, num_channels: int) -> Hypothesis:
        """Every channel transcribed separately; the first of two channels is the agent's."""
        import ctranslate2

        ctranslate2.set_random_seed(0)
        start = time.perf_counter()
        segments = [self._segments(samples, mode, language) for samples in decode(path, num_channels)]
        return from_segments(segments, time.perf_counter() - start)

    def _segments(self, samples: Any, mode: str, language: str | None) -> list[Any]:
        if mode == "iii":
            found, _ = self._batched.transcribe(samples, language=language, batch_size=8)
        elif mode == "ii":
            found, _ = self._model.transcribe(
                samples, language=language, vad_filter=True, word_timestamps=True
            )
        else:
            found, _ = self._model.transcribe(samples, language=language)
        return list(found)


def cache_key(mode: str, language: str | None, num_channels: int) -> str:
    """Everything that a baseline's output depends on, except the recording."""
    return f"{mode} {language} {num_channels} {version('faster-whisper')} {version('ctranslate2')}"


def decode(path: Path, num_channels: int) -> list[Any]:
    """float32 samples at 16 kHz, one array of shape (num_samples,) per channel, by faster-whisper's decoder."""
    from faster_whisper.audio import decode_audio

    if num_channels == 1:
        return [decode_audio(str(path), sampling_rate=SAMPLE_RATE_HZ)]
    return list(decode_audio(str(path), sampling_rate=SAMPLE_RATE_HZ, split_stereo=True))


def from_segments(channels: list[list[Any]], wall_s: float) -> Hypothesis:
    """faster-whisper's segments, one list per channel, in the form for scoring."""
    two_parties = len(channels) == 2
    texts = [" ".join(segment.text.strip() for segment in segments) for segments in channels]
    timed: list[tuple[Word, str]] = []
    speech: list[Interval] = []
    for segments, role in zip(channels, CHANNEL_ROLES, strict=False):
        words = [word for segment in segments for word in segment.words or ()]
        timed += [
            (Word(word.word.strip(), float(word.start), float(word.end), float(word.probability)), role)
            for word in words
        ]
        spans = words or segments
        speech += [
            Interval(start_s, end_s, role)
            for start_s, end_s in merge(((float(s.start), float(s.end)) for s in spans), WORD_GAP_S)
        ]
    return Hypothesis(
        text=" ".join(texts),
        text_by_role=dict(zip(CHANNEL_ROLES, texts, strict=True)) if two_parties else {},
        text_by_channel=dict(enumerate(texts)),
        words=tuple(timed),
        speech=tuple(speech) if two_parties else (),
        role_speech=tuple(speech) if two_parties else (),
        wall_s=wall_s,
    )


def merge(spans: Iterable[tuple[float, float]], gap_s: float = 0.0) -> list[tuple[float, float]]:
    """Join spans that overlap or are within ``gap_s`` of each other."""
    merged: list[tuple[float, float]] = []
    for start_s, end_s in sorted(spans):
        if merged and start_s - merged[-1][1] <= gap_s:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end_s))
        else:
            merged.append((start_s, end_s))
    return merged


def silero_channels(path: Path) -> Hypothesis:
    """A stereo call diarized by Silero VAD (the file in faster-whisper's wheel) on each channel."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    start = time.perf_counter()
    options = VadOptions(min_silence_duration_ms=SILERO_MIN_SILENCE_MS, speech_pad_ms=SILERO_PAD_MS)
    speech = tuple(
        Interval(chunk["start"] / SAMPLE_RATE_HZ, chunk["end"] / SAMPLE_RATE_HZ, role)
        for samples, role in zip(decode(path, 2), CHANNEL_ROLES, strict=True)
        for chunk in get_speech_timestamps(samples, options)
    )
    return Hypothesis(speech=speech, role_speech=speech, wall_s=time.perf_counter() - start)
