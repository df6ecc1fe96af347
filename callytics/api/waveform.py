"""The outline of a call's recording, to be drawn: made once by the audio-processor, kept beside the recording."""

from __future__ import annotations

import array
import asyncio
import hashlib
import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, Field

from callytics.api.auth import Reader
from callytics.api.errors import problem_responses
from callytics.api.schemas.fields import WholeNumber
from callytics.api.services import Services, ServicesDep
from callytics.api.strict import StrictRoute
from callytics.errors import ConflictError, NotFoundError
from callytics.redaction.sound import covered_intervals
from callytics.store import CallRecord, CallStore

router = APIRouter(route_class=StrictRoute, prefix="/v1/calls/{call_id}", tags=["results"])

KEPT = "waveform.dat"
MAX_BUCKETS = 20_000
_HEADER = struct.Struct("<iIiiIi")


class WaveformView(BaseModel):
    """The lowest and highest sample of each bucket, in the JSON of audiowaveform, version 2."""

    version: int = Field(description="Of the format: 2")
    channels: int = Field(description="Channels of the recording, 8 at most")
    sample_rate: int = Field(description="Of the recording, in hertz")
    samples_per_pixel: int = Field(
        description="Samples in a bucket: it lasts samples_per_pixel / sample_rate seconds"
    )
    bits: int = Field(description="8: values from -127 to 127, which are -1 and 1 of full scale")
    length: int = Field(description="Number of buckets")
    data: list[int] = Field(
        description="Lowest and highest of the first channel, of the second ..., bucket after bucket"
    )


@dataclass(frozen=True)
class Outline:
    """``lows[c][i]`` and ``highs[c][i]``: bucket ``i`` of channel ``c``."""

    sample_rate_hz: int
    samples_per_bucket: int
    lows: tuple[array.array[int], ...]
    highs: tuple[array.array[int], ...]

    @classmethod
    def parse(cls, data: bytes) -> Outline:
        _, _, rate_hz, width, length, channels = _HEADER.unpack_from(data)
        values = array.array("b", data[_HEADER.size : _HEADER.size + 2 * length * channels])
        step = 2 * channels
        lows = tuple(values[2 * channel :: step] for channel in range(channels))
        highs = tuple(values[2 * channel + 1 :: step] for channel in range(channels))
        return cls(rate_hz, width, lows, highs)

    @property
    def length(self) -> int:
        return len(self.lows[0])

    def silenced(self, intervals: Sequence[tuple[float, float]]) -> Outline:
        """With every bucket that touches one of the ``intervals``, (start, end) in seconds, silent."""
        per_s = self.sample_rate_hz / self.samples_per_bucket
        lows, highs = (tuple(plane[:] for plane in planes) for planes in (self.lows, self.highs))
        for start_s, end_s in intervals:
            first, last = math.floor(start_s * per_s), min(self.length, math.ceil(end_s * per_s))
            for plane in (*lows, *highs):
                if first < last:
                    plane[first:last] = array.array("b", bytes(last - first))
        return replace(self, lows=lows, highs=highs)

    def view(self, buckets: int) -> WaveformView:
        """In ``buckets`` at most, each of the same whole number of the kept ones."""
        factor = max(1, math.ceil(self.length / buckets))
        starts = range(0, self.length, factor)
        data: list[int] = []
        for start in starts:
            for low, high in zip(self.lows, self.highs, strict=True):
                data += (min(low[start : start + factor]), max(high[start : start + factor]))
        return WaveformView(
            version=2,
            channels=len(self.lows),
            sample_rate=self.sample_rate_hz,
            samples_per_pixel=self.samples_per_bucket * factor,
            bits=8,
            length=len(starts),
            data=data,
        )


@router.get(
    "/waveform",
    response_model=WaveformView,
    responses={
        304: {"description": "What If-None-Match names is current"},
        **problem_responses(401, 403, 404, 409, 422, 503),
    },
)
async def get_waveform(
    call_id: str,
    request: Request,
    services: ServicesDep,
    principal: Reader,
    buckets: Annotated[
        WholeNumber, Query(ge=1, le=MAX_BUCKETS, description="At most; none is shorter than 20 ms")
    ] = 2000,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The recording as it looks: the lowest and highest sample of each bucket, per channel, to draw it.

    Made once, at the first request, and kept. If the call is redacted, it is silent where something identifies
    people, and there is none before the result.
    """
    call = await services.store(CallStore.get_call, call_id, principal.tenant)
    covered = await _covered(services, call)
    tag = f'"{call.media.sha256}-waveform-{buckets}-{_digest(covered)}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match is not None and tag in [each.strip() for each in if_none_match.split(",")]:
        request.app.state.listening.note(
            principal, "call.waveform_read", call_id, {}
        )  # it looks at what it kept
        return Response(status_code=304, headers=headers)
    kept = await _kept(request, services, call)
    body = await asyncio.to_thread(_drawn, kept, covered, buckets)
    request.app.state.listening.note(principal, "call.waveform_read", call_id, {})
    return Response(body, media_type="application/json", headers=headers)


def _digest(covered: Sequence[tuple[float, float]]) -> str:
    return hashlib.sha256(json.dumps(covered).encode()).hexdigest()[:16]


async def _covered(services: Services, call: CallRecord) -> tuple[tuple[float, float], ...]:
    if not call.options.redact_pii:
        return ()
    try:
        return covered_intervals(json.loads(await services.store(CallStore.get_report, call.id)))
    except NotFoundError as error:
        raise ConflictError(
            "audio_not_redacted",
            "The waveform can be seen when the call is analysed: only then it is redacted.",
        ) from error


async def _kept(request: Request, services: Services, call: CallRecord) -> bytes:
    """The whole outline; where it is not there, made first, when it is the tenant's turn."""
    if not await asyncio.to_thread(services.blobs.exists, call.id, KEPT):
        async with request.app.state.conversions.turn(call.tenant):
            if not await asyncio.to_thread(services.blobs.exists, call.id, KEPT):
                made = await services.audio.waveform(call.uri, call.options)
                await asyncio.to_thread(_keep, services, call.id, made)
    return await asyncio.to_thread(_read, services, call.id)


def _keep(services: Services, call_id: str, data: bytes) -> None:
    with services.blobs.writer(call_id, KEPT) as writer:
        writer.write(data)


def _read(services: Services, call_id: str) -> bytes:
    size_bytes = services.blobs.size_bytes(call_id, KEPT)
    return b"".join(services.blobs.read(call_id, KEPT, 0, size_bytes))


def _drawn(data: bytes, covered: Sequence[tuple[float, float]], buckets: int) -> bytes:
    return Outline.parse(data).silenced(covered).view(buckets).model_dump_json().encode()
