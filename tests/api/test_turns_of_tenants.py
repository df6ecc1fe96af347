"""Probes and conversions of one tenant, however many and however long, leave a place for another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from callytics.api import Services, Tones, create_app
from callytics.domain import CallOptions, Media, Recording
from callytics.store import CallStore
from tests.api.conftest import WavOnlyAudio, submit, wav_bytes

pytestmark = pytest.mark.anyio

SLOW = 7777
"""A recording of this many frames takes until the test ends."""


class SlowAudio(WavOnlyAudio):
    def __init__(self) -> None:
        super().__init__()
        self.end = asyncio.Event()
        self.at_work = 0
        self.most_at_work = 0

    async def probe(self, recording: Recording, options: CallOptions, max_duration_s: float) -> Media:
        media = await super().probe(recording, options, max_duration_s)
        if round(media.duration_s * media.sample_rate_hz) == SLOW:
            await self._wait()
        return media

    async def convert(self, uri: str, audio_format: str, options: CallOptions, tones: Tones = ()) -> bytes:
        if audio_format == "flac":
            await self._wait()
        return await super().convert(uri, audio_format, options, tones)

    async def _wait(self) -> None:
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        await self.end.wait()
        self.at_work -= 1


@pytest.fixture
def audio() -> SlowAudio:
    return SlowAudio()


@pytest.fixture
async def clients(
    services: Services, store: CallStore, audio: SlowAudio
) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    app = create_app(replace(services, audio=audio))
    keys = [store.create_api_key(t, ["calls:read", "calls:write"], tenant=t).secret for t in ("one", "other")]
    made = [
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://test",
            headers={"Authorization": f"Bearer {key}"},
        )
        for key in keys
    ]
    async with made[0], made[1]:
        yield made[0], made[1]


async def until(audio: SlowAudio, at_work: int) -> None:
    async with asyncio.timeout(10):
        while audio.at_work < at_work:
            await asyncio.sleep(0.01)


async def test_slow_probes_of_one_tenant_leave_places_for_another(
    clients: tuple[httpx.AsyncClient, httpx.AsyncClient], audio: SlowAudio
) -> None:
    one, other = clients
    slow = wav_bytes(SLOW / 8000)
    tasks = [asyncio.create_task(submit(one, slow, deduplicate="false")) for _ in range(40)]
    await until(audio, 2)
    async with asyncio.timeout(10):
        assert (await submit(other)).status_code == 202
        while sum(task.done() for task in tasks) < 6:  # 2 are at work, 32 wait
            await asyncio.sleep(0.01)
    answers = [task.result() for task in tasks if task.done()]
    assert all(answer.status_code == 429 for answer in answers)
    assert all(answer.json()["code"] == "too_many_waiting" for answer in answers)
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    audio.end.set()
    answers = await asyncio.gather(*tasks)
    assert sorted({answer.status_code for answer in answers}) == [202, 429]
    assert sum(answer.status_code == 429 for answer in answers) == 6
    assert audio.most_at_work == 2


async def test_slow_conversions_of_one_tenant_leave_places_for_anothers_and_for_probes(
    clients: tuple[httpx.AsyncClient, httpx.AsyncClient], audio: SlowAudio
) -> None:
    one, other = clients
    ids = [
        (await submit(one, wav_bytes(0.1, value), deduplicate="false")).json()["call_id"]
        for value in range(5)
    ]
    theirs = (await submit(other)).json()["call_id"]
    tasks = [asyncio.create_task(one.get(f"/v1/calls/{i}/audio", params={"format": "flac"})) for i in ids]
    await until(audio, 2)
    async with asyncio.timeout(10):
        assert (await other.get(f"/v1/calls/{theirs}/audio", params={"format": "mp3"})).status_code == 200
        assert (await submit(one, wav_bytes(0.2), deduplicate="false")).status_code == 202
    audio.end.set()
    assert [answer.status_code for answer in await asyncio.gather(*tasks)] == [200] * 5
    assert audio.most_at_work == 2
