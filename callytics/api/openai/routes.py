"""POST /v1/audio/transcriptions and /v1/audio/translations."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from callytics.api.auth import Principal, Writer
from callytics.api.errors import problem_responses
from callytics.api.monitoring import MODEL_ALIASES, model_ids
from callytics.api.openai.formats import render
from callytics.api.openai.forms import Form, TranscriptionForm, TranslationForm, read_form
from callytics.api.openai.known_speakers import MAX_REFERENCE_BYTES, MAX_SPEAKERS, with_known_speakers
from callytics.api.openai.schemas import TRANSCRIPTION_RESPONSE
from callytics.api.openai.streaming import TranscriptionStream
from callytics.api.openai.waiting import Awaited
from callytics.api.openapi import multipart_body
from callytics.api.services import Services, ServicesDep
from callytics.api.strict import StrictRoute
from callytics.api.submission import submit
from callytics.api.uploads import LargeFields, Upload
from callytics.domain import CallOptions
from callytics.errors import NotFoundError
from callytics.store import Priority

router = APIRouter(route_class=StrictRoute, tags=["OpenAI-compatible"])

_PROBLEMS = problem_responses(400, 401, 403, 404, 413, 415, 422, 503)
_REFERENCES = LargeFields("known_speaker_references", MAX_REFERENCE_BYTES, MAX_SPEAKERS)


@router.post(
    "/v1/audio/transcriptions",
    responses={200: TRANSCRIPTION_RESPONSE, **_PROBLEMS},
    openapi_extra=multipart_body(TranscriptionForm, "The recording"),
    response_class=Response,
)
async def create_transcription(request: Request, services: ServicesDep, principal: Writer) -> Response:
    """Transcribe a recording while the client waits.

    client = openai.OpenAI(base_url="http://127.0.0.1:8000/v1", api_key="cly_...")
    client.audio.transcriptions.create(model="callytics", file=open("call.wav", "rb"),
                                       response_format="diarized_json")
    """
    return await _answer(request, services, principal, TranscriptionForm)


@router.post(
    "/v1/audio/translations",
    responses={200: TRANSCRIPTION_RESPONSE, **_PROBLEMS},
    openapi_extra=multipart_body(TranslationForm, "The recording"),
    response_class=Response,
)
async def create_translation(request: Request, services: ServicesDep, principal: Writer) -> Response:
    """Translate a recording into English while the client waits. Where the recogniser's model cannot, 400 with the code
    `translation_unsupported`."""
    return await _answer(request, services, principal, TranslationForm)


async def _answer(
    request: Request, services: Services, principal: Principal, form_type: type[Form]
) -> Response:
    started_s = time.monotonic()
    models = [*model_ids(await services.health.stages()), *MODEL_ALIASES]
    forms: list[Form] = []

    def read(upload: Upload) -> tuple[CallOptions, dict[str, Any]]:
        form = read_form(upload, form_type)
        if form.model not in models:
            raise NotFoundError(
                "model_not_found", f"No model {form.model[:80]!r}; there are {', '.join(models)}.", "model"
            )
        forms.append(form)
        return form.options(), {
            "deduplicate": False,
            "priority": Priority.HIGH,  # a client waits for the answer
            "tenant": principal.tenant,
            "created_by": principal.id,
            "metadata": {"custom": {"source": request.url.path.removeprefix("/v1/")}},
        }

    async def add_voices(call_id: str, options: CallOptions) -> CallOptions:
        references = forms[0].references
        if not references:
            return options
        turn = partial(request.app.state.probes.turn, principal.tenant)
        return await with_known_speakers(options, references, services, call_id, turn)

    submission = await submit(request, services, read, add_voices, _REFERENCES)
    awaited = Awaited(services, submission.call.id, principal.id)
    (form,) = forms
    if form.stream:
        return TranscriptionStream(request, awaited, form, services.settings.event_heartbeat_s)
    try:
        async for _ in awaited.records(request):
            pass
        response = render(await awaited.result(), form)
    finally:
        await awaited.remove()
    response.headers["openai-processing-ms"] = str(round((time.monotonic() - started_s) * 1000))
    return response
