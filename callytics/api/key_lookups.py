"""Looking up API keys and sessions: bounded, and so that many requests of one tenant do not delay another's key.

Every request is looked up, so a revocation counts at once. For a valid key only its tenant is
remembered, which decides its queue: every tenant has one of its own, and all unknown keys share one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from callytics.api.lookup_turns import LookupTurns, busy
from callytics.store import AsyncStore, CallStore

AT_ONCE = 8
"""Look-ups per tenant, and for all unknown keys together."""

WAITING_STRANGERS, WAITING_OF_TENANT = 64, 256
KNOWN_IN_ALL = 512
REMEMBERED_KEYS = 10_000


class OfTenant(Protocol):
    @property
    def tenant(self) -> str: ...


Known = TypeVar("Known", bound=OfTenant)


class KeyLookups(Generic[Known]):
    """``authenticate``: the method of the store that knows whom a hash stands for."""

    def __init__(self, store: AsyncStore, authenticate: Callable[[CallStore, str], Known | None]) -> None:
        self._store = store
        self._authenticate = authenticate
        self._tenant_of: OrderedDict[str, str] = OrderedDict()
        self._turns_of: dict[str, LookupTurns] = {}
        self._stranger_turns = LookupTurns(AT_ONCE, WAITING_STRANGERS)
        self._known = 0

    async def find(self, sha256: str) -> Known | None:
        """The valid key with this hash.

        Raises:
            UnavailableError: ``authentication_busy``: too many wait.
        """
        tenant = self._tenant_of.get(sha256)
        if tenant is None:
            async with self._stranger_turns.turn():
                return await self._look_up(sha256)
        if self._known >= KNOWN_IN_ALL:
            raise busy()
        self._known += 1
        try:
            async with self._turns_of[tenant].turn():
                return await self._look_up(sha256)
        finally:
            self._known -= 1

    async def _look_up(self, sha256: str) -> Known | None:
        key = await self._store(self._authenticate, sha256)
        self._tenant_of.pop(sha256, None)
        if key is not None:
            self._tenant_of[sha256] = key.tenant
            self._turns_of.setdefault(key.tenant, LookupTurns(AT_ONCE, WAITING_OF_TENANT))
            if len(self._tenant_of) > REMEMBERED_KEYS:
                self._tenant_of.popitem(last=False)
        return key
