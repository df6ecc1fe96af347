"""What came out of a call: its result, its transcript, and its events while they happen."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from pydantic import BaseModel

from callytics.api.auth import RIGHT_CHECKED_EVERY_S, Principal, Reader, still_may
from callytics.api.errors import problem_responses
from callytics.api.event_pump import EventPump
from callytics.api.schemas.fields import WholeNumber
from callytics.api.services import Services, ServicesDep
from callytics.api.strict import StrictRoute
from callytics.errors import ConflictError
from callytics.result.formats import MEDIA_TYPES, encoded, export
from callytics.result.schema.call import CallResult
from callytics.result.schema.transcript import ParticipantDetail, TranscriptTurn
from callytics.result.subtitles import SubtitleLimits
from callytics.store import FINISHED, CallRecord, CallStore, JobStatus, ReadRecord

router = APIRouter(route_class=StrictRoute, prefix="/v1/calls/{call_id}", tags=["results"])

_RECONNECT_MS = 2000


EVENT_EXAMPLE = {
    "id": "17",
    "event": "stage.completed",
    "data": '{"call_id": "01kaqf3v9x6z2h8m4n7p5r1t0w", "at_ms": 1795860447148, "stage": "audio-processor"}',
}
EVENT_SCHEMA = {
    "type": "object",
    "description": "One server-sent event",
    "required": ["event", "data"],
    "properties": {
        "id": {"type": "string", "description": "For `Last-Event-ID`; absent where the call was deleted"},
        "event": {"type": "string", "description": "What happened: call.queued, stage.completed, ..."},
        "data": {"type": "string", "description": "JSON: call_id, at_ms, and what the event tells"},
    },
}


class TranscriptView(BaseModel):
    """`format=json`: the part of the result that is the transcript."""

    call_id: str
    language_code: str
    participants: list[ParticipantDetail]
    transcript: list[TranscriptTurn]


async def finished_result(services: Services, call: CallRecord) -> dict[str, Any]:
    """The result of a call with its status and metadata of today. For a call that is analysed again, or whose last run
    failed, it is the previous one, and ``job_details.errors`` ends with that failure.

    Raises:
        ConflictError: ``call_not_finished``, ``call_failed``, ``call_cancelled``.
    """
    if call.result_at_ms is None:
        raise _no_result(call)
    result: dict[str, Any] = json.loads(await services.store(CallStore.get_report, call.id))
    if call.status is JobStatus.FAILED and call.error is not None:
        result["job_details"]["errors"].append(asdict(call.error))
    return {**result, "job_status": call.status.value, "metadata": dict(call.metadata)}


async def _note(
    services: Services, principal: Principal, action: str, call_id: str, detail: dict[str, Any]
) -> None:
    """Before the text is sent; once per person, call and a few minutes (store/audit.py)."""
    at_ms = round(time.time() * 1000)
    read = ReadRecord(at_ms, principal.tenant, principal.id, action, call_id, detail)
    await services.store(CallStore.record_reads, [read])


def _no_result(call: CallRecord) -> ConflictError:
    if call.status is JobStatus.FAILED:
        why = f"{call.error.stage}: {call.error.message}" if call.error else "no reason is known"
        return ConflictError("call_failed", f"Call {call.id} failed: {why}")
    if call.status is JobStatus.CANCELLED:
        return ConflictError("call_cancelled", f"Call {call.id} was cancelled; retry it to get a result.")
    return ConflictError("call_not_finished", f"Call {call.id} is {call.status}; wait for it to end.")


@router.get("/result", response_model=CallResult, responses=problem_responses(401, 403, 404, 409))
async def get_result(call_id: str, services: ServicesDep, principal: Reader) -> Response:
    """Everything that was found out about a call; 409 until it is. While a call is analysed again, and where that
    fails, the result of before: `job_status` says how the call stands now."""
    call = await services.store(CallStore.get_call, call_id, principal.tenant)
    result = await finished_result(services, call)
    await _note(services, principal, "call.result_read", call_id, {})
    return JSONResponse(result)


@router.get(
    "/transcript",
    response_class=Response,
    responses={
        200: {
            "description": "The transcript in the format that was asked for",
            "model": TranscriptView,
            "content": {
                media_type.split(";")[0]: {"schema": {"type": "string"}}
                for name, media_type in MEDIA_TYPES.items()
                if name != "json"
            },
        },
        **problem_responses(400, 401, 403, 404, 409, 422),
    },
)
async def get_transcript(
    call_id: str,
    services: ServicesDep,
    principal: Reader,
    transcript_format: Annotated[
        Literal["json", "txt", "srt", "vtt", "rttm", "csv"],
        Query(
            alias="format", description="json, text, subtitles (srt, vtt), who spoke when (rttm), or a table"
        ),
    ] = "json",
    encoding: Annotated[
        Literal["utf-8", "utf-8-sig", "cp949"] | None,
        Query(
            description="Of the file: utf-8-sig has the byte order mark by which Excel knows UTF-8, cp949 is that of "
            "Korean Windows. Left out: utf-8-sig for csv, utf-8 for all others"
        ),
    ] = None,
    line_characters: Annotated[
        WholeNumber | None,
        Query(
            ge=10, le=200, description="Subtitles: per line. Left out: 42, or 20 where a turn is in Korean"
        ),
    ] = None,
    lines: Annotated[WholeNumber, Query(ge=1, le=10, description="Subtitles: at most, per cue")] = 2,
    cue_seconds: Annotated[
        float, Query(ge=1, le=60, description="Subtitles: the longest that a cue stays, in seconds")
    ] = 7.0,
    written: Annotated[
        bool,
        Query(
            description="Numbers, dates and amounts in written form: instead of the words in txt, beside them in csv "
            "and json"
        ),
    ] = False,
) -> Response:
    """What was said, by whom and when, as JSON, text, subtitles, RTTM or a table."""
    call = await services.store(CallStore.get_call, call_id, principal.tenant)
    limits = SubtitleLimits(line_characters, lines, cue_seconds)
    text = export(await finished_result(services, call), transcript_format, limits, written=written)
    content = encoded(text, transcript_format, encoding)
    detail = {"format": transcript_format}
    await _note(services, principal, "call.transcript_read", call_id, detail)
    disposition = f'inline; filename="{call_id}.{transcript_format}"'
    charset = (encoding or "utf-8").removesuffix("-sig")
    media_type = MEDIA_TYPES[transcript_format].replace("utf-8", charset)
    return Response(content, media_type=media_type, headers={"Content-Disposition": disposition})


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events until the call ends",
            "content": {"text/event-stream": {"schema": EVENT_SCHEMA, "example": EVENT_EXAMPLE}},
        },
        204: {"description": "The call has ended and all its events are known: do not reconnect"},
        **problem_responses(401, 403, 404, 422),
    },
)
async def stream_events(
    request: Request,
    call_id: str,
    services: ServicesDep,
    principal: Reader,
    last_event_id: Annotated[WholeNumber | None, Header(ge=0, le=2**62)] = None,
) -> Response:
    """What happens to a call, from its beginning or from after `Last-Event-ID`, until it ends.

    A stream may be cut (a proxy's time limit), and ends when the key, the session or the right to read does; browsers
    reconnect by themselves and miss nothing.
    """
    call = await services.store(CallStore.get_call, call_id, principal.tenant)
    after = last_event_id or 0
    if call.status in FINISHED and not await services.store(CallStore.events_after, call_id, after, limit=1):
        return Response(status_code=204)
    return StreamingResponse(
        _events(request, services.settings.event_heartbeat_s, call_id, after),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(request: Request, heartbeat_s: float, call_id: str, after: int) -> AsyncIterator[bytes]:
    yield format_sse_event(retry=_RECONNECT_MS)
    pump: EventPump = request.app.state.events
    last_sent_s = checked_s = time.monotonic()
    while True:
        status, events = await pump.ask(call_id, after)
        if time.monotonic() - checked_s >= min(heartbeat_s, RIGHT_CHECKED_EVERY_S):
            if not await still_may(request, "calls:read"):
                return  # the client comes again, and is told why it is refused
            checked_s = time.monotonic()
        if status is None:
            yield format_sse_event(event="call.deleted", data_str=json.dumps({"call_id": call_id}))
            return
        for event in events:
            data = json.dumps({"call_id": call_id, "at_ms": event.at_ms, **event.data}, ensure_ascii=False)
            yield format_sse_event(id=str(event.number), event=event.type, data_str=data)
            after = event.number
            last_sent_s = time.monotonic()
        if not events:
            if status in FINISHED:
                return
            if time.monotonic() - last_sent_s >= heartbeat_s:
                yield KEEPALIVE_COMMENT
                last_sent_s = time.monotonic()
