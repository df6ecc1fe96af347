"""Places for what is at work at once, shared fairly among tenants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from callytics.errors import TooManyRequestsError, UnavailableError

BUSY_RETRY_S = 1


class Places:
    """A tenant gets another place while it holds fewer than are free. So one tenant alone gets half of all, two
    get a third each, and the next tenant finds one (dynamic thresholds: Choudhury and Hahne, IEEE/ACM Transactions
    on Networking, 1998)."""

    def __init__(self, kind: str, count: int) -> None:
        self._kind = kind
        self._free = count
        self._held: Counter[str] = Counter()

    @contextmanager
    def place(self, tenant: str, most: int = 0) -> Iterator[None]:
        """
        Args:
            most: that this tenant may hold, however many are free; 0: no such limit.

        Raises:
            UnavailableError: ``gateway_busy``: none is free, and the tenant holds none itself.
            TooManyRequestsError: ``too_many_of_tenant``: it has its share.
        """
        held = self._held[tenant]
        if self._free <= 0 and not held:
            raise UnavailableError("gateway_busy", "The service is at its limit; try again in a few seconds.")
        if held >= self._free or (most and held >= most):
            raise TooManyRequestsError(
                "too_many_of_tenant",
                f"This tenant has its share of {self._kind} at work: {held}.",
                BUSY_RETRY_S,
            )
        self._held[tenant] += 1
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1
            self._held[tenant] -= 1
            if not self._held[tenant]:
                del self._held[tenant]
