"""How much may be asked for: requests a minute and at once, of a key, of a tenant and in all.

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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from callytics.api.places import BUSY_RETRY_S, Places
from callytics.api.services import ApiSettings, TenantLimits
from callytics.errors import ConfigError, TooManyRequestsError

if TYPE_CHECKING:
    from limits.strategies import MovingWindowRateLimiter

logger = logging.getLogger(__name__)

Kind = Literal["requests", "uploads", "event streams"]

STORAGE_VARIABLE = "RATE_LIMIT_STORAGE"
"""In the environment of the gateway, for an address with a password, which belongs in no configuration."""

STORAGE_TIMEOUT_S = 1.0
"""Every request waits for it."""

WINDOW_S = 60


@dataclass(frozen=True)
class Quota:
    """How a limit per minute stands after this request. ``reset_s``: until one more may be sent than now."""

    of: Literal["key", "tenant"]
    limit: int
    remaining: int
    reset_s: int
    is_exhausted: bool = False

    def check(self) -> None:
        """
        Raises:
            TooManyRequestsError: ``rate_limited``.
        """
        if self.is_exhausted:
            raise TooManyRequestsError(
                "rate_limited",
                f"This {self.of} may send {self.limit} requests a minute; try again in {self.reset_s} s.",
                self.reset_s,
            )


def quota_headers(quotas: Sequence[Quota]) -> dict[str, str]:
    """draft-ietf-httpapi-ratelimit-headers-10, and the X- headers that older clients look for: those of the quota
    that has the least left, with the seconds until there is more."""
    if not quotas:
        return {}
    least = min(quotas, key=lambda quota: quota.remaining)
    return {
        "RateLimit-Policy": ", ".join(f'"{quota.of}";q={quota.limit};w={WINDOW_S}' for quota in quotas),
        "RateLimit": ", ".join(f'"{quota.of}";r={quota.remaining};t={quota.reset_s}' for quota in quotas),
        "X-RateLimit-Limit": str(least.limit),
        "X-RateLimit-Remaining": str(least.remaining),
        "X-RateLimit-Reset": str(least.reset_s),
    }


class RequestLimits:
    """Those that a key has of its own go before the settings' (0: no limit)."""

    def __init__(self, settings: ApiSettings) -> None:
        # Here, because monitoring imports this package without what only the gateway's environment has.
        from limits.storage import MemoryStorage
        from limits.strategies import MovingWindowRateLimiter

        # Not the library's storage for asyncio: its locks belong to the event loop that used them first.
        self._own = MovingWindowRateLimiter(MemoryStorage())
        url = settings.rate_limit_storage or os.environ.get(STORAGE_VARIABLE, "")
        self._shared = _shared_limiter(url) if url else None
        self._settings = settings
        self._of_keys: Counter[str] = Counter()
        self._places: dict[Kind, Places] = {
            "requests": Places("requests", settings.max_concurrent_requests),
            "uploads": Places("uploads", settings.max_concurrent_uploads),
            "event streams": Places("event streams", settings.max_concurrent_event_streams),
        }

    async def count(self, key_id: str, own: Mapping[str, int], tenant: str) -> list[Quota]:
        """Count a request of a key and its tenant; the last quota may be exhausted, and the others are not counted."""
        of_tenant = self._tenant_limits(tenant).requests_per_minute
        if of_tenant is None:
            of_tenant = self._settings.tenant_requests_per_minute
        windows: list[_Window] = []
        if of_key := own.get("requests_per_minute", self._settings.requests_per_minute):
            windows.append(_Window("key", key_id, of_key))
        if of_tenant:
            windows.append(_Window("tenant", tenant, of_tenant))
        return await self._hit(windows)

    async def _hit(self, windows: Sequence[_Window]) -> list[Quota]:
        from limits.errors import StorageError

        if self._shared is not None and windows:
            try:
                return await asyncio.to_thread(_hit, self._shared, windows)
            except StorageError as error:  # without its storage a limit must not refuse all requests
                logger.warning("the storage of the limits is away: %s", type(error.storage_error).__name__)
        return _hit(self._own, windows)

    @contextmanager
    def place(self, kind: Kind, key_id: str, own: Mapping[str, int], tenant: str) -> Iterator[None]:
        """For the time of one request, its answer included.

        Raises:
            TooManyRequestsError: ``too_many_at_once``, ``too_many_of_tenant``.
            UnavailableError: ``gateway_busy``.
        """
        at_once = own.get("concurrent_requests", self._settings.concurrent_requests)
        if at_once and self._of_keys[key_id] >= at_once:
            raise TooManyRequestsError(
                "too_many_at_once", f"This key has {at_once} requests at work, its limit.", BUSY_RETRY_S
            )
        limits = self._tenant_limits(tenant)
        most = {
            "requests": limits.concurrent_requests,
            "uploads": limits.concurrent_uploads,
            "event streams": limits.concurrent_event_streams,
        }
        with ExitStack() as held:
            held.enter_context(self._places[kind].place(tenant, most[kind]))
            self._of_keys[key_id] += 1
            held.callback(self._leave, key_id)
            yield

    def _leave(self, key_id: str) -> None:
        self._of_keys[key_id] -= 1
        if not self._of_keys[key_id]:
            del self._of_keys[key_id]

    def _tenant_limits(self, tenant: str) -> TenantLimits:
        return self._settings.tenant_limits.get(tenant, _NO_LIMITS)


_NO_LIMITS = TenantLimits()


@dataclass(frozen=True)
class _Window:
    of: Literal["key", "tenant"]
    name: str
    limit: int


def _hit(limiter: MovingWindowRateLimiter, windows: Sequence[_Window]) -> list[Quota]:
    """One request in each of them, up to the first that is full."""
    from limits import RateLimitItemPerMinute

    quotas: list[Quota] = []
    for window in windows:
        item = RateLimitItemPerMinute(window.limit)
        is_exhausted = not limiter.hit(item, window.of, window.name)
        stands = limiter.get_window_stats(item, window.of, window.name)
        reset_s = min(WINDOW_S, max(1, math.ceil(stands.reset_time - time.time())))
        quotas.append(Quota(window.of, window.limit, stands.remaining, reset_s, is_exhausted))
        if is_exhausted:
            break
    return quotas


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
