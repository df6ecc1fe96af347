"""What writes everything that can be written runs on PostgreSQL as well."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from callytics.store import CallStore


@pytest.fixture
def store(database_url: str) -> Iterator[CallStore]:
    """On SQLite and on PostgreSQL."""
    store = CallStore(database_url)
    yield store
    store.close()
