"""Batches, as far as their jobs told."""

from __future__ import annotations

from callytics.store import CallStore
from tests.support.clocks import Clock


def test_batch_is_as_its_job_last_told(store: CallStore, clock: Clock) -> None:
    first = store.begin_batch("calls/2025", 10)
    clock.now_s += 5
    second = store.begin_batch("calls/2026", 4)
    store.tell_batch(first, {"COMPLETED": 3, "FAILED": 1}, 120.5)
    clock.now_s += 5
    store.tell_batch(second, {"SKIPPED": 4}, 0.0, has_ended=True)
    newest, oldest = store.list_batches()
    assert (newest.id, oldest.id) == (second, first)
    assert (oldest.input, oldest.calls, oldest.by_status) == ("calls/2025", 10, {"COMPLETED": 3, "FAILED": 1})
    assert (oldest.audio_s, oldest.ended_at_ms, oldest.error) == (120.5, None, "")
    assert oldest.updated_at_ms - oldest.started_at_ms == 5000
    assert newest.ended_at_ms == newest.updated_at_ms == round(clock.now_s * 1000)
    assert [batch.id for batch in store.list_batches(limit=1)] == [second]


def test_batches_are_of_their_tenant(store: CallStore) -> None:
    mine = store.begin_batch("calls/", 1, "alpha")
    assert store.list_batches() == ()
    assert [batch.id for batch in store.list_batches("alpha")] == [mine]


def test_batch_that_ended_early_says_why(store: CallStore) -> None:
    batch = store.begin_batch("calls/", 5)
    store.tell_batch(batch, {"COMPLETED": 1}, 5.0, has_ended=True, error="TimeoutError: not finished")
    assert store.list_batches()[0].error == "TimeoutError: not finished"
    store.tell_batch("0" * 26, {}, 0.0)  # begun elsewhere
    assert len(store.list_batches()) == 1
