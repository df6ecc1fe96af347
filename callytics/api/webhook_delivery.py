"""Delivers webhooks: signed as Standard Webhooks says (https://www.standardwebhooks.com), again until they arrive.

The gateway runs this, beside the API: it alone talks with the outside. Endpoints are leased in the store, for one
attempt each, so several replicas share the work. An attempt holds one of PLACES; as it ends, the next one that is
due begins, whatever the others do. Redirects are not followed, and of an answer only its status is looked at and
kept: its body is not read.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import httpcore

from callytics.api.outbound import AddressRefusedError, Reach, request
from callytics.errors import CallyticsError
from callytics.store import AsyncStore, CallStore
from callytics.store.webhook_queue import LeasedDelivery
from callytics.telemetry import Record, ignore, tracing
from callytics.telemetry.samples import of_webhook

logger = logging.getLogger(__name__)

PLACES = 40
"""Attempts at work at once, of a replica. One that waits for an answer costs a socket and nothing else."""

TENANT_PLACES = PLACES // 4
"""Limit per tenant: it takes four tenants whose endpoints all hang to delay the others."""

TOTAL_TIMEOUT_S = 20.0
TEST_TIMEOUT_S = 10.0
LEASE_S = 60.0
"""Longer than an attempt may take (TOTAL_TIMEOUT_S), and noting how it went: what is leased twice is sent twice."""


@dataclass(frozen=True)
class Outcome:
    """Outcome of one attempt. ``status_code``: None without an answer; ``error``: "" if it arrived."""

    status_code: int | None
    error: str
    duration_s: float


async def deliver_for_ever(store: AsyncStore, reach: Reach, poll_s: float, count: Record = ignore) -> None:
    """Until cancelled; attempts that are at work are cancelled with it.

    Args:
        count: is given the samples of each attempt.
    """
    at_work: dict[asyncio.Task[None], str] = {}
    try:
        while True:
            try:
                await _fill(store, reach, at_work, count)
            except CallyticsError as error:  # the store is away: what is leased comes back by itself
                logger.error("webhooks wait: %s", error)
                await asyncio.sleep(poll_s)
            except Exception:  # what is wrong with one message must not end all webhooks
                logger.exception("webhooks could not be leased; it will be tried again")
                await asyncio.sleep(poll_s)
            if at_work:
                await asyncio.wait(at_work, timeout=poll_s, return_when=asyncio.FIRST_COMPLETED)
            else:
                await asyncio.sleep(poll_s)
            for task in [task for task in at_work if task.done()]:
                del at_work[task]
    finally:
        for task in at_work:
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)


async def _fill(
    store: AsyncStore, reach: Reach, at_work: dict[asyncio.Task[None], str], count: Record
) -> None:
    """Begin an attempt in every place that is free, as far as something is due."""
    if len(at_work) >= PLACES:
        return
    of_tenants = dict(Counter(at_work.values()))
    for delivery in await store(
        CallStore.lease_deliveries, PLACES - len(at_work), LEASE_S, TENANT_PLACES, of_tenants
    ):
        at_work[asyncio.create_task(_deliver(store, reach, delivery, count))] = delivery.tenant


async def _deliver(store: AsyncStore, reach: Reach, delivery: LeasedDelivery, count: Record) -> None:
    try:
        outcome = await attempt(reach, delivery, TOTAL_TIMEOUT_S)
    except Exception:  # counted as an attempt: it would meet the same fault for ever
        logger.exception("webhook message %s could not be sent", delivery.id)
        outcome = Outcome(None, "not sent: a fault of the service", 0.0)
    try:
        status = await store(
            CallStore.finish_delivery,
            delivery.endpoint_id,
            delivery.id,
            delivery.token,
            outcome.status_code,
            outcome.error,
        )
        count(of_webhook(status))
    except CallyticsError as error:  # the store is away: sent again when its lease is over
        logger.error("how webhook message %s went is not noted: %s", delivery.id, error)
    except Exception:
        logger.exception("how webhook message %s went is not noted; its lease will end", delivery.id)


async def attempt(reach: Reach, delivery: LeasedDelivery, timeout_s: float) -> Outcome:
    """Send a message once. The time is for all of it: name, connection, request, status line and headers."""
    if delivery.traceparent is None:
        return await _attempt(reach, delivery, timeout_s, None)
    named = {
        "callytics.tenant": delivery.tenant,
        "callytics.webhook_id": delivery.endpoint_id,
        "callytics.delivery_id": delivery.id,
    }
    with tracing.span("webhook", named, parent=delivery.traceparent, kind="client") as span:
        outcome = await _attempt(reach, delivery, timeout_s, span.traceparent)
        if outcome.status_code is not None:
            span.note({"http.response.status_code": outcome.status_code})
        if outcome.error:
            span.fail("webhook_not_delivered")
        return outcome


async def _attempt(
    reach: Reach, delivery: LeasedDelivery, timeout_s: float, traceparent: str | None
) -> Outcome:
    began, status_code, error = time.monotonic(), None, ""
    try:
        async with asyncio.timeout(timeout_s):
            headers = signed_headers(delivery, datetime.now(UTC))
            if traceparent is not None:
                headers.append(("traceparent", traceparent))
            body = delivery.body.encode()
            async with request(reach, "POST", delivery.url, headers, body) as response:
                status_code = response.status
        if not 200 <= status_code < 300:
            error = f"answered with {status_code}"
    except AddressRefusedError as refused:
        error = refused.message
    except (
        TimeoutError,
        OSError,
        httpcore.NetworkError,
        httpcore.TimeoutException,
        httpcore.ProtocolError,
    ) as failure:
        if status_code is None or not 200 <= status_code < 300:
            error = f"no answer: {type(failure).__name__}"
    return Outcome(status_code, error, time.monotonic() - began)


def signed_headers(delivery: LeasedDelivery, now: datetime) -> list[tuple[str, str]]:
    """Signed by every secret that is valid: a receiver looks for one signature that fits."""
    from standardwebhooks import Webhook  # here: only the gateway's environment has it

    signatures = (Webhook(secret).sign(delivery.id, now, delivery.body) for secret in delivery.secrets)
    return [
        ("Content-Type", "application/json"),
        ("webhook-id", delivery.id),
        ("webhook-timestamp", str(int(now.timestamp()))),
        ("webhook-signature", " ".join(signatures)),
    ]
