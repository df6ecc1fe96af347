"""The sound of one turn, cut out of the recording."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from callytics.api.auth import Reader
from callytics.api.errors import problem_responses
from callytics.api.results import finished_result
from callytics.api.services import ServicesDep
from callytics.api.strict import StrictRoute
from callytics.errors import NotFoundError
from callytics.redaction.sound import covered_intervals
from callytics.store import CallStore

router = APIRouter(route_class=StrictRoute, prefix="/v1/calls/{call_id}", tags=["results"])

TurnAudioFormat = Literal["wav", "mp3", "ogg"]
_MEDIA_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg", "ogg": "audio/ogg"}


@router.get(
    "/turns/{turn_id}/audio",
    response_class=Response,
    responses={
        200: {
            "description": "The sound of the turn",
            "content": {"audio/*": {"schema": {"type": "string", "format": "binary"}}},
        },
        **problem_responses(401, 403, 404, 409, 422, 503),
    },
)
async def get_turn_audio(
    call_id: str,
    turn_id: str,
    request: Request,
    services: ServicesDep,
    principal: Reader,
    audio_format: Annotated[
        TurnAudioFormat, Query(alias="format", description="ogg holds Opus, as `format=opus` of /audio does")
    ] = "wav",
) -> Response:
    """The sound of one turn, all channels, cut out of the recording.

    Of a call that is redacted, with a tone over what identifies people.
    """
    call = await services.store(CallStore.get_call, call_id, principal.tenant)
    result = await finished_result(services, call)
    turn = next((turn for turn in result["transcript"] if turn["id"] == turn_id), None)
    if turn is None:
        raise NotFoundError(
            "turn_not_found", f"Call {call_id} has no turn {turn_id!r}; its result lists them."
        )
    start_s, end_s = turn["begin_offset_ms"] / 1000, turn["end_offset_ms"] / 1000
    tones = covered_intervals(result) if call.options.redact_pii else ()
    async with request.app.state.conversions.turn(call.tenant):
        data = await services.audio.cut(call.uri, audio_format, start_s, end_s, call.options, tones)
    detail = {"format": audio_format, "turn_id": turn_id}
    request.app.state.listening.note(principal, "call.audio_read", call_id, detail)
    return Response(
        data,
        media_type=_MEDIA_TYPES[audio_format],
        headers={
            "Content-Disposition": f'inline; filename="{call.id}-{turn["id"]}.{audio_format}"',
            "Cache-Control": "private, no-cache",
        },
    )
