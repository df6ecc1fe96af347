"""The gauges about the whole graph: they survive what they watch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ray import serve
from ray.serve._private.common import ReplicaState
from ray.serve.schema import (
    ApplicationStatus,
    ApplicationStatusOverview,
    DeploymentStatus,
    DeploymentStatusOverview,
    DeploymentStatusTrigger,
    ServeStatus,
)

from callytics.errors import UnavailableError
from callytics.store import AsyncStore, CallStore
from callytics.telemetry import Sample
from deployments.replica.graph_gauges import GraphGauges, of_applications
from tests.store.samples import fresh_database, new_call


def status(**replicas: int) -> ServeStatus:
    applications = {
        name: ApplicationStatusOverview(
            status=ApplicationStatus.RUNNING if count else ApplicationStatus.DEPLOYING,
            message="",
            last_deployed_time_s=0.0,
            deployments={
                name: DeploymentStatusOverview(
                    status=DeploymentStatus.HEALTHY,
                    status_trigger=DeploymentStatusTrigger.UNSPECIFIED,
                    replica_states={ReplicaState.RUNNING: count},
                    message="",
                )
            },
        )
        for name, count in replicas.items()
    }
    return ServeStatus(applications=applications)


class Round:
    """Collects samples, and says when the next round has begun."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, ...], float] = {}

    def record(self, samples: Sequence[Sample]) -> None:
        for sample in samples:
            self.values[(sample.series.name.removeprefix("callytics_"), *sample.labels.values())] = (
                sample.value
            )


async def rounds(gauges: GraphGauges, seconds: float = 0.3) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(gauges.set_for_ever(0.02), seconds)


def test_gauges_tell_what_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "status", lambda: status(a=2, b=0))
    store = CallStore(fresh_database(tmp_path))
    store.create_call(new_call())
    seen = Round()
    gauges = GraphGauges(AsyncStore.local(store), {"blobs": tmp_path / "not" / "yet"}, seen.record)
    asyncio.run(rounds(gauges))
    store.close()
    assert seen.values["database_up",] == 1
    assert seen.values["queue_calls", "QUEUED"] == 1
    assert seen.values["queue_calls", "PROCESSING"] == 0
    assert 0 <= seen.values["queue_oldest_seconds",] < 60
    assert seen.values["stage_healthy", "a"] == 1
    assert seen.values["stage_healthy", "b"] == 0
    assert seen.values["stage_replicas", "a"] == 2
    assert 0 < seen.values["disk_free_ratio", "blobs"] < 1


def test_gauges_go_on_while_the_database_and_the_controller_are_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = True
    store = CallStore(fresh_database(tmp_path))
    seen = Round()

    async def invoke(method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if away:
            raise UnavailableError("database_unavailable", "It does not answer.")
        return getattr(store, method)(*args, **kwargs)

    def ask() -> ServeStatus:
        if away:
            raise RuntimeError("the controller restarts")
        return status(a=1)

    monkeypatch.setattr(serve, "status", ask)

    async def outage() -> None:
        nonlocal away
        task = asyncio.create_task(GraphGauges(AsyncStore(invoke), {}, seen.record).set_for_ever(0.02))
        await asyncio.sleep(0.2)
        assert seen.values == {("database_up",): 0}
        away = False
        await asyncio.sleep(0.2)
        assert seen.values["database_up",] == 1
        assert seen.values["stage_healthy", "a"] == 1
        task.cancel()

    asyncio.run(outage())
    store.close()


def test_application_without_a_replica_is_not_healthy() -> None:
    values = {(s.series.name, s.labels["stage"]): s.value for s in of_applications(status(a=0))}
    assert values == {("callytics_stage_healthy", "a"): 0.0, ("callytics_stage_replicas", "a"): 0}
