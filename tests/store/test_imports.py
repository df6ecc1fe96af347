"""Calls analysed elsewhere come in finished, once, and never as work for a pipeline."""

from __future__ import annotations

from dataclasses import replace

from callytics.domain import CallOptions, StageRun, StageStatus
from callytics.store import CallStore, JobStatus, new_call_id
from tests.store.samples import new_call, result_json

RUN = StageRun("speech-recognizer", StageStatus.COMPLETED, attempts=1, engine="e", model="m", duration_s=1.5)


def test_an_imported_call_is_finished_and_has_its_result(store: CallStore) -> None:
    call = new_call()
    submission = store.import_call(call, [RUN], JobStatus.COMPLETED, result_json(call.id))
    assert submission.created
    record = store.get_call(call.id)
    assert (record.status, [run.name for run in record.stages]) == (
        JobStatus.COMPLETED,
        ["speech-recognizer"],
    )
    assert store.get_report(call.id)
    assert store.lease("a worker", 10) is None


def test_it_is_not_imported_twice(store: CallStore) -> None:
    first = new_call()
    store.import_call(first, [RUN], JobStatus.COMPLETED, result_json(first.id))
    again = replace(first, id=new_call_id())
    submission = store.import_call(again, [RUN], JobStatus.COMPLETED, result_json(again.id))
    assert (submission.created, submission.call.id) == (False, first.id)
    assert store.call_ids() == {first.id}


def test_what_is_finished_is_known_by_content_and_options(store: CallStore) -> None:
    call = new_call()
    assert store.finished_call(call.media.sha256, call.options) is None
    store.create_call(call)
    assert store.finished_call(call.media.sha256, call.options) is None  # queued, not finished
    other = replace(new_call(), media=replace(call.media, sha256="f" * 64))
    store.import_call(other, [RUN], JobStatus.PARTIAL, result_json(other.id))
    assert store.finished_call("f" * 64, other.options) == other.id
    assert store.finished_call("f" * 64, CallOptions(language="xx")) is None
    assert store.finished_call("f" * 64, other.options, tenant="another") is None
    assert store.finished_call("f" * 64, other.options, {"external_id": "B"}) is None
