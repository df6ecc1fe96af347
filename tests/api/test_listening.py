"""Who listened to what: noted once per person, call and some minutes, and without delay of the sound."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest

from callytics.api import Services, create_app
from callytics.errors import UnavailableError
from callytics.store import AsyncStore, CallStore, ReadRecord
from callytics.store.audit import READ_WINDOW_S
from tests.api.conftest import submit, wav_bytes
from tests.store.samples import finish
from tests.support.auditing import noted

pytestmark = pytest.mark.anyio


@pytest.fixture
async def path(client: httpx.AsyncClient, store: CallStore) -> str:
    """A finished call."""
    call_id = (await submit(client, wav_bytes(1.0))).json()["call_id"]
    finish(store)
    return f"/v1/calls/{call_id}"


def readings(store: CallStore) -> list[str]:
    return [e.action for e in store.audit_events(limit=500) if e.action.endswith("_read")]


async def settled(store: CallStore, wanted: list[str], within_s: float = 30.0) -> None:
    deadline = time.monotonic() + within_s
    while sorted(await asyncio.to_thread(readings, store)) != sorted(wanted):
        assert time.monotonic() < deadline, readings(store)
        await asyncio.sleep(0.02)


async def test_many_ranges_are_one_entry(client: httpx.AsyncClient, store: CallStore, path: str) -> None:
    for start in range(0, 1000, 20):
        part = await client.get(f"{path}/audio", headers={"Range": f"bytes={start}-{start + 19}"})
        assert part.status_code == 206
    await client.head(f"{path}/audio")
    event = await noted(store, "call.audio_read")
    (key,) = [key for key in store.list_api_keys() if key.name == "test"]
    assert (event.actor, f"/v1/calls/{event.subject}") == (key.id, path)
    assert event.detail == {"format": "original", "enhanced": False}
    assert abs(event.at_ms / 1000 - time.time()) < 60
    await settled(store, ["call.audio_read"])


async def test_another_format_person_or_turn_is_another_entry(
    client: httpx.AsyncClient, store: CallStore, path: str
) -> None:
    other = {"Authorization": f"Bearer {store.create_api_key('other', ['calls:read']).secret}"}
    for _ in range(2):
        await client.get(f"{path}/audio")
        await client.get(f"{path}/audio?format=mp3")
        await client.get(f"{path}/audio", headers=other)
    await settled(store, ["call.audio_read"] * 3)
    for _ in range(2):
        await client.get(f"{path}/transcript?format=srt")
        await client.get(f"{path}/transcript?format=csv")
        await client.get(f"{path}/result")
    expected = ["call.audio_read"] * 3 + ["call.transcript_read"] * 2 + ["call.result_read"]
    await settled(store, expected)


async def test_two_replicas_note_one_entry(
    client: httpx.AsyncClient, services: Services, store: CallStore, path: str, key: str
) -> None:
    transport = httpx.ASGITransport(create_app(services))
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as replica:
        await asyncio.gather(*(one.get(f"{path}/audio") for one in (client, replica) * 4))
        await noted(store, "call.audio_read")
        await replica.get(
            f"{path}/transcript?format=srt"
        )  # written after what the replica had to write before
        await settled(store, ["call.audio_read", "call.transcript_read"])


async def test_playing_goes_on_while_the_audit_cannot_be_written(
    services: Services, store: CallStore, path: str, key: str
) -> None:
    """Writing fails or hangs; what is played comes at once, and is noted when the store is back."""
    is_back = asyncio.Event()
    tries = 0
    local = AsyncStore.local(store)

    async def invoke(method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        nonlocal tries
        if method == "record_reads":
            tries += 1
            if tries == 1:
                raise UnavailableError("database_unavailable", "away")
            await is_back.wait()
        return await local._invoke(method, args, kwargs)

    app = create_app(replace(services, store=AsyncStore(invoke)))
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test", headers=headers
    ) as client:
        async with asyncio.timeout(30):
            for _ in range(20):
                assert (await client.get(f"{path}/audio", headers={"Range": "bytes=0-9"})).status_code == 206
            assert readings(store) == []
            while tries < 2:
                await asyncio.sleep(0.02)
            assert readings(store) == []
        is_back.set()
        await settled(store, ["call.audio_read"])


def test_entry_after_the_window_is_a_new_one(store: CallStore) -> None:
    def read(at_s: float, **changes: Any) -> ReadRecord:
        told = {
            "tenant": "default",
            "actor": "kim",
            "action": "call.audio_read",
            "subject": "c1",
            "detail": {},
        }
        return ReadRecord(at_ms=round(at_s * 1000), **{**told, **changes})

    store.record_reads([read(1000), read(1000 + READ_WINDOW_S - 1), read(1000 + READ_WINDOW_S)])
    store.record_reads([read(1000)])  # repeated after a lost answer
    store.record_reads([read(1000, subject="c2"), read(1000, tenant="alpha"), read(1000, actor="lee")])
    assert [(e.at_ms, e.actor, e.subject, e.tenant) for e in reversed(store.audit_events())] == [
        (1_000_000, "kim", "c1", "default"),
        (1_300_000, "kim", "c1", "default"),
        (1_000_000, "kim", "c2", "default"),
        (1_000_000, "kim", "c1", "alpha"),
        (1_000_000, "lee", "c1", "default"),
    ]


async def test_audit_is_filtered_by_who_what_and_when(client: httpx.AsyncClient, store: CallStore) -> None:
    def read(at_s: int, actor: str, action: str) -> ReadRecord:
        return ReadRecord(at_s * 1000, "default", actor, action, "c1", {})

    store.record_reads(
        [
            read(1_000_000 + i * 1000, ("kim", "lee")[i % 2], ("call.audio_read", "call.result_read")[i // 4])
            for i in range(8)
        ]
    )
    root = {"Authorization": f"Bearer {store.create_api_key('root', ['admin']).secret}"}

    async def ask(**params: str) -> list[str]:
        answer = await client.get("/v1/audit-events", params={"subject": "c1", **params}, headers=root)
        assert answer.status_code == 200, answer.text
        return [event["at"] for event in answer.json()["audit_events"]]

    assert len(await ask()) == 8
    assert len(await ask(actor="kim")) == 4
    assert len(await ask(actor="kim", action="call.audio_read")) == 2
    # 1,002,000 s after the epoch is 1970-01-12 14:20 UTC.
    assert len(await ask(since="1970-01-12T14:20:00Z")) == 6
    assert len(await ask(until="1970-01-12T23:20:00+09:00")) == 2
    assert len(await ask(since="1970-01-12T14:20:00Z", until="1970-01-12T14:20:01Z")) == 1
    wrong = await client.get("/v1/audit-events", params={"since": "yesterday"}, headers=root)
    assert wrong.status_code == 422
