"""POST /v1/audio/transcriptions, by the official client, over a real socket."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import openai
import pytest
from openai.types.audio import TranscriptionSegment

from callytics.store import CallStore
from tests.api.conftest import blob_files, wav_bytes


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
        for segment in answer.segments:  # the client does not check: what is missing would be None
            given = segment.model_dump(exclude_unset=True)
            assert set(given) == {
                *("id", "seek", "start", "end", "text", "tokens"),
                *("temperature", "avg_logprob", "compression_ratio", "no_speech_prob"),
            }
            assert TranscriptionSegment.model_validate(given, strict=True) == segment
            assert segment.seek == round(segment.start * 100)
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
    with pytest.raises(openai.AuthenticationError):
        create(openai.OpenAI(base_url=f"{base_url}/v1", api_key="cly_wrong", max_retries=0))
    assert store.call_ids() == frozenset()


def test_failed_analysis_is_an_error_and_leaves_nothing(
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


def test_client_that_leaves_takes_its_call_along(
    api: openai.OpenAI, store: CallStore, blob_root: Path
) -> None:
    with pytest.raises(openai.APITimeoutError):
        api.with_options(timeout=0.5).audio.transcriptions.create(
            model="callytics", file=("c.wav", wav_bytes())
        )
    deadline_s = time.monotonic() + 30
    while (store.call_ids() or blob_files(blob_root)) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert store.call_ids() == frozenset()
    assert blob_files(blob_root) == []
