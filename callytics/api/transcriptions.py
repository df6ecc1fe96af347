"""POST /v1/audio/transcriptions as OpenAI's clients speak it (https://platform.openai.com/docs/api-reference/audio).

The recording becomes a call, the answer waits for its end, and the call is deleted. What only a recogniser inside
of OpenAI could know (tokens, seek, no_speech_prob, temperature) is left out of verbose_json rather than invented.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect

from callytics.api.auth import Writer
from callytics.api.errors import problem_responses
from callytics.api.monitoring import model_ids
from callytics.api.openai_schemas import TRANSCRIPTION_RESPONSE
from callytics.api.openapi import multipart_body
from callytics.api.schemas import Language
from callytics.api.services import Services, ServicesDep
from callytics.api.strict import StrictRoute
from callytics.api.submission import parse_fields, submit
from callytics.api.uploads import Upload
from callytics.domain import CallOptions
from callytics.errors import (
    InvalidMediaError,
    InvalidRequestError,
    NotFoundError,
    StageError,
    UnavailableError,
)
from callytics.export import export
from callytics.store import FINISHED, WITH_RESULT, CallRecord, JobStatus, Priority

router = APIRouter(route_class=StrictRoute, tags=["OpenAI-compatible"])

MODEL_ALIASES = ("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-4o-transcribe-diarize")
"""Names that programs written for OpenAI have built in; they get the models of this graph."""

_LANGUAGE_NAMES = {"ko": "korean", "en": "english", "ja": "japanese", "zh": "chinese", "es": "spanish"}
_LANGUAGE_NAMES |= {"de": "german", "fr": "french", "it": "italian", "pt": "portuguese", "ru": "russian"}
_LANGUAGE_NAMES |= {"vi": "vietnamese", "th": "thai", "id": "indonesian", "ar": "arabic", "hi": "hindi"}
"""OpenAI names the language in English; others are given by their code."""


class TranscriptionForm(BaseModel):
    """The fields besides the file. Fields of OpenAI that are not here are accepted and have no effect."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(examples=["callytics"], description="One of /v1/models; OpenAI's names are taken too")
    language: Language = None
    prompt: str = Field(
        default="", max_length=2000, description="Names and terms to expect, separated by commas"
    )
    response_format: Literal["json", "text", "srt", "vtt", "verbose_json", "diarized_json"] = "json"
    timestamp_granularities: list[Literal["word", "segment"]] = Field(
        default=[], alias="timestamp_granularities[]"
    )
    temperature: float = Field(default=0.0, ge=0, le=1, description="Accepted; the graph chooses its own")
    stream: bool = Field(default=False, description="Must be false")

    def options(self) -> CallOptions:
        terms = (term.strip()[:100] for term in self.prompt.replace("\n", ",").split(","))
        return CallOptions(language=self.language, hotwords=tuple(term for term in terms if term)[:100])


@router.post(
    "/v1/audio/transcriptions",
    responses={
        200: TRANSCRIPTION_RESPONSE,
        **problem_responses(400, 401, 403, 404, 413, 415, 422, 503),
    },
    openapi_extra=multipart_body(TranscriptionForm, "The recording"),
    response_class=Response,
)
async def create_transcription(request: Request, services: ServicesDep, principal: Writer) -> Response:
    """Transcribe a recording while the client waits.

    client = openai.OpenAI(base_url="http://127.0.0.1:8000/v1", api_key="cly_...")
    client.audio.transcriptions.create(model="callytics", file=open("call.wav", "rb"),
                                       response_format="diarized_json")
    """
    models = [*model_ids(await services.health.stages()), *MODEL_ALIASES]
    forms: list[TranscriptionForm] = []

    def read_form(upload: Upload) -> tuple[CallOptions, dict[str, Any]]:
        repeated = frozenset({"timestamp_granularities[]", "include[]", "known_speaker_names[]"})
        form = parse_fields(upload, TranscriptionForm, repeated)
        if form.stream:
            raise InvalidRequestError("streaming_unsupported", "stream=true is not supported; leave it out.")
        if form.model not in models:
            raise NotFoundError("model_not_found", f"No model {form.model!r}; there are {', '.join(models)}.")
        forms.append(form)
        return form.options(), {
            "deduplicate": False,
            "priority": Priority.HIGH,  # somebody waits for the answer
            "tenant": principal.tenant,
            "created_by": principal.id,
            "metadata": {"custom": {"source": "audio/transcriptions"}},
        }

    call_id = (await submit(request, services, read_form)).call.id
    try:
        await _wait(request, services, call_id)
        result = json.loads(await services.store.get_report(call_id))
    finally:
        await asyncio.shield(_remove(services, call_id, principal.id))
    return render(result, forms[0])


async def _wait(request: Request, services: Services, call_id: str) -> CallRecord:
    deadline_s = time.monotonic() + services.settings.transcription_timeout_s
    while (call := await services.store.get_call(call_id)).status not in FINISHED:
        if time.monotonic() > deadline_s:
            raise UnavailableError(
                "transcription_timeout", "The transcription took too long; use POST /v1/calls."
            )
        if await request.is_disconnected():
            raise ClientDisconnect()
        await asyncio.sleep(services.settings.event_poll_s)
    if call.status in WITH_RESULT:
        return call
    if call.status == JobStatus.CANCELLED or call.error is None:
        raise UnavailableError("transcription_cancelled", "The transcription was cancelled.")
    if call.error.code.startswith("media_"):
        raise InvalidMediaError(call.error.code, call.error.message)
    raise StageError(call.error.stage, call.error.code, f"{call.error.stage}: {call.error.message}")


async def _remove(services: Services, call_id: str, actor: str) -> None:
    with suppress(NotFoundError):  # somebody else deleted it
        await services.store.delete_call(call_id, actor=actor)
    await asyncio.to_thread(services.blobs.delete_call, call_id)


def render(result: dict[str, Any], form: TranscriptionForm) -> Response:
    """A result of ours in the response format that was asked for."""
    turns = result["transcript"]
    text = " ".join(turn["content"] for turn in turns)
    duration_s = result["media"]["duration_ms"] / 1000
    usage = {"type": "duration", "seconds": duration_s}
    match form.response_format:
        case "json":
            return JSONResponse({"text": text, "usage": usage})
        case "text":
            return PlainTextResponse(text + "\n")
        case "srt" | "vtt":
            return PlainTextResponse(export(result, form.response_format))
        case "diarized_json":
            segments = [_diarized_segment(turn) for turn in turns]
            return JSONResponse(
                {
                    "task": "transcribe",
                    "duration": duration_s,
                    "text": text,
                    "segments": segments,
                    "usage": usage,
                }
            )
        case "verbose_json":
            code = result["language_code"]
            body: dict[str, Any] = {
                "task": "transcribe",
                "language": _LANGUAGE_NAMES.get(code, code),
                "duration": duration_s,
                "text": text,
                "usage": usage,
            }
            if "segment" in form.timestamp_granularities or not form.timestamp_granularities:
                body["segments"] = [{"id": n, **part} for n, part in enumerate(_segments(turns))]
            if "word" in form.timestamp_granularities:
                body["words"] = [
                    {"word": item["content"], **_span(item)} for turn in turns for item in turn["items"]
                ]
            return JSONResponse(body)


def _diarized_segment(turn: dict[str, Any]) -> dict[str, Any]:
    role = turn["participant_role"]
    speaker = turn["participant_id"] if role in ("UNKNOWN", "OTHER") else role.lower()
    return {
        "type": "transcript.text.segment",
        "id": turn["id"],
        **_span(turn),
        "speaker": speaker,
        "text": turn["content"],
    }


def _segments(turns: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Sentences, or turns where there are none, with Whisper's measures of doubt computed as Whisper does."""
    for turn in turns:
        for part in turn["sentences"] or [turn]:
            encoded = part["content"].encode()
            begin, end = part["begin_offset_ms"], part["end_offset_ms"]
            words = [item for item in turn["items"] if begin <= item["begin_offset_ms"] < max(end, begin + 1)]
            logprobs = [math.log(max(item["confidence"], 1e-6)) for item in words or turn["items"]]
            yield {
                **_span(part),
                "text": part["content"],
                "avg_logprob": round(sum(logprobs) / len(logprobs), 4) if logprobs else None,
                "compression_ratio": round(len(encoded) / len(zlib.compress(encoded)), 4),
            }


def _span(part: dict[str, Any]) -> dict[str, float]:
    return {"start": part["begin_offset_ms"] / 1000, "end": part["end_offset_ms"] / 1000}
