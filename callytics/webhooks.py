"""Delivers webhooks: signed as Standard Webhooks says (https://www.standardwebhooks.com), again until they arrive.

The gateway runs this, beside the API: it alone talks with the outside. Messages are leased in the store, so several
replicas share the work. Redirects are not followed, and of an answer only its status is looked at and kept.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

import httpcore

from callytics.errors import CallyticsError
from callytics.outside import AddressRefusedError, Reach, request
from callytics.store import AsyncStore
from callytics.store.webhooks import LeasedDelivery

logger = logging.getLogger(__name__)

BATCH = 20
LEASE_S = 120.0
"""Longer than an attempt may take (TOTAL_TIMEOUT_S): what is leased twice would be sent twice."""

TOTAL_TIMEOUT_S = 20.0


async def deliver_for_ever(store: AsyncStore, reach: Reach, poll_s: float) -> None:
    """Until cancelled."""
    while True:
        try:
            if await deliver_due(store, reach):
                continue
        except CallyticsError as error:  # the store is away: what is leased comes back by itself
            logger.error("webhooks wait: %s", error)
        await asyncio.sleep(poll_s)


async def deliver_due(store: AsyncStore, reach: Reach) -> int:
    """One attempt for everything that is due. Returns how many."""
    due = await store.lease_deliveries(BATCH, LEASE_S)
    await asyncio.gather(*(_attempt(store, reach, delivery) for delivery in due))
    return len(due)


async def _attempt(store: AsyncStore, reach: Reach, delivery: LeasedDelivery) -> None:
    status_code, error = None, ""
    try:
        async with asyncio.timeout(TOTAL_TIMEOUT_S):
            headers = signed_headers(delivery, datetime.now(UTC))
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
        error = f"no answer: {type(failure).__name__}"
    await store.finish_delivery(delivery.id, delivery.token, status_code, error)


def signed_headers(delivery: LeasedDelivery, now: datetime) -> list[tuple[str, str]]:
    from standardwebhooks import Webhook  # here: only the gateway's environment has it

    signature = Webhook(delivery.secret).sign(delivery.id, now, delivery.body)
    return [
        ("Content-Type", "application/json"),
        ("webhook-id", delivery.id),
        ("webhook-timestamp", str(int(now.timestamp()))),
        ("webhook-signature", signature),
    ]
