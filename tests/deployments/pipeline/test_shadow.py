"""Versions in the shadow of others: what they make is stored beside, and the call is as if they were not there."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from ray.exceptions import ActorDiedError

from callytics.domain import StageStatus, Transcript
from callytics.errors import UnavailableError
from callytics.store import JobStatus
from deployments.pipeline.routing import Assignment
from tests.deployments.conftest import FakeGraph, FakeStage

STAGE, V2 = "speech-recognizer", "speech-recognizer-v2"


@pytest.fixture
def shadowed(graph: FakeGraph) -> FakeGraph:
    graph.stages[V2] = FakeStage(V2, STAGE, {"delay_s": 0.001})
    graph.assignments[STAGE] = Assignment(STAGE, (V2,))
    graph.submit()
    return graph


def call_view(graph: FakeGraph) -> dict[str, Any]:
    """What the owner of the call sees of it, without times."""
    call = graph.store.get_call("c1")
    document: dict[str, Any] = json.loads(graph.store.get_report("c1"))
    for stage in document["job_details"]["stages"]:
        del stage["duration_ms"]
    return {"result": document, "stages": [(run.name, run.application, run.status) for run in call.stages]}


def test_both_versions_work_and_the_caller_gets_the_first(shadowed: FakeGraph) -> None:
    shadowed.work()
    counts = shadowed.counts()
    assert counts[STAGE] == counts[V2] == counts["punctuation-restorer"] == 1
    (first,), (second,) = shadowed.runs_of(STAGE), shadowed.runs_of(V2)
    assert second.status is StageStatus.COMPLETED
    assert first.config_hash != second.config_hash != ""
    assert isinstance(shadowed.store.version_output("c1", V2), Transcript)
    view = call_view(shadowed)
    assert V2 not in json.dumps(view)
    assert ("speech-recognizer", STAGE, StageStatus.COMPLETED) in view["stages"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RuntimeError("told to fail"), "stage_crashed"),
        (ActorDiedError(), "stage_lost"),
        (UnavailableError("stage_not_deployed", ""), "stage_not_deployed"),
    ],
)
def test_shadow_that_fails_changes_nothing_of_the_call(
    shadowed: FakeGraph, error: Exception, code: str
) -> None:
    shadowed.stages[V2].errors = [error]
    shadowed.work()
    assert shadowed.store.get_call("c1").status is JobStatus.COMPLETED
    (run,) = shadowed.runs_of(V2)
    assert (run.status, run.error_code, run.attempts) == (StageStatus.FAILED, code, 1)
    assert run.config_hash  # it is known which version failed
    assert shadowed.stages[V2].calls == 1


def test_slow_shadow_ends_after_the_call(shadowed: FakeGraph) -> None:
    async def work() -> None:
        shadowed.stages[V2].held = asyncio.Event()
        shadows = shadowed.shadow_runs()
        await shadowed.run_leased(shadows)
        assert shadowed.store.get_call("c1").status is JobStatus.COMPLETED
        assert shadowed.runs_of(V2) == []
        shadowed.stages[V2].held.set()
        await asyncio.gather(*shadows._tasks)

    asyncio.run(work())
    assert [run.status for run in shadowed.runs_of(V2)] == [StageStatus.COMPLETED]


def test_shadow_that_never_ends_has_failed_after_its_time(shadowed: FakeGraph) -> None:
    async def work() -> None:
        shadowed.stages[V2].held = asyncio.Event()
        shadows = shadowed.shadow_runs(timeout_s=0.05)
        await shadowed.run_leased(shadows)
        await asyncio.gather(*shadows._tasks)

    asyncio.run(work())
    assert [run.error_code for run in shadowed.runs_of(V2)] == ["stage_timeout"]


def test_so_many_shadows_run_at_once_and_no_more(shadowed: FakeGraph) -> None:
    third = "speech-recognizer-v3"
    shadowed.stages[third] = FakeStage(third, STAGE)
    shadowed.assignments[STAGE] = Assignment(STAGE, (V2, third))
    shadowed.work(max_shadow_runs=1)
    assert shadowed.store.get_call("c1").status is JobStatus.COMPLETED
    assert (shadowed.stages[V2].calls, shadowed.stages[third].calls) == (1, 0)


def test_stage_that_is_tried_again_does_not_repeat_its_shadow(shadowed: FakeGraph) -> None:
    shadowed.stages[STAGE].errors = [ActorDiedError(), ActorDiedError()]
    shadowed.work()
    assert shadowed.stages[STAGE].calls == 3
    assert shadowed.stages[V2].calls == 1


def test_the_shadow_of_a_deleted_call_keeps_nothing(shadowed: FakeGraph) -> None:
    async def work() -> None:
        shadowed.stages[V2].held = asyncio.Event()
        shadows = shadowed.shadow_runs()
        await shadowed.run_leased(shadows)
        shadowed.store.delete_call("c1")
        shadowed.stages[V2].held.set()
        await asyncio.gather(*shadows._tasks)

    asyncio.run(work())
    assert shadowed.runs_of(V2) == []


def test_stopping_leaves_no_task_behind(shadowed: FakeGraph) -> None:
    async def work() -> int:
        shadowed.stages[V2].held = asyncio.Event()
        shadows = shadowed.shadow_runs()
        await shadowed.run_leased(shadows)
        await shadows.stop()
        return len(shadows._tasks)

    assert asyncio.run(work()) == 0
    assert shadowed.runs_of(V2) == []
