"""How many requests the tenants send: counted in memory, written to the store every few seconds and at the end.

What a gateway that is killed had not written is lost: at most ``usage_flush_s`` of requests.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from dataclasses import dataclass

from callytics.errors import UnavailableError
from callytics.store import AsyncStore, CallStore, RequestTotals
from callytics.store.usage import day_of

logger = logging.getLogger(__name__)

DAY_S = 24 * 3600


@dataclass
class _Count:
    requests: int = 0
    refused: int = 0
    is_written: bool = True


class UsageCounter:
    def __init__(self, store: AsyncStore) -> None:
        self._store = store
        self._source = uuid.uuid4().hex
        self._counts: dict[tuple[str, str], _Count] = {}

    def count(self, tenant: str, is_refused: bool = False) -> None:
        count = self._counts.setdefault((tenant, day_of(round(time.time() * 1000))), _Count())
        count.requests += 1
        count.refused += is_refused
        count.is_written = False

    async def write(self) -> None:
        """
        Raises:
            Exception: of the store; nothing is lost, the next time it is written again.
        """
        new = {key: count for key, count in self._counts.items() if not count.is_written}
        if new:
            totals = [RequestTotals(*key, count.requests, count.refused) for key, count in new.items()]
            for count in new.values():
                count.is_written = True
            try:
                await self._store(CallStore.record_requests, self._source, totals)
            except BaseException:
                for count in new.values():
                    count.is_written = False
                raise
        over = day_of(round((time.time() - 2 * DAY_S) * 1000))  # no request counts there any more
        for key in [key for key, count in self._counts.items() if count.is_written and key[1] < over]:
            del self._counts[key]

    async def write_for_ever(self, pause_s: float) -> None:
        """Until it is cancelled; then a last time."""
        try:
            while True:
                await asyncio.sleep(pause_s)
                await self._try_to_write()
        finally:
            await self._try_to_write()

    async def _try_to_write(self) -> None:
        try:
            await self.write()
        except UnavailableError as error:
            logger.warning("the usage is not written yet: %s", error)
        except (
            Exception
        ):  # while versions change, the store may not even know the question; the next round does it
            logger.exception("the usage is not written yet")
