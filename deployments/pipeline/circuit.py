"""A circuit breaker for each application that works for the pipeline (Nygard, "Release It!", 2007).

While a stage is broken, calls do not queue before it: they go back to the queue, keep what their other stages have
done, and leave their places in the pipeline to calls that can continue. Sometimes one call probes the stage; the
first success lets all through again.

None of the five libraries that were read and tried for it (MIT or BSD; November 2026). In their half-open state
purgatory 3.0.1, circuitbreaker 2.1.3, asyncbreaker 2.1.1 and aiobreaker 1.2.0 let through all calls that arrive at once
(10 of 10 calls), where one probe is wanted: a stage that hangs would hold every call of the pipeline for a time-out.
pybreaker 1.4.1 is asynchronous with tornado only. All count failures, while here one call that kills its replica every
time must not close the stage to others; and none lengthens its pause from probe to probe. Both would have to be built
around the library, and are all there is in this file.
"""

from __future__ import annotations

import time
from collections.abc import Callable

CALLS_TO_OPEN = 2
"""Different calls that fail in a row: one may be at fault itself, two are not."""

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 60.0
"""Pauses between two probes; doubled by each. A probe is cheap, and calls should not wait long after a repair."""


class Circuit:
    """State of one application, as one pipeline replica sees it. Not thread-safe: it belongs to an event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failing: set[str] = set()
        self._pause_s = FIRST_PAUSE_S
        self._next_probe: float | None = None

    @property
    def is_open(self) -> bool:
        return self._next_probe is not None

    @property
    def pause_s(self) -> float:
        """From one probe to the next."""
        return self._pause_s

    def admit(self) -> float:
        """0.0: the call may go on. Else the seconds until it is worth another try.

        Where the circuit is open and a probe is due, the caller is the probe. The next is let in after the next
        pause, whatever becomes of this one.
        """
        if self._next_probe is None:
            return 0.0
        left_s = self._next_probe - self._clock()
        if left_s > 0:
            return left_s
        self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s)
        self._next_probe = self._clock() + self._pause_s
        return 0.0

    def succeeded(self) -> None:
        self._failing.clear()
        self._pause_s = FIRST_PAUSE_S
        self._next_probe = None

    def failed(self, call_id: str) -> None:
        """An attempt on this call failed, and not by what the engine says of its input."""
        self._failing.add(call_id)

    def gave_up(self, call_id: str) -> bool:
        """The last attempt on this call failed. True: so do others, it is the stage; the circuit is open."""
        self.failed(call_id)
        if len(self._failing) >= CALLS_TO_OPEN:
            self.open()
        return self.is_open

    def open(self) -> None:
        """The application does not answer at all: no call can be at fault."""
        if self._next_probe is None:
            self._next_probe = self._clock() + self._pause_s
