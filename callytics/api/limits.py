"""How much one key may ask for: requests a minute, and requests at once.

Counted by each replica of the gateway for itself, in memory: with N replicas behind the proxy a key may get up to N
times its limit. ``rate_limit_storage`` names a Redis where they count the requests of a minute together; while it is
away, each counts for itself again. Requests at once are always counted by each replica.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from callytics.api.services import ApiSettings
from callytics.errors import ConfigError, TooManyRequestsError

if TYPE_CHECKING:
    from limits.strategies import MovingWindowRateLimiter

logger = logging.getLogger(__name__)

BUSY_RETRY_S = 1

STORAGE_VARIABLE = "RATE_LIMIT_STORAGE"
"""In the environment of the gateway, for an address with a password, which belongs in no configuration."""

STORAGE_TIMEOUT_S = 1.0
"""Every request waits for it."""


class RequestLimits:
    """The limits of every principal; those that a key has of its own go before the settings' (0: no limit)."""

    def __init__(self, settings: ApiSettings) -> None:
        # Here, because monitoring imports this package without what only the gateway's environment has.
        from limits.storage import MemoryStorage
        from limits.strategies import MovingWindowRateLimiter

        # Not the library's storage for asyncio: its locks belong to the event loop that used them first.
        self._own = MovingWindowRateLimiter(MemoryStorage())
        url = settings.rate_limit_storage or os.environ.get(STORAGE_VARIABLE, "")
        self._shared = _shared_limiter(url) if url else None
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
        if not per_minute:
            return
        free_at_s = await self._free_at_s(principal_id, per_minute)
        if free_at_s is not None:
            wait_s = max(1, math.ceil(free_at_s - time.time()))
            raise TooManyRequestsError(
                "rate_limited",
                f"This key may send {per_minute} requests a minute; try again in {wait_s} s.",
                wait_s,
            )

    async def _free_at_s(self, principal_id: str, per_minute: int) -> float | None:
        from limits.errors import StorageError

        if self._shared is not None:
            try:
                return await asyncio.to_thread(_hit, self._shared, principal_id, per_minute)
            except StorageError as error:  # a limit is no reason to turn everybody away
                logger.warning("the storage of the limits is away: %s", type(error.storage_error).__name__)
        return _hit(self._own, principal_id, per_minute)


def _hit(limiter: MovingWindowRateLimiter, principal_id: str, per_minute: int) -> float | None:
    """When the next place is free, in seconds since the epoch; None: this one was, and is taken now."""
    from limits import RateLimitItemPerMinute

    item = RateLimitItemPerMinute(per_minute)
    if limiter.hit(item, principal_id):
        return None
    return float(limiter.get_window_stats(item, principal_id).reset_time)


def _shared_limiter(url: str) -> MovingWindowRateLimiter:
    """
    Raises:
        ConfigError: ``rate_limit_storage_invalid``.
    """
    from limits.errors import ConfigurationError
    from limits.storage import storage_from_string
    from limits.strategies import MovingWindowRateLimiter

    timeouts = {"socket_timeout": STORAGE_TIMEOUT_S, "socket_connect_timeout": STORAGE_TIMEOUT_S}
    try:
        return MovingWindowRateLimiter(storage_from_string(url, wrap_exceptions=True, **timeouts))
    except (ConfigurationError, ValueError) as error:  # without the URL: it may hold a password
        raise ConfigError(
            "rate_limit_storage_invalid",
            "rate_limit_storage must be redis://HOST:PORT/DATABASE (or rediss://), and the package redis installed.",
        ) from error
