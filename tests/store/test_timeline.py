"""The timeline of a call: waits, runs, attempts, and runs without a recorded end."""

from __future__ import annotations

import pytest

from callytics.domain import StageRun, StageStatus
from callytics.errors import NotFoundError
from callytics.store import CallStore, JobStatus
from callytics.store import timeline as timeline_module
from callytics.store.timeline import TimelineEntry, TimelineKind, TimelineStatus
from tests.store.samples import finish, new_call, result_json
from tests.support.clocks import Clock

RECOGNIZER = "speech-recognizer"


def drawn(entries: tuple[TimelineEntry, ...]) -> list[tuple[str, str, float, float | None, int, int]]:
    """Name, status, start and end in seconds from the first, run, attempt."""
    begin = entries[0].start_ms
    return [
        (
            entry.name,
            entry.status.value,
            (entry.start_ms - begin) / 1000,
            None if entry.end_ms is None else (entry.end_ms - begin) / 1000,
            entry.run,
            entry.attempt,
        )
        for entry in entries
    ]


def test_wait_run_and_stage_have_their_times(store: CallStore, clock: Clock) -> None:
    call_id = store.create_call(new_call()).call.id
    assert drawn(store.timeline(call_id).entries) == [("queue", "RUNNING", 0.0, None, 1, 0)]
    clock.now_s += 3
    lease = store.lease("w", 60)
    assert lease is not None
    clock.now_s += 1
    run = StageRun(RECOGNIZER, StageStatus.RUNNING, 1, application="recognizer-v2")
    store.record_stage(call_id, lease.token, run)
    clock.now_s += 4
    done = StageRun(
        RECOGNIZER, StageStatus.COMPLETED, 1, 2.5, application="recognizer-v2", engine="E", model="m",
        model_revision="r",
    )  # fmt: skip
    store.record_stage(call_id, lease.token, done, "k")
    clock.now_s += 1
    store.complete(call_id, lease.token, JobStatus.COMPLETED, result_json(call_id))
    found = store.timeline(call_id)
    assert drawn(found.entries) == [
        ("queue", "ENDED", 0.0, 3.0, 1, 0),
        ("pipeline", "COMPLETED", 3.0, 9.0, 1, 1),
        (RECOGNIZER, "COMPLETED", 4.0, 8.0, 1, 1),
    ]
    stage = found.entries[-1]
    assert (stage.application, stage.engine, stage.model, stage.model_revision) == (
        "recognizer-v2",
        "E",
        "m",
        "r",
    )
    assert stage.worked_ms == 2500  # of 4000: the rest it waited for a place
    assert found.entries[0].reason == "submitted"
    assert (found.status, found.is_complete) == (JobStatus.COMPLETED, True)


def test_pause_between_two_attempts_belongs_to_neither(store: CallStore, clock: Clock) -> None:
    call_id = store.create_call(new_call()).call.id
    lease = store.lease("w", 60)
    assert lease is not None
    store.record_stage(call_id, lease.token, StageRun(RECOGNIZER, StageStatus.RUNNING, 1))
    clock.now_s += 10
    store.record_stage(call_id, lease.token, StageRun(RECOGNIZER, StageStatus.RUNNING, 2, 4.0))
    entries = store.timeline(call_id).entries
    assert drawn(entries)[2:] == [
        (RECOGNIZER, "FAILED", 0.0, 4.0, 1, 1),
        (RECOGNIZER, "RUNNING", 10.0, None, 1, 2),
    ]


def test_end_of_a_lost_worker_is_not_invented(store: CallStore, clock: Clock) -> None:
    call_id = store.create_call(new_call()).call.id
    lease = store.lease("w1", 20)
    assert lease is not None
    store.record_stage(call_id, lease.token, StageRun(RECOGNIZER, StageStatus.RUNNING, 1))
    expires_at_ms = lease.expires_at_ms
    clock.now_s += 30
    second = store.lease("w2", 20)
    assert second is not None
    assert second.waiting_since_ms == expires_at_ms
    assert drawn(store.timeline(call_id).entries)[1:] == [
        ("pipeline", "LOST", 0.0, None, 1, 1),
        (RECOGNIZER, "LOST", 0.0, None, 1, 1),
        ("pipeline", "RUNNING", 30.0, None, 1, 2),
    ]


def test_call_that_is_given_back_waits_again(store: CallStore, clock: Clock) -> None:
    call_id = store.create_call(new_call()).call.id
    lease = store.lease("w", 20)
    assert lease is not None
    clock.now_s += 2
    store.release(call_id, lease.token, 5.0)
    clock.now_s += 5
    second = store.lease("w", 20)
    assert second is not None
    assert second.waiting_since_ms == lease.waiting_since_ms + 2000
    store.fail(call_id, second.token, RECOGNIZER, "stage_unavailable", "no", transient=True)
    entries = store.timeline(call_id).entries
    assert [(e.name, e.status.value, e.reason, e.error_code) for e in entries] == [
        ("queue", "ENDED", "submitted", ""),
        ("pipeline", "REQUEUED", "", ""),
        ("queue", "ENDED", "released", ""),
        ("pipeline", "REQUEUED", "", "stage_unavailable"),
        ("queue", "RUNNING", "error", ""),
    ]
    assert {entry.run for entry in entries} == {1}


def test_later_runs_say_why_they_are(store: CallStore) -> None:
    call_id = store.create_call(new_call()).call.id
    finish(store)
    store.reprocess_call(call_id, [RECOGNIZER])
    finish(store)
    store.reprocess_call(call_id, [RECOGNIZER])
    store.cancel_call(call_id)
    entries = store.timeline(call_id).entries
    waits = [entry for entry in entries if entry.kind is TimelineKind.QUEUE]
    assert [(e.run, e.reason, e.status.value) for e in waits] == [
        (1, "submitted", "ENDED"),
        (2, "reprocessed", "ENDED"),
        (3, "reprocessed", "CANCELLED"),
    ]


def test_webhooks_are_in_it(store: CallStore, clock: Clock) -> None:
    endpoint = store.create_webhook("default", "https://example.org/hook", ["call.completed"])
    call_id = store.create_call(new_call(traceparent="00-trace")).call.id
    finish(store)
    (delivery,) = store.lease_deliveries(10, 60.0, 10, {})
    assert delivery.traceparent == "00-trace"
    clock.now_s += 2
    store.finish_delivery(endpoint.id, delivery.id, delivery.token, 204, "")
    (entry,) = (e for e in store.timeline(call_id).entries if e.kind is TimelineKind.WEBHOOK)
    assert (entry.name, entry.status, entry.attempt) == ("call.completed", TimelineStatus.COMPLETED, 1)
    assert entry.end_ms is not None
    assert entry.end_ms - entry.start_ms == 2000


def test_traceparent_goes_from_the_call_to_every_lease(store: CallStore) -> None:
    call_id = store.create_call(new_call(traceparent="00-trace")).call.id
    assert finish(store).traceparent == "00-trace"
    store.reprocess_call(call_id, [RECOGNIZER])
    assert finish(store).traceparent == "00-trace"


def test_timeline_of_another_tenant_is_not_found(store: CallStore) -> None:
    call_id = store.create_call(new_call(tenant="a")).call.id
    assert store.timeline(call_id, "a").call_id == call_id
    with pytest.raises(NotFoundError):
        store.timeline(call_id, "b")


def test_very_many_events_are_cut_and_that_is_said(store: CallStore, monkeypatch: pytest.MonkeyPatch) -> None:
    call_id = store.create_call(new_call()).call.id
    finish(store)
    monkeypatch.setattr(timeline_module, "MAX_EVENTS", 3)
    assert not store.timeline(call_id).is_complete
