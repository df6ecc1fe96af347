"""GET /v1/calls/{call_id}/turns/{turn_id}/audio."""

from __future__ import annotations

import json

import httpx
import pytest

from callytics.store import CallStore, JobStatus
from tests.api.conftest import submit, wav_bytes
from tests.store.samples import result_json
from tests.support.auditing import noted

pytestmark = pytest.mark.anyio


async def finished(
    client: httpx.AsyncClient, store: CallStore, **form: str
) -> tuple[str, list[dict[str, int]]]:
    """The URL of the turns of an analysed call, and the turns; something is redacted in the second."""
    call_id = (await submit(client, wav_bytes(0.1, 7), **form)).json()["call_id"]
    lease = store.lease("worker", 60.0)
    assert lease is not None
    result = json.loads(result_json(call_id))
    result["transcript"][1]["redactions"] = [
        {"kind": "PHONE", "begin_offset_ms": 2000, "end_offset_ms": 3000}
    ]
    store.complete(call_id, lease.token, JobStatus.COMPLETED, json.dumps(result).encode())
    return f"/v1/calls/{call_id}/turns", result["transcript"]


@pytest.mark.parametrize(
    ("format", "media_type"), [("wav", "audio/wav"), ("mp3", "audio/mpeg"), ("ogg", "audio/ogg")]
)
async def test_sound_of_a_turn_is_cut_at_its_offsets(
    client: httpx.AsyncClient, store: CallStore, format: str, media_type: str
) -> None:
    url, turns = await finished(client, store)
    response = await client.get(f"{url}/t2/audio", params={"format": format})
    start_s, end_s = turns[1]["begin_offset_ms"] / 1000, turns[1]["end_offset_ms"] / 1000
    assert response.status_code == 200, response.text
    assert response.content == f"{format} {start_s} {end_s} []".encode()
    assert response.headers["Content-Type"] == media_type
    assert response.headers["Cache-Control"] == "private, no-cache"


async def test_turn_of_a_redacted_call_has_tones(client: httpx.AsyncClient, store: CallStore) -> None:
    url, _ = await finished(client, store, redact_pii="true")
    response = await client.get(f"{url}/t2/audio")
    assert response.content.endswith(b"[(1.8, 3.2)]")
    assert "call.wav" not in response.headers["Content-Disposition"]


async def test_reading_a_turn_is_audited(client: httpx.AsyncClient, store: CallStore) -> None:
    url, _ = await finished(client, store)
    await client.get(f"{url}/t1/audio", params={"format": "mp3"})
    event = await noted(store, "call.audio_read")
    assert event.detail == {"format": "mp3", "turn_id": "t1"}


async def test_unknown_turn_format_and_unfinished_call_are_problems(
    client: httpx.AsyncClient, store: CallStore
) -> None:
    early = (await submit(client, wav_bytes(0.2, 3))).json()["call_id"]
    refused = await client.get(f"/v1/calls/{early}/turns/t1/audio")
    assert (refused.status_code, refused.json()["code"]) == (409, "call_not_finished")
    lease = store.lease("worker", 60.0)
    assert lease is not None
    url, _ = await finished(client, store)
    missing = await client.get(f"{url}/t99/audio")
    assert (missing.status_code, missing.json()["code"]) == (404, "turn_not_found")
    assert (await client.get(f"{url}/t1/audio", params={"format": "aiff"})).status_code == 422
