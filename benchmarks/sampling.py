"""A figure that is read again and again in the background, beside the work that it is about."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self


class Sampler:
    """Calls :meth:`sample` while the context is open, in a thread of its own.

    Args:
        interval_s: pause between two samples.
    """

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self.begin()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._interval_s):
            self.sample()

    def begin(self) -> None:
        """What is read before the work begins."""

    def sample(self) -> None:
        raise NotImplementedError
