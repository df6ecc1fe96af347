from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callytics.api import Services
from callytics.api.recordings import parse_range
from tests.api.conftest import submit, wav_bytes

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
async def test_what_is_no_single_range_is_ignored(client: httpx.AsyncClient, url: str, value: str) -> None:
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


@given(
    value=st.text(max_size=30) | st.from_regex(r"bytes=\d{0,5}-\d{0,5}", fullmatch=True),
    size=st.integers(1, 9999),
)
def test_a_range_is_always_inside(value: str, size: int) -> None:
    part = parse_range(value, size)
    assert part is None or 0 <= part[0] <= part[1]
    assert part is None or part[0] == part[1] or part[1] <= size
