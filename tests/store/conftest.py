from __future__ import annotations

from collections.abc import Iterator

import pytest

from callytics.store import CallStore


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(database_url: str, clock: Clock) -> Iterator[CallStore]:
    """On SQLite and on PostgreSQL."""
    store = CallStore(database_url, clock)
    yield store
    store.close()
