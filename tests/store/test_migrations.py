"""The migrations make exactly the tables that the models describe, from nothing, once, also in a race."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlmodel import SQLModel

from callytics.store import tables
from callytics.store.database import open_database


def differences(url: str) -> list[Any]:
    engine = open_database(url)

    def is_ours(name: str | None, kind: str, parents: Any) -> bool:
        return not (kind == "table" and str(name).startswith("turn_search"))  # FTS5 and its shadow tables

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": is_ours})
        return list(compare_metadata(context, SQLModel.metadata))


def test_migrations_and_models_agree(tmp_path: Path) -> None:
    assert differences(f"sqlite:///{tmp_path}/new/folder/callytics.db") == []


def test_the_comparison_would_notice_a_missing_migration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = SQLModel.metadata.tables["calls"].to_metadata(metadata := type(SQLModel.metadata)())
    from sqlalchemy import Column, Text

    changed.append_column(Column("invented", Text))
    engine = open_database(f"sqlite:///{tmp_path}/callytics.db")
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    assert any(change[0] == "add_column" for change in found if isinstance(change, tuple))


def test_processes_that_start_together_migrate_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/callytics.db"
    errors: list[BaseException] = []

    def start() -> None:
        try:
            open_database(url).dispose()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_the_database_is_durable_and_checks_references(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/callytics.db")
    with engine.connect() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="file"):
        open_database("sqlite://")


def test_every_table_of_the_models_is_in_the_metadata() -> None:
    names = {tables.CallRow, tables.StageRow, tables.ReportRow, tables.EventRow, tables.ApiKeyRow}
    assert {row.__tablename__ for row in names} <= set(SQLModel.metadata.tables)
