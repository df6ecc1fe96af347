"""Fifty clients at once: what does not fit is told to come back later; nothing hangs, nothing grows.

For ten seconds; for a minute with CALLYTICS_FAULTS=all (`make test-faults`)."""

from __future__ import annotations

import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from callytics.store import FINISHED, JobStatus
from tests.faults.graph import RECORDING, FaultGraph

CLIENTS = 50
SECONDS = 60.0 if os.environ.get("CALLYTICS_FAULTS") == "all" else 10.0
MAX_GROWTH_BYTES = 300 << 20
"""Limit of the gateway; fifty uploads at once, each in chunks of a megabyte at most, several times over."""

RECORDING_BYTES = RECORDING + bytes(64 * 1024)


def test_fifty_clients_at_once(graph: FaultGraph) -> None:
    before = graph.memory_bytes("api-gateway")
    deadline = time.monotonic() + SECONDS
    with graph.client() as http, ThreadPoolExecutor(CLIENTS) as pool:

        def client(_: int) -> tuple[Counter[int], list[str], float]:
            statuses, accepted, slowest_s = Counter[int](), [], 0.0
            while time.monotonic() < deadline:
                start = time.monotonic()
                files = {"file": ("call.wav", RECORDING_BYTES)}
                answer = http.post("/v1/calls", files=files, data={"deduplicate": "false"})
                slowest_s = max(slowest_s, time.monotonic() - start)
                statuses[answer.status_code] += 1
                if answer.status_code == 202:
                    accepted.append(answer.json()["call_id"])
                else:
                    assert int(answer.headers["retry-after"]) > 0, answer.text
                    time.sleep(0.5)
            return statuses, accepted, slowest_s

        results = list(pool.map(client, range(CLIENTS)))
    statuses = sum((result[0] for result in results), Counter[int]())
    accepted = [call_id for result in results for call_id in result[1]]
    slowest_s = max(result[2] for result in results)
    growth = graph.memory_bytes("api-gateway") - before
    print(f"\n{SECONDS:.0f} s: {dict(statuses)}, slowest {slowest_s:.1f} s, gateway grew {growth >> 20} MiB")
    assert set(statuses) <= {202, 429, 503}
    assert accepted
    assert growth < MAX_GROWTH_BYTES
    _all_finish(graph, accepted, timeout_s=60.0 + 3 * SECONDS)


def _all_finish(graph: FaultGraph, accepted: list[str], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    left = set(accepted)
    while left:
        records = [graph.store.get_call(call_id) for call_id in left]
        left -= {record.id for record in records if record.status in FINISHED}
        assert {r.status for r in records if r.status in FINISHED} <= {JobStatus.COMPLETED}
        assert time.monotonic() < deadline, f"{len(left)} of {len(accepted)} calls are not finished"
        time.sleep(1.0)
