"""The deliverer of webhooks: endpoints that hang, fail or answer oddly, beside others that are well."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from callytics import webhooks
from callytics.outside import Reach
from callytics.store import AsyncStore, CallStore
from tests.store.samples import finish, new_call
from tests.webhook_receiver import Receiver, hanging, receiving

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
    store.create_call(new_call(tenant=tenant))
    finish(store)


async def until_got(receiver: Receiver, count: int, patience_s: float = 30.0) -> None:
    deadline = time.monotonic() + patience_s
    while len(receiver.got) < count:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


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
