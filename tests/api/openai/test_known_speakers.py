"""Known speakers at the API: what is taken, what is refused, that their voices go with the call."""

from __future__ import annotations

import base64
import io
import threading
import time
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import pytest

from callytics.api import Services
from callytics.api.openai.known_speakers import (
    MAX_REFERENCE_BYTES,
    MAX_SPEAKERS,
    VoiceReference,
    with_known_speakers,
)
from callytics.domain import CallOptions
from callytics.store import CallStore, new_call_id
from tests.api.conftest import blob_files, wav_bytes


def data_url(seconds: float = 3.0) -> str:
    return "data:audio/wav;base64," + base64.b64encode(wav_bytes(seconds, 7)).decode()


def ask(api: openai.OpenAI, **fields: Any) -> Any:
    asked = {"response_format": "diarized_json", "known_speaker_names": ["kim"], **fields}
    return api.audio.transcriptions.create(
        model="gpt-4o-transcribe-diarize", file=("c.wav", wav_bytes()), chunking_strategy="auto", **asked
    )


def test_the_graph_is_told_and_the_voices_go_with_the_call(
    api: openai.OpenAI, store: CallStore, blob_root: Path
) -> None:
    seen: list[tuple[str, bytes]] = []

    def look() -> None:
        while (lease := store.lease("w", 60)) is None:
            time.sleep(0.01)
        speakers = lease.call.options.known_speakers
        seen.extend((speaker.name, Path(speaker.uri).read_bytes()) for speaker in speakers)
        store.fail(
            lease.call.id, lease.token, "speaker-diarizer", "known_speakers_unsupported", "no voices here"
        )

    thread = threading.Thread(target=look)
    thread.start()
    with pytest.raises(openai.BadRequestError) as error:
        ask(
            api,
            known_speaker_names=["kim", "이민지"],
            known_speaker_references=[data_url(), data_url(10.0)],
        )
    thread.join()
    assert seen == [("kim", wav_bytes(3.0, 7)), ("이민지", wav_bytes(10.0, 7))]
    assert (error.value.code, error.value.param) == ("known_speakers_unsupported", "known_speaker_references")
    assert store.call_ids() == frozenset()
    assert blob_files(blob_root) == []


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"known_speaker_references": []}, "known_speaker_references"),
        ({"known_speaker_references": [data_url(), data_url()]}, "known_speaker_references"),
        ({"known_speaker_references": ["https://example.org/kim.wav"]}, "known_speaker_references"),
        ({"known_speaker_references": ["data:audio/wav;base64,*"]}, "known_speaker_references"),
        ({"known_speaker_references": ["data:audio/wav;base64,aGVsbG8="]}, "known_speaker_references"),
        ({"known_speaker_references": [data_url(1.5)]}, "known_speaker_references"),
        ({"known_speaker_references": [data_url(11.0)]}, "known_speaker_references"),
        (
            {"known_speaker_names": ["a", "a"], "known_speaker_references": [data_url()] * 2},
            "known_speaker_names",
        ),
        ({"known_speaker_names": [], "known_speaker_references": [data_url()]}, "known_speaker_names"),
        (
            {"known_speaker_names": list("abcde"), "known_speaker_references": [data_url()] * 5},
            "known_speaker_references",
        ),
        ({"response_format": "json", "known_speaker_references": [data_url()]}, "known_speaker_names"),
    ],
    ids=[
        "no reference",
        "two of one",
        "no data URL",
        "no base64",
        "no sound",
        "too short",
        "too long",
        "twice the name",
        "no name",
        "five",
        "nothing names them",
    ],
)
def test_refused(
    api: openai.OpenAI, store: CallStore, blob_root: Path, fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        ask(api, **fields)
    assert error.value.param == param
    assert store.call_ids() == frozenset()
    assert blob_files(blob_root) == []


def test_reference_is_bounded(api: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        ask(api, known_speaker_references=["data:audio/wav;base64," + "A" * (3 << 20)])
    assert error.value.code == "field_too_large"


def cd_quality(rate_hz: int = 58_000) -> str:
    """Ten seconds as large as a reference may be."""
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(bytes(4 * 10 * rate_hz))
    return "data:audio/wav;base64," + base64.b64encode(data.getvalue()).decode()


@pytest.mark.usefixtures("worker")
def test_four_of_the_largest_fit_into_a_request(api: openai.OpenAI) -> None:
    url = cd_quality()
    assert 0.98 * MAX_REFERENCE_BYTES < len(url) <= MAX_REFERENCE_BYTES
    ask(api, known_speaker_names=list("abcd"), known_speaker_references=[url] * MAX_SPEAKERS)


@pytest.mark.anyio
async def test_every_reference_waits_for_a_turn_of_its_own(services: Services) -> None:
    """A turn lasts as long as one probe may; with four in one, others would wait in vain."""
    turns: list[str] = []

    class Turns:
        @asynccontextmanager
        async def turn(self) -> AsyncIterator[None]:
            turns.append("begin")
            yield
            turns.append("end")

    voice = base64.b64decode(data_url().partition(",")[2])
    references = [VoiceReference(name, voice) for name in "abc"]
    options = await with_known_speakers(CallOptions(), references, services, new_call_id(), Turns().turn)
    assert [speaker.name for speaker in options.known_speakers] == ["a", "b", "c"]
    assert turns == ["begin", "end"] * 3
