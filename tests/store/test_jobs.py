"""Leases: one worker per call, at any time, whatever dies."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from callytics.domain import StageRun, StageStatus
from callytics.errors import ConflictError, NotFoundError
from callytics.store import CallFilter, CallStore, JobStatus
from callytics.store.leases import MAX_ATTEMPTS
from tests.store.samples import DURATION_S, LINES, audio, finish, new_call, result_json
from tests.support.clocks import Clock
from tests.support.conversations import stereo


def test_calls_are_leased_oldest_first_and_once(store: CallStore) -> None:
    first, second = (store.create_call(new_call(digit * 64)).call.id for digit in "12")
    leases = [store.lease("w", 60) for _ in range(3)]
    assert [lease and lease.call.id for lease in leases] == [first, second, None]


def test_length_of_a_call_is_what_was_decoded(store: CallStore) -> None:
    """The header of a chained Ogg file tells the length of its first part."""
    new = new_call(deduplicate=False)
    call = store.create_call(replace(new, media=replace(new.media, duration_s=4.3))).call
    lease = store.lease("w", 60)
    assert lease is not None
    assert store.get_call(call.id).media.duration_s == 4.3
    run = StageRun("audio-processor", StageStatus.COMPLETED, attempts=1)
    store.record_stage(call.id, lease.token, run, "k", audio().without_samples())
    assert store.get_call(call.id).media.duration_s == DURATION_S
    store.complete(call.id, lease.token, JobStatus.COMPLETED, result_json(call.id))
    assert store.statistics().audio_duration_s == DURATION_S
    (tenant,) = store.usage(None, "2000-01-01", "2100-01-01")
    assert tenant.days[0].analyzed_audio_ms == DURATION_S * 1000


def test_threads_never_lease_the_same_call(database_url: str) -> None:
    stores = [CallStore(database_url), CallStore(database_url)]  # as two processes would have
    for number in range(30):
        stores[0].create_call(new_call(f"{number:064}"))
    taken: list[str] = []

    def work(store: CallStore) -> None:
        while (lease := store.lease("w", 60)) is not None:
            taken.append(lease.call.id)
            store.complete(lease.call.id, lease.token, JobStatus.COMPLETED, result_json(lease.call.id))

    threads = [threading.Thread(target=work, args=(stores[n % 2],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 30
    assert stores[0].statistics().calls_by_status["COMPLETED"] == 30
    for store in stores:
        store.close()


def test_expired_lease_is_reassigned_and_fences_out_the_first_worker(store: CallStore, clock: Clock) -> None:
    call_id = store.create_call(new_call()).call.id
    slow = store.lease("slow", 60)
    assert slow is not None
    clock.now_s += 59
    assert store.renew(call_id, slow.token, 60)
    clock.now_s += 59
    assert store.lease("other", 60) is None
    clock.now_s += 2
    other = store.lease("other", 60)
    assert other is not None
    assert other.call.attempts == 2
    assert not store.renew(call_id, slow.token, 60)
    run = StageRun("speech-recognizer", StageStatus.COMPLETED, 1)
    for write in (
        lambda: store.record_stage(call_id, slow.token, run),
        lambda: store.complete(call_id, slow.token, JobStatus.COMPLETED, result_json(call_id)),
        lambda: store.fail(call_id, slow.token, "s", "c", "m"),
        lambda: store.release(call_id, slow.token),
    ):
        with pytest.raises(ConflictError) as error:
            write()
        assert error.value.code == "lease_lost"
    store.complete(call_id, other.token, JobStatus.COMPLETED, result_json(call_id))
    assert store.get_call(call_id).status is JobStatus.COMPLETED


def test_expired_but_untaken_lease_can_be_renewed(store: CallStore, clock: Clock) -> None:
    call_id = store.create_call(new_call()).call.id
    lease = store.lease("w", 60)
    assert lease is not None
    clock.now_s += 120
    assert store.renew(call_id, lease.token, 60)
    assert store.lease("other", 60) is None


def test_call_that_kills_its_workers_fails(store: CallStore, clock: Clock) -> None:
    call_id = store.create_call(new_call("1" * 64)).call.id
    for _ in range(MAX_ATTEMPTS):
        assert store.lease("w", 60) is not None
        clock.now_s += 61
    behind = store.create_call(new_call("2" * 64)).call.id
    lease = store.lease("w", 60)
    assert lease is not None
    assert lease.call.id == behind
    given_up = store.get_call(call_id)
    assert given_up.status is JobStatus.FAILED
    assert given_up.error is not None
    assert given_up.error.code == "attempts_exhausted"


def test_released_call_waits_and_does_not_count(store: CallStore, clock: Clock) -> None:
    call_id = store.create_call(new_call()).call.id
    lease = store.lease("w", 60)
    assert lease is not None
    store.release(call_id, lease.token, delay_s=30)
    assert store.lease("w", 60) is None
    clock.now_s += 31
    again = store.lease("w", 60)
    assert again is not None
    assert again.call.attempts == 1


def test_completing_stores_result_search_and_event_at_once(store: CallStore) -> None:
    call_id = store.create_call(new_call()).call.id
    finish(store)
    call = store.get_call(call_id)
    assert (call.status, call.language_code) == (JobStatus.COMPLETED, "ko")
    assert b'"transcript"' in store.get_report(call_id)
    types = [event.type for event in store.events_after(call_id)]
    assert types == ["call.queued", "call.started", "stage.running", "stage.completed", "call.completed"]
    numbers = [event.number for event in store.events_after(call_id)]
    assert numbers == sorted(set(numbers))
    assert store.events_after(call_id, numbers[2])[0].number == numbers[3]


def test_failed_result_write_changes_nothing(store: CallStore) -> None:
    call_id = store.create_call(new_call()).call.id
    lease = store.lease("w", 60)
    assert lease is not None
    broken = b'{"language_code": "ko", "transcript": [{"id": "t1"}]}'
    with pytest.raises(KeyError):
        store.complete(call_id, lease.token, JobStatus.COMPLETED, broken)
    assert store.get_call(call_id).status is JobStatus.IN_PROGRESS
    assert store.get_call(call_id).language_code is None
    with pytest.raises(NotFoundError):
        store.get_report(call_id)
    with pytest.raises(ValueError, match="COMPLETED or PARTIAL"):
        store.complete(call_id, lease.token, JobStatus.FAILED, result_json(call_id))


def test_failing_keeps_the_reason(store: CallStore) -> None:
    call_id = store.create_call(new_call()).call.id
    lease = store.lease("w", 60)
    assert lease is not None
    store.fail(call_id, lease.token, "speech-recognizer", "weights_missing", "get them")
    error = store.get_call(call_id).error
    assert error is not None
    assert (error.stage, error.code, error.message) == ("speech-recognizer", "weights_missing", "get them")


def test_stage_outputs_survive_a_restart_of_the_store(database_url: str) -> None:
    store = CallStore(database_url)
    call_id = store.create_call(new_call()).call.id
    lease = store.lease("w", 0.0)
    assert lease is not None
    _, transcript = stereo(*LINES, duration_s=DURATION_S)
    run = StageRun("speech-recognizer", StageStatus.COMPLETED, 1)
    store.record_stage(call_id, lease.token, run, "key", transcript)
    store.record_stage(
        call_id, lease.token, StageRun("audio-processor", StageStatus.COMPLETED, 1), "a", audio()
    )
    store.close()
    store = CallStore(database_url)
    again = store.lease("w2", 60)
    assert again is not None
    assert again.call.id == call_id
    assert store.load_stage_output(call_id, "key") == transcript
    assert store.load_stage_output(call_id, "another key") is None
    kept = store.load_stage_output(call_id, "a")
    assert kept.media == audio().media
    assert kept.acoustics == audio().acoustics
    assert (kept.pcm.num_samples, len(kept.pcm.buffer)) == (16, 0)
    store.close()


def test_nan_and_infinity_are_kept_in_json() -> None:
    from dataclasses import replace

    from callytics.store.codec import decode, encode

    loud = replace(audio(), acoustics=replace(audio().acoustics, snr_db=float("inf")))
    assert decode(encode(loud)).acoustics.snr_db == float("inf")


def test_output_of_another_version_is_computed_again(store: CallStore) -> None:
    from sqlalchemy import text

    from callytics.store.codec import pack

    call_id = store.create_call(new_call()).call.id
    finish(store)
    for body in (b'{"type": "Gone", "value": {}}', b'{"type": "Transcript", "value": {"words": 1}}'):
        with store._write() as session:
            session.execute(text("UPDATE stage_results SET output = :o"), {"o": pack(body)})
        assert store.load_stage_output(call_id, "k1") is None


WORKER = """
import os, sys
from callytics.domain import JobStatus, StageRun, StageStatus
from callytics.store import CallStore, jobs
from tests.store.samples import result_json
store = CallStore(sys.argv[1])
lease = store.lease("doomed", 0.0)
run = StageRun("speech-recognizer", StageStatus.COMPLETED, 1)
if sys.argv[2] == "after-stage":
    store.record_stage(lease.call.id, lease.token, run)
    os.kill(os.getpid(), 9)
with store._write() as session:  # killed inside the transaction that completes the call
    jobs.complete(session, lease.call.id, lease.token, JobStatus.COMPLETED, result_json(lease.call.id), 0)
    session.flush()
    os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("moment", ["after-stage", "in-complete"])
def test_killed_worker_leaves_no_partial_write(database_url: str, moment: str) -> None:
    store = CallStore(database_url)
    call_id = store.create_call(new_call()).call.id
    root = Path(__file__).parents[2]
    code = subprocess.run(
        [sys.executable, "-c", WORKER, database_url, moment],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    ).returncode
    assert code == -9
    assert store.get_call(call_id).status is JobStatus.IN_PROGRESS
    with pytest.raises(NotFoundError):
        store.get_report(call_id)
    assert store.list_calls(CallFilter(text="환불")).calls == ()
    finish(store)
    assert store.get_call(call_id).status is JobStatus.COMPLETED
    assert [event.type for event in store.events_after(call_id)].count("call.completed") == 1
    store.close()
