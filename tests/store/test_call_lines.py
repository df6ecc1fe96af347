"""Log lines of calls: kept with the call, bounded, of its tenant, and gone with it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from callytics.errors import NotFoundError
from callytics.store import CallStore, call_lines
from tests.store.samples import new_call


def line(call_id: str, at_ms: int = 1, tenant: str = "default", **more: Any) -> dict[str, Any]:
    fields = {
        "level": "INFO",
        "stage": "speech-recognizer",
        "application": "speech-recognizer",
        "version": "a1",
    }
    texts = {"replica": "r1", "logger": "deployments.stage", "message": f"at {at_ms}", "traceback": ""}
    return {"call_id": call_id, "tenant": tenant, "at_ms": at_ms, **fields, **texts, **more}


def messages(store: CallStore, call_id: str, **wanted: Any) -> list[str]:
    return [each.message for each in store.lines_of_call(call_id, **wanted)]


def test_lines_of_all_stages_come_by_time_whenever_they_arrived(store: CallStore) -> None:
    call = store.create_call(new_call()).call
    store.append_call_lines([line(call.id, 30), line(call.id, 10, stage="call-pipeline")])
    first = store.lines_of_call(call.id)
    store.append_call_lines([line(call.id, 20)])
    assert messages(store, call.id) == ["at 10", "at 20", "at 30"]
    assert messages(store, call.id, stage="call-pipeline") == ["at 10"]
    assert messages(store, call.id, after=max(each.number for each in first)) == ["at 20"]
    assert messages(store, call.id, after=2**70) == []


def test_lines_are_there_for_the_tenant_of_the_call_only(store: CallStore) -> None:
    call = store.create_call(new_call(tenant="alpha")).call
    store.append_call_lines([line(call.id, 1, "alpha"), line(call.id, 2, "beta")])
    assert messages(store, call.id, tenant="alpha") == ["at 1"]
    with pytest.raises(NotFoundError):
        store.lines_of_call(call.id, "beta")


def test_lines_are_deleted_with_their_call_and_late_lines_are_dropped(store: CallStore) -> None:
    call, other = (store.create_call(new_call(sha * 64)).call for sha in "ab")
    store.append_call_lines([line(call.id), line(other.id)])
    store.delete_call(call.id)
    store.append_call_lines([line(call.id, 2), line(other.id, 2), line("no id at all")])
    with store._engine.connect() as connection:
        kept = connection.execute(text("SELECT call_id FROM call_lines")).scalars().all()
    assert kept == [other.id, other.id]


def test_lines_of_a_call_and_of_a_tenant_are_bounded_and_the_newest_stay(
    store: CallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_lines, "MAX_LINES_OF_A_CALL", 3)
    busy = store.create_call(new_call("a" * 64, tenant="alpha")).call
    quiet = store.create_call(new_call("b" * 64, tenant="beta")).call
    store.append_call_lines([line(quiet.id, 1, "beta"), *(line(busy.id, n, "alpha") for n in range(9))])
    assert messages(store, busy.id) == ["at 6", "at 7", "at 8"]
    store.trim_call_lines(2)
    assert messages(store, busy.id) == ["at 7", "at 8"]
    assert messages(store, quiet.id) == ["at 1"]


def test_line_is_cut_and_cleaned_and_unknown_fields_are_ignored(store: CallStore) -> None:
    call = store.create_call(new_call()).call
    long = line(call.id, message="x\0" * 5000, node="a field of a newer replica")
    store.append_call_lines([long, {name: long[name] for name in ("call_id", "tenant", "at_ms", "message")}])
    first, second = store.lines_of_call(call.id)
    assert first.message == second.message == "x" * call_lines.MAX_CHARACTERS
    assert second.stage == ""
