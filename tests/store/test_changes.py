"""What becomes of calls is told once, after the commit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from callytics.errors import ConflictError
from callytics.store import Backlog, CallBegun, CallEnded, CallStore, JobStatus, Priority, usage
from callytics.store.changes import Change
from tests.store.samples import DURATION_S, finish, new_call, result_json
from tests.support.clocks import Clock


@pytest.fixture
def told() -> list[Change]:
    return []


@pytest.fixture
def store(database_url: str, clock: Clock, told: list[Change]) -> Iterator[CallStore]:
    """On SQLite and on PostgreSQL."""
    store = CallStore(database_url, clock, max_attempts=2, on_change=told.append)
    yield store
    store.close()


def test_call_that_waits_and_is_completed(store: CallStore, clock: Clock, told: list[Change]) -> None:
    store.create_call(new_call(tenant="acme", priority=Priority.HIGH))
    clock.now_s += 3
    finish(store)
    ended = CallEnded(JobStatus.COMPLETED, "acme", "ko", Priority.HIGH, DURATION_S, 3.0, is_first=True)
    assert told == [CallBegun(Priority.HIGH, 3.0), ended]


def test_call_that_another_worker_took_up_counts_once(
    store: CallStore, clock: Clock, told: list[Change]
) -> None:
    call_id = store.create_call(new_call()).call.id
    killed = store.lease("killed", 5)
    assert killed is not None
    clock.now_s += 6
    second = store.lease("second", 60)
    assert second is not None
    store.complete(call_id, second.token, JobStatus.COMPLETED, result_json(call_id))
    with pytest.raises(ConflictError, match="lease"):
        store.complete(call_id, killed.token, JobStatus.COMPLETED, result_json(call_id))
    assert [type(change) for change in told] == [CallBegun, CallEnded]


def test_call_that_kills_its_workers_is_told_as_failed(
    store: CallStore, clock: Clock, told: list[Change]
) -> None:
    store.create_call(new_call())
    for _ in range(2):
        assert store.lease("killed", 5) is not None
        clock.now_s += 6
    assert store.lease("third", 5) is None
    assert isinstance(told[-1], CallEnded)
    assert (told[-1].status, told[-1].language_code) == (JobStatus.FAILED, None)
    assert len(told) == 2


def test_call_that_is_queued_again_tells_no_end(store: CallStore, told: list[Change]) -> None:
    store.create_call(new_call())
    lease = store.lease("w", 60)
    assert lease is not None
    assert store.fail(lease.call.id, lease.token, "s", "c", "m", transient=True) is JobStatus.QUEUED
    assert [type(change) for change in told] == [CallBegun]


def test_cancelled_twice_is_told_once_and_deleted_not_at_all(store: CallStore, told: list[Change]) -> None:
    call_id = store.create_call(new_call()).call.id
    store.cancel_call(call_id)
    store.cancel_call(call_id)
    store.delete_call(call_id)
    assert [(type(change), getattr(change, "status", "")) for change in told] == [(CallEnded, "CANCELLED")]


def test_analysis_that_is_asked_for_again_is_no_first(
    store: CallStore, clock: Clock, told: list[Change]
) -> None:
    call_id = store.create_call(new_call()).call.id
    finish(store)
    clock.now_s += 86_400
    store.reprocess_call(call_id, ["speech-recognizer"])
    finish(store)
    begun, first, again = told
    assert isinstance(begun, CallBegun)
    assert isinstance(first, CallEnded)
    assert isinstance(again, CallEnded)
    assert (first.is_first, again.is_first) == (True, False)


def test_rolled_back_change_is_not_reported(
    store: CallStore, told: list[Change], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create_call(new_call())
    lease = store.lease("w", 60)
    assert lease is not None
    told.clear()

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(usage, "count_call", fail)  # the last of the transaction, after its end was noted
    with pytest.raises(RuntimeError):
        store.complete(lease.call.id, lease.token, JobStatus.COMPLETED, result_json(lease.call.id))
    assert told == []


def test_backlog_is_what_waits(store: CallStore, clock: Clock) -> None:
    assert store.backlog() == Backlog(0, 0, None, 0, None)
    start_ms = int(clock.now_s * 1000)
    store.create_webhook("default", "https://example.org/", ["call.completed"])
    store.create_call(new_call("1" * 64))
    clock.now_s += 1
    finish(store)
    for number in (2, 3, 4):
        store.create_call(new_call(str(number) * 64))
        clock.now_s += 1
    store.lease("w", 60)
    assert store.backlog() == Backlog(2, 1, start_ms + 2000, 1, start_ms + 1000)


def test_backlog_reads_no_call_that_is_done(store: CallStore) -> None:
    """By the plan of the database, on SQLite: an index, and not the table."""
    if store._engine.dialect.name != "sqlite":
        pytest.skip("the plan of an empty PostgreSQL table says nothing")
    with store._read() as session:
        plan = "EXPLAIN QUERY PLAN SELECT status, count(*), min(created_at_ms) FROM calls "
        plan += "WHERE status IN ('QUEUED', 'IN_PROGRESS') GROUP BY status"
        calls = str(session.execute(text(plan)).all())
        plan = "EXPLAIN QUERY PLAN SELECT count(*), min(created_at_ms) FROM webhook_deliveries "
        plan += "WHERE endpoint_id IN (SELECT id FROM webhook_endpoints) AND status = 'PENDING'"
        webhooks = str(session.execute(text(plan)).all())
    assert "ix_calls_status" in calls
    assert "ix_webhook_deliveries_queue" in webhooks
