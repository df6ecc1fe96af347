"""Looking up API keys: bounded, and so that those who guess keys delay nobody who has one.

Every request is looked up, so a revocation counts at once. What is remembered of a key that was valid is only in which
line it waits: known keys have places of their own, all others share a few.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from callytics.errors import UnavailableError
from callytics.store import ApiKeyRecord, AsyncStore

KNOWN_AT_ONCE, STRANGERS_AT_ONCE = 64, 8
WAITING_PER_NAME = 64
"""Requests with one key, and all those with unknown keys, that may wait for a place."""

WAIT_S = 5.0
REMEMBERED_KEYS = 10_000

_STRANGERS = ""


class KeyLookups:
    def __init__(self, store: AsyncStore) -> None:
        self._store = store
        self._known: OrderedDict[str, None] = OrderedDict()
        self._known_places = asyncio.Semaphore(KNOWN_AT_ONCE)
        self._stranger_places = asyncio.Semaphore(STRANGERS_AT_ONCE)
        self._waiting: Counter[str] = Counter()

    async def find(self, sha256: str) -> ApiKeyRecord | None:
        """The valid key with this hash.

        Raises:
            UnavailableError: ``authentication_busy``: too many wait.
        """
        is_known = sha256 in self._known
        places = self._known_places if is_known else self._stranger_places
        async with self._place(places, sha256 if is_known else _STRANGERS):
            key = await self._store.authenticate(sha256)
        self._remember(sha256, key is not None)
        return key

    @asynccontextmanager
    async def _place(self, places: asyncio.Semaphore, name: str) -> AsyncIterator[None]:
        await self._wait(places, name)
        try:
            yield
        finally:
            places.release()

    async def _wait(self, places: asyncio.Semaphore, name: str) -> None:
        if self._waiting[name] >= WAITING_PER_NAME:
            raise _busy()
        self._waiting[name] += 1
        try:
            async with asyncio.timeout(WAIT_S):
                await places.acquire()
        except TimeoutError:
            raise _busy() from None
        finally:
            self._waiting[name] -= 1
            if not self._waiting[name]:
                del self._waiting[name]

    def _remember(self, sha256: str, is_valid: bool) -> None:
        self._known.pop(sha256, None)
        if is_valid:
            self._known[sha256] = None
            if len(self._known) > REMEMBERED_KEYS:
                self._known.popitem(last=False)


def _busy() -> UnavailableError:
    return UnavailableError(
        "authentication_busy", "Too many keys are being looked up at this moment; try again in a few seconds."
    )
