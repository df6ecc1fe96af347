from __future__ import annotations

import json
from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callytics.api import Services, create_app
from callytics.api.recordings import parse_range
from callytics.store import CallStore, JobStatus
from tests.api.conftest import submit, wav_bytes
from tests.store.samples import result_json

pytestmark = pytest.mark.anyio

AUDIO = wav_bytes(0.1, 7)


@pytest.fixture
async def url(client: httpx.AsyncClient) -> str:
    call_id = (await submit(client, AUDIO)).json()["call_id"]
    return f"/v1/calls/{call_id}/audio"


async def test_the_whole_recording(client: httpx.AsyncClient, url: str) -> None:
    response = await client.get(url)
    assert (response.status_code, response.content) == (200, AUDIO)
    assert response.headers["Content-Type"] == "audio/wav"
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Content-Length"] == str(len(AUDIO))
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    head = await client.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(AUDIO))


@pytest.mark.parametrize(
    ("value", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=10-", 10, len(AUDIO)),
        ("bytes=-5", len(AUDIO) - 5, len(AUDIO)),
        ("bytes=0-999999", 0, len(AUDIO)),
        ("bytes=0-", 0, len(AUDIO)),
    ],
)
async def test_ranges(client: httpx.AsyncClient, url: str, value: str, start: int, end: int) -> None:
    response = await client.get(url, headers={"Range": value})
    assert (response.status_code, response.content) == (206, AUDIO[start:end])
    assert response.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(AUDIO)}"
    assert response.headers["Content-Length"] == str(end - start)


@pytest.mark.parametrize("value", ["bytes=99999-", "bytes=-0", f"bytes={len(AUDIO)}-"])
async def test_ranges_outside(client: httpx.AsyncClient, url: str, value: str) -> None:
    response = await client.get(url, headers={"Range": value})
    assert (response.status_code, response.json()["code"]) == (416, "range_not_satisfiable")
    assert response.headers["Content-Range"] == f"bytes */{len(AUDIO)}"


@pytest.mark.parametrize("value", ["bytes=9-2", "bytes=0-1,5-6", "seconds=1-2", "bytes=-", "x"])
async def test_anything_but_a_single_range_is_ignored(
    client: httpx.AsyncClient, url: str, value: str
) -> None:
    response = await client.get(url, headers={"Range": value})
    assert (response.status_code, len(response.content)) == (200, len(AUDIO))


async def test_conditions(client: httpx.AsyncClient, url: str) -> None:
    tag = (await client.get(url)).headers["ETag"]
    assert (await client.get(url, headers={"If-None-Match": tag})).status_code == 304
    fresh = await client.get(url, headers={"Range": "bytes=0-1", "If-Range": tag})
    stale = await client.get(url, headers={"Range": "bytes=0-1", "If-Range": '"other"'})
    assert (fresh.status_code, stale.status_code) == (206, 200)


async def test_conversions_are_made_once_and_have_ranges(
    client: httpx.AsyncClient, url: str, services: Services
) -> None:
    converted = await client.get(url, params={"format": "mp3"})
    assert (converted.content, converted.headers["Content-Type"]) == (b"mp3" + AUDIO, "audio/mpeg")
    part = await client.get(url, params={"format": "mp3"}, headers={"Range": "bytes=0-2"})
    assert (part.status_code, part.content) == (206, b"mp3")
    assert services.audio.conversions == 1  # type: ignore[attr-defined]
    assert part.headers["ETag"] != (await client.get(url)).headers["ETag"]
    assert "call.mp3" in part.headers["Content-Disposition"]
    assert (await client.get(url, params={"format": "exe"})).status_code == 422


async def test_enhanced_copy_is_made_once_and_has_ranges(
    client: httpx.AsyncClient, url: str, services: Services
) -> None:
    copy = await client.get(url, params={"enhanced": "true"})
    assert (copy.content, copy.headers["Content-Type"]) == (b"enhanced wav" + AUDIO, "audio/wav")
    part = await client.get(url, params={"enhanced": "true"}, headers={"Range": "bytes=0-7"})
    assert (part.status_code, part.content) == (206, b"enhanced")
    assert services.audio.conversions == 1  # type: ignore[attr-defined]
    mp3 = await client.get(url, params={"enhanced": "true", "format": "mp3"})
    assert (mp3.content, mp3.headers["Content-Type"]) == (b"enhanced mp3" + AUDIO, "audio/mpeg")
    plain = [await client.get(url), await client.get(url, params={"enhanced": "false"})]
    assert [response.content for response in plain] == [AUDIO, AUDIO]
    assert (await client.get(url, params={"format": "mp3"})).content == b"mp3" + AUDIO
    tags = {response.headers["ETag"] for response in (copy, mp3, *plain)}
    assert len(tags) == 3
    head = await client.head(url, params={"enhanced": "true"})
    assert head.headers["Content-Length"] == str(len(copy.content))
    unchanged = {"If-None-Match": copy.headers["ETag"]}
    assert (await client.get(url, params={"enhanced": "true"}, headers=unchanged)).status_code == 304
    assert (await client.get(url, params={"enhanced": "perhaps"})).status_code == 422


@given(
    value=st.text(max_size=30) | st.from_regex(r"bytes=\d{0,5}-\d{0,5}", fullmatch=True),
    size=st.integers(1, 9999),
)
def test_range_is_always_inside(value: str, size: int) -> None:
    part = parse_range(value, size)
    assert part is None or 0 <= part[0] <= part[1]
    assert part is None or part[0] == part[1] or part[1] <= size


# ---------------------------------------------------------------- redacted calls


def finish_redacted(store: CallStore) -> None:
    """A worker's job on a call whose second turn holds a number."""
    lease = store.lease("worker", 60.0)
    assert lease is not None
    result = json.loads(result_json(lease.call.id))
    result["transcript"][1]["redactions"] = [
        {"kind": "PHONE", "begin_offset_ms": 2000, "end_offset_ms": 3000}
    ]
    store.complete(lease.call.id, lease.token, JobStatus.COMPLETED, json.dumps(result).encode())


async def test_the_audio_of_a_redacted_call_is_served_with_tones_only(
    client: httpx.AsyncClient, store: CallStore
) -> None:
    call = (await submit(client, AUDIO, redact_pii="true")).json()
    assert call["options"]["redact_pii"] is True
    url = f"/v1/calls/{call['call_id']}/audio"
    for early in (url, f"{url}?format=mp3", f"{url}?enhanced=true"):
        refused = await client.get(early)
        assert (refused.status_code, refused.json()["code"]) == (409, "audio_not_redacted")
    finish_redacted(store)
    as_it_came = await client.get(url)
    assert as_it_came.content == b"wav[(1.8, 3.2)]"
    assert as_it_came.headers["Content-Type"] == "audio/wav"
    assert "call.wav" not in as_it_came.headers["Content-Disposition"]
    assert (await client.get(f"{url}?format=mp3")).content == b"mp3[(1.8, 3.2)]"
    enhanced = await client.get(f"{url}?enhanced=true")
    assert enhanced.content == b"enhanced wav[(1.8, 3.2)]"
    assert "call.wav" not in enhanced.headers["Content-Disposition"]


async def test_redaction_by_configuration_cannot_be_refused_by_a_caller(
    services: Services, key: str, store: CallStore
) -> None:
    strict = replace(services, settings=services.settings.model_copy(update={"redact_pii": True}))
    transport = httpx.ASGITransport(create_app(strict))
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        call = (await submit(client, AUDIO, redact_pii="false")).json()
    assert call["options"]["redact_pii"] is True
    assert store.get_call(call["call_id"]).options.redact_pii


async def test_written_forms_are_asked_for_by_call_or_by_configuration(
    client: httpx.AsyncClient, services: Services, key: str
) -> None:
    assert (await submit(client, AUDIO)).json()["options"]["written_forms"] is False
    assert (await submit(client, AUDIO, written_forms="true")).json()["options"]["written_forms"] is True
    always = replace(services, settings=services.settings.model_copy(update={"written_forms": True}))
    transport = httpx.ASGITransport(create_app(always))
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as other:
        call = (await submit(other, AUDIO, deduplicate="false")).json()
    assert call["options"]["written_forms"] is True
