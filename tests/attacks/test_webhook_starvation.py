"""Tenants whose webhooks all hang, against one whose webhook is well."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from callytics.errors import ConflictError
from tests.attacks.conftest import LONG, Held
from tests.faults.graph import FaultGraph
from tests.store.samples import new_call
from tests.support.webhook_receiver import Receiver, hanging, receiving

HANGING_TENANTS = 3
HANGING_ENDPOINTS = 20
ENDS = ["call.completed", "call.partial", "call.failed", "call.cancelled"]
CALLS = 50 if LONG else 5
POLL_S = 2.0
"""Poll interval of the gateway: the longest wait of a message in a quiet time."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def end_a_call(graph: FaultGraph, tenant: str) -> None:
    """In the store itself: the attacked thing is the delivery, not the analysis."""
    call = graph.store.create_call(new_call(tenant=tenant, deduplicate=False)).call
    with suppress(ConflictError):  # it ended by itself
        graph.store.cancel_call(call.id)


def test_webhooks_that_hang_delay_nobody_elses(graph: FaultGraph, receiver: Receiver, held: Held) -> None:
    tenants = [f"hanging-{number}" for number in range(HANGING_TENANTS)]
    with hanging() as url:
        hooks = [
            (tenant, graph.store.create_webhook(tenant, url, ENDS).id)
            for tenant in tenants
            for _ in range(HANGING_ENDPOINTS)
        ]
        well = graph.store.create_webhook("well", receiver.url, ENDS)
        try:
            for tenant in tenants:
                for _ in range(CALLS):
                    end_a_call(graph, tenant)
            time.sleep(POLL_S + 0.5)  # they hang by now
            began = time.monotonic()
            end_a_call(graph, "well")
            while not receiver.got:
                assert time.monotonic() < began + 15, "the well tenant's message did not come"
                time.sleep(0.02)
            took_s = receiver.got_at[0] - began
        finally:
            for tenant, hook in [*hooks, ("well", well.id)]:
                graph.store.delete_webhook(hook, tenant)
    assert took_s < POLL_S + 2
    held("webhooks that hang", f"{len(hooks)} of {HANGING_TENANTS} tenants: another's came in {took_s:.1f} s")


def test_webhook_under_test_that_hangs_is_one_request(graph: FaultGraph, held: Held) -> None:
    with graph.client() as http, hanging() as url, ThreadPoolExecutor(10) as attackers:
        hook = http.post("/v1/webhooks", json={"url": url}).json()["id"]
        path = f"/v1/webhooks/{hook}/test"
        tests = [attackers.submit(http.post, path) for _ in range(10)]
        answers: list[httpx.Response] = [test.result() for test in tests]
        assert http.delete(f"/v1/webhooks/{hook}").status_code == 204
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200] + [409] * 9
    longest_s = max(answer.elapsed.total_seconds() for answer in answers)
    assert longest_s < 15
    held(
        "tests of a webhook that hangs", f"10 at once: 1 under way, 9 refused, ended after {longest_s:.1f} s"
    )
