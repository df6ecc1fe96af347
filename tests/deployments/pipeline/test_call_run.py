"""A call through the graph on Serve: what is recorded, retried, reused and given up."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from ray.exceptions import ActorDiedError, RayTaskError

from callytics.domain import Audio, CallOptions, Role, StageStatus
from callytics.errors import ConflictError, InvalidMediaError, UnavailableError
from callytics.store import Corrections, JobStatus, NewCall
from deployments.pipeline.outputs import Output, relevant
from deployments.pipeline.routing import Assignment
from tests.deployments import tiny_engines
from tests.deployments.conftest import FakeGraph, FakeStage

ONCE = {
    "audio-processor": 1,
    "speaker-diarizer": 1,
    "speech-recognizer": 1,
    "punctuation-restorer": 1,
    "sentiment-analyzer": 1,
    "llm-analyzer": 1,
}


def result(graph: FakeGraph) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(graph.store.get_report("c1"))
    return document


def test_every_stage_runs_once_and_the_call_is_completed(graph: FakeGraph) -> None:
    graph.submit()
    graph.work()
    call = graph.store.get_call("c1")
    assert call.status is JobStatus.COMPLETED
    assert graph.counts() == ONCE
    assert {run.status for run in call.stages} == {StageStatus.COMPLETED}
    assert [turn["content"] for turn in result(graph)["transcript"]] == ["Hello.", "Hi."]
    assert len({run.config_hash for run in call.stages}) == len(ONCE)


def test_the_store_is_never_sent_samples(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples of a long call would be in the object store a second time."""
    recorded: list[Any] = []
    record_stage = graph.store.record_stage

    def spy(call_id: str, token: str, run: Any, key: str, output: Any) -> None:
        recorded.append(output)
        record_stage(call_id, token, run, key, output)

    monkeypatch.setattr(graph.store, "record_stage", spy)
    graph.submit()
    graph.work()
    (audio,) = [output for output in recorded if isinstance(output, Audio)]
    assert len(audio.pcm.buffer) == 0
    assert audio.pcm.duration_s == 2.0
    assert graph.counts() == ONCE


def test_new_call_asks_for_no_earlier_outputs(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question less per stage; what is taken up again asks (below)."""
    asked: list[str] = []
    load = graph.store.load_stage_output
    monkeypatch.setattr(
        graph.store, "load_stage_output", lambda call_id, key: asked.append(key) or load(call_id, key)
    )
    graph.submit()
    graph.work()
    assert graph.store.get_call("c1").status is JobStatus.COMPLETED
    assert asked == []


def test_replica_that_dies_is_tried_again(graph: FakeGraph) -> None:
    graph.stages["speech-recognizer"].errors = [ActorDiedError(), ActorDiedError()]
    graph.submit()
    graph.work()
    call = graph.store.get_call("c1")
    assert call.status is JobStatus.COMPLETED
    runs = {run.name: run for run in call.stages}
    assert runs["speech-recognizer"].attempts == 3
    assert graph.counts() == ONCE | {"speech-recognizer": 3}


def test_each_stage_has_a_timeout_of_its_own(graph: FakeGraph) -> None:
    graph.stages["llm-analyzer"].held = asyncio.Event()  # for ever
    graph.timeouts_s["llm-analyzer"] = 0.05
    graph.submit()
    graph.work()
    call = graph.store.get_call("c1")
    assert call.status is JobStatus.PARTIAL
    assert call.error is not None
    assert (call.error.stage, call.error.code) == ("llm-analyzer", "stage_timeout")
    assert graph.counts() == ONCE | {"llm-analyzer": 3}
    durations_s = {run.name: run.duration_s for run in call.stages}
    assert 0.05 <= durations_s["llm-analyzer"] < 5.0  # the others' is 10 s


def test_call_that_always_kills_its_replica_fails(graph: FakeGraph) -> None:
    graph.stages["speech-recognizer"].errors = [ActorDiedError() for _ in range(10)]
    graph.submit()
    graph.work()
    call = graph.store.get_call("c1")
    assert call.status is JobStatus.FAILED
    assert call.error is not None
    assert (call.error.stage, call.error.code) == ("speech-recognizer", "stage_lost")
    assert graph.stages["speech-recognizer"].calls == 3


def test_rejected_recording_fails_at_once_with_its_own_code(graph: FakeGraph) -> None:
    graph.submit("bad.wav")
    graph.work()
    call = graph.store.get_call("c1")
    assert call.status is JobStatus.FAILED
    assert call.error is not None
    assert (call.error.stage, call.error.code) == ("audio-processor", "media_undecodable")
    assert graph.stages["audio-processor"].calls == 1
    assert graph.stages["speech-recognizer"].calls == 0


def test_errors_of_a_replica_are_told_without_traceback(graph: FakeGraph) -> None:
    cause = InvalidMediaError("media_no_audio", "There is no sound in it.")
    error = RayTaskError("f", "Traceback (most recent call last): ...", cause)
    graph.stages["audio-processor"].errors = [error.as_instanceof_cause()]
    graph.submit()
    graph.work()
    call = graph.store.get_call("c1")
    assert call.error is not None
    assert (call.error.code, call.error.message) == ("media_no_audio", "There is no sound in it.")


def test_optional_stage_that_keeps_failing_leaves_the_call_partial(graph: FakeGraph) -> None:
    graph.stages["llm-analyzer"].options = {"fail": True}
    graph.submit()
    graph.work()
    call = graph.store.get_call("c1")
    assert call.status is JobStatus.PARTIAL
    document = result(graph)
    assert document["job_status"] == "PARTIAL"
    assert [(e["stage"], e["code"]) for e in document["job_details"]["errors"]] == [
        ("llm-analyzer", "stage_crashed")
    ]
    assert document["transcript"][0]["sentiment"] == "NEUTRAL"


def test_retry_runs_only_what_failed(graph: FakeGraph) -> None:
    graph.stages["llm-analyzer"].options = {"fail": True}
    graph.submit()
    graph.work()
    graph.stages["llm-analyzer"].options = {}
    graph.stages["llm-analyzer"].calls = 0
    graph.store.retry_call("c1")
    graph.work()
    assert graph.store.get_call("c1").status is JobStatus.COMPLETED
    assert graph.counts() == ONCE


def test_call_taken_up_again_resumes_after_its_finished_stages(graph: FakeGraph) -> None:
    """The recogniser fails for good; when it is back, audio is decoded again for it, and nothing else repeats."""
    graph.stages["speech-recognizer"].options = {"fail": True}
    graph.submit()
    graph.work()
    assert graph.store.get_call("c1").status is JobStatus.FAILED
    graph.stages["speech-recognizer"].options = {}
    for stage in graph.stages.values():
        stage.calls = 0
    graph.store.retry_call("c1")
    graph.work()
    assert graph.store.get_call("c1").status is JobStatus.COMPLETED
    assert graph.counts() == ONCE | {"speaker-diarizer": 0}


def test_corrected_roles_repeat_nothing_that_listens(graph: FakeGraph) -> None:
    graph.submit()
    graph.work()
    for stage in graph.stages.values():
        stage.calls = 0
    graph.store.correct_call("c1", Corrections(roles={"spk_0": Role.CUSTOMER, "spk_1": Role.AGENT}))
    graph.work()
    assert [turn["participant_role"] for turn in result(graph)["transcript"]] == ["CUSTOMER", "AGENT"]
    counts = graph.counts()
    assert [counts[s] for s in ("audio-processor", "speaker-diarizer", "speech-recognizer")] == [0, 0, 0]
    assert counts["sentiment-analyzer"] == counts["llm-analyzer"] == 1


def test_written_forms_reach_the_result_and_change_no_key_of_a_stage(graph: FakeGraph) -> None:
    plain, write = (
        Output("", options, options) for options in (CallOptions(), CallOptions(written_forms=True))
    )
    for step in ("audio-processor", "speech-recognizer", "redact"):
        assert relevant(step, plain).key == relevant(step, write).key
    assert relevant("write", plain).key != relevant("write", write).key
    graph.store.create_call(NewCall("c1", "call.wav", 1, tiny_engines.MEDIA, options=write.value))
    graph.work()
    assert [turn["written"] for turn in result(graph)["transcript"]] == ["Hello.", "Hi."]


def test_changed_stage_is_run_again_with_all_that_depends_on_it(graph: FakeGraph) -> None:
    graph.submit()
    graph.work()
    for stage in graph.stages.values():
        stage.calls = 0
    graph.stages["punctuation-restorer"].options = {"delay_s": 0.001}
    graph.store.reprocess_call("c1", ())
    graph.work()
    assert graph.counts() == {
        "audio-processor": 0,
        "speaker-diarizer": 0,
        "speech-recognizer": 0,
        "punctuation-restorer": 1,
        "sentiment-analyzer": 1,
        "llm-analyzer": 1,
    }


def test_worker_that_lost_its_lease_stores_nothing(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    graph.submit()
    real = graph.store.complete

    def cancelled_before(*args: Any) -> None:
        graph.store.cancel_call("c1")
        real(*args)

    monkeypatch.setattr(graph.store, "complete", cancelled_before)
    with pytest.raises(ConflictError):
        graph.work()
    assert graph.store.get_call("c1").status is JobStatus.CANCELLED


def test_the_version_that_is_assigned_does_the_work_and_the_result_says_so(graph: FakeGraph) -> None:
    v2 = "speech-recognizer-v2"
    graph.stages[v2] = FakeStage(v2, "speech-recognizer", {"delay_s": 0.001})
    graph.assignments["speech-recognizer"] = Assignment(v2)
    graph.submit()
    graph.work()
    stages = {stage["name"]: stage for stage in result(graph)["job_details"]["stages"]}
    found = stages["speech-recognizer"]
    assert (found["application"], found["model"], found["model_revision"]) == (v2, "tiny", "1")
    assert found["config_hash"] not in ("", stages["llm-analyzer"]["config_hash"])
    assert graph.stages["speech-recognizer"].calls == 0


def test_stage_that_fails_says_which_version_did(graph: FakeGraph) -> None:
    graph.stages["speech-recognizer"].options = {"fail": True}
    graph.submit()
    graph.work()
    (run,) = graph.runs_of("speech-recognizer")
    assert (run.status, run.engine, run.model) == (StageStatus.FAILED, "TinyRecognizer", "tiny")
    assert run.config_hash


AWAY = [UnavailableError("stage_not_deployed", ""), ActorDiedError()]


@pytest.mark.parametrize("away", AWAY)
def test_call_whose_stage_is_away_waits_in_the_queue(graph: FakeGraph, away: Exception) -> None:
    """As long as it takes: no attempt of the call is counted. It resumes after what it had finished."""
    graph.stages["speech-recognizer"].away = away
    graph.submit()
    graph.work()
    call = graph.store.get_call("c1")
    assert (call.status, call.attempts) == (JobStatus.QUEUED, 0)
    runs = {run.name: run for run in call.stages}
    assert runs["speech-recognizer"].error_code in ("stage_not_deployed", "stage_unavailable")
    assert graph.circuits["speech-recognizer"].is_open
    assert graph.store.lease("test", 60.0) is None  # not at once
    graph.stages["speech-recognizer"].away = None
    graph.pass_time(60.0)
    graph.work()
    assert graph.store.get_call("c1").status is JobStatus.COMPLETED
    assert not graph.circuits["speech-recognizer"].is_open


def test_behind_an_open_circuit_a_call_waits_without_trying(graph: FakeGraph) -> None:
    graph.circuits["speech-recognizer"].open()
    graph.submit()
    graph.work()
    call = graph.store.get_call("c1")
    assert (call.status, call.attempts) == (JobStatus.QUEUED, 0)
    assert graph.counts() == ONCE | dict.fromkeys(AFTER_RECOGNITION, 0)


AFTER_RECOGNITION = ("speech-recognizer", "punctuation-restorer", "sentiment-analyzer", "llm-analyzer")


def test_stage_that_crashes_on_every_call_fails_none_of_the_later(graph: FakeGraph) -> None:
    """The first cannot be told from a call that is at fault itself."""
    graph.stages["speech-recognizer"].options = {"fail": True}
    graph.circuits["speech-recognizer"].failed("another")
    graph.submit()
    graph.work()
    call = graph.store.get_call("c1")
    assert (call.status, call.attempts) == (JobStatus.QUEUED, 1)
    assert call.error is not None
    assert call.error.code == "stage_unavailable"
    assert graph.circuits["speech-recognizer"].is_open


def test_optional_stage_behind_an_open_circuit_leaves_the_call_partial(graph: FakeGraph) -> None:
    graph.circuits["llm-analyzer"].open()
    graph.submit()
    graph.work()
    assert graph.store.get_call("c1").status is JobStatus.PARTIAL
    assert result(graph)["job_details"]["errors"][0]["code"] == "stage_unavailable"
    assert graph.stages["llm-analyzer"].calls == 0


def test_call_that_leaves_its_stage_without_a_replica_is_counted(graph: FakeGraph) -> None:
    """Else one that kills every replica would come back for ever."""
    recognizer = graph.stages["speech-recognizer"]

    class Dies(ActorDiedError):
        def __init__(self) -> None:
            super().__init__()
            recognizer.away = ActorDiedError()

    recognizer.error_types = [Dies]
    graph.submit()
    graph.work()
    call = graph.store.get_call("c1")
    assert (call.status, call.attempts) == (JobStatus.QUEUED, 1)
    assert recognizer.calls == 1


def test_audio_that_could_not_be_decoded_again_is_tried_again(graph: FakeGraph) -> None:
    """A call that resumes at the recogniser needs its samples back; the audio-processor dies over it, once."""
    graph.stages["speech-recognizer"].options = {"fail": True}
    graph.submit()
    graph.work()
    graph.stages["speech-recognizer"].options = {}
    graph.stages["audio-processor"].errors = [ActorDiedError()]
    graph.store.retry_call("c1")
    graph.work()
    assert graph.store.get_call("c1").status is JobStatus.COMPLETED
