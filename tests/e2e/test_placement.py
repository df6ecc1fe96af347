"""Small stages in one replica of a live graph: results with their addresses, and a process that is killed while it
works. Engines without models; calls are put into the store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callytics.config import ENGINE_STAGES
from callytics.store import FINISHED, CallRecord, CallStore, JobStatus, NewCall, new_call_id
from deployments.operations.placement_config import APPLICATION, SMALL_STAGES
from tests.deployments.tiny_engines import MEDIA
from tests.deployments.tiny_graph import TinyGraph, application, service, state_folder

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def config(home: Path) -> dict[str, Any]:
    """punctuation-restorer kills its process at work where the file ``die`` is."""
    options: dict[str, dict[str, Any]] = {"punctuation-restorer": {"die_file": str(home / "die")}}
    return {
        "proxy_location": "Disabled",
        "applications": [
            *(application(stage, stage) for stage in ENGINE_STAGES if stage not in SMALL_STAGES),
            {
                "name": APPLICATION,
                "route_prefix": None,
                "import_path": "deployments.replica.placement:build",
                "args": {
                    "placement": {
                        stage: application(stage, stage, **options.get(stage, {}))["args"]
                        for stage in SMALL_STAGES
                    }
                },
                "deployments": [
                    {
                        "name": "PlacedStages",
                        "max_ongoing_requests": 64,
                        "graceful_shutdown_timeout_s": 5,
                        "ray_actor_options": {"num_cpus": 0.1},
                    }
                ],
            },
            service("database-service", {}),
            service(
                "call-pipeline",
                {
                    "stages": {stage: f"{APPLICATION}.{stage}" for stage in SMALL_STAGES},
                    "max_concurrent_calls": 4,
                },
            ),
        ],
    }


class PlacedGraph(TinyGraph):
    def __init__(self, home: Path) -> None:
        super().__init__(home, config(home))
        self.store = CallStore(f"sqlite:///{home / 'callytics.db'}")

    def submit(self) -> str:
        call_id = new_call_id()
        self.store.create_call(NewCall(call_id, "call.wav", 1, MEDIA, "call.wav", deduplicate=False))
        return call_id

    def ended(self, call_id: str) -> CallRecord:
        deadline = time.monotonic() + 180
        while (call := self.store.get_call(call_id)).status not in FINISHED:
            assert time.monotonic() < deadline, call
            time.sleep(0.2)
        return call


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlacedGraph]:
    home = tmp_path_factory.mktemp("placed")
    with state_folder(home):
        graph = PlacedGraph(home)
        try:
            yield graph
        finally:
            graph.store.close()


def test_each_stage_of_a_call_names_where_it_was_done(graph: PlacedGraph) -> None:
    call = graph.ended(graph.submit())
    assert call.status is JobStatus.COMPLETED
    found = {run.name: run.application for run in call.stages}
    assert found == {
        stage: f"{APPLICATION}.{stage}" if stage in SMALL_STAGES else stage for stage in ENGINE_STAGES
    }
    hashes = {run.name: run.config_hash for run in call.stages}
    assert len(set(hashes.values())) == len(ENGINE_STAGES)


def test_process_that_is_killed_at_work_costs_no_call(graph: PlacedGraph) -> None:
    (graph.home / "die").touch()
    call = graph.ended(graph.submit())
    assert not (graph.home / "die").exists()
    assert call.status is JobStatus.COMPLETED
    attempts = {run.name: run.attempts for run in call.stages}
    assert attempts["punctuation-restorer"] >= 2
    assert attempts["speech-recognizer"] == 1
