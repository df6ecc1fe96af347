"""Which call the code at hand works on. A log line names it, and no function has to hand it on for that.

A context variable: tasks copy it where they are created, and `asyncio.to_thread` hands it to threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class CallContext:
    call_id: str
    tenant: str


_current: ContextVar[CallContext | None] = ContextVar("callytics_call", default=None)


def current_call() -> CallContext | None:
    return _current.get()


@contextmanager
def working_on(call: CallContext | None) -> Iterator[None]:
    """None: on no call that is known."""
    token = _current.set(call)
    try:
        yield
    finally:
        _current.reset(token)
