from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from callytics.store import CallStore
from tests.store.samples import fresh_database


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
def store(tmp_path: Path, clock: Clock) -> Iterator[CallStore]:
    store = CallStore(fresh_database(tmp_path), clock)
    yield store
    store.close()
