"""Turns at expensive work: a limit of places, at most half of them for one tenant, tenants in turn.

So no tenant waits for more than one piece of work of each other tenant, however many of those wait, and a place is
always left for a tenant with none at work. Counted by each replica of the gateway.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from callytics.errors import TooManyRequestsError, UnavailableError

RETRY_S = 5


class FairTurns:
    """
    Args:
        what: "uploads", "conversions": for the messages.
        places: pieces of work at once.
        max_waiting: of one tenant; more are refused at once.
        patience_s: longest wait; then the request is refused.
    """

    def __init__(self, what: str, places: int, max_waiting: int = 32, patience_s: float = 60.0) -> None:
        self._what = what
        self._places = places
        self._share = max(1, places // 2)
        self._max_waiting = max_waiting
        self._patience_s = patience_s
        self._at_work: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        """In the order of their turns: who was called moves to the end."""

    @asynccontextmanager
    async def turn(self, tenant: str) -> AsyncIterator[None]:
        """For the time of one piece of work.

        Raises:
            TooManyRequestsError: ``too_many_waiting``: as many of this tenant wait already.
            UnavailableError: ``no_turn``: nothing was free in time.
        """
        await self._enter(tenant)
        try:
            yield
        finally:
            self._leave(tenant)

    async def _enter(self, tenant: str) -> None:
        if self._may_work(tenant):  # then no request of this tenant waits
            self._at_work[tenant] += 1
            return
        queue = self._waiting.setdefault(tenant, deque())
        if len(queue) >= self._max_waiting:
            message = (
                f"{self._max_waiting} {self._what} of yours wait for their turn already; try again later."
            )
            raise TooManyRequestsError("too_many_waiting", message, RETRY_S)
        call = asyncio.get_running_loop().create_future()
        queue.append(call)
        try:
            async with asyncio.timeout(self._patience_s):
                await call
        except BaseException as error:
            if call.done() and not call.cancelled():  # called at the very moment of giving up
                self._leave(tenant)
            elif call in queue:
                queue.remove(call)
            if isinstance(error, TimeoutError):
                message = f"Too many {self._what} are at work, none ended in time; try again later."
                raise UnavailableError("no_turn", message) from error
            raise

    def _leave(self, tenant: str) -> None:
        self._at_work[tenant] -= 1
        if not self._at_work[tenant]:
            del self._at_work[tenant]
        self._call_next()

    def _call_next(self) -> None:
        for tenant in list(self._waiting):
            if not self._may_work(tenant):
                continue
            queue = self._waiting.pop(tenant)
            call = next((call for call in _drained(queue) if not call.done()), None)
            if queue:
                self._waiting[tenant] = queue
            if call is not None:
                self._at_work[tenant] += 1
                call.set_result(None)
                return

    def _may_work(self, tenant: str) -> bool:
        return self._at_work.total() < self._places and self._at_work[tenant] < self._share


def _drained(queue: deque[asyncio.Future[None]]) -> Iterator[asyncio.Future[None]]:
    while queue:
        yield queue.popleft()
