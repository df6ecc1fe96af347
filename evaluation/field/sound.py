"""Where the served sound stands in time, against a control of the same speech: by loudness, without any recogniser."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from evaluation.field.judges import Problems

Envelope = npt.NDArray[np.float64]

FRAME_S = 0.02
WINDOW_S = 4.0
"""Stretch that is compared at the beginning and at the end of the speech."""
SEARCHED_S = 3.0
MAX_LAG_S = 0.1
"""Issue 16: words stand where ``/audio`` plays them, within 100 ms."""
MIN_CORRELATION = 0.6


def envelope(samples: npt.NDArray[np.float32], rate_hz: int) -> Envelope:
    """Loudness per FRAME_S, compressed so that soft syllables count."""
    size = round(FRAME_S * rate_hz)
    frames = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64)
    return np.asarray(np.sqrt(np.sqrt((frames**2).mean(axis=1))))


def played_at(served: Envelope, control: Envelope, moved: Callable[[float], float]) -> Problems:
    """The served sound has the control's first and last seconds of speech at ``moved`` of their time."""
    loud = np.flatnonzero(control > 0.5 * control.max(initial=0.0))
    if not len(loud):
        return ["the control is silent"]
    width = min(round(WINDOW_S / FRAME_S), len(control))
    problems: Problems = []
    for name, first in (
        ("beginning", min(int(loud[0]), len(control) - width)),
        ("end", max(0, int(loud[-1]) + 1 - width)),
    ):
        lag_s, correlation = lag(served, control[first : first + width], moved((first + width / 2) * FRAME_S))
        if correlation < MIN_CORRELATION:
            problems.append(f"the {name} is not heard in the served sound")
        elif abs(lag_s) > MAX_LAG_S:
            problems.append(f"the {name} is played {lag_s:+.2f} s off")
    return problems


def lag(served: Envelope, pattern: Envelope, middle_s: float) -> tuple[float, float]:
    """How much later than ``middle_s`` the middle of the pattern is, and the correlation there."""
    reach, expected = round(SEARCHED_S / FRAME_S), round(middle_s / FRAME_S) - len(pattern) // 2
    best_lag, best = 0, -1.0
    for shift in range(-reach, reach + 1):
        first = expected + shift
        if first < 0 or first + len(pattern) > len(served):
            continue
        part = served[first : first + len(pattern)]
        spread = float(part.std() * pattern.std())
        value = (
            float(((part - part.mean()) * (pattern - pattern.mean())).mean()) / spread if spread > 0 else 0.0
        )
        if value > best:
            best_lag, best = shift, value
    return best_lag * FRAME_S, best
