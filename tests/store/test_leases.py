"""Whose turn it is, and when a call that failed has its next."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from callytics.errors import ConflictError
from callytics.store import CallStore, JobStatus, Lease, Priority
from callytics.store.leases import MAX_ATTEMPTS, RETRY_CAP_S, retry_delay_s
from tests.store.samples import new_call
from tests.support.clocks import Clock


def submit(
    store: CallStore, number: int, tenant: str = "default", priority: Priority = Priority.NORMAL
) -> str:
    return store.create_call(new_call(f"{number:064}", tenant=tenant, priority=priority)).call.id


def take(store: CallStore, clock: Clock) -> Lease:
    clock.now_s += 0.01
    lease = store.lease("w", 600)
    assert lease is not None
    return lease


def test_leased_recording_carries_the_hash_of_its_receipt(store: CallStore, clock: Clock) -> None:
    submit(store, 7)
    assert take(store, clock).call.recording.sha256 == f"{7:064}"


def test_tenant_with_many_calls_does_not_delay_others(store: CallStore, clock: Clock) -> None:
    for number in range(6):
        submit(store, number, "large")
    for number in range(6, 8):
        submit(store, number, "small")
    submit(store, 8, "tiny")
    order = [take(store, clock).call.tenant for _ in range(9)]
    assert order == ["large", "small", "tiny", "large", "small", "large", "large", "large", "large"]


def test_single_worker_serves_all_tenants_in_turn(store: CallStore, clock: Clock) -> None:
    for number in range(4):
        submit(store, number, "a")
        submit(store, number, "b")
    order = []
    for _ in range(8):
        lease = take(store, clock)
        store.fail(lease.call.id, lease.token, "s", "c", "m")
        order.append(lease.call.tenant)
    assert order == ["a", "b"] * 4


def test_priority_orders_only_the_calls_of_its_tenant(store: CallStore, clock: Clock) -> None:
    low = submit(store, 1, "a", Priority.LOW)
    normal = submit(store, 2, "a")
    high = submit(store, 3, "a", Priority.HIGH)
    other = submit(store, 4, "b", Priority.LOW)
    assert [take(store, clock).call.id for _ in range(4)] == [high, other, normal, low]


def test_temporary_fault_is_retried_and_its_error_kept(store: CallStore, clock: Clock) -> None:
    call_id = submit(store, 1)
    for attempt in range(1, MAX_ATTEMPTS):
        lease = take(store, clock)
        assert lease.call.attempts == attempt
        status = store.fail(call_id, lease.token, "speech-recognizer", "stage_lost", "gone\0", transient=True)
        assert status is JobStatus.QUEUED
        call = store.get_call(call_id)
        assert call.error is not None
        assert (call.error.code, call.error.message) == ("stage_lost", "gone")
        pause_s = call.available_at_ms / 1000 - clock.now_s
        assert 2.5 * 2 ** (attempt - 1) <= pause_s <= 5.0 * 2 ** (attempt - 1) + 0.01
        assert store.lease("w", 60) is None
        clock.now_s += pause_s
    lease = take(store, clock)
    assert store.fail(call_id, lease.token, "s", "stage_lost", "again", transient=True) is JobStatus.FAILED
    failed = store.get_call(call_id)
    assert failed.error is not None
    assert (failed.status, failed.attempts, failed.error.message) == (JobStatus.FAILED, 5, "again")
    with pytest.raises(ConflictError):
        store.fail(call_id, lease.token, "s", "stage_lost", "late", transient=True)
    assert store.retry_call(call_id).attempts == 0


def test_poison_call_ends_with_its_last_error(store: CallStore, clock: Clock) -> None:
    call_id = submit(store, 1)
    lease = take(store, clock)
    store.fail(call_id, lease.token, "llm-analyzer", "stage_lost", "out of memory", transient=True)
    for _ in range(MAX_ATTEMPTS - 1):
        clock.now_s += 600
        assert store.lease("dies", 60) is not None
    clock.now_s += 600
    assert store.lease("w", 60) is None
    call = store.get_call(call_id)
    assert call.error is not None
    assert (call.status, call.error.code) == (JobStatus.FAILED, "attempts_exhausted")
    assert "llm-analyzer: out of memory" in call.error.message


def test_pauses_grow_to_a_limit_and_scatter() -> None:
    pauses = [[retry_delay_s(attempt) for _ in range(50)] for attempt in range(1, 12)]
    assert all(len(set(some)) > 40 for some in pauses)
    assert max(pauses[0]) <= min(pauses[2])
    assert RETRY_CAP_S / 2 <= min(pauses[-1]) <= max(pauses[-1]) <= RETRY_CAP_S


WORKER = """
import sys
from callytics.store import CallStore
store = CallStore(sys.argv[1])
sys.stdin.readline()
while (lease := store.lease(sys.argv[2], 60)) is not None:
    print(lease.call.id, flush=True)
    assert store.renew(lease.call.id, lease.token, 60)
    store.fail(lease.call.id, lease.token, "s", "c", "m")
"""


def test_two_processes_share_the_queue(database_url: str) -> None:
    store = CallStore(database_url)
    calls = [submit(store, number, f"t{number % 3}") for number in range(40)]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, database_url, name],
            cwd=root, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for name in ("one", "two")
    ]  # fmt: skip
    outputs = []
    for worker in workers:  # both have opened the store, or wait for their line
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        outputs.append(worker.communicate(timeout=300)[0].split())
        assert worker.returncode == 0
    taken = Counter(outputs[0] + outputs[1])
    assert sorted(taken) == sorted(calls)
    assert set(taken.values()) == {1}
    assert store.statistics().calls_by_status["FAILED"] == 40
    store.close()


def test_worker_with_late_renewal_keeps_its_call(store: CallStore, clock: Clock) -> None:
    """Else a busy machine, or a store that was away, would cost the call its attempts one after the other."""
    submit(store, 0)
    lease = store.lease("w", 10)
    assert lease is not None
    clock.now_s += 11
    assert store.lease("w", 10, at_work=[lease.call.id]) is None
    assert store.renew(lease.call.id, lease.token, 10)
    clock.now_s += 11
    taken = store.lease("another", 10, at_work=["some other call"])
    assert taken is not None
    assert taken.call.attempts == 2
    assert not store.renew(lease.call.id, lease.token, 10)
