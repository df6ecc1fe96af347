"""An answer that lasts ends soon after the right to it: a key that is revoked or expires, a session that ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import httpx
import pytest

from callytics.api import Services, create_app
from callytics.api.auth import RIGHT_CHECKED_EVERY_S
from callytics.store import CallStore, hash_secret
from tests.api.conftest import submit, wav_bytes

pytestmark = pytest.mark.anyio

WITHIN_S = 10.0
"""Heartbeats of these tests come every 0.1 s; those of a gateway are 15 s apart."""


def test_right_is_looked_at_within_seconds() -> None:
    assert RIGHT_CHECKED_EVERY_S <= 5


async def lasts_s(
    services: Services, path: str, headers: dict[str, str], withdraw: Callable[[], object]
) -> float:
    """Seconds that an event stream lasts after the right to it was withdrawn; it is open until then."""
    chunks: list[float] = []
    withdrawn_s = 0.0
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        asked = asyncio.create_task(client.get(path))  # this transport answers when the stream is over
        await asyncio.sleep(0.5)
        assert not asked.done(), "it is open while the right lasts"
        withdrawn_s = time.monotonic()
        await asyncio.to_thread(withdraw)
        answer = await asyncio.wait_for(asked, WITHIN_S)
        assert answer.status_code == 200
        assert "call.queued" in answer.text
        assert "call.completed" not in answer.text
        assert (await client.get(path)).status_code == 401, "who comes again is told"
    assert not chunks
    return time.monotonic() - withdrawn_s


async def test_stream_ends_with_its_key(
    client: httpx.AsyncClient, services: Services, store: CallStore
) -> None:
    path = f"/v1/calls/{(await submit(client)).json()['call_id']}/events"
    issued = store.create_api_key("leaves", ["calls:read"])
    headers = {"Authorization": f"Bearer {issued.secret}"}
    await lasts_s(services, path, headers, lambda: store.revoke_api_key(issued.key.id))


async def test_stream_ends_with_its_session(
    client: httpx.AsyncClient, services: Services, store: CallStore
) -> None:
    path = f"/v1/calls/{(await submit(client)).json()['call_id']}/events"
    issued = store.create_api_key("signs in", ["calls:read"])
    session = store.begin_session(hash_secret(issued.secret))
    assert session is not None
    headers = {"Cookie": f"callytics_session={session.secret}"}
    await lasts_s(services, path, headers, lambda: store.end_session(hash_secret(session.secret)))


async def test_stream_goes_on_for_who_still_may(
    client: httpx.AsyncClient, services: Services, store: CallStore
) -> None:
    path = f"/v1/calls/{(await submit(client)).json()['call_id']}/events"
    stream = asyncio.create_task(client.get(path))
    await asyncio.sleep(1.0)
    assert not stream.done()
    stream.cancel()


async def test_transcription_that_is_awaited_ends_with_its_key(services: Services, store: CallStore) -> None:
    issued = store.create_api_key("leaves", ["calls:write"])
    transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {issued.secret}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        form = {"files": {"file": ("call.wav", wav_bytes())}, "data": {"model": "whisper-1"}}
        asked = asyncio.create_task(client.post("/v1/audio/transcriptions", timeout=30, **form))  # type: ignore[arg-type]
        await asyncio.sleep(0.5)
        assert not asked.done()
        await asyncio.to_thread(store.revoke_api_key, issued.key.id)
        answer = await asyncio.wait_for(asked, WITHIN_S + RIGHT_CHECKED_EVERY_S)
        assert answer.status_code == 401, answer.text
