from __future__ import annotations

from collections.abc import Iterator

import pytest

from callytics.store import CallStore
from tests.support.clocks import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(database_url: str, clock: Clock) -> Iterator[CallStore]:
    """On SQLite and on PostgreSQL."""
    store = CallStore(database_url, clock)
    yield store
    store.close()
