"""A correction through the interpreters: only what depends on it runs, and what runs later keeps it."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from callytics.config import ENGINE_STAGES
from callytics.domain import Recording, SentimentLabel
from callytics.pipeline import InProcess, dependants
from callytics.result.formats import export
from callytics.result.subtitles import SubtitleLimits
from callytics.store import BlobStore, CallFilter, CallStore, Corrections, JobStatus, Split
from deployments.backfill.plan import CORRECTIONS, StageWorker, by_stage
from deployments.backfill.sink import Reader, Sink
from deployments.database_service import QUEUEING
from tests.deployments.conftest import FakeGraph, FakeStage
from tests.support.batches import Batch, recording, stages_of_tiny_engines, table_of

CORRECTED = Corrections(words={"t1": "Hello, Callytics."}, names={"spk_1": "Lee"})
LISTENING = ("audio-processor", "speaker-diarizer", "speech-recognizer", "punctuation-restorer")


@pytest.fixture
def graph_database_url(database_url: str) -> str:
    return database_url


def result(store: CallStore, call_id: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(store.get_report(call_id))
    return document


def is_corrected(store: CallStore, call_id: str) -> None:
    document = result(store, call_id)
    first = document["transcript"][0]
    assert (first["content"], first["content_raw"]) == ("Hello, Callytics.", "Hello.")
    assert [item["corrected"] for item in first["items"]] == [False, True]
    assert first["flags"] == ["corrected"]
    assert [p["name"] for p in document["participants"]] == [None, "Lee"]
    assert [(c["status"], c["turn_id"], c["participant_id"]) for c in document["corrections"]] == [
        ("APPLIED", "t1", "spk_0"), ("APPLIED", "", "spk_1"),
    ]  # fmt: skip


@pytest.fixture
def corrected(graph: FakeGraph) -> str:
    call_id = graph.submit()
    graph.work()
    for stage in graph.stages.values():
        stage.calls = 0
    graph.store.correct_call(call_id, CORRECTED)
    graph.work()
    return call_id


def test_dependants_of_a_correction_run_again_without_recognition(graph: FakeGraph, corrected: str) -> None:
    is_corrected(graph.store, corrected)
    assert graph.counts() == {stage: int(stage not in LISTENING) for stage in ENGINE_STAGES}
    (found,) = graph.store.list_calls(CallFilter(text="Callytics")).calls
    assert found.id == corrected


def test_undone_the_call_reads_as_it_was_recognised(graph: FakeGraph, corrected: str) -> None:
    for correction in graph.store.list_corrections(corrected):
        graph.store.undo_correction(corrected, correction.id)
        graph.work()
    document = result(graph.store, corrected)
    assert [turn["content"] for turn in document["transcript"]] == ["Hello.", "Hi."]
    assert document["corrections"] == []
    assert [p["name"] for p in document["participants"]] == [None, None]
    assert graph.store.list_calls(CallFilter(text="Callytics")).calls == ()


def test_reprocessing_keeps_it(graph: FakeGraph, corrected: str) -> None:
    graph.store.reprocess_call(corrected, dependants("audio-processor"))
    graph.work()
    assert graph.stages["speech-recognizer"].calls == 1
    is_corrected(graph.store, corrected)


def test_retry_keeps_a_correction(graph: FakeGraph, corrected: str) -> None:
    graph.stages["llm-analyzer"].options = {"fail": True}
    graph.store.reprocess_call(corrected, dependants("llm-analyzer"))
    graph.work()
    assert graph.store.get_call(corrected).status is JobStatus.PARTIAL
    is_corrected(graph.store, corrected)
    graph.stages["llm-analyzer"].options = {}
    graph.store.retry_call(corrected)
    graph.work()
    assert graph.store.get_call(corrected).status is JobStatus.COMPLETED
    is_corrected(graph.store, corrected)


def test_another_engine_keeps_it(graph: FakeGraph, corrected: str) -> None:
    graph.stages["speech-recognizer"] = FakeStage("speech-recognizer", options={"delay_s": 0.001})
    graph.store.reprocess_call(corrected, dependants("llm-analyzer"))
    graph.work()
    assert graph.stages["speech-recognizer"].calls == 1
    is_corrected(graph.store, corrected)


def test_batch_never_overwrites_a_correction(graph: FakeGraph, tmp_path: Path, database_url: str) -> None:
    """Neither in the store nor in its Parquet; also where the correction comes while the batch is at work."""
    batch = Batch(tmp_path, stages_of_tiny_engines())
    batch.url = database_url
    item = recording(tmp_path, "a.wav")
    store = graph.store
    table = Reader(batch.url, batch.blobs)(table_of([item]))  # a second batch, at work since before
    call_id = batch([item])[0].call_id
    store.correct_call(call_id, CORRECTED)
    graph.work()
    assert store.get_call(call_id).error is None
    is_corrected(store, call_id)
    report = store.get_report(call_id)
    Sink(batch.url, batch.blobs, batch.output)(at_work(batch, table))
    assert store.call_ids() == {call_id}
    assert store.get_report(call_id) == report
    assert json.loads(batch.rows("calls")[0]["result"]) == json.loads(report)
    assert batch.rows("turns")[0]["content"] == "Hello, Callytics."
    assert batch([item])[0].status == "SKIPPED"
    is_corrected(store, call_id)


def at_work(batch: Batch, table: Any) -> Any:
    for steps in by_stage():
        table = StageWorker(steps, batch.stages.get(steps[0].name))(table)
    return table


def test_the_three_interpreters_apply_it_alike(graph: FakeGraph, corrected: str, tmp_path: Path) -> None:
    served = result(graph.store, corrected)
    graph.store.reprocess_call(corrected, ())
    lease = graph.store.lease("worker", 60.0)
    assert lease is not None
    stages = stages_of_tiny_engines()
    local = InProcess(stages)(Recording(corrected, "call.wav"), lease.call.options, lease.corrections)
    batch = Batch(tmp_path, stages)
    CallStore(batch.url).close()
    BlobStore(batch.blobs)
    table = Reader(batch.url, batch.blobs)(table_of([recording(tmp_path, "a.wav")]))
    column = table.schema.get_field_index(CORRECTIONS)
    cell = pa.array([pickle.dumps(lease.corrections)], pa.large_binary())
    table = table.set_column(column, CORRECTIONS, cell)
    report = pickle.loads(at_work(batch, table)["report"][0].as_py())
    for other in (local.model_dump(mode="json"), report.model_dump(mode="json")):
        for block in ("participants", "transcript", "corrections", "conversation_characteristics"):
            assert other[block] == served[block], block


def test_pipeline_is_told_at_once_that_a_call_was_corrected(graph: FakeGraph) -> None:
    """Every method that leaves a call queued tells it; else it waits for the pipeline's next look at the queue."""
    queued = set()
    call_id = graph.submit()
    graph.work()
    ways: dict[str, Any] = {
        "correct_call": lambda: graph.store.correct_call(call_id, CORRECTED),
        "undo_correction": lambda: graph.store.undo_correction(
            call_id, graph.store.list_corrections(call_id)[0].id
        ),
        "reprocess_call": lambda: graph.store.reprocess_call(call_id, ()),
    }
    for name, act in ways.items():
        act()
        if graph.store.get_call(call_id).status is JobStatus.QUEUED:
            queued.add(name)
        graph.work()
    assert queued == set(ways)
    assert queued <= QUEUEING


@pytest.mark.parametrize(
    ("wanted", "runs"),
    [
        (Corrections(moods={"t1": SentimentLabel.NEGATIVE}), ()),
        (Corrections(summary={"issue": "A greeting.", "resolved": True}), ()),
        (Corrections(speakers={"t2": "spk_0"}), ("sentiment-analyzer", "llm-analyzer")),
        (Corrections(merges={"t1": "t2"}), ("sentiment-analyzer", "llm-analyzer")),
    ],
    ids=["mood", "summary", "speaker", "merge"],
)
def test_only_what_depends_on_a_correction_runs_again(
    graph: FakeGraph, wanted: Corrections, runs: tuple[str, ...]
) -> None:
    call_id = graph.submit()
    graph.work()
    before = result(graph.store, call_id)
    for stage in graph.stages.values():
        stage.calls = 0
    graph.store.correct_call(call_id, wanted)
    graph.work()
    assert graph.counts() == {stage: int(stage in runs) for stage in ENGINE_STAGES}
    after = result(graph.store, call_id)
    assert {each["status"] for each in after["corrections"]} == {"APPLIED"}
    assert after != before
    graph.store.reprocess_call(call_id, dependants("audio-processor"))
    graph.work()
    again = result(graph.store, call_id)
    for block in ("transcript", "contact_summary", "corrections"):
        assert again[block] == after[block], block
    for correction in graph.store.list_corrections(call_id):
        graph.store.undo_correction(call_id, correction.id)
        graph.work()
    undone = result(graph.store, call_id)
    for block in ("transcript", "contact_summary", "conversation_characteristics"):
        assert undone[block] == before[block], block


def test_split_turn_is_found_and_exported_as_two(graph: FakeGraph) -> None:
    call_id = graph.submit()
    graph.work()
    graph.store.correct_call(call_id, Corrections(words={"t1": "Hello, old friend."}))
    graph.work()
    graph.store.correct_call(call_id, Corrections(splits={"t1": Split(1, "spk_1")}))
    graph.work()
    document = result(graph.store, call_id)
    assert [(t["id"], t["participant_id"], t["content"]) for t in document["transcript"]] == [
        ("t1", "spk_0", "Hello,"), ("t2", "spk_1", "old friend."), ("t3", "spk_1", "Hi."),
    ]  # fmt: skip
    (found,) = graph.store.list_calls(CallFilter(text="friend")).calls
    assert found.id == call_id
    matches = graph.store.list_calls(CallFilter(text="friend")).matches[call_id]
    assert [match.turn_id for match in matches] == ["t2"]
    assert "old friend." in export(document, "srt", SubtitleLimits())
