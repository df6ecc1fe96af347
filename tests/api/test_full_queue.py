"""A queue that is full takes no more calls until there is room."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from callytics.api import Services
from callytics.store import CallStore
from tests.api.conftest import submit
from tests.store.samples import finish

pytestmark = pytest.mark.anyio


@pytest.fixture
def services(services: Services) -> Services:
    return replace(services, settings=services.settings.model_copy(update={"max_queued_calls": 2}))


async def test_a_full_queue_answers_503_until_a_call_is_done(
    client: httpx.AsyncClient, services: Services, store: CallStore
) -> None:
    for _ in range(2):
        assert (await submit(client, deduplicate=False)).status_code == 202
    refused = await submit(client, deduplicate=False)
    assert (refused.status_code, refused.json()["code"]) == (503, "queue_full")
    assert int(refused.headers["retry-after"]) > 0
    assert store.queued_calls() == 2
    finish(store)
    assert (await submit(client, deduplicate=False)).status_code == 202
