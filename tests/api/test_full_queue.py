"""A queue that is full takes no more calls until there is room."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from callytics.api import Services, create_app
from callytics.store import CallStore
from tests.api.conftest import submit, wav_bytes
from tests.store.samples import finish, new_call

pytestmark = pytest.mark.anyio


@pytest.fixture
def services(services: Services) -> Services:
    return replace(services, settings=services.settings.model_copy(update={"max_queued_calls": 4}))


def queue(store: CallStore, count: int, tenant: str) -> None:
    for _ in range(count):
        store.create_call(new_call(tenant=tenant, deduplicate=False))


async def test_full_queue_answers_503_until_a_call_is_done(
    client: httpx.AsyncClient, services: Services, store: CallStore
) -> None:
    queue(store, 2, "alpha")
    queue(store, 2, "beta")
    refused = await submit(client, deduplicate=False)
    assert (refused.status_code, refused.json()["code"]) == (503, "queue_full")
    assert refused.headers["content-type"] == "application/problem+json"
    assert int(refused.headers["retry-after"]) > 0
    assert store.queued_calls() == 4
    finish(store)
    assert (await submit(client, deduplicate=False)).status_code == 202


async def test_one_tenant_does_not_fill_the_queue(
    client: httpx.AsyncClient, services: Services, store: CallStore
) -> None:
    """Half of it is the share of one that is alone, and less of one that is not."""
    for _ in range(2):
        assert (await submit(client, deduplicate=False)).status_code == 202
    refused = await submit(client, deduplicate=False)
    assert (refused.status_code, refused.json()["code"]) == (429, "queue_share_reached")
    assert int(refused.headers["retry-after"]) > 0
    other = {"X-API-Key": store.create_api_key("k", ["calls:write"], "", "other").secret}
    files = {"file": wav_bytes()}
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=other) as client:
        assert (await client.post("/v1/calls", files=files)).status_code == 202
    finish(store)
    assert (store.queued_calls(), store.queued_calls("other") + store.queued_calls("default")) == (2, 2)
