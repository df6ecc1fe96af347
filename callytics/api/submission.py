"""From an uploaded form to a queued call: stored, probed, and only then answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from callytics.api.fetching import fetch
from callytics.api.services import Services
from callytics.api.uploads import LargeFields, Upload, receive
from callytics.domain import CallOptions, Recording
from callytics.errors import (
    ConflictError,
    InvalidMediaError,
    InvalidRequestError,
    TooManyRequestsError,
    UnavailableError,
)
from callytics.options.checks import check_against, checked, with_format_of
from callytics.store import DEFAULT_TENANT, CallStore, NewCall, Submission, new_call_id
from callytics.telemetry import tracing
from callytics.telemetry.call_context import CallContext, working_on

logger = logging.getLogger(__name__)
Form = TypeVar("Form", bound=BaseModel)

QUEUE_RETRY_S = 30


async def submit(
    request: Request,
    services: Services,
    read_form: Callable[[Upload], tuple[CallOptions, dict[str, Any]]],
    complete: Callable[[str, CallOptions], Awaitable[CallOptions]] | None = None,
    large_fields: LargeFields | None = None,
) -> Submission:
    """Receive a recording and queue it. What is refused leaves neither a blob nor a call.

    Args:
        read_form: checks the fields and gives the options of the call and what else NewCall takes.
        complete: adds to the options what has to be stored as blobs of the call, whose id it is given.
        large_fields: may be larger than others.

    Raises:
        InvalidMediaError: the recording cannot be analysed, or is beyond a limit.
        UnavailableError: ``queue_full``, told before the recording is received; ``no_turn``.
        TooManyRequestsError: ``queue_share_reached``, likewise; ``too_many_waiting``.
    """
    principal = request.state.principal
    call_id = new_call_id()
    about = {
        "http.request.method": request.method,
        "http.route": request.scope["route"].path,
        "callytics.tenant": principal.tenant,
        "callytics.call_id": call_id,
    }
    with (
        working_on(CallContext(call_id, principal.tenant)),  # for the log lines
        tracing.span("accept", about, parent=request.headers.get("traceparent"), kind="server") as span,
    ):
        submission = await _submit(
            call_id, request, services, read_form, complete, large_fields, span.traceparent
        )
        span.note({"callytics.call_id": submission.call.id, "callytics.duplicate": not submission.created})
        if submission.created:
            logger.info(
                "queued: %.1f s of audio, %d bytes",
                submission.call.media.duration_s,
                submission.call.size_bytes,
            )
    request.state.call_id = submission.call.id
    return submission


async def _submit(
    call_id: str,
    request: Request,
    services: Services,
    read_form: Callable[[Upload], tuple[CallOptions, dict[str, Any]]],
    complete: Callable[[str, CallOptions], Awaitable[CallOptions]] | None,
    large_fields: LargeFields | None,
    traceparent: str | None,
) -> Submission:
    settings = services.settings
    await _check_queue(services, request.state.principal.tenant)
    upload = await receive(request, services.blobs, call_id, settings.max_upload_bytes, large_fields)
    try:
        options, other = read_form(upload)
        if complete is not None:
            options = await complete(call_id, options)
        if not upload.sha256:
            upload = await fetch(upload, services, call_id)
        options = checked(with_format_of(options, upload.filename))
        options = replace(
            options,
            redact_pii=options.redact_pii or settings.redact_pii,
            written_forms=options.written_forms or settings.written_forms,
        )
        uri = services.blobs.uri(call_id)
        async with request.app.state.probes.turn(other.get("tenant", DEFAULT_TENANT)):
            media = await services.audio.probe(Recording(call_id, uri), options, settings.max_duration_s)
        if media.duration_s > settings.max_duration_s:
            raise InvalidMediaError(
                "media_too_long",
                f"The recording lasts {media.duration_s:.0f} s; at most {settings.max_duration_s:.0f} s are allowed.",
            )
        check_against(options, media)
    except BaseException:  # also when the request is cancelled
        await asyncio.shield(asyncio.to_thread(services.blobs.delete_call, call_id))
        raise
    new = NewCall(
        id=call_id,
        uri=uri,
        size_bytes=upload.size_bytes,
        media=replace(media, sha256=upload.sha256),
        filename=upload.filename,
        options=options,
        traceparent=traceparent,
        **other,
    )
    try:
        submission = await services.store(CallStore.create_call, new)
    except (ConflictError, InvalidRequestError):
        await asyncio.to_thread(services.blobs.delete_call, call_id)
        raise
    # After any other error the row may have been written, only the answer was lost: the recording stays, and is
    # swept later if no call owns it.
    if not submission.created:
        await asyncio.to_thread(services.blobs.delete_call, call_id)
    return submission


async def _check_queue(services: Services, tenant: str) -> None:
    """The queue is shared as places are (places.py): a tenant may add to it while it has fewer calls there than there
    is room for."""
    limit = services.settings.max_queued_calls
    if not limit:
        return
    room = limit - await services.store(CallStore.queued_calls)
    if room <= 0:
        raise UnavailableError("queue_full", "Too many calls wait to be analysed; try again later.")
    if room <= limit / 2 and await services.store(CallStore.queued_calls, tenant) >= room:
        raise TooManyRequestsError(
            "queue_share_reached",
            "This tenant has its share of the calls that may wait to be analysed; try again later.",
            QUEUE_RETRY_S,
        )


def parse_fields(upload: Upload, form: type[Form], repeated: frozenset[str] = frozenset()) -> Form:
    """The fields of a form as its model.

    Args:
        repeated: fields that may come several times, and always make a list.

    Raises:
        RequestValidationError: answered as 422, field by field.
    """
    values: dict[str, Any] = {}
    problems: list[Any] = []
    for name, value in upload.fields:
        if name in repeated:
            values.setdefault(name, []).append(value)
        elif name in values:
            problems.append({"loc": ("body", name), "msg": "Field given more than once", "type": "repeated"})
        else:
            values[name] = value
    try:
        parsed = form.model_validate(values)
    except ValidationError as error:
        problems += [{**item, "loc": ("body", *item["loc"])} for item in error.errors(include_url=False)]
    if problems:
        raise RequestValidationError(problems)
    return parsed
