"""POST /v1/audio/translations at the API: only what the recogniser marked as a translation is answered as one."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import openai
import pytest
from openai.types.audio import TranslationVerbose

from callytics.domain import Task
from callytics.store import CallStore, JobStatus
from tests.api.conftest import wav_bytes
from tests.store.samples import result_json

ENGLISH = ((0, 0.5, 3.0, "Hello, this is the customer centre"), (1, 3.2, 6.0, "I want a refund"))


@pytest.fixture
def translated() -> bool:
    return True


@pytest.fixture
def translator(store: CallStore, translated: bool) -> Iterator[list[Task]]:
    """Completes one call; the recogniser of this graph may or may not take notice of the task."""
    tasks: list[Task] = []

    def work() -> None:
        while (lease := store.lease("w", 60)) is None:
            time.sleep(0.01)
        tasks.append(lease.call.options.task)
        result = json.loads(result_json(lease.call.id, ENGLISH))
        if translated:
            result |= {"language_code": "en", "flags": [{"code": "translated", "message": "from ko"}]}
        store.complete(lease.call.id, lease.token, JobStatus.COMPLETED, json.dumps(result).encode())

    thread = threading.Thread(target=work)
    thread.start()
    yield tasks
    thread.join()


def test_json(api: openai.OpenAI, translator: list[Task]) -> None:
    answer = api.audio.translations.create(model="whisper-1", file=("c.wav", wav_bytes()))
    assert answer.text == "Hello, this is the customer centre I want a refund"
    assert translator == [Task.TRANSLATE]


def test_verbose_json(api: openai.OpenAI, translator: list[Task]) -> None:
    answer = api.audio.translations.create(
        model="whisper-1", file=("c.wav", wav_bytes()), response_format="verbose_json"
    )
    assert isinstance(answer, TranslationVerbose)
    assert (answer.language, answer.duration) == ("english", 12.0)
    assert answer.segments is not None
    assert answer.segments[0].no_speech_prob == 0.0


@pytest.mark.parametrize("response_format", ["text", "srt", "vtt"])
def test_texts(api: openai.OpenAI, translator: list[Task], response_format: str) -> None:
    answer = api.audio.translations.create(
        model="whisper-1",
        file=("c.wav", wav_bytes()),
        response_format=response_format,  # type: ignore[call-overload]
    )
    assert "Hello, this is the customer centre" in str(answer)


@pytest.mark.parametrize("translated", [False])
@pytest.mark.usefixtures("translator")
def test_transcription_is_never_sold_as_a_translation(api: openai.OpenAI, store: CallStore) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        api.audio.translations.create(model="whisper-1", file=("c.wav", wav_bytes()))
    assert error.value.code == "translation_unsupported"
    assert store.call_ids() == frozenset()


def test_speakers_are_not_translated(api: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        api.audio.translations.create(
            model="whisper-1",
            file=("c.wav", wav_bytes()),
            response_format="diarized_json",  # type: ignore[call-overload]
        )
    assert error.value.param == "response_format"
