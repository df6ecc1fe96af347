"""Which call a thread works for, as the queue of batches needs to know it: to be fair to it, and to forget it.

The shell of a stage gives every request a ticket. A call that is cancelled, or whose time is over, cancels its
ticket: what still waits for it is dropped before it is computed. Without a shell (tests, `callytics analyze`) a
thread has none, and the queue gives each of its requests one.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_numbers = itertools.count()


class Ticket:
    """One call at work. Safe to use from several threads.

    Attributes:
        number: in the order of arrival.
    """

    def __init__(self) -> None:
        self.number = next(_numbers)
        self._lock = threading.Lock()
        self._is_cancelled = False
        self._to_tell: dict[int, Callable[[], None]] = {}

    def cancel(self) -> None:
        """The call is not wanted any more; a second time changes nothing."""
        with self._lock:
            self._is_cancelled = True
            told = list(self._to_tell.values())
            self._to_tell.clear()
        for tell in told:
            tell()

    def when_cancelled(self, tell: Callable[[], None]) -> Callable[[], None]:
        """``tell`` once if the call is cancelled, at once if it is already. Returns what takes that back."""
        with self._lock:
            if not self._is_cancelled:
                self._to_tell[id(tell)] = tell
                return lambda: self._forget(id(tell))
        tell()
        return lambda: None

    def _forget(self, number: int) -> None:
        with self._lock:
            self._to_tell.pop(number, None)


_current: ContextVar[Ticket | None] = ContextVar("callytics_ticket", default=None)


def current_ticket() -> Ticket | None:
    return _current.get()


@contextmanager
def working_for(ticket: Ticket) -> Iterator[None]:
    token = _current.set(ticket)
    try:
        yield
    finally:
        _current.reset(token)
