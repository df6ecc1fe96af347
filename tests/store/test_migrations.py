"""The migrations make exactly the tables that the models describe, from nothing, once, also in a race."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlmodel import SQLModel

from callytics.store import CallStore
from callytics.store.database import MIGRATIONS, open_database
from callytics.store.tables.access import ApiKeyRow
from callytics.store.tables.calls import CallRow, ReportRow, StageRow
from callytics.store.tables.events import EventRow
from tests.store.samples import new_call
from tests.support.migrations import run_alembic


def differences(url: str) -> list[Any]:
    engine = open_database(url)

    def is_ours(name: str | None, kind: str, parents: Any) -> bool:
        return not (kind == "table" and str(name).startswith("turn_search"))  # FTS5 and its shadow tables

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": is_ours})
        return list(compare_metadata(context, SQLModel.metadata))


def test_migrations_and_models_agree(database_url: str) -> None:
    assert differences(database_url) == []


def test_folder_is_created(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path}/new/folder/callytics.db").dispose()
    assert (tmp_path / "new" / "folder" / "callytics.db").is_file()


def test_calls_from_before_the_tenants_are_kept(database_url: str) -> None:
    """Down to the first schema, a call written there, and up again: nothing that hangs on the call is lost."""
    engine = open_database(database_url)
    run_alembic(engine, command.downgrade, "0001")
    call = {
        "id": "c1",
        "media": '{"sha256": "", "format": "", "codec": "", "sample_rate_hz": 1, "channels": 1,',
    }
    call["media"] += ' "duration_s": 1.0}'
    names = "id, status, created_at_ms, updated_at_ms, uri, size_bytes, filename, sha256, duration_s, media,"
    names += " options, custom, request_hash, attempts, available_at_ms"
    with engine.begin() as connection:
        statement = (
            f"INSERT INTO calls ({names}) VALUES (:id, 'QUEUED', 1, 1, '', 1, '', '', 1.0, :media, '{{}}',"
        )
        connection.execute(text(statement + " '{}', '', 0, 1)"), call)
        event = "INSERT INTO events (call_id, type, data, at_ms) VALUES ('c1', 'call.queued', '{}', 1)"
        connection.execute(text(event))
    engine.dispose()
    store = CallStore(database_url)
    lease = store.lease("w", 60)
    assert lease is not None
    assert (lease.call.id, lease.call.tenant) == ("c1", "default")
    assert [e.type for e in store.events_after("c1")] == ["call.queued", "call.started"]
    store.close()


def test_every_migration_can_be_reverted_and_repeated(database_url: str) -> None:
    """Step by step, with a call and its event there: an upgrade that has to be undone at night."""
    store = CallStore(database_url)
    call = store.create_call(new_call()).call
    store.close()
    engine = open_database(database_url)
    revisions = [
        step.revision for step in ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    ]  # the newest first
    assert revisions == [f"{number:04}" for number in range(len(revisions), 0, -1)]
    for revision in revisions[1:]:
        run_alembic(engine, command.downgrade, revision)
    for revision in reversed(revisions):
        run_alembic(engine, command.upgrade, revision)
    engine.dispose()
    assert differences(database_url) == []
    store = CallStore(database_url)
    assert store.get_call(call.id).id == call.id
    assert [event.type for event in store.events_after(call.id)] == ["call.queued"]
    store.close()


def test_missing_migration_is_detected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = SQLModel.metadata.tables["calls"].to_metadata(metadata := type(SQLModel.metadata)())
    from sqlalchemy import Column, Text

    changed.append_column(Column("invented", Text))
    engine = open_database(f"sqlite:///{tmp_path}/callytics.db")
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    assert any(change[0] == "add_column" for change in found if isinstance(change, tuple))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_processes_that_start_together_migrate_once(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/callytics.db"
    if kind == "postgresql":
        url = request.getfixturevalue("postgres").create_database("started_together")
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


def test_in_memory_database_is_rejected() -> None:
    with pytest.raises(ValueError, match="file"):
        open_database("sqlite://")


def test_every_table_of_the_models_is_in_the_metadata() -> None:
    names = {CallRow, StageRow, ReportRow, EventRow, ApiKeyRow}
    assert {row.__tablename__ for row in names} <= set(SQLModel.metadata.tables)
