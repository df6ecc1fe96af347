"""Turns at what takes time before a request is admitted: a limit of places, of waiting requests and of their wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from callytics.errors import UnavailableError

WAIT_S = 5.0


class LookupTurns:
    def __init__(self, at_once: int, waiting: int = 64) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._may_wait = waiting

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """
        Raises:
            UnavailableError: ``authentication_busy``: too many wait, or it took ``WAIT_S``.
        """
        if self._places.locked() and self._may_wait <= 0:
            raise busy()
        self._may_wait -= 1
        try:
            async with asyncio.timeout(WAIT_S):
                await self._places.acquire()
        except TimeoutError:
            raise busy() from None
        finally:
            self._may_wait += 1
        try:
            yield
        finally:
            self._places.release()


def busy() -> UnavailableError:
    return UnavailableError(
        "authentication_busy",
        "Too many keys or tokens are being checked at this moment; try again in a few seconds.",
    )
