"""One process at a time, where several share a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(path: Path, on_wait: Callable[[], None], mode: int = 0o600) -> Iterator[None]:
    """Hold the lock file ``path``; the lock goes with the process, however it ends.

    Args:
        on_wait: called once, if another process holds it.
        mode: of a file that is made.

    Raises:
        OSError: the file cannot be written, or its file system has no locks.
    """
    from filelock import FileLock, Timeout  # here: importing it takes longer than importing the library

    # Without a fallback: a lock that is only a file would outlive a process that is killed.
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
