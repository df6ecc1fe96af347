"""What one call through the pipeline counts: stages, retries, errors, and what its result says."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest
from ray.exceptions import RayActorError

from callytics.domain import JobStatus
from callytics.errors import ConflictError, StageError
from callytics.store import AsyncStore
from callytics.telemetry import Sample, series
from deployments.pipeline.call_run import CallRun
from tests.deployments.conftest import FakeGraph


def counted(graph: FakeGraph) -> list[Sample]:
    """Run the next call; its samples, with safe labels."""
    found: list[Sample] = []

    def count(samples: Sequence[Sample]) -> None:
        found.extend(Sample(s.series, s.value, s.series.safe_labels(s.labels)) for s in samples)

    async def run() -> None:
        lease = graph.store.lease("test", 60.0)
        assert lease is not None
        store = AsyncStore.local(graph.store)
        shadows = graph.shadow_runs()
        limits = (graph.timeouts_s, graph.circuits)
        await CallRun(lease, store, graph.assignments, shadows, *limits, 0.0, count).execute()

    asyncio.run(run())
    return found


def by_stage(found: list[Sample], of: series.Series) -> dict[str, float]:
    totals: Counter[str] = Counter()
    for sample in found:
        if sample.series is of:
            totals[sample.labels["stage"]] += 1 if of.buckets else int(sample.value)
    return dict(totals)


def test_every_stage_is_observed_once(graph: FakeGraph) -> None:
    graph.submit()
    found = counted(graph)
    assert by_stage(found, series.STAGE_DURATION) == dict.fromkeys(graph.stages, 1)
    assert by_stage(found, series.STAGE_REAL_TIME_FACTOR) == dict.fromkeys(graph.stages, 1)
    assert not by_stage(found, series.STAGE_ERRORS)
    assert not by_stage(found, series.STAGE_RETRIES)


def test_kept_results_are_not_observed_again(graph: FakeGraph) -> None:
    call_id = graph.submit()
    first = counted(graph)
    graph.store.reprocess_call(call_id, ["sentiment-analyzer"])
    again = counted(graph)
    assert by_stage(again, series.STAGE_DURATION) == {"sentiment-analyzer": 1}
    assert {s.series for s in first} > {s.series for s in again}
    once = {series.TURNS, series.TOPICS, series.CONFIDENCE, series.REDACTIONS}
    assert not once & {s.series for s in again}


def test_lost_replica_is_a_retry_and_a_refusal_is_an_error(graph: FakeGraph) -> None:
    graph.submit()
    graph.stages["speech-recognizer"].errors = [RayActorError()]
    graph.stages["llm-analyzer"].errors = [StageError("llm-analyzer", "my card is 4111", "text")]
    found = counted(graph)
    assert by_stage(found, series.STAGE_RETRIES) == {"speech-recognizer": 1}
    (error,) = [s for s in found if s.series is series.STAGE_ERRORS]
    assert error.labels == {"stage": "llm-analyzer", "version": "llm-analyzer", "code": "other"}
    statuses = [s.labels["status"] for s in found if s.series is series.STAGE_DURATION]
    assert Counter(statuses) == {"COMPLETED": 5, "FAILED": 1}


def test_worker_that_lost_its_call_counts_no_result(
    graph: FakeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph.submit()
    complete = graph.store.complete

    def late(call_id: str, token: str, status: JobStatus, report: bytes) -> None:
        complete(call_id, "another", status, report)

    monkeypatch.setattr(graph.store, "complete", late)
    found: list[Sample] = []
    with pytest.raises(ConflictError):
        found = counted(graph)
    assert not found
