"""Three nodes: the graph spreads over them, calls enter through each, and neither a worker that dies nor the head's GCS
costs a call.

The nodes have the sizes of kubernetes/rayservice.yaml and run its graph (cluster.py), with Redis behind the GCS. It
takes some minutes: CALLYTICS_FAULTS=all. tests/faults/test_head.py is the short form that is part of every run.
"""

from __future__ import annotations

import copy
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

from callytics.store import FINISHED, JobStatus
from tests.e2e.conftest import PROJECT, free_port
from tests.faults.cluster import PATIENCE_S, Cluster, configuration
from tests.faults.graph import Outcome, Traffic
from tests.support.postgres import PostgresServer, find_binaries
from tests.support.redis import RedisServer

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.environ.get("CALLYTICS_FAULTS") != "all", reason="make test-faults"),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="no redis-server (Debian: redis-server)"),
    pytest.mark.skipif(find_binaries() is None, reason="no PostgreSQL"),
    pytest.mark.skipif(sys.platform != "linux", reason="the nodes are 127.0.0.2, .3, .4"),
]

HEAD: dict[str, int] = {"CPU": 0}
CPU_WORKER, GPU_WORKER = {"CPU": 7}, {"CPU": 7, "GPU": 1}
"""Of kubernetes/rayservice.yaml: test_the_nodes_are_those_of_the_manifest."""

BUCKET = "recordings"


@pytest.fixture(scope="module")
def storage() -> Iterator[str]:
    """An S3 server for all nodes: its address is in the environment that they get."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        S3FileSystem.clear_instance_cache()
        S3FileSystem().mkdir(BUCKET)
        yield f"s3://{BUCKET}/calls"
        S3FileSystem.clear_instance_cache()
    server.stop()


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def document(storage: str) -> dict[str, Any]:
    """The graph of the manifest, its engines replaced."""
    spec = importlib.util.spec_from_file_location("make_rayservice", PROJECT / "tools" / "make_rayservice.py")
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    return configuration(generator.serve_config(), free_port(), storage)


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any], redis: RedisServer
) -> Iterator[Cluster]:
    binaries = find_binaries()
    assert binaries is not None
    postgres = PostgresServer(binaries)
    temp = Path(tempfile.mkdtemp(prefix="ray-"))  # short: Ray puts sockets below
    cluster = Cluster(
        tmp_path_factory.mktemp("cluster"), temp / "r", postgres.create_database("callytics"), redis
    )
    try:
        cluster.start_head(HEAD)
        cluster.start_keeper()
        cluster.join("gpu-worker", GPU_WORKER)
        cluster.join("cpu-worker", CPU_WORKER)
        cluster.deploy(document)
        cluster.wait_until(cluster.is_whole, "the graph runs")
        yield cluster
    finally:
        cluster.close()
        postgres.remove()
        shutil.rmtree(temp, ignore_errors=True)


@pytest.fixture(autouse=True)
def whole(cluster: Cluster) -> None:
    cluster.wait_until(cluster.is_whole, "the graph is whole before a test")


def deployed_at(cluster: Cluster) -> dict[str, float]:
    """When Serve last was given each application: what a deployment's version is to it."""
    return {n: a["last_deployed_time_s"] for n, a in cluster.details()["applications"].items()}


def suffer(cluster: Cluster, fault: Callable[[], None], name: str) -> tuple[Outcome, list[str], float]:
    """While calls stream in through the head: the outcome, the calls that were at work then, and how long after the
    fault everything was whole."""
    traffic = Traffic(cluster)
    try:
        traffic.wait_for(4, PATIENCE_S)
        at_work = [i for i in traffic.accepted if cluster.store.get_call(i).status not in FINISHED]
        fault()
        begun = time.monotonic()
        traffic.wait_for(8, PATIENCE_S)
        cluster.wait_until(cluster.is_whole, f"whole again after {name}")
        whole_s = time.monotonic() - begun
    finally:
        traffic.end()
    outcome = traffic.outcome(name, PATIENCE_S)
    print(
        f"\n{outcome.row()} whole again after {whole_s:.1f} s; {len(at_work)} calls were at work", flush=True
    )
    return outcome, at_work, whole_s


def test_the_nodes_are_those_of_the_manifest() -> None:
    manifest = yaml.safe_load((PROJECT / "kubernetes" / "rayservice.yaml").read_text(encoding="utf-8"))
    spec = manifest["spec"]["rayClusterConfig"]
    assert int(spec["headGroupSpec"]["rayStartParams"]["num-cpus"]) == HEAD["CPU"]
    limits = {
        group["groupName"]: group["template"]["spec"]["containers"][0]["resources"]["limits"]
        for group in spec["workerGroupSpecs"]
    }
    for name, resources in (("cpu-worker", CPU_WORKER), ("gpu-worker", GPU_WORKER)):
        assert int(limits[name]["cpu"]) == resources["CPU"]
        assert int(limits[name].get("nvidia.com/gpu", 0)) == resources.get("GPU", 0)


def test_the_graph_spreads_and_a_call_enters_through_any_node(cluster: Cluster) -> None:
    names = {node_id: name for name, node_id in cluster.node_ids().items()}
    places: dict[str, set[str]] = {}
    for replica in cluster.replicas():
        places.setdefault(names[replica.node_id], set()).add(replica.application)
    assert places.keys() == {"gpu-worker", "cpu-worker"}, "a head with 0 CPUs has no replica"
    assert {"speech-recognizer", "speaker-diarizer"} <= places["gpu-worker"]
    for service in ("call-pipeline", "database-service"):  # two replicas each
        assert all(service in found for found in places.values()), places
    calls = {}
    for name in cluster.nodes:
        with cluster.client(name) as http:
            answer = http.post("/v1/calls", files={"file": ("call.wav", f"RIFF {name}".encode())})
            assert answer.status_code == 202, (name, answer.text)
            calls[name] = answer.json()["call_id"]
    for name, call_id in calls.items():
        cluster.wait_until(lambda i=call_id: cluster.store.get_call(i).status in FINISHED, f"through {name}")
        assert cluster.store.get_call(call_id).status is JobStatus.COMPLETED
    S3FileSystem.clear_instance_cache()
    found = S3FileSystem().find(f"{BUCKET}/calls")
    assert all(any(call_id in path for path in found) for call_id in calls.values()), "not in the bucket"


def test_killed_gcs_comes_back_and_nothing_is_deployed_again(cluster: Cluster) -> None:
    replicas, deployed, gcs = cluster.running(), deployed_at(cluster), cluster.gcs_pid()
    assert gcs is not None
    outcome, at_work, _ = suffer(cluster, lambda: os.kill(gcs, signal.SIGKILL), "SIGKILL GCS, with Redis")
    assert cluster.gcs_pid() not in (None, gcs), "it was not killed"
    assert (outcome.lost, outcome.duplicated, outcome.partial) == (0, 0, 0), outcome
    assert at_work
    for call_id in at_work:
        call = cluster.store.get_call(call_id)
        assert {call.attempts, *(stage.attempts for stage in call.stages)} == {1}, (
            "a call at work was begun again"
        )
    assert cluster.running() == replicas
    assert deployed_at(cluster) == deployed


def test_killed_worker_costs_no_call_and_the_other_nodes_nothing(cluster: Cluster) -> None:
    replicas, dead = cluster.running(), cluster.node_ids()["cpu-worker"]
    outcome, _, _ = suffer(
        cluster, lambda: cluster.nodes.pop("cpu-worker").kill(), "SIGKILL worker node, with its replicas"
    )
    assert (outcome.lost, outcome.duplicated, outcome.partial) == (0, 0, 0), outcome
    after = cluster.running()
    kept = {replica_id for replica_id, replica in replicas.items() if replica.node_id != dead}
    assert kept <= after.keys(), "a replica of another node was replaced"
    assert dead not in {replica.node_id for replica in after.values()}


def test_node_added_later_is_used_without_a_restart(cluster: Cluster, document: dict[str, Any]) -> None:
    """One replica more than the node that is left has CPUs for: it waits, and the new node gets it."""
    replicas = cluster.running()
    larger = copy.deepcopy(document)
    application = next(a for a in larger["applications"] if a["name"] == "audio-processor")
    application["deployments"][0]["num_replicas"] = 2
    cluster.deploy(larger)
    cluster.wait_until(lambda: len(cluster.replicas()) > len(replicas), "Serve wants one more")
    assert cluster.running() == replicas, "there was room: the new node would prove nothing"
    cluster.join("late-worker", CPU_WORKER)
    took_s = cluster.wait_until(cluster.is_whole, "the new node has a replica and a proxy")
    print(f"\nnode added: used after {took_s:.1f} s", flush=True)
    after, added = cluster.running(), cluster.node_ids()["late-worker"]
    assert replicas.items() <= after.items(), "something was started again"
    assert [r.application for r in after.values() if r.node_id == added] == ["audio-processor"]
    with cluster.client("late-worker") as http:
        answer = http.post("/v1/calls", files={"file": ("call.wav", b"RIFF late")})
        assert answer.status_code == 202, answer.text
    call_id = answer.json()["call_id"]
    cluster.wait_until(
        lambda: cluster.store.get_call(call_id).status in FINISHED, "a call through the new node"
    )
    assert cluster.store.get_call(call_id).status is JobStatus.COMPLETED


def test_head_that_dies_as_a_whole_comes_back_without_a_deploy(cluster: Cluster) -> None:
    """GCS, dashboard, Serve's controller and the head's proxy at once, then `ray start --head` with the same Redis."""
    replicas = cluster.running()
    outcome, _, _ = suffer(cluster, lambda: cluster.restart_head(HEAD), "SIGKILL head, with Redis")
    assert (outcome.lost, outcome.duplicated, outcome.partial) == (0, 0, 0), outcome
    assert cluster.running() == replicas, "replicas of the workers were replaced"
