"""stream=true, read by the official client and line by line."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai.types.audio import (
    TranscriptionSegment,
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
    TranscriptionTextSegmentEvent,
    TranscriptionVerbose,
)

from callytics.conversation.turns import attribute
from callytics.domain import StageRun, StageStatus
from callytics.store import CallStore, JobStatus, Lease
from tests.api.conftest import blob_files, wav_bytes
from tests.store.samples import DURATION_S, LINES, result_json
from tests.support.conversations import stereo


def events(api: openai.OpenAI, response_format: str = "json") -> list[Any]:
    stream = api.audio.transcriptions.create(
        model="gpt-4o-transcribe",
        file=("c.wav", wav_bytes()),
        response_format=response_format,  # type: ignore[call-overload]
        stream=True,
    )
    return list(stream)


@pytest.mark.usefixtures("worker")
class TestEvents:
    def test_the_deltas_are_the_text(self, api: openai.OpenAI, store: CallStore, blob_root: Path) -> None:
        *deltas, done = events(api)
        assert all(type(delta) is TranscriptionTextDeltaEvent for delta in deltas)
        assert type(done) is TranscriptionTextDoneEvent
        assert len(deltas) == len(LINES)
        assert "".join(delta.delta for delta in deltas) == done.text
        assert done.text.startswith("안녕하세요 고객센터입니다")
        assert store.call_ids() == frozenset()
        assert blob_files(blob_root) == []

    def test_diarized_json_has_segments_with_speakers(self, api: openai.OpenAI) -> None:
        received = events(api, "diarized_json")
        segments = [event for event in received if isinstance(event, TranscriptionTextSegmentEvent)]
        assert [segment.speaker for segment in segments] == ["agent", "customer", "agent", "customer"]
        assert all(
            segment.model_dump(exclude_unset=True).keys() >= {"id", "start", "end"} for segment in segments
        )
        deltas = [event for event in received if isinstance(event, TranscriptionTextDeltaEvent)]
        assert [delta.segment_id for delta in deltas] == [segment.id for segment in segments]
        assert received[-1].type == "transcript.text.done"

    def test_verbose_json_has_all_of_its_answer_in_the_last_event(self, api: openai.OpenAI) -> None:
        *deltas, done = events(api, "verbose_json")
        whole = TranscriptionVerbose.model_validate(done.model_dump())
        assert (whole.language, whole.duration) == ("korean", 12.0)
        assert whole.segments is not None
        parts = [part for delta in deltas for part in delta.model_dump()["segments"]]
        assert [TranscriptionSegment.model_validate(part) for part in parts] == whole.segments


def test_comments_keep_the_connection_while_the_call_waits(base_url: str, key: str, store: CallStore) -> None:
    lines: list[str] = []
    with httpx.stream(
        "POST",
        f"{base_url}/v1/audio/transcriptions",
        headers={"Authorization": f"Bearer {key}"},
        files={"file": ("c.wav", wav_bytes())},
        data={"model": "callytics", "stream": "true"},
    ) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            lines.append(line)
            if lines.count(": ping") == 3:
                break
    assert not [line for line in lines if line.startswith("data:")]
    deadline_s = time.monotonic() + 60
    while store.call_ids() and time.monotonic() < deadline_s:  # the client has gone: so does its call
        time.sleep(0.02)
    assert store.call_ids() == frozenset()


def test_the_text_comes_before_it_is_known_what_it_means(api: openai.OpenAI, store: CallStore) -> None:
    """The deltas are read while sentiment and summary are still at work."""
    leases: list[Lease] = []

    def speak() -> None:
        while (lease := store.lease("w", 60)) is None:
            time.sleep(0.01)
        diarization, transcript = stereo(*LINES, duration_s=DURATION_S)
        spoken = {"speech-recognizer": transcript, "punctuation-restorer": attribute(diarization, transcript)}
        for stage, output in spoken.items():
            done = StageRun(stage, StageStatus.COMPLETED, attempts=1, application=stage)
            store.record_stage(lease.call.id, lease.token, done, key=stage, output=output)
        leases.append(lease)

    thread = threading.Thread(target=speak)
    thread.start()
    stream = api.audio.transcriptions.create(
        model="callytics", file=("c.wav", wav_bytes()), response_format="diarized_json", stream=True
    )
    early = [next(stream) for _ in range(2 * len(LINES))]
    thread.join()
    (lease,) = leases
    assert store.get_call(lease.call.id).status is JobStatus.IN_PROGRESS
    assert [event.speaker for event in early if event.type == "transcript.text.segment"] == [
        *("agent", "customer", "agent", "customer")
    ]
    store.complete(lease.call.id, lease.token, JobStatus.COMPLETED, result_json(lease.call.id))
    (done,) = list(stream)
    assert done.type == "transcript.text.done"
    assert done.text == "".join(event.delta for event in early if event.type == "transcript.text.delta")


def test_later_failure_is_an_error_event(api: openai.OpenAI, store: CallStore, blob_root: Path) -> None:
    def fail() -> None:
        while (lease := store.lease("w", 60)) is None:
            time.sleep(0.01)
        store.fail(lease.call.id, lease.token, "speech-recognizer", "weights_missing", "get them")

    thread = threading.Thread(target=fail)
    thread.start()
    with pytest.raises(openai.APIError) as error:
        events(api)
    thread.join()
    assert (error.value.code, error.value.type) == ("weights_missing", "server_error")
    assert "get them" in error.value.message
    assert store.call_ids() == frozenset()
    assert blob_files(blob_root) == []


def test_refusal_before_the_stream_is_no_stream(api: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as error:
        api.audio.transcriptions.create(model="gpt-9", file=("c.wav", wav_bytes()), stream=True)
    assert (error.value.code, error.value.param) == ("model_not_found", "model")


@pytest.mark.usefixtures("worker")
def test_each_event_is_one_line_of_json(base_url: str, key: str) -> None:
    answer = httpx.post(
        f"{base_url}/v1/audio/transcriptions",
        headers={"Authorization": f"Bearer {key}"},
        files={"file": ("c.wav", wav_bytes())},
        data={"model": "callytics", "stream": "true"},
    )
    data = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    types = [json.loads(line)["type"] for line in data]
    assert types == ["transcript.text.delta"] * len(LINES) + ["transcript.text.done"]
    assert "[DONE]" not in answer.text
