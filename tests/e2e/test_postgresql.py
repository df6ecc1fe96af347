"""The graph on PostgreSQL: two pipelines share the queue, and the server goes away while they work.

A small graph of its own: engines without models, and no gateway; calls are put into the store.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from callytics.config import ENGINE_STAGES
from callytics.store import FINISHED, CallStore, JobStatus, NewCall, new_call_id
from tests.deployments.tiny_engines import MEDIA
from tests.deployments.tiny_graph import TinyGraph, application, service, state_folder
from tests.support.postgres import PostgresServer, find_binaries

CALLS = 24
LEASE_S = 6.0
OUTAGE_S = 60.0

pytestmark = pytest.mark.skipif(os.environ.get("CALLYTICS_FAULTS") != "all", reason="make test-faults")


def config() -> dict[str, Any]:
    database = service("database-service", {})
    options = database["deployments"][0]["ray_actor_options"]
    options["runtime_env"] = {"py_executable": "callytics-python cpu/database-service"}  # the driver's pins
    pipeline = service("call-pipeline", {"max_concurrent_calls": 2, "lease_s": LEASE_S}, num_replicas=2)
    stages = [
        application(stage, stage, **({"delay_s": 0.5} if stage == "speech-recognizer" else {}))
        for stage in ENGINE_STAGES
    ]
    return {"proxy_location": "Disabled", "applications": [*stages, database, pipeline]}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL")
    server = PostgresServer(binaries)
    yield server
    server.remove()


@pytest.fixture(scope="module")
def store(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallStore]:
    """The store of a running graph."""
    home = tmp_path_factory.mktemp("postgresql")
    url = server.create_database("callytics")
    with state_folder(home, DATABASE_URL=url):
        TinyGraph(home, config())
        store = CallStore(url)
        yield store
        store.close()
    assert not Path(home, "callytics.db").exists()


def owners(store: CallStore) -> set[str]:
    with store._read() as session:
        rows = session.execute(text("SELECT lease_owner FROM calls WHERE lease_owner IS NOT NULL"))
        return {row[0] for row in rows}


def test_server_that_goes_away_loses_no_call_and_none_is_done_twice(
    store: CallStore, server: PostgresServer
) -> None:
    ids = [new_call_id() for _ in range(CALLS)]
    for number, call_id in enumerate(ids):
        tenant = "a" if number % 3 else "b"
        new = NewCall(call_id, "call.wav", 1, MEDIA, "call.wav", deduplicate=False, tenant=tenant)
        store.create_call(new)
    deadline = time.monotonic() + 120
    workers: set[str] = set()
    while len(workers) < 2 or store.statistics().calls_by_status["COMPLETED"] < 2:
        workers |= owners(store)
        assert time.monotonic() < deadline, workers
        time.sleep(0.05)
    server.stop(at_once=True)
    time.sleep(OUTAGE_S)
    server.start()
    deadline = time.monotonic() + 120
    while not all(store.get_call(call_id).status in FINISHED for call_id in ids):
        assert time.monotonic() < deadline, store.statistics()
        time.sleep(0.2)
    assert store.statistics().calls_by_status["COMPLETED"] == CALLS
    for call_id in ids:
        events = [event.type for event in store.events_after(call_id)]
        assert events.count("call.completed") == 1
        assert store.get_report(call_id)
        assert store.get_call(call_id).status is JobStatus.COMPLETED
