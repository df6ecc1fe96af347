"""The application: routers, errors, limits, and the sweep of orphaned blobs in the background."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callytics.api import (
    api_keys,
    audit,
    calls,
    corrections,
    errors,
    monitoring,
    openai,
    recordings,
    results,
    webhooks,
)
from callytics.api.access_log import AccessLog
from callytics.api.auth import Gate
from callytics.api.headers import SecurityHeaders
from callytics.api.openapi import openapi_document, operation_id
from callytics.api.services import Services
from callytics.api.turns import FairTurns
from callytics.api.uploads import FORM_OVERHEAD_BYTES
from callytics.api.webhook_events import declare_webhooks
from callytics.webhooks import deliver_for_ever

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 1 << 20
_UPLOAD_PATHS = ("/v1/calls", "/v1/audio/transcriptions", "/v1/audio/translations")

DESCRIPTION = """\
Recordings of customer calls in; who said what, how it went and what happens next out.

1. `POST /v1/calls` with the recording; the answer names the call.
2. Wait: poll `GET /v1/calls/{id}`, or listen to `GET /v1/calls/{id}/events`.
3. `GET /v1/calls/{id}/result`, or `/transcript?format=srt`.

Send an API key as `Authorization: Bearer cly_...`. Every error is problem details (RFC 9457) with a stable `code`.
"""


def create_app(services: Services, answer_request_id: bool = True) -> FastAPI:
    """The HTTP API over the given services; knows nothing of Ray. ``answer_request_id``: see AccessLog."""
    app = FastAPIOffline(
        title="Callytics",
        version=version("callytics"),
        description=DESCRIPTION,
        lifespan=_lifespan,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
    )
    app.state.services = services
    app.state.gate = Gate(services)
    app.state.probes = FairTurns("uploads", services.settings.probes_at_once)
    app.state.conversions = FairTurns("conversions", services.settings.conversions_at_once)
    for module in (
        calls,
        corrections,
        results,
        recordings,
        openai,
        monitoring,
        api_keys,
        audit,
        webhooks,
    ):
        app.include_router(module.router)
    declare_webhooks(app)
    errors.install(app)
    app.add_middleware(Limits, max_upload_bytes=services.settings.max_upload_bytes)
    app.add_middleware(SecurityHeaders, https=services.settings.public_url.startswith("https://"))
    if services.settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=services.settings.cors_origins,
            allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                "Idempotency-Key",
                "Last-Event-ID",
                "Range",
                "X-API-Key",
                "X-Request-ID",
            ],
            expose_headers=[
                "Location",
                "Retry-After",
                "Content-Range",
                "Content-Disposition",
                "ETag",
                "X-Request-ID",
            ],
        )
    app.add_middleware(AccessLog, answer_request_id=answer_request_id)  # last: around all others
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    tasks = [asyncio.create_task(_sweep(services))]
    if services.settings.webhook_poll_s > 0:
        reach, poll_s = webhooks.webhook_reach(services), services.settings.webhook_poll_s
        tasks.append(asyncio.create_task(deliver_for_ever(services.store, reach, poll_s)))
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _sweep(services: Services) -> None:
    """Remove blobs that no call owns, at the start and then now and again: what a crash left, what was deleted."""
    while True:
        try:
            known = await services.store.call_ids()
            removed = await asyncio.to_thread(services.blobs.sweep, known)
            if removed:
                logger.info("removed %d orphaned blobs", removed)
        except Exception:  # the store may be restarting; the next round does it
            logger.exception("the sweep of orphaned blobs failed; it will be tried again")
        await asyncio.sleep(services.settings.sweep_interval_s)


class Limits:
    """No body is larger than it may be, whatever its Content-Length says."""

    def __init__(self, app: ASGIApp, max_upload_bytes: int) -> None:
        self._app = app
        self._max_upload_bytes = max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_upload = scope["method"] == "POST" and scope["path"].endswith(_UPLOAD_PATHS)
        limit = self._max_upload_bytes + FORM_OVERHEAD_BYTES if is_upload else MAX_BODY_BYTES
        received = 0

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413, f"The body is larger than {limit} bytes.")
            return message

        await self._app(scope, receive_limited, send)
