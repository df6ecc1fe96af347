"""The application: routers, errors, limits, and the sweep of orphaned blobs in the background."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware

from callytics.api import (
    alerts,
    api_keys,
    audit,
    bulk,
    call_logs,
    calls,
    console,
    corrections,
    errors,
    issuer_sessions,
    monitoring,
    openai,
    operations,
    overview,
    recordings,
    results,
    saved_views,
    sessions,
    timeline,
    turn_audio,
    usage,
    waveform,
    webhooks,
)
from callytics.api.access_log import AccessLog
from callytics.api.admission import Admission
from callytics.api.auth import Gate
from callytics.api.authentication import Authentication
from callytics.api.bodies import Bodies
from callytics.api.event_pump import EventPump
from callytics.api.failures import Failures
from callytics.api.headers import SecurityHeaders
from callytics.api.limits import RequestLimits
from callytics.api.listening import ListeningLog
from callytics.api.openapi import openapi_document, operation_id
from callytics.api.services import Services
from callytics.api.turns import FairTurns
from callytics.api.usage_counter import UsageCounter
from callytics.api.webhook_delivery import deliver_for_ever
from callytics.api.webhook_events import declare_webhooks
from callytics.store import CallStore

logger = logging.getLogger(__name__)

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
    app.state.usage = UsageCounter(services.store)
    app.state.listening = ListeningLog(services.store)
    app.state.events = EventPump(services.store, services.settings.event_poll_s)
    app.state.probes = FairTurns("uploads", services.settings.probes_at_once)
    app.state.conversions = FairTurns("conversions", services.settings.conversions_at_once)
    for module in (
        bulk,  # before calls: /v1/calls/export is no call's id
        calls,
        corrections,
        results,
        timeline,
        call_logs,
        recordings,
        turn_audio,
        waveform,
        openai,
        monitoring,
        operations,
        api_keys,
        sessions,
        issuer_sessions,
        console,
        audit,
        webhooks,
        alerts,
        usage,
        overview,
        saved_views,
    ):
        app.include_router(module.router)
    declare_webhooks(app)
    errors.install(app)
    # From the last to the first: a request meets the headers, the limits of its body, then who it is, then whether
    # there is room for it; only then it is routed, and its body read.
    app.add_middleware(Failures)
    app.add_middleware(Admission, limits=RequestLimits(services.settings), usage=app.state.usage)
    app.add_middleware(Authentication, gate=app.state.gate)
    app.add_middleware(Bodies, settings=services.settings)
    app.add_middleware(SecurityHeaders, https=services.settings.public_url.startswith("https://"))
    if services.settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=services.settings.cors_origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
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
                "RateLimit",
                "RateLimit-Policy",
                "X-RateLimit-Limit",
                "X-RateLimit-Remaining",
                "X-RateLimit-Reset",
                "X-Request-ID",
                "openai-processing-ms",
            ],
        )
    app.add_middleware(AccessLog, answer_request_id=answer_request_id)  # last: around all others
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    writing_usage = app.state.usage.write_for_ever(services.settings.usage_flush_s)
    tasks = [asyncio.create_task(_sweep(services)), asyncio.create_task(writing_usage)]
    if services.settings.webhook_poll_s > 0:
        reach, poll_s = webhooks.webhook_reach(services), services.settings.webhook_poll_s
        tasks.append(asyncio.create_task(deliver_for_ever(services.store, reach, poll_s, services.count)))
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await app.state.listening.close()


async def _sweep(services: Services) -> None:
    """Remove blobs that no call owns, at the start and then now and again: what a crash left, what was deleted."""
    while True:
        try:
            known = await services.store(CallStore.call_ids)
            removed = await asyncio.to_thread(services.blobs.sweep, known)
            if removed:
                logger.info("removed %d orphaned blobs", removed)
        except Exception:  # the store may be restarting; the next round does it
            logger.exception("the sweep of orphaned blobs failed; it will be tried again")
        await asyncio.sleep(services.settings.sweep_interval_s)
