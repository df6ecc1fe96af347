"""The queue of webhooks: turns, leases, and the state of a message and its endpoint after an attempt.

An endpoint is leased for one attempt with its first due message. So a hanging endpoint delays only itself, and
concurrent deliverers never send to it at the same time. Tenants take turns: the tenant with the fewest running
attempts first, then the one that was served longest ago. A failing endpoint is paused, and its messages wait without
counted attempts; an endpoint that fails for days is disabled.

The row of an endpoint is locked before those of its messages, here and in store/webhooks.py.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import case, func, literal
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from callytics.errors import ConflictError
from callytics.store.rows import add_audit
from callytics.store.tables.webhooks import WebhookDeliveryRow, WebhookEndpointRow
from callytics.store.webhooks import (
    DeliveryStatus,
    DisabledReason,
    add_message,
    disable,
    fetch,
    signing_secrets,
)

RETRY_AFTER_S = (5, 300, 1800, 7200, 18_000, 36_000, 36_000)
"""Pauses of a message after a failed attempt, recommended by Standard Webhooks (standard-webhooks.md, "Deliverability
and reliability"): about 28 hours in total. Then the message has FAILED, and can be sent again by hand."""

PAUSE_BASE_S, PAUSE_CAP_S = 5.0, 300.0
"""Pauses of an endpoint: doubled after each consecutive failure. Never longer than those of a message, so a single
message keeps to RETRY_AFTER_S."""

DISABLE_AFTER_S = 5 * 86_400.0
"""Standard Webhooks recommends to disable an endpoint that fails "consistently over a long period of time" and names
no number; longer than a weekend with a holiday before it, and than RETRY_AFTER_S."""


@dataclass(frozen=True)
class LeasedDelivery:
    """What one attempt needs. ``id`` is the ``webhook-id``: the same at every attempt. ``secrets``: all sign.
    ``traceparent``: of the call that the message is about, where it is traced."""

    id: str
    token: str
    endpoint_id: str
    tenant: str
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    body: str = field(repr=False)
    traceparent: str | None = None


def lease(
    session: Session, limit: int, seconds: float, share: int, at_work: Mapping[str, int], now_ms: int
) -> tuple[LeasedDelivery, ...]:
    """Lease at most one message per endpoint.

    Args:
        share: maximum number of attempts per tenant, including those ``at_work``.
        at_work: number of the caller's running attempts per tenant.
    """
    turns = in_turn(session, limit, share, at_work, now_ms)
    statement = select(WebhookEndpointRow).where(
        col(WebhookEndpointRow.id).in_(turns),
        col(WebhookEndpointRow.lease_expires_at_ms) <= now_ms,
        col(WebhookEndpointRow.disabled_at_ms).is_(None),
    )
    locked = session.exec(
        statement.with_for_update(skip_locked=True, key_share=True).execution_options(populate_existing=True)
    ).all()
    found = []
    for endpoint in sorted(locked, key=lambda row: turns.index(row.id)):
        message = session.exec(_first_due(endpoint.id, now_ms)).first()
        if message is not None:
            found.append(_lease(endpoint, message, seconds, now_ms))
    return tuple(found)


def in_turn(
    session: Session, limit: int, share: int, at_work: Mapping[str, int], now_ms: int
) -> tuple[str, ...]:
    """Ids of endpoints with due messages that are not paused, in the order of their turns. Reads only."""
    endpoint, message = WebhookEndpointRow, WebhookDeliveryRow
    is_due = select(message.id).where(
        col(message.endpoint_id) == endpoint.id,
        col(message.status) == DeliveryStatus.PENDING,
        col(message.next_attempt_at_ms) <= now_ms,
    )
    served, of_tenant = col(endpoint.last_leased_at_ms), col(endpoint.tenant_id)
    place = func.row_number().over(partition_by=of_tenant, order_by=(served, col(endpoint.id)))
    busy = case(dict(at_work), value=of_tenant, else_=0) if at_work else literal(0)
    ready = (
        select(col(endpoint.id), of_tenant, (place + busy).label("turn"))
        .where(
            col(endpoint.disabled_at_ms).is_(None),
            col(endpoint.paused_until_ms) <= now_ms,
            col(endpoint.lease_expires_at_ms) <= now_ms,
            is_due.exists(),
        )
        .subquery()
    )
    other = aliased(WebhookEndpointRow)
    tenant_served = (
        select(func.max(other.last_leased_at_ms))
        .where(col(other.tenant_id) == ready.c.tenant_id)
        .scalar_subquery()
    )
    statement = select(ready.c.id).where(ready.c.turn <= share)
    statement = statement.order_by(ready.c.turn, tenant_served, ready.c.id).limit(limit)
    return tuple(session.exec(statement))


def _first_due(endpoint_id: str, now_ms: int) -> Any:
    """The message that has been due the longest."""
    row = WebhookDeliveryRow
    statement = select(row).where(
        col(row.endpoint_id) == endpoint_id,
        col(row.status) == DeliveryStatus.PENDING,
        col(row.next_attempt_at_ms) <= now_ms,
    )
    statement = statement.order_by(col(row.next_attempt_at_ms), col(row.id)).limit(1)
    return statement.with_for_update(skip_locked=True)


def _lease(
    endpoint: WebhookEndpointRow, message: WebhookDeliveryRow, seconds: float, now_ms: int
) -> LeasedDelivery:
    endpoint.lease_token = message.lease_token = secrets.token_hex(16)
    endpoint.lease_expires_at_ms = message.lease_expires_at_ms = now_ms + round(seconds * 1000)
    endpoint.last_leased_at_ms = now_ms
    return _leased(endpoint, message, message.lease_token, now_ms)


def _leased(
    endpoint: WebhookEndpointRow, message: WebhookDeliveryRow, token: str, now_ms: int
) -> LeasedDelivery:
    keys = signing_secrets(endpoint, now_ms)
    return LeasedDelivery(
        message.id,
        token,
        endpoint.id,
        endpoint.tenant_id,
        endpoint.url,
        keys,
        message.body,
        message.traceparent,
    )


def finish(
    session: Session,
    endpoint_id: str,
    delivery_id: str,
    token: str,
    status_code: int | None,
    error: str,
    now_ms: int,
) -> DeliveryStatus | None:
    """How an attempt went: delivered with 2xx; else again later. 410 Gone disables the endpoint. A late answer of an
    attempt whose lease is over changes nothing.

    Returns:
        The state of the message now; None where nothing was changed.
    """
    endpoint = session.get(WebhookEndpointRow, endpoint_id, with_for_update={"key_share": True})
    if endpoint is None:
        return None
    has_arrived = status_code is not None and 200 <= status_code < 300
    if endpoint.lease_token == token:
        endpoint.lease_token, endpoint.lease_expires_at_ms = None, 0
        _judge(session, endpoint, has_arrived, status_code, now_ms)
    row = session.get(WebhookDeliveryRow, delivery_id, with_for_update=True)
    if row is None or row.lease_token != token:
        return None
    row.attempts += 1
    row.lease_token = row.lease_expires_at_ms = None
    row.last_status_code, row.last_error = status_code, error
    if has_arrived:
        row.status, row.delivered_at_ms = DeliveryStatus.DELIVERED, now_ms
    elif row.attempts > len(RETRY_AFTER_S):
        row.status = DeliveryStatus.FAILED
    else:
        pause_s = RETRY_AFTER_S[row.attempts - 1] * random.uniform(1.0, 1.2)
        row.next_attempt_at_ms = now_ms + round(pause_s * 1000)
    return DeliveryStatus(row.status)


def _judge(
    session: Session, endpoint: WebhookEndpointRow, has_arrived: bool, status_code: int | None, now_ms: int
) -> None:
    if has_arrived:
        endpoint.failures, endpoint.failing_since_ms, endpoint.paused_until_ms = 0, None, 0
        return
    endpoint.failures += 1
    if endpoint.failing_since_ms is None:
        endpoint.failing_since_ms = now_ms
    doublings = min(endpoint.failures - 1, 16)
    endpoint.paused_until_ms = now_ms + round(min(PAUSE_BASE_S * 2**doublings, PAUSE_CAP_S) * 1000)
    has_failed_for_s = (now_ms - endpoint.failing_since_ms) / 1000
    if endpoint.disabled_at_ms is not None:
        return
    if status_code == 410:
        disable(session, endpoint, DisabledReason.GONE, now_ms)
    elif has_failed_for_s >= DISABLE_AFTER_S and endpoint.failures > len(RETRY_AFTER_S):
        disable(session, endpoint, DisabledReason.FAILING, now_ms)


TEST_EVENT = "webhook.test"


def start_test(
    session: Session, endpoint_id: str, tenant: str, actor: str, seconds: float, now_ms: int
) -> LeasedDelivery:
    """A test message that the caller sends at once, even to a paused or disabled endpoint. It is not in the queue: no
    deliverer sends it, and it is not repeated.

    Raises:
        ConflictError: ``webhook_test_under_way``: one at a time.
    """
    endpoint = fetch(session, endpoint_id, tenant)
    row = WebhookDeliveryRow
    under_way = select(row.id).where(
        col(row.endpoint_id) == endpoint_id,
        col(row.status) == DeliveryStatus.FAILED,
        col(row.event_type) == TEST_EVENT,
        col(row.lease_expires_at_ms) > now_ms,
    )
    if session.exec(under_way.limit(1)).first() is not None:
        raise ConflictError(
            "webhook_test_under_way", "A test of this webhook is under way; wait for its end."
        )
    data = {"webhook_id": endpoint_id, "message": "A test that was asked for; nothing happened."}
    message = add_message(session, endpoint, TEST_EVENT, data, now_ms)
    message.status, message.last_error = DeliveryStatus.FAILED, "the test was broken off"
    token = message.lease_token = secrets.token_hex(16)
    message.lease_expires_at_ms = now_ms + round(seconds * 1000)
    add_audit(session, actor, "webhook.tested", endpoint_id, {"delivery": message.id}, now_ms, tenant)
    return _leased(endpoint, message, token, now_ms)


def finish_test(
    session: Session,
    endpoint_id: str,
    delivery_id: str,
    token: str,
    status_code: int | None,
    error: str,
    now_ms: int,
) -> None:
    """A successful test ends the pause of its endpoint; a failed test has no effect on the queue."""
    endpoint = session.get(WebhookEndpointRow, endpoint_id, with_for_update={"key_share": True})
    row = session.get(WebhookDeliveryRow, delivery_id, with_for_update=True)
    if endpoint is None or row is None or row.lease_token != token:
        return
    row.attempts = 1
    row.lease_token = row.lease_expires_at_ms = None
    row.last_status_code, row.last_error = status_code, error
    if status_code is not None and 200 <= status_code < 300:
        row.status, row.delivered_at_ms = DeliveryStatus.DELIVERED, now_ms
        _judge(session, endpoint, True, status_code, now_ms)
