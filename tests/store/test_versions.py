"""Runs of the versions of a stage: those that callers got, and those in the shadow."""

from __future__ import annotations

from dataclasses import replace

from callytics.domain import StageRun, StageStatus
from callytics.store import CallStore
from tests.store.samples import DURATION_S, LINES, finish, new_call
from tests.support.conversations import stereo

SHADOW = StageRun(
    "speech-recognizer",
    StageStatus.COMPLETED,
    attempts=1,
    duration_s=2.5,
    application="speech-recognizer-v2",
    engine="package.module:Engine",
    model="small",
    model_revision="2",
    config_hash="0123456789abcdef",
)


def new_call_named(store: CallStore) -> str:
    return store.create_call(new_call(filename="a.wav", metadata={"external_id": "crm-7"})).call.id


def test_shadow_run_is_stored_with_version_and_output(store: CallStore) -> None:
    call_id = new_call_named(store)
    finish(store)
    _, other = stereo(*LINES[:2], duration_s=DURATION_S)
    before = (store.get_call(call_id), store.get_report(call_id), store.statistics())
    assert store.record_shadow(call_id, SHADOW, other)
    assert (store.get_call(call_id), store.get_report(call_id), store.statistics()) == before
    (found,) = store.version_runs(["speech-recognizer-v2"])
    assert found.run == SHADOW
    assert (found.call_id, found.filename, found.external_id) == (call_id, "a.wav", "crm-7")
    assert (found.audio_s, found.shadow) == (DURATION_S, True)
    assert store.version_output(call_id, "speech-recognizer-v2") == other


def test_runs_of_callers_and_of_shadows_are_found_by_application_and_time(
    store: CallStore,
) -> None:
    call_id = store.create_call(new_call()).call.id
    lease = store.lease("worker", 60.0)
    assert lease is not None
    _, transcript = stereo(*LINES, duration_s=DURATION_S)
    serving = replace(SHADOW, application="speech-recognizer")
    store.record_stage(call_id, lease.token, replace(serving, status=StageStatus.RUNNING))
    assert store.version_runs(["speech-recognizer"]) == ()  # still running
    store.record_stage(call_id, lease.token, serving, "key", transcript)
    failed = replace(SHADOW, status=StageStatus.FAILED, error_code="stage_crashed", error_message="told to")
    store.record_shadow(call_id, failed)
    both = store.version_runs(["speech-recognizer", "speech-recognizer-v2"])
    assert [(v.run, v.shadow) for v in both] == [(serving, False), (failed, True)]
    assert store.version_runs(["llm-analyzer"]) == ()
    assert store.version_runs(["speech-recognizer"], since_ms=both[0].ended_at_ms) == both[:1]
    assert store.version_runs(["speech-recognizer"], since_ms=both[0].ended_at_ms + 1) == ()
    assert store.version_output(call_id, "speech-recognizer") == transcript
    assert store.version_output(call_id, "speech-recognizer-v2") is None  # it failed


def test_the_last_shadow_run_of_a_version_counts(store: CallStore) -> None:
    call_id = store.create_call(new_call()).call.id
    store.record_shadow(call_id, replace(SHADOW, status=StageStatus.FAILED))
    store.record_shadow(call_id, SHADOW)
    assert [found.run for found in store.version_runs(["speech-recognizer-v2"])] == [SHADOW]


def test_shadow_results_are_deleted_with_their_call(store: CallStore) -> None:
    call_id = store.create_call(new_call()).call.id
    store.record_shadow(call_id, SHADOW)
    store.cancel_call(call_id)
    store.delete_call(call_id)
    assert store.version_runs(["speech-recognizer-v2"]) == ()
    assert not store.record_shadow(call_id, SHADOW)  # it ended after the deletion
    assert store.version_output(call_id, "speech-recognizer-v2") is None
