"""The deliverer of webhooks: endpoints that hang, fail or answer oddly, beside others that are well."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from callytics.api import webhook_delivery as webhooks
from callytics.api.outbound import Reach
from callytics.store import AsyncStore, CallStore
from callytics.store.webhook_queue import RETRY_AFTER_S, LeasedDelivery
from callytics.telemetry import Sample
from tests.store.samples import finish, new_call
from tests.support.webhook_receiver import Receiver, answering, hanging, receiving

pytestmark = pytest.mark.anyio

REACH = Reach(trusted=(ipaddress.ip_network("127.0.0.1/32"),))
HANGING_ENDPOINTS = 20
WITHIN_S = 2.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def hanging_url() -> Iterator[str]:
    with hanging() as url:
        yield url


@pytest.fixture
def store(database_url: str) -> Iterator[CallStore]:
    """On SQLite and on PostgreSQL, in real time."""
    store = CallStore(database_url)
    yield store
    store.close()


@asynccontextmanager
async def delivering(store: CallStore, replicas: int = 1) -> Any:
    tasks = [
        asyncio.create_task(webhooks.deliver_for_ever(AsyncStore.local(store), REACH, 0.2))
        for _ in range(replicas)
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def end_a_call(store: CallStore, tenant: str) -> None:
    store.create_call(new_call(tenant=tenant, deduplicate=False))
    finish(store)


async def until_got(receiver: Receiver, count: int, patience_s: float = 30.0) -> None:
    deadline = time.monotonic() + patience_s
    while len(receiver.got) < count:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


@pytest.mark.alone
async def test_endpoints_that_hang_hold_up_no_other_tenant(
    store: CallStore, receiver: Receiver, hanging_url: str
) -> None:
    for _ in range(HANGING_ENDPOINTS):
        store.create_webhook("attacker", hanging_url, ["call.completed"])
    store.create_webhook("victim", receiver.url, ["call.completed"])
    end_a_call(store, "attacker")
    async with delivering(store):
        await asyncio.sleep(0.5)  # all of them hang by now
        began = time.monotonic()
        await asyncio.to_thread(end_a_call, store, "victim")
        await until_got(receiver, 1)
        took_s = time.monotonic() - began
        print(f"the other tenant's message came after {took_s:.2f} s")
    assert took_s < WITHIN_S


async def test_tenant_holds_its_share_of_places_and_no_more(
    store: CallStore, hanging_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work: Counter[str] = Counter()
    most: Counter[str] = Counter()
    real = webhooks.attempt

    async def counted(reach: Reach, delivery: LeasedDelivery, timeout_s: float) -> webhooks.Outcome:
        at_work[delivery.tenant] += 1
        most[delivery.tenant] = max(most[delivery.tenant], at_work[delivery.tenant])
        try:
            return await real(reach, delivery, 0.4)
        finally:
            at_work[delivery.tenant] -= 1

    monkeypatch.setattr(webhooks, "attempt", counted)
    for _ in range(HANGING_ENDPOINTS):
        store.create_webhook("attacker", hanging_url, ["call.completed"])
    end_a_call(store, "attacker")
    async with delivering(store):
        deadline = time.monotonic() + 60
        while most["attacker"] < webhooks.TENANT_PLACES:
            assert time.monotonic() < deadline, most
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)  # one more would have its place by now
    assert most == {"attacker": webhooks.TENANT_PLACES}


async def test_messages_of_many_endpoints_arrive_once_in_order_from_several_replicas(
    store: CallStore, receiver: Receiver
) -> None:
    made = {}
    for tenant in ("a", "b", "c"):
        for _ in range(2):
            hook = store.create_webhook(tenant, receiver.url, ["call.completed"])
            made[hook.id] = hook
        for _ in range(4):
            end_a_call(store, tenant)
    async with delivering(store, replicas=3):
        await until_got(receiver, 24)
        await asyncio.sleep(0.5)  # what would come twice
    came = [headers["webhook-id"] for headers, _ in receiver.got]
    assert len(came) == len(set(came)) == 24
    for hook in made.values():
        sent = [each.id for each in reversed(store.list_deliveries(hook.id, hook.tenant))]
        assert [each for each in came if each in sent] == sent


def leased_to(url: str) -> LeasedDelivery:
    return LeasedDelivery("id", "token", "endpoint", "tenant", url, ("whsec_" + "A" * 43 + "=",), "{}")


@pytest.mark.alone
@pytest.mark.parametrize(
    ("begin", "again", "pause_s", "status_code"),
    [
        (b"", b"H", 0.05, None),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.05, None),
        (b"HTTP/1.1 200 OK\r\n", b"X: " + b"x" * 4096 + b"\r\n", 0.0, None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n", b"x" * 65_536, 0.0, 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", 0.05, 200),
    ],
    ids=["dripping status", "dripping header", "endless headers", "huge body", "dripping body"],
)
async def test_only_the_head_of_an_answer_is_read_within_the_time(
    begin: bytes, again: bytes, pause_s: float, status_code: int | None
) -> None:
    with answering(begin, again, pause_s) as url:
        outcome = await webhooks.attempt(REACH, leased_to(url), 0.5)
    assert outcome.status_code == status_code
    assert bool(outcome.error) == (status_code is None)
    assert outcome.duration_s < 1.5


async def test_message_that_cannot_be_sent_ends_no_others(store: CallStore, receiver: Receiver) -> None:
    """Such as one whose secret was damaged in the database."""
    broken = store.create_webhook("a", receiver.url, ["call.completed"])
    store.create_webhook("b", receiver.url, ["call.completed"])
    with store._writing_engine.begin() as connection:
        connection.execute(
            text("UPDATE webhook_endpoints SET secret = 'whsec_' WHERE id = :id"), {"id": broken.id}
        )
    end_a_call(store, "a")
    async with delivering(store):
        deadline = time.monotonic() + 60
        while not store.list_deliveries(broken.id, "a")[0].last_error:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        await asyncio.to_thread(end_a_call, store, "b")
        await until_got(receiver, 1)
    (delivery,) = store.list_deliveries(broken.id, "a")
    assert (delivery.attempts, delivery.last_error) == (1, "not sent: a fault of the service")


def test_the_example_verifies_and_refuses(tmp_path: Path) -> None:
    secret = "whsec_" + "A" * 43 + "="
    example = Path(__file__).parents[2] / "examples" / "receive_webhooks.py"
    process = subprocess.Popen(
        [sys.executable, str(example), "--port", "0", "--count", "3"],
        env={**os.environ, "WEBHOOK_SECRET": secret},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    event = '{"type":"call.completed","data":{"call_id":"c1"}}'
    good = LeasedDelivery("m1", "token", "endpoint", "tenant", url, (secret,), event)
    forged = replace(good, id="m2", secrets=("whsec_" + "B" * 43 + "=",))
    try:
        for delivery, status_code in ((good, 204), (good, 204), (forged, 401)):
            assert asyncio.run(webhooks.attempt(REACH, delivery, 60.0)).status_code == status_code
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert output.splitlines() == [
        'call.completed {"call_id": "c1"}',
        'call.completed {"call_id": "c1"} (came before)',
        "refused: No matching signature found",
    ]
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("attempts_before", "status", "outcome"),
    [(0, 200, "delivered"), (0, 500, "failed"), (len(RETRY_AFTER_S), 500, "given_up")],
)
async def test_each_attempt_is_counted_by_its_outcome(
    store: CallStore,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    attempts_before: int,
    status: int,
    outcome: str,
) -> None:
    async def answered(*_: object) -> webhooks.Outcome:
        return webhooks.Outcome(status, "" if status == 200 else "answered with 500", 0.1)

    monkeypatch.setattr(webhooks, "attempt", answered)
    store.create_webhook("acme", receiver.url, ["call.completed"])
    end_a_call(store, "acme")
    with store._write() as session:
        session.execute(text("UPDATE webhook_deliveries SET attempts = :n"), {"n": attempts_before})
    counted: list[Sample] = []
    task = asyncio.create_task(
        webhooks.deliver_for_ever(AsyncStore.local(store), REACH, 0.05, counted.extend)
    )
    deadline = time.monotonic() + 60
    while not counted:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    task.cancel()
    assert [(s.series.name, s.labels) for s in counted] == [
        ("callytics_webhook_deliveries", {"outcome": outcome})
    ]
