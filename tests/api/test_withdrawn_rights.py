"""An answer that lasts ends soon after the right to it: a key that is revoked or expires, a session that ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callytics.api import Services, create_app
from callytics.api.auth import RIGHT_CHECKED_EVERY_S
from callytics.store import CallStore, hash_secret
from tests.api.conftest import submit, wav_bytes

pytestmark = pytest.mark.anyio

WITHIN_S = 30.0
"""Heartbeats of these tests come every 0.1 s; those of a gateway are 15 s apart."""


def test_right_is_looked_at_within_seconds() -> None:
    assert RIGHT_CHECKED_EVERY_S <= 5


class Begun:
    """An application that tells when the first bytes of an answer were sent (httpx's ASGITransport answers when a
    stream is over)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.has_begun = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def noted(message: Message) -> None:
            await send(message)
            if message.get("body"):
                self.has_begun.set()

        await self.app(scope, receive, noted)


async def ends_with(
    services: Services, path: str, headers: dict[str, str], withdraw: Callable[[], object]
) -> None:
    """An event stream is open until the right to it is withdrawn, and over soon after."""
    app = Begun(create_app(services))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        asked = asyncio.create_task(client.get(path))
        await asyncio.wait_for(app.has_begun.wait(), 60)
        await asyncio.sleep(0.3)
        assert not asked.done(), "it is open while the right lasts"
        await asyncio.to_thread(withdraw)
        answer = await asyncio.wait_for(asked, WITHIN_S)
        assert answer.status_code == 200
        assert "call.queued" in answer.text
        assert "call.completed" not in answer.text
        assert (await client.get(path)).status_code == 401, "who comes again is told"


async def test_stream_ends_with_its_key(
    client: httpx.AsyncClient, services: Services, store: CallStore
) -> None:
    path = f"/v1/calls/{(await submit(client)).json()['call_id']}/events"
    issued = store.create_api_key("leaves", ["calls:read"])
    headers = {"Authorization": f"Bearer {issued.secret}"}
    await ends_with(services, path, headers, lambda: store.revoke_api_key(issued.key.id))


async def test_stream_ends_with_its_session(
    client: httpx.AsyncClient, services: Services, store: CallStore
) -> None:
    path = f"/v1/calls/{(await submit(client)).json()['call_id']}/events"
    issued = store.create_api_key("signs in", ["calls:read"])
    session = store.begin_session(hash_secret(issued.secret))
    assert session is not None
    headers = {"Cookie": f"callytics_session={session.secret}"}
    await ends_with(services, path, headers, lambda: store.end_session(hash_secret(session.secret)))


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
        while not store.call_ids():
            assert not asked.done()
            await asyncio.sleep(0.02)
        await asyncio.to_thread(store.revoke_api_key, issued.key.id)
        answer = await asyncio.wait_for(asked, WITHIN_S + RIGHT_CHECKED_EVERY_S)
        assert answer.status_code == 401, answer.text
