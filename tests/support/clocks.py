"""Time that passes when told to."""

from __future__ import annotations


class Clock:
    """Seconds since the epoch, or since whatever the test counts from."""

    def __init__(self, now_s: float = 1_800_000_000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s
