"""Locks for folders that several processes share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(path: Path, on_wait: Callable[[], None], mode: int = 0o600) -> Iterator[None]:
    """Hold the lock file ``path``. The lock ends with the process, even after a crash.

    Args:
        on_wait: called once, if another process holds it.
        mode: permissions of a new file.

    Raises:
        OSError: the file cannot be written, or its file system has no locks.
    """
    from filelock import (
        FileLock,
        Timeout,
    )  # imported here: it takes longer to import than the rest of the library

    # Without a fallback: a lock that is only a file would outlive a killed process.
    lock = FileLock(path, mode=mode, fallback_to_soft=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        on_wait()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
