"""POST /v1/audio/transcriptions, by the official client, over a real socket."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
import uvicorn

from callytics.api import Services, create_app
from callytics.store import CallStore
from tests.api.conftest import blob_files, wav_bytes


@pytest.fixture
def base_url(services: Services) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(services), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def api(base_url: str, key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{base_url}/v1", api_key=key, max_retries=0)


@pytest.mark.usefixtures("worker")
class TestFormats:
    def test_json(self, api: openai.OpenAI, store: CallStore, blob_root: Path) -> None:
        answer = api.audio.transcriptions.create(
            model="callytics", file=("c.wav", wav_bytes()), language="ko"
        )
        assert answer.text.startswith("안녕하세요 고객센터입니다")
        assert store.call_ids() == frozenset()
        assert blob_files(blob_root) == []

    def test_text_and_subtitles(self, api: openai.OpenAI) -> None:
        def ask(response_format: str) -> str:
            return str(
                api.audio.transcriptions.create(
                    model="whisper-1",
                    file=("c.wav", wav_bytes()),
                    response_format=response_format,  # type: ignore[call-overload]
                )
            )

        assert ask("text").startswith("안녕하세요")
        assert "00:00:00,500 --> 00:00:03,000" in ask("srt")
        assert ask("vtt").startswith("WEBVTT")

    def test_verbose_json(self, api: openai.OpenAI) -> None:
        answer = api.audio.transcriptions.create(
            model="whisper-base",
            file=("c.wav", wav_bytes()),
            prompt="환불, 반품",
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )
        assert (answer.language, answer.duration) == ("korean", 12.0)
        assert answer.segments is not None
        assert answer.words is not None
        assert (answer.segments[0].start, answer.segments[0].end) == (0.5, 3.0)
        assert answer.segments[0].avg_logprob == pytest.approx(-0.105, abs=0.001)  # every word has 0.9
        assert answer.words[0].word == "안녕하세요"

    def test_diarized_json(self, api: openai.OpenAI) -> None:
        answer = api.audio.transcriptions.create(
            model="gpt-4o-transcribe-diarize", file=("c.wav", wav_bytes()), response_format="diarized_json"
        )
        assert [segment.speaker for segment in answer.segments] == ["agent", "customer", "agent", "customer"]
        assert answer.segments[1].start == 3.2


def test_errors_are_the_clients_own(api: openai.OpenAI, base_url: str, store: CallStore) -> None:
    def create(
        client: openai.OpenAI = api, model: str = "callytics", audio: bytes = b"", **more: object
    ) -> None:
        client.audio.transcriptions.create(model=model, file=("c.wav", audio), **more)  # type: ignore[call-overload]

    with pytest.raises(openai.UnprocessableEntityError) as empty:
        create()
    assert empty.value.code == "media_empty"
    with pytest.raises(openai.NotFoundError) as unknown:
        create(model="whisper-9", audio=wav_bytes())
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as streaming:
        create(audio=wav_bytes(), stream=True)
    assert streaming.value.code == "streaming_unsupported"
    with pytest.raises(openai.AuthenticationError):
        create(openai.OpenAI(base_url=f"{base_url}/v1", api_key="cly_wrong", max_retries=0))
    assert store.call_ids() == frozenset()


def test_a_failed_analysis_is_an_error_and_leaves_nothing(
    api: openai.OpenAI, store: CallStore, blob_root: Path
) -> None:
    def fail() -> None:
        while (lease := store.lease("w", 60)) is None:
            time.sleep(0.01)
        store.fail(lease.call.id, lease.token, "speech-recognizer", "weights_missing", "get them")

    thread = threading.Thread(target=fail)
    thread.start()
    with pytest.raises(openai.InternalServerError) as error:
        api.audio.transcriptions.create(model="callytics", file=("c.wav", wav_bytes()))
    thread.join()
    assert error.value.code == "weights_missing"
    assert store.call_ids() == frozenset()
    assert blob_files(blob_root) == []


def test_a_client_that_leaves_takes_its_call_along(
    api: openai.OpenAI, store: CallStore, blob_root: Path
) -> None:
    with pytest.raises(openai.APITimeoutError):
        api.with_options(timeout=0.5).audio.transcriptions.create(
            model="callytics", file=("c.wav", wav_bytes())
        )
    deadline_s = time.monotonic() + 5
    while store.call_ids() and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert store.call_ids() == frozenset()
    assert blob_files(blob_root) == []


def test_models(api: openai.OpenAI) -> None:
    assert [model.id for model in api.models.list()] == ["callytics", "whisper-base"]
