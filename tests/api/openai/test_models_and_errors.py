"""GET /v1/models/{id}, and what the official client makes of every kind of error."""

from __future__ import annotations

import httpx
import openai
import pytest
from openai.types import Model

from callytics.api import StageHealth
from callytics.api.services import Services
from tests.api.conftest import TwoStages, wav_bytes


def test_list(api: openai.OpenAI) -> None:
    assert [model.id for model in api.models.list()] == ["callytics", "whisper-base"]


@pytest.mark.parametrize("name", ["callytics", "whisper-base", "whisper-1", "gpt-4o-transcribe"])
def test_retrieve(api: openai.OpenAI, name: str) -> None:
    model = api.models.retrieve(name)
    given = model.model_dump(exclude_unset=True)
    assert set(given) == {"id", "object", "created", "owned_by"}
    assert Model.model_validate(given, strict=True).id == name


def test_model_of_a_hub_has_a_slash(api: openai.OpenAI, services: Services) -> None:
    assert isinstance(services.health, TwoStages)
    name = "Systran/faster-whisper-large-v3"
    services.health.health.append(StageHealth("speech-recognizer-v2", True, "RUNNING", model=name))
    assert api.models.retrieve(name).id == name


def test_no_such_model(api: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as error:
        api.models.retrieve("gpt-9")
    assert (error.value.code, error.value.param) == ("model_not_found", "model")
    assert error.value.type == "invalid_request_error"
    assert "gpt-9" in error.value.message


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "path", "body", "status", "param"),
    [
        ("GET", "/v1/calls/nothing", None, 404, None),
        ("GET", "/v1/calls?limit=0", None, 422, "limit"),
        ("POST", "/v1/calls", {}, 400, None),
        ("PUT", "/v1/models", None, 405, None),
        ("GET", "/nowhere", None, 404, None),
        ("POST", "/v1/webhooks", {"url": 3}, 403, None),
    ],
)
async def test_every_route_says_it_twice(
    client: httpx.AsyncClient, method: str, path: str, body: object, status: int, param: str | None
) -> None:
    answer = await client.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["error"] == {
        "message": problem["detail"],
        "type": "invalid_request_error",
        "param": param,
        "code": problem["code"],
    }


def test_the_client_shows_the_message(base_url: str) -> None:
    stranger = openai.OpenAI(base_url=f"{base_url}/v1", api_key="cly_wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError) as error:
        stranger.audio.transcriptions.create(model="callytics", file=("c.wav", wav_bytes()))
    assert str(error.value) == f"Error code: 401 - {error.value.body['message']}"  # type: ignore[index]
    assert (error.value.code, error.value.type) == ("api_key_invalid", "invalid_request_error")
