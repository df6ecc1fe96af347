"""Upload forms as web pages and other programs send them (evaluation/field, F18 and F30)."""

from __future__ import annotations

import httpx
import pytest

from tests.api.conftest import wav_bytes

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "field",
    [
        "language",
        "num_speakers",
        "agent_channel",
        "audio_format",
        "audio_channels",
        "metadata",
        "started_at",
        "redact_pii",
        "priority",
    ],
)
async def test_empty_field_is_not_given(client: httpx.AsyncClient, field: str) -> None:
    answer = await client.post("/v1/calls", data={field: ""}, files={"file": ("a.wav", wav_bytes())})
    assert answer.status_code == 202, answer.text


async def test_empty_field_of_an_unknown_name_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/calls", data={"speakers": ""}, files={"file": ("a.wav", wav_bytes())})
    assert answer.status_code == 422


@pytest.mark.parametrize("content", [b"\xff\xfe" * 100, b"a" * 70_000])
async def test_recording_in_another_field_is_told_where_it_belongs(
    client: httpx.AsyncClient, content: bytes
) -> None:
    answer = await client.post("/v1/calls", files={"audio": ("a.wav", content)})
    assert answer.status_code == 400
    assert "belongs in the field 'file'" in answer.json()["detail"]
