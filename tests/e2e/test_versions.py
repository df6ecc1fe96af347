"""Versions of a stage side by side: three modes, changed while the graph runs; the comparison at the end.

A small graph of its own: engines without models, and no gateway; calls are put into the store.
"""

from __future__ import annotations

import copy
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callytics.config import ENGINE_STAGES
from callytics.domain import StageStatus
from callytics.store import FINISHED, CallRecord, CallStore, JobStatus, NewCall, new_call_id
from deployments.operations.serve_api import ServeApi
from deployments.pipeline.routing import assign, read_routing
from tests.deployments.tiny_engines import MEDIA
from tests.deployments.tiny_graph import TinyGraph, application, service, state_folder
from tests.e2e.conftest import PROJECT

V1, V2, MISSING = "speech-recognizer", "speech-recognizer-v2", "speech-recognizer-v3"
V2_DELAY_S = 1.0

ROUTING = """
import json, sys, time
import ray
from ray import serve
ray.init(log_to_driver=False)
handle = serve.get_app_handle("call-pipeline")
for line in sys.stdin:
    print(json.dumps(handle.routing.remote().result(timeout_s=30)), flush=True)
"""
"""A driver of the test's Ray: tells the routes in force, once for every line."""


CONFIG: dict[str, Any] = {
    "proxy_location": "Disabled",
    "applications": [
        *(application(stage, stage) for stage in ENGINE_STAGES),
        application(V2, V1, delay_s=V2_DELAY_S),
        service("database-service", {}),
        service("call-pipeline", {"max_concurrent_calls": 16, "max_shadow_runs": 64}),
    ],
}


class VersionedGraph(TinyGraph):
    """The graph, its store, and an operator who edits the user_config of call-pipeline."""

    def __init__(self, home: Path) -> None:
        super().__init__(home, CONFIG)
        self.store = CallStore(f"sqlite:///{home / 'callytics.db'}")
        self._driver = subprocess.Popen(
            [sys.executable, "-c", ROUTING],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
            env=os.environ | self.run.client_environment(),
        )

    def close(self) -> None:
        assert self._driver.stdin is not None
        self._driver.stdin.close()
        self._driver.wait(30)
        self.store.close()

    def configure(self, user_config: dict[str, Any] | None, expect: dict[str, Any]) -> None:
        """Edit one block of the file, deploy it, and wait until the pipeline says the expected of its routes."""
        config = copy.deepcopy(CONFIG)
        if user_config is not None:
            config["applications"][-1]["deployments"][0]["user_config"] = user_config
        self.up(config)
        deadline = time.monotonic() + 120
        while not expect.items() <= (found := self.routing()).items():
            assert time.monotonic() < deadline, f"{found} is not {expect}"
            time.sleep(0.2)

    def routing(self) -> dict[str, Any]:
        assert self._driver.stdin is not None
        assert self._driver.stdout is not None
        self._driver.stdin.write("\n")
        self._driver.stdin.flush()
        answer: dict[str, Any] = json.loads(self._driver.stdout.readline())
        return answer

    def replicas(self) -> dict[str, set[str]]:
        """Application -> ids of its replicas."""
        applications = ServeApi(self.run.dashboard_url, self.run.token_path)._details()["applications"]
        return {
            name: {r["replica_id"] for d in app["deployments"].values() for r in d["replicas"]}
            for name, app in applications.items()
        }

    def calls(self, count: int) -> list[CallRecord]:
        """So many new calls, completed."""
        ids = [new_call_id() for _ in range(count)]
        for call_id in ids:
            self.store.create_call(NewCall(call_id, "call.wav", 1, MEDIA, "call.wav", deduplicate=False))
        deadline = time.monotonic() + 120
        while True:
            records = [self.store.get_call(call_id) for call_id in ids]
            if all(record.status in FINISHED for record in records):
                break
            assert time.monotonic() < deadline, [(r.status, r.error) for r in records]
            time.sleep(0.1)
        assert {record.status for record in records} == {JobStatus.COMPLETED}
        return records


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VersionedGraph]:
    home = tmp_path_factory.mktemp("versions")
    with state_folder(home):
        graph = VersionedGraph(home)
        yield graph
        graph.close()


@pytest.fixture(scope="module")
def replicas_at_start(versions: VersionedGraph) -> dict[str, set[str]]:
    return versions.replicas()


def recognizers(graph: VersionedGraph, records: list[CallRecord]) -> list[str]:
    """Which version worked on each call, as its result says."""
    names = []
    for record in records:
        stages = json.loads(graph.store.get_report(record.id))["job_details"]["stages"]
        (stage,) = (stage for stage in stages if stage["name"] == V1)
        assert stage["config_hash"]
        names.append(stage["application"])
    return names


def route(**fields: Any) -> dict[str, Any]:
    return {"routes": {V1: fields}}


def in_force(user_config: dict[str, Any]) -> dict[str, Any]:
    return {**read_routing(user_config).model_dump(), "rejected": ""}


def test_modes_change_without_a_restart(
    versions: VersionedGraph, replicas_at_start: dict[str, set[str]]
) -> None:
    assert recognizers(versions, versions.calls(3)) == [V1] * 3

    sticky = route(weights={V1: 1, V2: 1})
    versions.configure(sticky, in_force(sticky))
    records = versions.calls(12)
    assert recognizers(versions, records) == [by_hash(sticky, record) for record in records]

    drawn = route(weights={V1: 1, V2: 1}, sticky=False)
    versions.configure(drawn, in_force(drawn))
    records = versions.calls(12)
    found = recognizers(versions, records)
    assert set(found) == {V1, V2}
    assert found != [by_hash(sticky, record) for record in records]

    all_to_v2 = route(weights={V2: 1})
    versions.configure(all_to_v2, in_force(all_to_v2))
    assert recognizers(versions, versions.calls(2)) == [V2] * 2

    versions.configure(route(weights={V1: 0}), {**in_force(all_to_v2), "rejected": REJECTED})
    assert recognizers(versions, versions.calls(1)) == [V2]
    versions.configure(None, {"routes": {}, "rejected": ""})
    assert recognizers(versions, versions.calls(1)) == [V1]
    assert versions.replicas() == replicas_at_start


REJECTED = (
    "call-pipeline, user_config: routes.speech-recognizer.weights: "
    "Value error, every weight is 0: nobody would work for the caller"
)


def by_hash(user_config: dict[str, Any], record: CallRecord) -> str:
    defaults = {stage: stage for stage in ENGINE_STAGES}
    return assign(read_routing(user_config), defaults, record.id, {}, random.Random(0))[V1].application


def test_shadows_are_stored_beside_and_nobody_waits_for_them(
    versions: VersionedGraph, replicas_at_start: dict[str, set[str]]
) -> None:
    shadow = route(shadow={V2: 1, MISSING: 1})
    versions.configure(shadow, in_force(shadow))
    before = {run.call_id for run in versions.store.version_runs([V2, MISSING])}
    records = versions.calls(2)
    done_at_ms = {r.id: r.completed_at_ms for r in records}
    assert recognizers(versions, records) == [V1] * 2
    deadline = time.monotonic() + 120
    while True:
        runs = [r for r in versions.store.version_runs([V2, MISSING]) if r.call_id not in before]
        if len(runs) == 4:
            break
        assert time.monotonic() < deadline, runs
        time.sleep(0.2)
    assert all(run.shadow for run in runs)
    statuses = {run.run.application: (run.run.status, run.run.error_code) for run in runs}
    assert statuses[V2] == (StageStatus.COMPLETED, "")
    assert statuses[MISSING] == (StageStatus.FAILED, "stage_not_deployed")
    slow = [run for run in runs if run.run.application == V2]
    assert all(run.run.duration_s >= V2_DELAY_S for run in slow)
    assert all(run.ended_at_ms > (done_at_ms[run.call_id] or 0) for run in slow)
    assert all(versions.store.version_output(run.call_id, V2) is not None for run in slow)
    assert versions.replicas() == replicas_at_start


def test_the_comparison_ends_with_a_recommendation(versions: VersionedGraph) -> None:
    """As in docs/operations.md. Version 2 sleeps for a second: that it is slower takes few calls to see."""
    shadow = route(shadow={V2: 1})
    versions.configure(shadow, in_force(shadow))
    before = len(versions.store.version_runs([V2]))
    versions.calls(24)
    deadline = time.monotonic() + 120
    while len(versions.store.version_runs([V2])) < before + 24:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    done = subprocess.run(
        [str(Path(sys.executable).with_name("callytics")), "compare", V1, V2, "--since", "1h"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stderr
    last = done.stdout.rstrip().splitlines()[-1]
    assert last == "Recommendation: keep - the second version is worse in time.", done.stdout
