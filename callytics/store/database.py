"""The connection to the database and its migrations."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, event, make_url
from sqlmodel import create_engine

MIGRATIONS = Path(__file__).parent / "migrations"

BUSY_TIMEOUT_MS = 30_000
"""How long a writer waits for another one; every transaction of the store is far shorter."""


def open_database(url: str) -> Engine:
    """Connect and migrate to the newest schema. Safe when several processes start at once.

    Args:
        url: an SQLAlchemy URL, e.g. ``sqlite:////srv/callytics/callytics.db``. The folder is made if needed.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = create_engine(parsed, pool_pre_ping=True)
    else:
        if parsed.database in (None, "", ":memory:"):
            raise ValueError("the store needs a database in a file: several threads and processes share it")
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, connect_args={"check_same_thread": False})
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    migrate(engine)
    return engine


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest revision, in one transaction that other processes wait for."""
    with writing(engine).begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def writing(engine: Engine) -> Engine:
    """The same engine for transactions that write: they take SQLite's write lock at their beginning.

    A transaction that reads first and locks later fails at once, without waiting, where another one wrote in between.
    """
    return engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")


def _set_pragmas(connection: Any, record: Any) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None  # the driver begins nothing by itself; _begin does
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # what was answered with 202 survives a power cut
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
