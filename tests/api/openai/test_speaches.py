"""What programs written for the speaches server (github.com/speaches-ai/speaches) rely on, beyond what OpenAI does:
both routes stream in text, json and verbose_json, each event is a whole object of that format for its part of the text,
subtitles have the media types that it sends, models are found by their names.

Where it departs from OpenAI, OpenAI is followed: with verbose_json and only ``word`` asked for it also sends segments,
and it takes ``word`` with json (test_fields.py).
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from pydantic import BaseModel

from callytics.store import CallStore, JobStatus
from tests.api.conftest import wav_bytes
from tests.store.samples import result_json

ROUTES = ("transcriptions", "translations")


class Segment(BaseModel):
    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: list[int]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    words: list[dict[str, float | str]] | None


class Verbose(BaseModel):
    language: str
    duration: float
    text: str
    words: list[dict[str, float | str]] | None
    segments: list[Segment]


@pytest.fixture
def recogniser(store: CallStore) -> Iterator[None]:
    """Transcribes and translates."""

    def work() -> None:
        while (lease := store.lease("w", 60)) is None:
            time.sleep(0.01)
        result = json.loads(result_json(lease.call.id))
        result["flags"].append({"code": "translated", "message": "where it was asked for"})
        store.complete(lease.call.id, lease.token, JobStatus.COMPLETED, json.dumps(result).encode())

    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join()


async def streamed(client: httpx.AsyncClient, route: str, response_format: str) -> list[str]:
    answer = await client.post(
        f"/v1/audio/{route}",
        files={"file": ("audio.wav", wav_bytes(), "audio/wav")},
        data={"model": "whisper-base", "response_format": response_format, "stream": "true"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] == "text/event-stream"
    return re.findall(r"^data: (.*)$", answer.text, re.MULTILINE)


@pytest.mark.anyio
@pytest.mark.usefixtures("recogniser")
@pytest.mark.parametrize("route", ROUTES)
class TestStream:
    async def test_text(self, client: httpx.AsyncClient, route: str) -> None:
        events = await streamed(client, route, "text")
        assert events
        assert all(len(event) > 1 for event in events)

    async def test_json(self, client: httpx.AsyncClient, route: str) -> None:
        texts = [json.loads(event)["text"] for event in await streamed(client, route, "json")]
        assert "".join(texts[:-1]) == texts[-1] != ""

    async def test_verbose_json(self, client: httpx.AsyncClient, route: str) -> None:
        events = await streamed(client, route, "verbose_json")
        parts = [Verbose.model_validate_json(event) for event in events]
        assert [s.id for part in parts[:-1] for s in part.segments] == [s.id for s in parts[-1].segments]


@pytest.mark.anyio
@pytest.mark.usefixtures("recogniser")
@pytest.mark.parametrize(
    ("response_format", "media_type", "begin"),
    [
        ("vtt", "text/vtt; charset=utf-8", "WEBVTT\n\n"),
        ("srt", "text/plain; charset=utf-8", "1\n00:00:00,500 --> "),
    ],
)
async def test_subtitles(
    client: httpx.AsyncClient, response_format: str, media_type: str, begin: str
) -> None:
    answer = await client.post(
        "/v1/audio/transcriptions",
        files={"file": ("audio.wav", wav_bytes(), "audio/wav")},
        data={"model": "whisper-base", "response_format": response_format, "stream": "false"},
    )
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.text.startswith(begin)
