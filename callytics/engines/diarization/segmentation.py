"""Activity of up to three local speakers in each 10 s window: pyannote segmentation-3.0 in ONNX.

The windows slide over the recording; the labels of a window are meaningless outside it. Paper: Plaquet and Bredin,
"Powerset multi-class cross entropy loss for neural speaker diarization", Interspeech 2023.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from callytics.domain import Pcm
from callytics.engines.batch_order import Kind
from callytics.engines.batch_queue import BatchQueue

WINDOW_SAMPLES = 160_000
FRAME_SHIFT_SAMPLES = 270
FRAMES_PER_WINDOW = 589
_RECEPTIVE_FIELD_SAMPLES = 991
_SAMPLE_RATE_HZ = 16_000
FRAME_SHIFT_S = FRAME_SHIFT_SAMPLES / _SAMPLE_RATE_HZ
FIRST_FRAME_S = _RECEPTIVE_FIELD_SAMPLES / 2 / _SAMPLE_RATE_HZ
"""The middle of frame 0."""
MAX_LOCAL_SPEAKERS = 3
POWERSET = np.array(
    [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]], dtype=np.float32
)
"""The local speakers that are active in each of the seven classes."""
_BATCH_WINDOWS = 8
_ASKED_AT_ONCE = 8 * _BATCH_WINDOWS
"""Windows that one call has in the queue: 16 kB of probabilities come back for each."""

Classes = npt.NDArray[np.float32]
"""Probabilities of the seven classes, shape (589, 7)."""


@dataclass(frozen=True, eq=False)
class _Window:
    pcm: Pcm
    channel: int
    first_sample: int


@dataclass(frozen=True, eq=False)
class Activity:
    """Local speakers over all windows.

    Attributes:
        probabilities: activity of each local speaker, shape (num_windows, 589, 3), float16.
        first_frames: the global frame at which each window starts, shape (num_windows,).
        num_frames: frames of the recording; the middle of frame i is at FIRST_FRAME_S + i * FRAME_SHIFT_S.
        speech: probability of speech, averaged over windows, shape (num_frames,).
    """

    probabilities: npt.NDArray[np.float16]
    first_frames: npt.NDArray[np.int64]
    num_frames: int
    speech: npt.NDArray[np.float32]


class Segmenter:
    """Runs the segmentation model. Safe to call from several threads.

    Args:
        path: the ONNX file; input (batch, 1, 160000) float32, output (batch, 589, 7) log probabilities.
        num_threads: threads per call.
        num_workers: batches at once that the windows of all calls share; 0: each call computes its own. The activity
            is the same bit for bit: each row of the model's output is computed as if it were alone
            (tests/contract/test_diarization_across_calls.py).
    """

    def __init__(self, path: Path, num_threads: int, num_workers: int = 0) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = num_threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._queue: BatchQueue[_Window, Classes] | None = None
        if num_workers:
            kind = Kind("windows", _BATCH_WINDOWS)  # all have the same length
            self._queue = BatchQueue(
                lambda windows, _: self._classes(windows),
                kind=lambda window: kind,
                num_workers=num_workers,
                name="windows",
            )

    def close(self) -> None:
        """End the threads of the queue of windows."""
        if self._queue is not None:
            self._queue.close()

    def __call__(self, pcm: Pcm, channel: int, step_s: float) -> Activity:
        """Run over one channel.

        Args:
            pcm: 16 kHz.
            step_s: step between windows, rounded to whole frames; at most 10.

        Memory: 3.5 kB per window and 4 bytes per frame; 3 hours with a step of 2.5 s need 18 MB.
        """
        step_frames = max(1, min(FRAMES_PER_WINDOW, round(step_s / FRAME_SHIFT_S)))
        num_frames = num_frames_of(pcm.num_samples)
        num_windows = 1 + max(0, -(-(num_frames - FRAMES_PER_WINDOW) // step_frames)) if num_frames else 0
        first_frames = np.arange(num_windows, dtype=np.int64) * step_frames
        probabilities = np.zeros((num_windows, FRAMES_PER_WINDOW, MAX_LOCAL_SPEAKERS), np.float16)
        total = np.zeros(num_frames + FRAMES_PER_WINDOW, np.float32)
        weight = np.zeros_like(total)
        # The middle of a window has context on both sides, so it counts more.
        taper = np.hamming(FRAMES_PER_WINDOW).astype(np.float32)
        for index, classes in self._windows(pcm, channel, first_frames):
            probabilities[index] = classes @ POWERSET
            frames = slice(int(first_frames[index]), int(first_frames[index]) + FRAMES_PER_WINDOW)
            total[frames] += taper * (1.0 - classes[:, 0])
            weight[frames] += taper
        speech = np.asarray(total[:num_frames] / np.maximum(weight[:num_frames], 1e-9), np.float32)
        return Activity(probabilities, first_frames, num_frames, speech)

    def _windows(
        self, pcm: Pcm, channel: int, first_frames: npt.NDArray[np.int64]
    ) -> Iterator[tuple[int, Classes]]:
        """Class probabilities of each window, shape (589, 7)."""
        windows = [
            _Window(pcm, channel, int(first_frame) * FRAME_SHIFT_SAMPLES) for first_frame in first_frames
        ]
        step, classes_of = (
            (_BATCH_WINDOWS, self._classes) if self._queue is None else (_ASKED_AT_ONCE, self._queue)
        )
        for start in range(0, len(windows), step):
            yield from enumerate(classes_of(windows[start : start + step]), start)

    def _classes(self, windows: Sequence[_Window]) -> list[Classes]:
        """The last windows of a recording are padded with silence."""
        batch = np.zeros((len(windows), 1, WINDOW_SAMPLES), np.float32)
        for row, window in enumerate(windows):
            samples = window.pcm.samples(
                window.channel, window.first_sample, window.first_sample + WINDOW_SAMPLES
            )
            batch[row, 0, : len(samples)] = samples / np.float32(32768.0)
        (log_probabilities,) = self._session.run(["log_probabilities"], {"waveforms": batch})
        return list(np.exp(log_probabilities))


def num_frames_of(num_samples: int) -> int:
    """Number of frames whose middle is inside the recording."""
    return max(0, -(-(num_samples - _RECEPTIVE_FIELD_SAMPLES // 2) // FRAME_SHIFT_SAMPLES))


def runs(active: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Runs of true, half-open, shape (num_runs, 2)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], active.astype(np.int8), [0]])))
    return edges.reshape(-1, 2).astype(np.int64)


def frame_to_s(frame: float) -> float:
    """The border between ``frame - 1`` and ``frame``."""
    return FIRST_FRAME_S + (frame - 0.5) * FRAME_SHIFT_S
