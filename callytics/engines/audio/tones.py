"""A tone over parts of a recording, which makes the speech there inaudible."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from callytics.engines.audio.frames import Samples

Interval = tuple[float, float]
"""Start and end in seconds."""

TONE_HZ = 1000.0
TONE_AMPLITUDE = 0.1
"""-20 dBFS: the usual level of line-up tones (EBU R 68 puts its own at -18), below the loudest speech."""


def with_tones(
    samples: Samples,
    start_s: float,
    rate_hz: int,
    intervals: Sequence[Interval],
    amplitude: float = TONE_AMPLITUDE,
) -> Samples:
    """The samples with a tone in place of every interval, on all channels: crosstalk carries words as well.

    Args:
        samples: shape (num_channels, num_samples); the first sample is at ``start_s`` of the recording.
        start_s: time in the recording; the tone continues without a click from one block to the next.
        intervals: intervals in the recording.
        amplitude: 0 makes silence.
    """
    first = round(start_s * rate_hz)
    last = first + samples.shape[1]
    covered = [
        (max(round(start * rate_hz), first), min(round(end * rate_hz), last)) for start, end in intervals
    ]
    covered = [(start, end) for start, end in covered if start < end]
    if not covered:
        return samples
    toned = samples.copy()
    for start, end in covered:
        phase = 2 * np.pi * TONE_HZ / rate_hz * np.arange(start, end)
        toned[:, start - first : end - first] = (amplitude * np.sin(phase)).astype(np.float32)
    return toned
