"""The waveform of a call: made once, kept, and silent where the call is redacted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from callytics.api import Services
from callytics.store import CallStore, JobStatus
from tests.api.conftest import blob_files, submit
from tests.store.samples import result_json
from tests.support.auditing import noted

pytestmark = pytest.mark.anyio


@pytest.fixture
async def url(client: httpx.AsyncClient) -> str:
    call_id = (await submit(client)).json()["call_id"]
    return f"/v1/calls/{call_id}/waveform"


def finish_redacted(store: CallStore) -> None:
    """A worker's job on a call in which a number is said from 2 s to 3 s."""
    lease = store.lease("worker", 60.0)
    assert lease is not None
    result = json.loads(result_json(lease.call.id))
    result["transcript"][1]["redactions"] = [
        {"kind": "PHONE", "begin_offset_ms": 2000, "end_offset_ms": 3000}
    ]
    store.complete(lease.call.id, lease.token, JobStatus.COMPLETED, json.dumps(result).encode())


def highs(view: dict[str, Any], channel: int = 0) -> list[int]:
    return list(view["data"][2 * channel + 1 :: 2 * view["channels"]])


async def test_waveform_is_made_once_and_kept_beside_the_recording(
    client: httpx.AsyncClient, url: str, services: Services, blob_root: Path
) -> None:
    first = await client.get(url)
    assert first.status_code == 200, first.text
    view = first.json()
    assert (view["version"], view["bits"], view["channels"], view["length"]) == (2, 8, 2, 500)
    assert view["samples_per_pixel"] / view["sample_rate"] == 0.02
    assert highs(view) == highs(view, 1) == [k % 101 for k in range(500)]
    assert view["data"][0::4] == [-(k % 101) for k in range(500)]
    assert (await client.get(url)).json() == view
    assert services.audio.conversions == 1  # type: ignore[attr-defined]
    assert [path.name for path in blob_files(blob_root) if path.name != "recording"] == ["waveform.dat"]


async def test_fewer_buckets_hold_the_extremes_of_those_they_cover(
    client: httpx.AsyncClient, url: str
) -> None:
    view = (await client.get(url, params={"buckets": 7})).json()
    assert (view["length"], view["samples_per_pixel"]) == (7, 72 * 160)
    assert highs(view) == [max(k % 101 for k in range(i, min(i + 72, 500))) for i in range(0, 500, 72)]
    assert (await client.get(url, params={"buckets": 1})).json()["data"] == [-100, 100, -100, 100]
    for wrong in ("0", "-1", "20001", "1.5", "many"):
        assert (await client.get(url, params={"buckets": wrong})).status_code == 422


async def test_known_waveform_is_not_sent_again(client: httpx.AsyncClient, url: str) -> None:
    first = await client.get(url)
    known = {"If-None-Match": first.headers["ETag"]}
    again = await client.get(url, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert (await client.get(url, params={"buckets": 10}, headers=known)).status_code == 200


async def test_waveform_of_a_redacted_call_is_silent_where_the_sound_has_a_tone(
    client: httpx.AsyncClient, store: CallStore
) -> None:
    call_id = (await submit(client, redact_pii="true")).json()["call_id"]
    url = f"/v1/calls/{call_id}/waveform"
    refused = await client.get(url)
    assert (refused.status_code, refused.json()["code"]) == (409, "audio_not_redacted")
    finish_redacted(store)
    view = (await client.get(url)).json()
    for channel in (0, 1):
        found = highs(view, channel)
        assert found[90:160] == [0] * 70, "1.8 to 3.2 s"
        assert (found[89], found[160]) == (89, 59)
    assert max((await client.get(url, params={"buckets": 20_000})).json()["data"][90 * 4 : 160 * 4]) == 0


async def test_looking_at_the_waveform_is_in_the_audit(
    client: httpx.AsyncClient, url: str, store: CallStore
) -> None:
    await client.get(url)
    assert (await noted(store, "call.waveform_read")).detail == {}
