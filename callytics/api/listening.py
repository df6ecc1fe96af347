"""Who listened to which call, and who looked at which list: noted in the audit, without a wait of the one who does.

A player asks for a recording in ranges, dozens a minute. The first one of a person is noted, and then no other for
READ_WINDOW_S; the store holds the same over all replicas (store/audit.py). What is noted waits in memory until the
store has it: while that is away, playing goes on, and it is tried again. What a gateway that is killed had not written
is lost, as is what is over MAX_WAITING; the access log has those requests.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from callytics.api.auth import Principal
from callytics.errors import CallyticsError
from callytics.store import AsyncStore, CallStore, ReadRecord
from callytics.store.audit import READ_WINDOW_S, kind_of

logger = logging.getLogger(__name__)

MAX_WAITING = 10_000
MAX_REMEMBERED = 10_000
AT_ONCE = 100
RETRY_S = 1.0
LAST_TRY_S = 5.0

Reading = tuple[str, str, str, str, object, bool, object]

_VIEW_KEY = secrets.token_bytes(16)  # of this process: a reader of the audit cannot try names until one fits


def view_mark(asked: object) -> str:
    """Tells views of a list apart in the audit, without what was asked for, which may name a person."""
    text = json.dumps(asked, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), key=_VIEW_KEY, digest_size=6).hexdigest()


class ListeningLog:
    def __init__(self, store: AsyncStore) -> None:
        self._store = store
        self._waiting: deque[ReadRecord] = deque()
        self._noted: OrderedDict[Reading, float] = OrderedDict()
        self._writing: asyncio.Task[None] | None = None

    def note(self, principal: Principal, action: str, call_id: str, detail: Mapping[str, Any]) -> None:
        """Returns at once, whatever the store does."""
        reading: Reading = (principal.tenant, principal.id, action, call_id, *kind_of(detail))
        now_s = time.monotonic()
        if now_s - self._noted.get(reading, -READ_WINDOW_S) < READ_WINDOW_S:
            return
        if len(self._waiting) >= MAX_WAITING:
            logger.error(
                "audit: too much waits for the store; not noted: %s of %s by %s",
                action,
                call_id,
                principal.id,
            )
            return
        self._noted[reading] = now_s
        self._noted.move_to_end(reading)
        while len(self._noted) > MAX_REMEMBERED:
            self._noted.popitem(last=False)
        at_ms = round(time.time() * 1000)
        self._waiting.append(ReadRecord(at_ms, principal.tenant, principal.id, action, call_id, dict(detail)))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        """Until nothing waits any more."""
        while self._waiting:
            batch = [self._waiting[index] for index in range(min(AT_ONCE, len(self._waiting)))]
            try:
                await self._store(CallStore.record_reads, batch)
            except (
                Exception
            ) as error:  # of whatever kind: while versions change, the store may not know the question
                known = isinstance(error, CallyticsError)
                logger.warning("audit: not written yet: %s", error if known else repr(error))
                await asyncio.sleep(RETRY_S)
                continue
            for _ in batch:
                self._waiting.popleft()

    async def close(self) -> None:
        """Write what waits, if the store takes it soon."""
        if self._writing is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._writing, LAST_TRY_S)
        if self._waiting:
            logger.error("audit: %d readings were not written", len(self._waiting))
