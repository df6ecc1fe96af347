"""After any end of the job, no data of a redacted call remain that its result must not show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callytics.domain import CallOptions, StageRun, StageStatus
from callytics.store import CallStore, JobStatus, Lease
from tests.store.samples import DURATION_S, LINES, new_call, result_json
from tests.support.conversations import stereo

RUN = StageRun("speech-recognizer", StageStatus.COMPLETED, attempts=1, model="base")


def worked_on(store: CallStore, redact_pii: bool) -> Lease:
    store.create_call(replace(new_call(), options=CallOptions(redact_pii=redact_pii)))
    lease = store.lease("worker", 60.0)
    assert lease is not None
    _, transcript = stereo(*LINES, duration_s=DURATION_S)
    store.record_stage(lease.call.id, lease.token, RUN, key="k1", output=transcript)
    shadow = replace(RUN, application="speech-recognizer-v2")
    assert store.record_shadow(lease.call.id, shadow, transcript)
    assert (
        store.load_stage_output(lease.call.id, "k1") is not None
    )  # a call that is taken up again goes on from it
    return lease


@pytest.mark.parametrize("end", ["complete", "fail", "cancel"])
def test_stage_outputs_are_deleted_at_the_end_of_the_job(store: CallStore, end: str) -> None:
    lease = worked_on(store, redact_pii=True)
    call_id = lease.call.id
    if end == "complete":
        store.complete(call_id, lease.token, JobStatus.COMPLETED, result_json(call_id))
    elif end == "fail":
        store.fail(call_id, lease.token, "llm-analyzer", "x", "y")
    else:
        store.cancel_call(call_id)
    assert store.load_stage_output(call_id, "k1") is None
    for application in ("speech-recognizer", "speech-recognizer-v2", ""):
        assert store.version_output(call_id, application) is None
    (stage,) = store.get_call(call_id).stages
    assert (stage.status, stage.model) == (StageStatus.COMPLETED, "base")  # how it went is still known


def test_other_calls_keep_their_data(store: CallStore) -> None:
    lease = worked_on(store, redact_pii=False)
    store.complete(lease.call.id, lease.token, JobStatus.COMPLETED, result_json(lease.call.id))
    assert store.load_stage_output(lease.call.id, "k1") is not None
    assert store.version_output(lease.call.id, "speech-recognizer-v2") is not None
