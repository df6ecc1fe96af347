"""A head and a worker with one stage: the GCS is killed, the keeper starts it again with what Redis holds, the stage's
replica never ends, and the cluster can place another one. tests/faults/test_cluster.py is the long form.
It takes 42 s on a busy machine: CALLYTICS_FAULTS=all."""

from __future__ import annotations

import copy
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deployments.tiny_graph import application
from tests.e2e.conftest import free_port
from tests.faults.cluster import Cluster
from tests.support.redis import RedisServer

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.environ.get("CALLYTICS_FAULTS") != "all", reason="make test-faults"),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="no redis-server (Debian: redis-server)"),
    pytest.mark.skipif(sys.platform != "linux", reason="the nodes are 127.0.0.2 and 127.0.0.3"),
]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return {
        "proxy_location": "Disabled",
        "http_options": {"host": "127.0.0.1", "port": free_port()},
        "applications": [application("audio-processor", "audio-processor")],
    }


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any], redis: RedisServer
) -> Iterator[Cluster]:
    home, temp = tmp_path_factory.mktemp("head"), Path(tempfile.mkdtemp(prefix="ray-"))
    cluster = Cluster(home, temp / "r", f"sqlite:///{home}/callytics.db", redis)
    try:
        cluster.start_head({"CPU": 0})
        cluster.start_keeper()
        cluster.join("worker", {"CPU": 1})
        cluster.deploy(document)
        cluster.wait_until(lambda: len(cluster.running()) == 1, "the stage runs")
        yield cluster
    finally:
        cluster.close()
        shutil.rmtree(temp, ignore_errors=True)


def test_the_gcs_keeps_its_tables_in_redis(cluster: Cluster, redis: RedisServer) -> None:
    """As many keys as there are tables, under the name of this cluster."""
    assert redis.ask("EXISTS RAYcallytics@KV RAYcallytics@NODE RAYcallytics@ACTOR") == ":3"


def test_killed_gcs_goes_on_where_it_was(cluster: Cluster, document: dict[str, Any]) -> None:
    replicas, gcs, nodes = cluster.running(), cluster.gcs_pid(), cluster.node_ids()
    assert gcs is not None
    assert {replica.node_id for replica in replicas.values()} == {nodes["worker"]}
    os.kill(gcs, signal.SIGKILL)
    cluster.wait_until(lambda: cluster.gcs_pid() not in (None, gcs), "the keeper starts it")
    larger = copy.deepcopy(document)
    larger["applications"][0]["deployments"][0]["num_replicas"] = 2
    cluster.wait_until(cluster.api.answers, "the dashboard answers")
    cluster.deploy(larger)
    cluster.wait_until(lambda: len(cluster.running()) == 2, "it places another replica")
    assert replicas.items() <= cluster.running().items(), "the replica was started again"
    assert cluster.node_ids() == nodes, "a node joined anew"
