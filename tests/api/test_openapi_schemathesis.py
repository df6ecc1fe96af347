"""Every operation of the OpenAPI document, called with data made from the document itself (Schemathesis).

Whatever comes, the API answers with a status that the document lists for the operation and with a body of the schema
that it gives there, and never with 500.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks

from callytics.api import ApiSettings, Services, create_app
from callytics.store import SCOPES, AsyncStore, BlobStore, CallStore
from tests.api.conftest import TwoStages, WavOnlyAudio, wav_bytes
from tests.store.samples import finish, fresh_database, new_call

EXAMPLES = 10
"""Examples per operation. The seed of the generation is fixed, so that a failure comes again."""

SETTINGS = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

CHECKS: list[schemathesis.CheckFunction] = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallStore]:
    store = CallStore(fresh_database(tmp_path_factory.mktemp("store")))
    yield store
    store.close()


@pytest.fixture(scope="module")
def authorization(store: CallStore) -> dict[str, str]:
    return {"Authorization": f"Bearer {store.create_api_key('schemathesis', sorted(SCOPES)).secret}"}


@pytest.fixture(scope="module")
def app(store: CallStore, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    blobs = BlobStore(str(tmp_path_factory.mktemp("blobs")))
    options = ApiSettings(event_poll_s=0.02, event_heartbeat_s=0.1)
    return create_app(Services(AsyncStore.local(store), blobs, WavOnlyAudio(), TwoStages(), options))


@pytest.fixture(scope="module")
def api(app: FastAPI, store: CallStore, tmp_path_factory: pytest.TempPathFactory) -> Any:
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    finished = []
    recording: Path = tmp_path_factory.mktemp("recordings") / "call.wav"
    recording.write_bytes(wav_bytes())
    for number in range(8):
        finished.append(store.create_call(new_call(f"{number:064x}", uri=str(recording))).call.id)
        finish(store)

    # An id out of thin air is 404 and shows little: every second one is of a call that there is, or was.
    @schema.hook
    def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> Any:
        if path_parameters and "call_id" in path_parameters:
            number = sum(map(ord, str(path_parameters["call_id"])))
            if number % 2 == 0:
                return {**path_parameters, "call_id": finished[number // 2 % len(finished)]}
        return path_parameters

    return schema


# Not Schemathesis' own pytest fixture: it reads an attribute that pytest 9 no longer has.
@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value
)
def test_the_api_does_what_its_document_says(
    api: Any, authorization: dict[str, str], mode: GenerationMode, subtests: pytest.Subtests
) -> None:
    """``mode``: data as the document wants it, or wrong in at least one place."""
    for operation in (result.ok() for result in api.get_all_operations()):
        with subtests.test(operation.label):

            @SETTINGS
            @given(case=operation.as_strategy(generation_mode=mode))
            def conforms(case: schemathesis.Case) -> None:
                case.call_and_validate(headers=authorization, checks=CHECKS)

            with nullcontext() if mode is GenerationMode.POSITIVE else suppress(Unsatisfiable):
                conforms()  # without parameters or a body there is nothing that could be wrong


def test_the_document_has_the_operations_that_it_is_tested_by(api: Any) -> None:
    """So that the test above cannot pass by finding nothing to call."""
    operations = {result.ok().label for result in api.get_all_operations()}
    assert {"POST /v1/calls", "GET /v1/calls/{call_id}/result", "POST /v1/audio/transcriptions"} <= operations
