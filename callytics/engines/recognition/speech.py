"""Finds speech and cuts it into windows for Whisper.

Whisper processes 30 s at a time and invents text where there is no speech. So it gets only speech: voice activity
detection (Silero v6, MIT, the ONNX file of the faster-whisper wheel) finds spans, the spans are padded and packed into
windows without the silence between them (on one channel for all, without the long silence: docs/adr/0035), and a window
converts its times back to times of the call.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from callytics.domain import PIPELINE_SAMPLE_RATE_HZ, Pcm

FRAME_SAMPLES = 512  # one decision of Silero
FRAME_S = FRAME_SAMPLES / PIPELINE_SAMPLE_RATE_HZ
BLOCK_FRAMES = 1875  # one minute per step, so memory does not grow with the call
LEAD_FRAMES = 31  # one extra second before each block, in which the recurrent state settles
HYSTERESIS = 0.15
PAUSE = 0.35
"""Speech ends ``HYSTERESIS`` below the threshold of its start, as with Silero, but not below this, where it ends for a
start at Silero's 0.5. A lower threshold then finds softer speech and keeps the pauses: without them, Whisper
skips sentences (docs/adr/0010)."""

SURE_SPEECH = 0.5  # Silero's own threshold
NEAR_S = 10.0
"""A span in which the detector is never sure counts only this near to one in which it is: a soft voice belongs to a
conversation, noise does not."""


@dataclass(frozen=True)
class Span:
    """A stretch of one channel. Seconds from the start of the call."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Window:
    """Parts of one channel, in order, that Whisper receives joined, without the sound between them.

    Attributes:
        language: the language to decode it in; "": that of the call.
        doubtful: the share of it that sounded like another language.
        before: tokens of the text before it, its prompt; a part of it has the same.
    """

    channel: int
    pieces: tuple[Span, ...]
    language: str = ""
    doubtful: float = 0.0
    before: tuple[int, ...] = ()

    @property
    def duration_s(self) -> float:
        return sum(piece.duration_s for piece in self.pieces)

    def samples(self, pcm: Pcm) -> npt.NDArray[np.float32]:
        """Shape (num_samples,), in [-1, 1]."""
        return np.concatenate(
            [pcm.float32(self.channel, piece.start_s, piece.end_s) for piece in self.pieces]
        )

    def in_call(self, start_s: float, end_s: float) -> Span:
        """Convert window time to call time. A span across a joint belongs to the part that contains its middle."""
        middle_s, offset_s = (start_s + end_s) / 2, 0.0
        for piece in self.pieces:
            if middle_s <= offset_s + piece.duration_s or piece is self.pieces[-1]:
                shift_s = piece.start_s - offset_s
                start_s = min(max(start_s + shift_s, piece.start_s), piece.end_s)
                return Span(start_s, min(max(end_s + shift_s, start_s), piece.end_s))
            offset_s += piece.duration_s
        raise ValueError("a window without pieces has no times")

    def halves(self) -> tuple[Window, ...]:
        """Two windows of about the same length, cut between pieces; the window itself if it has only one piece."""
        if len(self.pieces) < 2:
            return (self,)
        sums = np.cumsum([piece.duration_s for piece in self.pieces])[:-1]
        cut = int(np.argmin(np.abs(sums - self.duration_s / 2))) + 1
        first, second = self.pieces[:cut], self.pieces[cut:]
        return replace(self, pieces=first), replace(self, pieces=second)


class SpeechDetector:
    """Silero VAD, block by block. Safe to call from several threads."""

    def __init__(self) -> None:
        from faster_whisper.vad import get_vad_model

        self._model = get_vad_model()

    def __call__(self, pcm: Pcm, channel: int) -> npt.NDArray[np.float32]:
        """Probability of speech per 32 ms, shape (num_frames,)."""
        num_frames = -(-pcm.num_samples // FRAME_SAMPLES)
        blocks = [
            self._block(pcm, channel, start, min(start + BLOCK_FRAMES, num_frames))
            for start in range(0, num_frames, BLOCK_FRAMES)
        ]
        return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)

    def _block(self, pcm: Pcm, channel: int, start: int, end: int) -> npt.NDArray[np.float32]:
        lead = max(0, start - LEAD_FRAMES)
        samples = pcm.float32(channel, lead * FRAME_S, end * FRAME_S)
        samples = np.pad(samples, (0, (end - lead) * FRAME_SAMPLES - len(samples)))
        probabilities: npt.NDArray[np.float32] = np.asarray(self._model(samples), np.float32).reshape(-1)
        return probabilities[start - lead :]


def speech_spans(
    probabilities: npt.NDArray[np.float32], threshold: float, min_speech_s: float, min_silence_s: float
) -> list[Span]:
    """Spans that start at ``threshold`` and end when the probability stays below that of the end (PAUSE).

    Args:
        probabilities: shape (num_frames,), one per 32 ms.
        min_speech_s: shorter spans are dropped.
        min_silence_s: shorter pauses do not end a span.
    """
    end_threshold = min(threshold, max(threshold - HYSTERESIS, PAUSE))
    spans: list[Span] = []
    start: int | None = None
    quiet_from: int | None = None

    def close(end: int) -> None:
        if start is not None and (end - start) * FRAME_S >= min_speech_s:
            spans.append(Span(start * FRAME_S, end * FRAME_S))

    for frame, probability in enumerate(probabilities.tolist()):
        if probability >= threshold:
            start = frame if start is None else start
            quiet_from = None
        elif start is not None and probability < end_threshold:
            quiet_from = frame if quiet_from is None else quiet_from
            if (frame - quiet_from) * FRAME_S >= min_silence_s:
                close(quiet_from)
                start = quiet_from = None
    close(len(probabilities) if quiet_from is None else quiet_from)
    return spans


def without_doubtful(spans: Sequence[Span], probabilities: npt.NDArray[np.float32]) -> list[Span]:
    """The spans that are sure speech, and those near to one: a low threshold finds soft voices, and noise as well.

    Args:
        probabilities: shape (num_frames,), one per 32 ms.
    """
    sure = [span for span in spans if _peak(span, probabilities) >= SURE_SPEECH]
    starts_s = np.array([span.start_s for span in sure])
    ends_s = np.array([span.end_s for span in sure])
    return [
        span
        for span in spans
        if np.any((starts_s <= span.end_s + NEAR_S) & (ends_s >= span.start_s - NEAR_S))
    ]


def _peak(span: Span, probabilities: npt.NDArray[np.float32]) -> float:
    return float(probabilities[round(span.start_s / FRAME_S) : round(span.end_s / FRAME_S)].max(initial=0.0))


def pad_spans(spans: Sequence[Span], pad_s: float, duration_s: float) -> list[Span]:
    """Each span extended by ``pad_s`` on both sides; two spans that would overlap meet in the middle."""
    padded = []
    for i, span in enumerate(spans):
        earliest = (spans[i - 1].end_s + span.start_s) / 2 if i else 0.0
        latest = (span.end_s + spans[i + 1].start_s) / 2 if i + 1 < len(spans) else duration_s
        padded.append(Span(max(span.start_s - pad_s, earliest), min(span.end_s + pad_s, latest)))
    return padded


def split_long(
    spans: Iterable[Span], probabilities: npt.NDArray[np.float32], max_duration_s: float
) -> list[Span]:
    """Cut spans longer than a window at the least likely speech in the last third of a window."""
    parts = []
    for span in spans:
        start_s = span.start_s
        while span.end_s - start_s > max_duration_s:
            first = round((start_s + max_duration_s * 2 / 3) / FRAME_S)
            last = max(first + 1, int((start_s + max_duration_s) / FRAME_S))
            cut_s = (first + int(np.argmin(probabilities[first:last]))) * FRAME_S
            parts.append(Span(start_s, cut_s))
            start_s = cut_s
        parts.append(Span(start_s, span.end_s))
    return parts


def pack(
    spans: Sequence[Span], channel: int, max_duration_s: float, max_pause_s: float = float("inf")
) -> list[Window]:
    """Pack consecutive spans into windows of at most ``max_duration_s`` of sound.

    Args:
        max_pause_s: spans further apart in the call do not share a window.
    """
    windows: list[Window] = []
    pieces: list[Span] = []
    for span in spans:
        total_s = sum(piece.duration_s for piece in pieces) + span.duration_s
        if pieces and (total_s > max_duration_s or span.start_s - pieces[-1].end_s > max_pause_s):
            windows.append(Window(channel, tuple(pieces)))
            pieces = []
        pieces.append(span)
    if pieces:
        windows.append(Window(channel, tuple(pieces)))
    return windows
