"""Looking up API keys: bounded, and so that those who guess keys delay nobody who has one.

Every request is looked up, so a revocation counts at once. What is remembered of a key that was valid is only in which
line it waits: known keys have places of their own, all others share a few.
"""

from __future__ import annotations

from collections import OrderedDict

from callytics.api.turns import Turns
from callytics.store import ApiKeyRecord, AsyncStore

KNOWN_AT_ONCE, STRANGERS_AT_ONCE = 64, 8
REMEMBERED_KEYS = 10_000


class KeyLookups:
    def __init__(self, store: AsyncStore) -> None:
        self._store = store
        self._known: OrderedDict[str, None] = OrderedDict()
        self._known_turns = Turns(KNOWN_AT_ONCE)
        self._stranger_turns = Turns(STRANGERS_AT_ONCE)

    async def find(self, sha256: str) -> ApiKeyRecord | None:
        """The valid key with this hash.

        Raises:
            UnavailableError: ``authentication_busy``: too many wait.
        """
        turn = self._known_turns.turn(sha256) if sha256 in self._known else self._stranger_turns.turn()
        async with turn:
            key = await self._store.authenticate(sha256)
        self._remember(sha256, key is not None)
        return key

    def _remember(self, sha256: str, is_valid: bool) -> None:
        self._known.pop(sha256, None)
        if is_valid:
            self._known[sha256] = None
            if len(self._known) > REMEMBERED_KEYS:
                self._known.popitem(last=False)
