"""The connection to the database and its migrations: SQLite in a file, or PostgreSQL. Only this module and
store/search.py know which."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import create_engine

from callytics.errors import ConfigError, UnavailableError
from callytics.home import private_files

logger = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"

BUSY_TIMEOUT_MS = 30_000
"""Maximum wait of a writer for another; every transaction of the store is far shorter."""

_POSTGRESQL_OPTIONS = {
    "statement_timeout": 30_000,
    "lock_timeout": BUSY_TIMEOUT_MS,
    "idle_in_transaction_session_timeout": 60_000,  # a hanging process loses its locks
}
_MIGRATION_LOCK = 8007  # arbitrary, but unused by other programs in this database

_PASSING_SQLITE_ERRORS = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
    }
)
"""Errors caused by the disk or another process; others, such as a missing table, are bugs."""


def open_database(url: str) -> Engine:
    """Connect and migrate to the newest schema. Safe when several processes start at once.

    Args:
        url: ``sqlite:////srv/callytics/callytics.db`` (the folder is made if needed), or
            ``postgresql://user:password@host/database``.

    Raises:
        ConfigError: another kind of URL, or the driver is not installed.
        UnavailableError: ``database_unavailable``: no answer from the server.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:  # without the URL: it may hold a password
        raise ConfigError("database_url_invalid", "DATABASE_URL is no SQLAlchemy URL.") from error
    if parsed.drivername.partition("+")[0] in ("postgresql", "postgres"):
        engine = _postgresql(parsed)
    elif parsed.drivername.partition("+")[0] == "sqlite":
        engine = _sqlite(parsed)
    else:
        raise ConfigError(
            "database_url_invalid", f"The store runs on sqlite or postgresql, not on {parsed.drivername}."
        )
    with unavailable_errors():
        migrate(engine)
    return engine


def _sqlite(url: URL) -> Engine:
    if url.database in (None, "", ":memory:"):
        raise ValueError("the store needs a database in a file: several threads and processes share it")
    path = Path(url.database)
    private_files.make_folder(path.parent)
    with suppress(OSError):  # SQLite cannot open it either, and reports the reason
        os.close(
            private_files.opener(str(path), os.O_CREAT | os.O_RDONLY)
        )  # the log gets the mode of the file
    # An error that leaves the store is logged with its statement: not with what was said in a call.
    engine = create_engine(url, connect_args={"check_same_thread": False}, hide_parameters=True)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _postgresql(url: URL) -> Engine:
    arguments: dict[str, Any] = {}
    if "connect_timeout" not in url.query:
        arguments["connect_timeout"] = 5
    if "options" not in url.query:
        arguments["options"] = " ".join(f"-c {name}={value}" for name, value in _POSTGRESQL_OPTIONS.items())
    if "application_name" not in url.query:
        arguments["application_name"] = "callytics"
    try:
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args=arguments,
            hide_parameters=True,
            pool_pre_ping=True,  # after a restart of the server the old connections are replaced, not used
            pool_size=8,
            max_overflow=16,
        )
    except ModuleNotFoundError as error:
        raise ConfigError(
            "database_driver_missing",
            "DATABASE_URL names a PostgreSQL server, but psycopg is not installed in this environment; "
            "install callytics[postgresql] (the stage's pins: runtime_envs/cpu/database-service.txt).",
        ) from error


def migrate(engine: Engine) -> None:
    """Migrate the schema to the newest revision in one transaction; other processes wait for it."""
    # Here, for it takes half a second of processor time, and most processes of a graph only use the types of the store.
    from alembic import command
    from alembic.config import Config

    with writing(engine).begin() as connection:
        if is_postgresql(connection):
            connection.execute(text("SET LOCAL statement_timeout = 0"))  # an index on many calls takes long
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_postgresql(connection: Any) -> bool:
    """Whether a connection, or the bind of a session, is PostgreSQL."""
    name: str = connection.dialect.name
    return name == "postgresql"


def writing(engine: Engine) -> Engine:
    """The same engine for transactions that write. On SQLite they take the write lock at the beginning: a transaction
    that reads first and locks later fails at once, without waiting, if another one wrote in between. On PostgreSQL
    they lock their rows."""
    return engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")


def reading(engine: Engine) -> Engine:
    """The same engine for transactions that read: all queries of one see the same snapshot, as always on SQLite."""
    return engine.execution_options(isolation_level="REPEATABLE READ") if is_postgresql(engine) else engine


def remove_traces(engine: Engine) -> None:
    """Rewrite the parts of an SQLite file that still contain deleted data: words in unmerged segments of the search
    index, pages in the write-ahead log. PostgreSQL does this by itself (autovacuum, recycling of its log)."""
    if is_postgresql(engine):
        return
    with writing(engine).begin() as connection:
        connection.execute(text("INSERT INTO turn_search (turn_search) VALUES ('optimize')"))
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        raw.close()


@contextmanager
def unavailable_errors() -> Iterator[None]:
    """
    Raises:
        UnavailableError: ``database_unavailable``, for temporary faults: the server is down or restarts, a lock was
            not available in time, the disk is full. The transaction had no effect, or its answer was lost.
    """
    try:
        yield
    except (DBAPIError, PoolTimeoutError) as error:
        if not _passes_by_itself(error):
            raise
        logger.error("the database is not available: %s", error.__cause__ or error)
        raise UnavailableError(
            "database_unavailable", "The call store does not answer; try again in a few seconds."
        ) from error


def _passes_by_itself(error: DBAPIError | PoolTimeoutError) -> bool:
    if isinstance(error, PoolTimeoutError) or error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in _PASSING_SQLITE_ERRORS
    return isinstance(error, OperationalError)


def _set_pragmas(connection: Any, record: Any) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None  # the driver begins no transaction itself; _begin does
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # accepted calls (202) survive a power failure
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # deleted data are overwritten


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
