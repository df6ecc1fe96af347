"""Database and recordings are this user's alone, in whatever process and under whatever umask the store is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from callytics.store import BlobStore, CallStore


@pytest.fixture(autouse=True)
def permissive_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    paths = [folder, *folder.rglob("*")]
    return {str(path.relative_to(folder.parent)): path.stat().st_mode & 0o777 for path in paths}


def test_the_database_with_its_log_and_index(tmp_path: Path) -> None:
    store = CallStore(f"sqlite:///{tmp_path / 'data' / 'callytics.db'}")
    try:
        store.create_api_key("test", ["admin"])
        assert modes(tmp_path / "data") == {
            "data": 0o700,
            "data/callytics.db": 0o600,
            "data/callytics.db-wal": 0o600,
            "data/callytics.db-shm": 0o600,
        }
    finally:
        store.close()


def test_recordings_are_private(tmp_path: Path) -> None:
    blobs = BlobStore(str(tmp_path / "blobs"))
    with blobs.writer("c1") as writer:
        writer.write(b"what was said")
    found = modes(tmp_path / "blobs")
    assert found.pop("blobs/calls/c1/recording") == 0o600
    assert set(found) == {"blobs", "blobs/calls", "blobs/calls/c1", "blobs/incoming"}
    assert set(found.values()) == {0o700}
