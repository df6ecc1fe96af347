"""The batch without Ray: the plan, its steps row by row, the two ends, and what is counted."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from callytics.config import ENGINE_STAGES, StageConfig
from callytics.domain import Audio, Recording
from callytics.engines.analysis import endpoints
from callytics.pipeline import PURE_STEPS, InProcess
from callytics.result.schema.call import CallResult
from callytics.store import CallStore, JobStatus
from deployments.backfill.job import cores, half_of, main, redacts_every_call
from deployments.backfill.manifest import BatchItem
from deployments.backfill.plan import FAILURE, RUNS, StepWorker, by_stage, plan
from deployments.backfill.progress import Outcome, Progress
from deployments.backfill.sink import Reader
from deployments.operations import llm_config
from deployments.replica.llm_transport import HandleTransport
from tests.support.batches import Batch, recording, stages_of_tiny_engines, table_of


@pytest.mark.parametrize(("allowed", "num_items", "taken"), [(8, 3, 3), (2, 20, 2), (4, 0, 1)])
def test_batch_starts_no_more_workers_than_it_has_recordings(
    allowed: int, num_items: int, taken: int
) -> None:
    assert cores(allowed, num_items) == taken


def test_batch_takes_half_of_a_cluster_by_default() -> None:
    node = {"Alive": True, "Resources": {"CPU": 8.0}}
    assert half_of([node, node, {"Alive": False, "Resources": {"CPU": 8.0}}]) == 8


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    return Batch(tmp_path, stages_of_tiny_engines())


def test_every_step_comes_after_those_that_it_reads_and_nothing_is_carried_too_long() -> None:
    seen = {"recording", "options", "corrections"}
    held = set(seen)
    for step in plan():
        assert set(step.inputs) <= held, step
        held = (held | {step.name}) - set(step.finished)
        seen.add(step.name)
    assert seen == {"recording", "options", "corrections", *ENGINE_STAGES, *PURE_STEPS}
    assert held == {"recording", "report"}


def test_engine_has_a_worker_of_its_own_and_what_needs_none_goes_with_it() -> None:
    groups = by_stage()
    assert [step for steps in groups for step in steps] == plan()
    assert [steps[0].name for steps in groups] == list(ENGINE_STAGES)


def test_samples_are_dropped_after_the_last_engine_that_listens(batch: Batch, tmp_path: Path) -> None:
    table = Reader(batch.url, batch.blobs)(table_of([recording(tmp_path, "a.wav")]))
    sizes = {}
    for step in plan():
        table = StepWorker(step, batch.stages.get(step.name))(table)
        if "audio-processor" in table.column_names:
            audio: Audio = pickle.loads(table.column("audio-processor")[0].as_py())
            sizes[step.name] = len(bytes(audio.pcm.buffer))
    assert sizes["audio-processor"] == sizes["speaker-diarizer"] == 128_000
    assert sizes["speech-recognizer"] == sizes["redact"] == 0


def test_the_report_is_that_of_the_other_interpreters(batch: Batch, tmp_path: Path) -> None:
    item = recording(tmp_path, "a.wav")
    (outcome,) = batch([item])
    stored = CallStore(batch.url).get_report(outcome.call_id)
    in_process = InProcess(batch.stages)(Recording(outcome.call_id, item.uri), item.options)
    blank = [
        stage.model_copy(update={"duration_ms": 0, "application": ""})
        for stage in in_process.job_details.stages
    ]
    details = in_process.job_details.model_copy(update={"stages": blank})
    stored_result = type(in_process).model_validate_json(stored)
    stored_blank = [
        stage.model_copy(update={"duration_ms": 0, "application": ""})
        for stage in stored_result.job_details.stages
    ]
    stored_details = stored_result.job_details.model_copy(update={"stages": stored_blank})
    assert stored_result.model_copy(update={"job_details": stored_details}) == in_process.model_copy(
        update={"job_details": details}
    )


def test_bad_file_is_a_row_in_failures_and_ends_nothing(batch: Batch, tmp_path: Path) -> None:
    items = [
        recording(tmp_path, "a.wav"),
        recording(tmp_path, "bad.bin", b"bad"),
        BatchItem(str(tmp_path / "missing.wav")),
    ]
    outcomes = batch(items)
    assert [outcome.status for outcome in outcomes] == ["COMPLETED", "FAILED", "FAILED"]
    failures = {row["code"]: row for row in batch.rows("failures")}
    assert set(failures) == {"media_undecodable", "recording_missing"}
    assert failures["media_undecodable"]["uri"] == items[1].uri
    assert [row["uri"] for row in batch.rows("calls")] == [items[0].uri]
    assert len(list(Path(batch.blobs, "calls").iterdir())) == 1
    assert len(CallStore(batch.url).call_ids()) == 1


def test_second_run_skips_what_is_finished_and_tries_the_rest_again(batch: Batch, tmp_path: Path) -> None:
    items = [recording(tmp_path, "a.wav"), recording(tmp_path, "bad.bin", b"bad")]
    first = batch(items)
    again = batch(items)
    assert [outcome.status for outcome in again] == ["SKIPPED", "FAILED"]
    assert again[0].call_id == first[0].call_id
    assert len(batch.rows("calls")) == len(batch.rows("turns")) - 1 == 1
    assert len(list(Path(batch.blobs, "calls").iterdir())) == 1


def test_the_same_recording_twice_in_one_batch_is_one_call(batch: Batch, tmp_path: Path) -> None:
    first, copy = recording(tmp_path, "a.wav"), recording(tmp_path, "copy.wav")
    outcomes = batch([first, replace(copy, metadata=first.metadata)])
    assert [outcome.status for outcome in outcomes] == ["COMPLETED", "SKIPPED"]
    assert outcomes[0].call_id == outcomes[1].call_id
    (row,) = batch.rows("calls")
    assert row["call_id"] == outcomes[0].call_id


def test_same_recording_with_other_metadata_is_another_call(batch: Batch, tmp_path: Path) -> None:
    items = [recording(tmp_path, "a.wav"), recording(tmp_path, "copy.wav")]
    outcomes = batch(items)
    assert [outcome.status for outcome in outcomes] == ["COMPLETED", "COMPLETED"]
    assert {row["call_id"] for row in batch.rows("calls")} == {outcome.call_id for outcome in outcomes}
    assert [outcome.status for outcome in batch(items)] == ["SKIPPED", "SKIPPED"]


def test_optional_stage_that_fails_leaves_the_call_partial(batch: Batch, tmp_path: Path) -> None:
    analyzer = batch.stages["llm-analyzer"]
    batch.stages["llm-analyzer"] = StageConfig(analyzer.stage, analyzer.engine, {"fail": True})
    (outcome,) = batch([recording(tmp_path, "a.wav")])
    assert outcome.status == "PARTIAL"
    record = CallStore(batch.url).get_call(outcome.call_id)
    assert record.status is JobStatus.PARTIAL
    assert {run.name: run.status.value for run in record.stages}["llm-analyzer"] == "FAILED"


def test_rows_of_lost_calls_pass_through_every_step(batch: Batch, tmp_path: Path) -> None:
    table = Reader(batch.url, batch.blobs)(table_of([BatchItem(str(tmp_path / "missing.wav"))]))
    for step in plan():
        table = StepWorker(step, batch.stages.get(step.name))(table)
    (row,) = table.to_pylist()
    assert row[FAILURE] is not None
    assert pickle.loads(row[RUNS]) == ()


def test_personal_data_is_redacted_on_request(batch: Batch, tmp_path: Path) -> None:
    plain = recording(tmp_path, "a.wav")
    redacted = BatchItem(plain.uri, replace(plain.options, redact_pii=True))
    first, second = batch([plain, redacted])
    assert [first.status, second.status] == ["COMPLETED", "COMPLETED"]  # other options: another call
    store = CallStore(batch.url)
    flags = [
        {flag.code for flag in CallResult.model_validate_json(store.get_report(one.call_id)).flags}
        for one in (first, second)
    ]
    assert ["pii_redacted" in of_call for of_call in flags] == [False, True]
    assert store.get_call(second.call_id).options.redact_pii


@pytest.mark.parametrize("settings", [None, {}, {"redact_pii": False}, {"redact_pii": True}])
def test_batch_redacts_what_the_gateway_would(settings: dict[str, bool] | None) -> None:
    gateway = {"name": "api-gateway", "args": None if settings is None else {"settings": settings}}
    asked_for = bool(settings and settings.get("redact_pii"))
    assert redacts_every_call({"applications": [gateway, {"name": "monitoring"}]}) is asked_for


def test_configuration_that_is_not_there_is_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recording(tmp_path, "a.wav")
    assert main(["--input", str(tmp_path), "--config", str(tmp_path / "none.yaml")]) == 1
    assert f"No configuration at {tmp_path / 'none.yaml'}" in caplog.text


def test_the_calls_of_a_batch_belong_to_its_tenant(batch: Batch, tmp_path: Path) -> None:
    item = recording(tmp_path, "a.wav")
    batch.tenant = "alpha"
    (first,) = batch([item])
    assert CallStore(batch.url).get_call(first.call_id).tenant == "alpha"
    assert batch([item])[0].status == "SKIPPED"
    batch.tenant = "beta"
    assert batch([item])[0].status == "COMPLETED"


def test_progress_counts_calls_and_audio_that_was_worked_on() -> None:
    progress = Progress(4)
    progress.add(Outcome("a", "1", "COMPLETED", 3600.0))
    progress.add(Outcome("b", "2", "SKIPPED", 3600.0))
    progress.add(Outcome("c", "", "FAILED", 0.0))
    assert (progress.num_done, progress.failed, progress.audio_s) == (3, 1, 3600.0)
    assert "3 of 4 calls (1 completed, 1 failed, 1 skipped), 1.000 h of audio" in str(progress)


def test_job_is_imported_without_ray() -> None:
    """How its own Ray is closed to other users is read by `import ray`, and said after the arguments are known."""
    code = "import sys, deployments.backfill.job; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_worker_of_a_stage_with_a_model_by_name_reaches_applications(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "_transports", [])
    step = next(step for step in plan() if step.name == "llm-analyzer")
    options = {"model": "m", "endpoint": "llm-server"}
    StepWorker(step, StageConfig("llm-analyzer", llm_config.ENGINE, options))
    assert isinstance(endpoints.transport_to("llm-server"), HandleTransport)
