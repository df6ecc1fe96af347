"""Lists, the overview and the waveform in the audit: one line per view and person, however often a browser asks."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from callytics.store import AuditRecord, CallStore
from tests.api.conftest import submit
from tests.store.samples import finish
from tests.support.auditing import noted

pytestmark = pytest.mark.anyio

VIEWS = ("calls.listed", "calls.searched", "overview.read", "call.waveform_read")


async def looked_at(store: CallStore) -> list[AuditRecord]:
    events = await asyncio.to_thread(store.audit_events)
    return [event for event in reversed(events) if event.action in VIEWS]


async def test_each_view_is_one_line_though_it_is_asked_for_again(
    client: httpx.AsyncClient, store: CallStore
) -> None:
    call_id = (await submit(client)).json()["call_id"]
    finish(store)
    asked = (
        "/v1/calls",
        "/v1/calls?agent=Kim",
        "/v1/calls?q=환불",
        "/v1/overview",
        "/v1/overview?queue=x",
        f"/v1/calls/{call_id}/waveform",
    )
    for path in asked * 3:
        assert (await client.get(path)).status_code == 200, path
    await noted(store, "call.waveform_read")  # the last of those that are written behind the answer
    events = await looked_at(store)
    assert sorted(event.action for event in events) == [
        "call.waveform_read", "calls.listed", "calls.listed", "calls.searched", "overview.read", "overview.read",
    ]  # fmt: skip
    assert "Kim" not in repr(events)
    assert "환불" not in repr(events)
    (key,) = [key for key in store.list_api_keys() if key.name == "test"]
    assert {event.actor for event in events} == {key.id}
    lists = [event.detail for event in events if event.action == "calls.listed"]
    assert [detail["filters"] for detail in lists] == [[], ["agent"]]
    assert [detail["call_ids"] for detail in lists] == [[call_id], []]
    assert next(event.subject for event in events if event.action == "call.waveform_read") == call_id


async def test_search_that_finds_another_call_is_another_line(
    client: httpx.AsyncClient, store: CallStore
) -> None:
    for number in (1, 2):
        await submit(client, deduplicate="false")
        finish(store)
        for _ in range(2):
            assert len((await client.get("/v1/calls?q=환불")).json()["calls"]) == number
    found = [event.detail["call_ids"] for event in await looked_at(store)]
    assert [len(ids) for ids in found] == [1, 2]


async def test_another_person_is_another_line_and_a_refusal_is_none(
    client: httpx.AsyncClient, store: CallStore
) -> None:
    other = {"Authorization": f"Bearer {store.create_api_key('other', ['calls:read']).secret}"}
    await client.get("/v1/calls?sort=nonsense")
    await client.get("/v1/overview?first_day=2026-01-02&last_day=2026-01-01")
    for _ in range(2):
        await client.get("/v1/calls")
        await client.get("/v1/calls", headers=other)
    await client.get("/v1/overview")
    await noted(store, "overview.read")
    assert [event.action for event in await looked_at(store)] == [
        "calls.listed",
        "calls.listed",
        "overview.read",
    ]
