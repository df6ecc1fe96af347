"""Turns at what takes time before it is known who asks: so many at once, so many that wait, and not for long."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from callytics.errors import UnavailableError

WAITING_PER_NAME = 64
WAIT_S = 5.0


class Turns:
    def __init__(self, at_once: int) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._waiting: Counter[str] = Counter()

    @asynccontextmanager
    async def turn(self, name: str = "") -> AsyncIterator[None]:
        """
        Args:
            name: of those who may fill the line with no more than ``WAITING_PER_NAME`` together.

        Raises:
            UnavailableError: ``authentication_busy``: too many wait, or it took ``WAIT_S``.
        """
        await self._wait(name)
        try:
            yield
        finally:
            self._places.release()

    async def _wait(self, name: str) -> None:
        if self._waiting[name] >= WAITING_PER_NAME:
            raise _busy()
        self._waiting[name] += 1
        try:
            async with asyncio.timeout(WAIT_S):
                await self._places.acquire()
        except TimeoutError:
            raise _busy() from None
        finally:
            self._waiting[name] -= 1
            if not self._waiting[name]:
                del self._waiting[name]


def _busy() -> UnavailableError:
    return UnavailableError(
        "authentication_busy",
        "Too many keys or tokens are being checked at this moment; try again in a few seconds.",
    )
