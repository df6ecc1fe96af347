"""The audio of a call, whole or in ranges (RFC 9110, section 14), as it came or converted."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from callytics.api.auth import Reader
from callytics.api.errors import problem, problem_responses
from callytics.api.services import Services, ServicesDep
from callytics.api.strict import StrictRoute
from callytics.errors import ConflictError, NotFoundError
from callytics.redaction.sound import covered_intervals
from callytics.store import BlobStore, CallRecord, CallStore
from callytics.store.blobs import CHUNK_BYTES, ORIGINAL

router = APIRouter(route_class=StrictRoute, prefix="/v1/calls/{call_id}", tags=["results"])

AudioFormat = Literal["wav", "flac", "mp3", "opus"]
_WRITABLE: dict[str, AudioFormat] = {"wav": "wav", "flac": "flac", "mp3": "mp3", "ogg": "opus"}

_MEDIA_TYPES = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "ogg": "audio/ogg",
}
_MEDIA_TYPES |= {
    "w64": "audio/wav",
    "amr": "audio/amr",
    "aac": "audio/aac",
    "aiff": "audio/aiff",
    "au": "audio/basic",
}
_MEDIA_TYPES |= {"mov": "audio/mp4", "mp4": "audio/mp4", "matroska": "audio/webm", "webm": "audio/webm"}
"""By ffmpeg's name of the container, the first of several ("mov,mp4,m4a,...")."""

_BINARY = {"type": "string", "format": "binary"}
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})\Z")


@router.head("/audio", include_in_schema=False)
@router.get(
    "/audio",
    response_class=Response,
    responses={
        200: {"description": "The recording", "content": {"audio/*": {"schema": _BINARY}}},
        206: {"description": "The range asked for", "content": {"audio/*": {"schema": _BINARY}}},
        304: {"description": "What If-None-Match names is current"},
        **problem_responses(401, 403, 404, 409, 416, 422, 503),
    },
)
async def get_audio(
    call_id: str,
    request: Request,
    services: ServicesDep,
    principal: Reader,
    audio_format: Annotated[
        AudioFormat | None, Query(alias="format", description="As it came, if absent")
    ] = None,
    enhanced: Annotated[
        bool, Query(description="A cleaned copy: less rumble and noise, each channel at the same loudness")
    ] = False,
    requested_range: Annotated[str | None, Header(alias="Range")] = None,
    if_range: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The recording. Ranges make players seek; `format` converts, once, and keeps the outcome.

    With `enhanced` a copy that is easier to hear, of the same length; the recording itself stays as it is. In the
    format of the recording where that can be written, else FLAC.

    Of a call that is redacted, with a tone over what identifies people, and only when its result is there.
    """
    call = await services.store(CallStore.get_call, call_id, principal.tenant)
    if call.options.redact_pii:
        name, audio_format = await _redacted(request, services, call, audio_format, enhanced)
    elif enhanced:
        audio_format = audio_format or _writable(call)
        name = f"enhanced.{audio_format}"
        await _convert_once(request, services, call, audio_format, name, enhanced=True)
    elif audio_format is None:
        name = ORIGINAL
    else:
        name = f"converted.{audio_format}"
        await _convert_once(request, services, call, audio_format, name)
    size_bytes = await asyncio.to_thread(services.blobs.size_bytes, call_id, name)
    headers = _headers(call, audio_format, name)
    if if_none_match is not None and headers["ETag"] in [tag.strip() for tag in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    part = None
    if requested_range is not None and (if_range is None or if_range == headers["ETag"]):
        part = parse_range(requested_range, size_bytes)
    start, end = part or (0, size_bytes)
    if part is not None and start >= end:
        return problem(
            request,
            416,
            "range_not_satisfiable",
            f"The recording has {size_bytes} bytes; {requested_range!r} is outside of it.",
            headers={"Content-Range": f"bytes */{size_bytes}"},
        )
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size_bytes}"
    status = 200 if part is None else 206
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    detail = {"format": audio_format or "original", "enhanced": enhanced}
    request.app.state.listening.note(principal, "call.audio_read", call_id, detail)
    return StreamingResponse(_read(services.blobs, call_id, name, start, end), status, headers)


def _read(blobs: BlobStore, call_id: str, name: str, start: int, end: int) -> Iterator[bytes]:
    yield from blobs.read(call_id, name, start, end)  # Starlette iterates it in a thread


def parse_range(value: str, size_bytes: int) -> tuple[int, int] | None:
    """The first byte and the last + 1 that a Range header asks for; (n, n) where there is no such byte.

    None: several ranges, another unit or no range at all, which a server may ignore and send the whole.
    """
    match = _RANGE.match(value.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:  # a number of bytes at the end
        start, end = max(0, size_bytes - int(last)), size_bytes
    else:
        if last and int(last) < int(first):
            return None
        start, end = int(first), min(size_bytes, int(last) + 1) if last else size_bytes
    return (start, max(start, end))


async def _convert_once(
    request: Request,
    services: Services,
    call: CallRecord,
    audio_format: AudioFormat,
    name: str,
    tones: Sequence[tuple[float, float]] = (),
    enhanced: bool = False,
) -> None:
    """Into the blob ``name``, unless it is there; when it is the tenant's turn, because it may take minutes."""
    if await asyncio.to_thread(services.blobs.exists, call.id, name):
        return
    async with request.app.state.conversions.turn(call.tenant):
        if not await asyncio.to_thread(services.blobs.exists, call.id, name):  # another request was first
            make = services.audio.enhanced if enhanced else services.audio.convert
            data = await make(call.uri, audio_format, call.options, tones)
            await asyncio.to_thread(_keep, services.blobs, call.id, name, data)


async def _redacted(
    request: Request,
    services: Services,
    call: CallRecord,
    audio_format: AudioFormat | None,
    enhanced: bool,
) -> tuple[str, AudioFormat]:
    """The blob with tones, and its format: as asked for, else as it came where that can be written, else FLAC.

    Always converted, whether something was found or not: that leaves out tags, which may name people.
    """
    try:
        report = json.loads(await services.store(CallStore.get_report, call.id))
    except NotFoundError as error:
        raise ConflictError(
            "audio_not_redacted",
            "The audio can be heard when the call is analysed: only then it is redacted.",
        ) from error
    audio_format = audio_format or _writable(call)
    tones = covered_intervals(report)
    # After another analysis other parts may be covered; what was kept from the first must not be served then.
    digest = hashlib.sha256(json.dumps(tones).encode()).hexdigest()[:16]
    name = f"{'enhanced-' if enhanced else ''}redacted-{digest}.{audio_format}"
    await _convert_once(request, services, call, audio_format, name, tones, enhanced)
    return name, audio_format


def _writable(call: CallRecord) -> AudioFormat:
    """The format of the recording where that can be written, else FLAC."""
    return _WRITABLE.get(call.media.format.split(",")[0], "flac")


def _keep(blobs: BlobStore, call_id: str, name: str, data: bytes) -> None:
    with blobs.writer(call_id, name) as writer:
        for start in range(0, len(data), CHUNK_BYTES):
            writer.write(data[start : start + CHUNK_BYTES])


def _headers(call: CallRecord, audio_format: AudioFormat | None, name: str) -> dict[str, str]:
    container = audio_format or call.media.format.split(",")[0]
    tag = call.media.sha256 if name == ORIGINAL else f"{call.media.sha256}-{name}"
    # Telephone systems put numbers into file names.
    filename = call.id if call.options.redact_pii else call.filename or call.id
    if audio_format is not None:
        filename = f"{filename.rsplit('.', 1)[0]}.{audio_format}"
    return {
        "Content-Type": _MEDIA_TYPES.get(container, "application/octet-stream"),
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(filename, safe='')}",
        "Accept-Ranges": "bytes",
        "ETag": f'"{tag}"',
        "Cache-Control": "private, no-cache",
    }
