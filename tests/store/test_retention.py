"""What is deleted is gone: from every table, from every file."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import MetaData, select, text
from sqlmodel import Session

from callytics.domain import StageRun, StageStatus
from callytics.store import BlobStore, CallStore
from callytics.store.expiry import apply_retention
from tests.store.samples import finish, new_call
from tests.support.clocks import Clock

SECRET = "코끼리조련사"
LINES = ((0, 0.5, 3.0, f"{SECRET} 상담입니다"), (1, 3.2, 6.0, "elephantkeeper 환불"))
NEEDLES = (SECRET, "코끼", "조련", "elephantkeeper", "elephantkeep", "hidden-name")


def everything(store: CallStore) -> str:
    """Every value of every table, the packed ones unpacked."""
    from callytics.store.codec import unpack

    metadata = MetaData()
    metadata.reflect(store._engine)
    found: list[str] = []
    with store._engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)):
                for value in row:
                    if isinstance(value, bytes) and value[:1] == b"\x78":
                        value = unpack(value).decode()
                    found.append(f"{table.name}: {value}")
    return "\n".join(found)


def keep_call(store: CallStore, blobs: BlobStore) -> str:
    """A finished call that says the needles everywhere it can."""
    new = new_call(filename="hidden-name.wav", metadata={"custom": {"note": "hidden-name"}})
    with blobs.writer(new.id) as writer:
        writer.write(b"hidden-name")
    store.create_call(new)
    finish(store, LINES)
    store.append_event(new.id, "note", {"text": SECRET})
    run = StageRun("speech-recognizer", StageStatus.FAILED, application="v2", error_message=SECRET)
    store.record_shadow(new.id, run)
    return new.id


def test_deleted_call_leaves_only_the_audit(store: CallStore, database_url: str, tmp_path: Path) -> None:
    blobs = BlobStore(str(tmp_path / "blobs"))
    call_id = keep_call(store, blobs)
    before = everything(store)
    assert all(needle in before for needle in (SECRET, "elephantkeeper", "hidden-name"))
    store.delete_call(call_id, actor="tester")
    blobs.delete_call(call_id)
    store.remove_traces()
    after = everything(store)
    assert [needle for needle in NEEDLES if needle in after] == []
    assert f"audit_events: {call_id}" in after
    store.close()
    contents = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    if database_url.startswith("sqlite"):  # PostgreSQL's files are not the test's to read
        assert b"api_keys" in contents
    assert [needle for needle in NEEDLES if needle.encode() in contents] == []


def test_calls_are_kept_for_their_retention_period(store: CallStore, clock: Clock, tmp_path: Path) -> None:
    blobs = BlobStore(str(tmp_path / "blobs"))
    old = keep_call(store, blobs)
    short = store.create_call(new_call("b" * 64, tenant="short")).call.id
    finish(store)
    clock.now_s += 10 * 24 * 3600
    new = store.create_call(new_call("c" * 64)).call.id
    finish(store)
    waiting = store.create_call(new_call("d" * 64)).call.id
    assert apply_retention(store, blobs, None) == 0
    with Session(store._writing_engine) as session, session.begin():
        session.execute(text("UPDATE tenants SET settings = '{\"retention_days\": 5}' WHERE id = 'short'"))
    assert apply_retention(store, blobs, None) == 1
    assert store.call_ids() == {old, new, waiting}
    assert apply_retention(store, blobs, 30) == 0
    assert apply_retention(store, blobs, 7) == 1
    assert store.call_ids() == {new, waiting}
    assert not blobs.exists(old, "recording")
    assert {(a.actor, a.subject) for a in store.audit_events(limit=10) if a.action == "call.deleted"} == {
        ("retention", old), ("retention", short)
    }  # fmt: skip
