"""The fields of a transcription: how clients write them, and what is refused, with the field's name."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx
import pytest

from callytics.store import CallStore
from tests.api.conftest import wav_bytes

Fields = dict[str, str | list[str]]


async def transcribe(
    client: httpx.AsyncClient, fields: Fields, path: str = "transcriptions"
) -> httpx.Response:
    form: Fields = {"model": "whisper-1", **fields}
    return await client.post(f"/v1/audio/{path}", files={"file": ("c.wav", wav_bytes())}, data=form)


@pytest.mark.anyio
@pytest.mark.usefixtures("worker")
class TestTimestampGranularities:
    @pytest.mark.parametrize(
        "name", ["timestamp_granularities", "timestamp_granularities[]", "timestamp_granularities[0]"]
    )
    async def test_every_spelling_gives_words(self, client: httpx.AsyncClient, name: str) -> None:
        answer = await transcribe(client, {"response_format": "verbose_json", name: "word"})
        assert answer.status_code == 200, answer.text
        assert answer.json()["words"]
        assert "segments" not in answer.json()

    @pytest.mark.parametrize("asked", [[], ["segment"], ["word", "segment"], ["segment", "word"]])
    async def test_segments_unless_only_words_are_wanted(
        self, client: httpx.AsyncClient, asked: list[str]
    ) -> None:
        fields: Fields = {"response_format": "verbose_json", "timestamp_granularities[]": asked}
        answer = (await transcribe(client, fields)).json()
        assert answer["segments"]
        assert ("words" in answer) == ("word" in asked)

    @pytest.mark.parametrize("response_format", ["json", "text", "srt", "diarized_json"])
    async def test_words_need_verbose_json(self, client: httpx.AsyncClient, response_format: str) -> None:
        fields: Fields = {"response_format": response_format, "timestamp_granularities[]": ["word"]}
        answer = await transcribe(client, fields)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "timestamp_granularities")
        assert answer.json()["error"]["code"] == "verbose_json_needed"

    async def test_segments_with_json_have_no_effect(self, client: httpx.AsyncClient) -> None:
        answer = await transcribe(client, {"timestamp_granularities[]": ["segment"]})
        assert answer.status_code == 200
        assert "segments" not in answer.json()


@pytest.mark.anyio
@pytest.mark.usefixtures("worker")
class TestLanguage:
    @pytest.mark.parametrize(
        "language", ["", " ", "auto", "ko", "KO", "ko-KR", "korean", "한국어", "EN", "en-US"]
    )
    async def test_as_programs_write_it(self, client: httpx.AsyncClient, language: str) -> None:
        answer = await transcribe(client, {"language": language})
        assert answer.status_code == 200, answer.text

    @pytest.mark.parametrize("language", ["xx", "klingon", "1"])
    async def test_no_language(self, client: httpx.AsyncClient, language: str) -> None:
        answer = await transcribe(client, {"language": language})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "language")
        assert answer.json()["code"] == "language_unknown"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fields", "language", "hotwords"),
    [
        ({"language": "ko-KR", "prompt": "환불, 반품"}, "ko", ("환불", "반품")),
        ({"languages[]": ["korean"], "keywords[]": ["Kim, Min", "환불"]}, "ko", ("Kim, Min", "환불")),
        ({"languages[]": ["ko", "en"]}, None, ()),
        ({"language": "", "temperature": "", "prompt": ""}, None, ()),
    ],
)
async def test_recogniser_gets_the_options(
    client: httpx.AsyncClient,
    store: CallStore,
    fields: Fields,
    language: str | None,
    hotwords: tuple[str, ...],
) -> None:
    seen: list[Any] = []

    def look() -> None:
        while (lease := store.lease("w", 60)) is None:
            time.sleep(0.01)
        seen.append(lease.call.options)
        store.fail(lease.call.id, lease.token, "speech-recognizer", "seen", "enough")

    thread = threading.Thread(target=look)
    thread.start()
    await transcribe(client, fields)
    thread.join()
    assert (seen[0].language, seen[0].hotwords) == (language, hotwords)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"response_format": "docx"}, "response_format", "invalid_value"),
        ({"temperature": "7"}, "temperature", "invalid_value"),
        ({"stream": "perhaps"}, "stream", "invalid_value"),
        ({"timestamp_granularities[]": "phoneme"}, "timestamp_granularities", "invalid_value"),
        ({"include[]": "logprobs"}, "include", "logprobs_unsupported"),
        ({"include": "logprobs"}, "include", "logprobs_unsupported"),
        ({"include[]": "thoughts"}, "include", "invalid_value"),
        ({"language": ["ko", "en"]}, "language", "invalid_value"),
        ({"response_format": "srt", "stream": "true"}, "stream", "stream_unsupported"),
        ({"model": ""}, "model", "missing_required_parameter"),
    ],
)
async def test_refused_with_400_and_the_field(
    client: httpx.AsyncClient, store: CallStore, fields: Fields, param: str, code: str
) -> None:
    answer = await transcribe(client, fields)
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert (problem["error"]["param"], problem["error"]["code"]) == (param, code)
    assert problem["error"]["type"] == "invalid_request_error"
    assert (problem["code"], problem["status"]) == (code, 400)
    assert store.call_ids() == frozenset()


@pytest.mark.anyio
@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("response_format", "content_type"),
    [
        ("json", "application/json"),
        ("text", "text/plain; charset=utf-8"),
        ("srt", "text/plain; charset=utf-8"),
        ("vtt", "text/vtt; charset=utf-8"),
    ],
)
async def test_media_types(client: httpx.AsyncClient, response_format: str, content_type: str) -> None:
    fields: Fields = {"response_format": response_format, "chunking_strategy": "auto"}
    answer = await transcribe(client, fields)
    assert answer.headers["content-type"] == content_type
    assert int(answer.headers["openai-processing-ms"]) >= 0
