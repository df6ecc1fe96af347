"""How much one key may ask for: requests a minute, and requests at once.

Counted by each replica of the gateway for itself, in memory: with N replicas behind the proxy a key may get up to N
times its limit. ``rate_limit_storage`` names a place that they share (``limits``: "redis://...").
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from callytics.api.services import ApiSettings
from callytics.errors import TooManyRequestsError

BUSY_RETRY_S = 1


class RequestLimits:
    """The limits of every principal; those that a key has of its own go before the settings' (0: no limit)."""

    def __init__(self, settings: ApiSettings) -> None:
        # Here, because monitoring imports this package without what only the gateway's environment has.
        from limits.storage import storage_from_string
        from limits.strategies import MovingWindowRateLimiter

        # Not the library's storage for asyncio: its locks belong to the event loop that used them first.
        storage = storage_from_string(settings.rate_limit_storage or "memory://")
        self._limiter = MovingWindowRateLimiter(storage)
        self._is_remote = bool(settings.rate_limit_storage)
        self._settings = settings
        self._at_work: Counter[str] = Counter()

    @asynccontextmanager
    async def admit(self, principal_id: str, own: Mapping[str, int]) -> AsyncIterator[None]:
        """For the time of one request.

        Raises:
            TooManyRequestsError: ``rate_limited`` or ``too_many_at_once``.
        """
        at_once = own.get("concurrent_requests", self._settings.concurrent_requests)
        if at_once and self._at_work[principal_id] >= at_once:
            raise TooManyRequestsError(
                "too_many_at_once", f"This key has {at_once} requests at work, its limit.", BUSY_RETRY_S
            )
        self._at_work[principal_id] += 1
        try:
            await self._hit(principal_id, own.get("requests_per_minute", self._settings.requests_per_minute))
            yield
        finally:
            self._at_work[principal_id] -= 1
            if not self._at_work[principal_id]:
                del self._at_work[principal_id]

    async def _hit(self, principal_id: str, per_minute: int) -> None:
        from limits import RateLimitItemPerMinute

        if not per_minute:
            return
        item = RateLimitItemPerMinute(per_minute)

        def hit() -> float | None:
            """When the next place is free; None: this one was."""
            if self._limiter.hit(item, principal_id):
                return None
            return float(self._limiter.get_window_stats(item, principal_id).reset_time)

        free_at_s = await asyncio.to_thread(hit) if self._is_remote else hit()
        if free_at_s is not None:
            wait_s = max(1, math.ceil(free_at_s - time.time()))
            raise TooManyRequestsError(
                "rate_limited",
                f"This key may send {per_minute} requests a minute; try again in {wait_s} s.",
                wait_s,
            )
