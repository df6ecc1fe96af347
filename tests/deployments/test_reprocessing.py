"""What runs again, through the real interpreter, on both databases."""

from __future__ import annotations

import pytest

from callytics.config import ENGINE_STAGES
from callytics.pipeline import dependants
from callytics.store import CallFilter, JobStatus
from tests.deployments.conftest import FakeGraph


@pytest.fixture
def graph_database_url(database_url: str) -> str:
    return database_url


AGAIN = {
    "audio-processor": ENGINE_STAGES,
    "punctuation-restorer": ("punctuation-restorer", "sentiment-analyzer", "llm-analyzer"),
    "roles": ("sentiment-analyzer", "llm-analyzer"),
    "llm-analyzer": ("llm-analyzer",),
}


@pytest.mark.parametrize("step", AGAIN)
def test_step_and_its_dependants_run_again_and_nothing_else(graph: FakeGraph, step: str) -> None:
    call_id = graph.submit()
    graph.work()
    assert set(graph.counts().values()) == {1}
    first = graph.store.get_report(call_id)
    graph.store.reprocess_call(call_id, dependants(step))
    assert graph.store.get_report(call_id) == first  # until there is a new one
    graph.work()
    assert graph.store.get_call(call_id).status is JobStatus.COMPLETED
    assert {name for name, calls in graph.counts().items() if calls == 2} == set(AGAIN[step])


def test_run_that_fails_leaves_the_result_of_before(graph: FakeGraph) -> None:
    call_id = graph.submit()
    graph.work()
    first, result_at_ms = graph.store.get_report(call_id), graph.store.get_call(call_id).result_at_ms
    assert result_at_ms is not None
    graph.stages["punctuation-restorer"].options = {"fail": True}
    graph.store.reprocess_call(call_id, dependants("punctuation-restorer"))
    graph.work()
    call = graph.store.get_call(call_id)
    assert (call.status, call.result_at_ms) == (JobStatus.FAILED, result_at_ms)
    assert call.error is not None
    assert call.error.stage == "punctuation-restorer"
    assert graph.store.get_report(call_id) == first
    assert len(graph.store.list_calls(CallFilter(text="hello")).calls) == 1
    graph.stages["punctuation-restorer"].options = {}
    graph.store.retry_call(call_id)
    graph.work()
    call = graph.store.get_call(call_id)
    assert (call.status, call.error) == (JobStatus.COMPLETED, None)


def test_changed_engine_runs_again_with_its_dependants_when_the_last_stage_is_asked_for(
    graph: FakeGraph,
) -> None:
    call_id = graph.submit()
    graph.work()
    graph.stages["sentiment-analyzer"].options = {"delay_s": 0.001}
    graph.store.reprocess_call(call_id, dependants("llm-analyzer"))
    graph.work()
    again = {name for name, calls in graph.counts().items() if calls == 2}
    assert again == {"sentiment-analyzer", "llm-analyzer"}


def test_dependants_follow_the_graph() -> None:
    assert {step: dependants(step) for step in AGAIN} == AGAIN
    assert dependants("report") == ()
