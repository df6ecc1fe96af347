"""Webhooks: endpoints, and the messages to them. Parts of one transaction.

A message is written in the transaction that ends a call (an outbox): there is one for each end of a call and
endpoint, or none, whatever dies in between. Who delivers leases it, as a call is leased (store/leases.py).
"""

from __future__ import annotations

import base64
import json
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from callytics.errors import ConflictError, NotFoundError
from callytics.store.records import new_call_id
from callytics.store.rows import add_audit, is_id
from callytics.store.tables import CallRow, WebhookDeliveryRow, WebhookEndpointRow

EVENT_TYPES = ("call.completed", "call.partial", "call.failed", "call.cancelled")

RETRY_AFTER_S = (5, 300, 1800, 7200, 18_000, 36_000, 36_000)
"""Pauses after a failed attempt, as Standard Webhooks recommends (standard-webhooks.md, "Deliverability and
reliability"): over about 28 hours. Then the message has FAILED, and can be sent again by hand."""

MAX_ENDPOINTS = 20
_SECRET_BYTES = 32


class DeliveryStatus(StrEnum):
    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


@dataclass(frozen=True)
class WebhookEndpoint:
    """``secret`` signs (whsec_...); it is shown when it is made, and used by who delivers."""

    id: str
    tenant: str
    url: str
    description: str
    event_types: tuple[str, ...]
    created_at_ms: int
    disabled_at_ms: int | None
    secret: str = field(repr=False, default="")


@dataclass(frozen=True)
class WebhookDelivery:
    id: str
    endpoint_id: str
    call_id: str
    event_type: str
    status: DeliveryStatus
    attempts: int
    created_at_ms: int
    next_attempt_at_ms: int
    delivered_at_ms: int | None
    last_status_code: int | None
    last_error: str


@dataclass(frozen=True)
class LeasedDelivery:
    """What one attempt needs. ``id`` is the ``webhook-id``: the same at every attempt."""

    id: str
    token: str
    url: str
    secret: str = field(repr=False)
    body: str = field(repr=False)


def create(
    session: Session,
    tenant: str,
    url: str,
    event_types: Sequence[str],
    description: str,
    actor: str,
    now_ms: int,
) -> WebhookEndpoint:
    """
    Raises:
        ConflictError: ``too_many_webhooks``.
    """
    if len(_rows(session, tenant)) >= MAX_ENDPOINTS:
        raise ConflictError("too_many_webhooks", f"There are {MAX_ENDPOINTS} webhooks already; delete one.")
    row = WebhookEndpointRow(
        id=new_call_id(),
        tenant_id=tenant,
        url=url,
        secret="whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode(),
        description=description,
        event_types=sorted(set(event_types)),
        created_at_ms=now_ms,
    )
    session.add(row)
    add_audit(session, actor, "webhook.created", row.id, {"url": url}, now_ms, tenant)
    return _endpoint(row, with_secret=True)


def endpoints(session: Session, tenant: str) -> tuple[WebhookEndpoint, ...]:
    return tuple(_endpoint(row) for row in _rows(session, tenant))


def _rows(session: Session, tenant: str) -> list[WebhookEndpointRow]:
    statement = select(WebhookEndpointRow).where(col(WebhookEndpointRow.tenant_id) == tenant)
    return list(session.exec(statement.order_by(col(WebhookEndpointRow.id))))


def change(
    session: Session, endpoint_id: str, tenant: str, changes: dict[str, Any], actor: str, now_ms: int
) -> WebhookEndpoint:
    """``changes``: url, description, event_types, disabled. Messages that wait are kept while it is disabled."""
    row = _fetch(session, endpoint_id, tenant)
    for name in ("url", "description", "event_types"):
        if name in changes:
            setattr(row, name, changes[name])
    if "disabled" in changes:
        row.disabled_at_ms = (row.disabled_at_ms or now_ms) if changes["disabled"] else None
    add_audit(session, actor, "webhook.changed", row.id, {"fields": sorted(changes)}, now_ms, tenant)
    return _endpoint(row)


def delete(session: Session, endpoint_id: str, tenant: str, actor: str, now_ms: int) -> None:
    """With its messages."""
    row = _fetch(session, endpoint_id, tenant)
    session.delete(row)
    add_audit(session, actor, "webhook.deleted", endpoint_id, {"url": row.url}, now_ms, tenant)


def _fetch(session: Session, endpoint_id: str, tenant: str) -> WebhookEndpointRow:
    row = session.get(WebhookEndpointRow, endpoint_id, with_for_update=True) if is_id(endpoint_id) else None
    if row is None or row.tenant_id != tenant:
        raise NotFoundError("webhook_not_found", f"There is no webhook {endpoint_id!r}.")
    return row


def enqueue(session: Session, call: CallRow, event_number: int, event_type: str, now_ms: int) -> None:
    """A message to every endpoint of the tenant that wants this event. It says that something happened to a call,
    not what was said in it: whoever may know that, asks with a key."""
    if event_type not in EVENT_TYPES:
        return
    body = {
        "type": event_type,
        "timestamp": datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(),
        "data": {"call_id": call.id, "job_status": str(call.status), "external_id": call.external_id},
    }
    for endpoint in _rows(session, call.tenant_id):
        if endpoint.disabled_at_ms is None and event_type in endpoint.event_types:
            row = WebhookDeliveryRow(
                id=new_call_id(),
                endpoint_id=endpoint.id,
                call_id=call.id,
                event_number=event_number,
                event_type=event_type,
                body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
                status=DeliveryStatus.PENDING,
                created_at_ms=now_ms,
                next_attempt_at_ms=now_ms,
            )
            session.add(row)


def is_due(session: Session, now_ms: int) -> bool:
    statement = select(WebhookDeliveryRow.id).where(
        col(WebhookDeliveryRow.status) == DeliveryStatus.PENDING,
        col(WebhookDeliveryRow.next_attempt_at_ms) <= now_ms,
    )
    return session.exec(statement.limit(1)).first() is not None


def lease(session: Session, limit: int, seconds: float, now_ms: int) -> tuple[LeasedDelivery, ...]:
    """Messages that are due, of endpoints that are not disabled; for so long."""
    statement = (
        select(WebhookDeliveryRow, WebhookEndpointRow)
        .join(WebhookEndpointRow, col(WebhookEndpointRow.id) == col(WebhookDeliveryRow.endpoint_id))
        .where(
            col(WebhookDeliveryRow.status) == DeliveryStatus.PENDING,
            col(WebhookDeliveryRow.next_attempt_at_ms) <= now_ms,
            col(WebhookEndpointRow.disabled_at_ms).is_(None),
        )
        .where(
            col(WebhookDeliveryRow.lease_expires_at_ms).is_(None)
            | (col(WebhookDeliveryRow.lease_expires_at_ms) <= now_ms)
        )
        .order_by(col(WebhookDeliveryRow.next_attempt_at_ms))
        .limit(limit)
    )
    found = session.exec(statement.with_for_update(skip_locked=True, of=WebhookDeliveryRow)).all()
    leased = []
    for delivery, endpoint in found:
        delivery.lease_token = secrets.token_hex(16)
        delivery.lease_expires_at_ms = now_ms + round(seconds * 1000)
        leased.append(
            LeasedDelivery(delivery.id, delivery.lease_token, endpoint.url, endpoint.secret, delivery.body)
        )
    return tuple(leased)


def finish(
    session: Session, delivery_id: str, token: str, status_code: int | None, error: str, now_ms: int
) -> None:
    """How an attempt went: delivered with 2xx; else again later. 410 Gone disables the endpoint. A late answer of an
    attempt whose lease is over changes nothing."""
    row = session.get(WebhookDeliveryRow, delivery_id, with_for_update=True)
    if row is None or row.lease_token != token:
        return
    row.attempts += 1
    row.lease_token = row.lease_expires_at_ms = None
    row.last_status_code, row.last_error = status_code, error
    if status_code is not None and 200 <= status_code < 300:
        row.status, row.delivered_at_ms = DeliveryStatus.DELIVERED, now_ms
    elif row.attempts > len(RETRY_AFTER_S):
        row.status = DeliveryStatus.FAILED
    else:
        pause_s = RETRY_AFTER_S[row.attempts - 1] * random.uniform(1.0, 1.2)
        row.next_attempt_at_ms = now_ms + round(pause_s * 1000)
    if status_code == 410:
        endpoint = session.get(WebhookEndpointRow, row.endpoint_id)
        if endpoint is not None:
            endpoint.disabled_at_ms = now_ms
            add_audit(session, "", "webhook.gone", endpoint.id, {}, now_ms, endpoint.tenant_id)


def deliveries(session: Session, endpoint_id: str, tenant: str, limit: int) -> tuple[WebhookDelivery, ...]:
    """The newest first."""
    _fetch(session, endpoint_id, tenant)
    statement = select(WebhookDeliveryRow).where(col(WebhookDeliveryRow.endpoint_id) == endpoint_id)
    statement = statement.order_by(col(WebhookDeliveryRow.id).desc()).limit(limit)
    return tuple(_delivery(row) for row in session.exec(statement))


def redeliver(
    session: Session, endpoint_id: str, delivery_id: str, tenant: str, actor: str, now_ms: int
) -> WebhookDelivery:
    """Send a message again, now, with the same ``webhook-id``."""
    _fetch(session, endpoint_id, tenant)
    row = session.get(WebhookDeliveryRow, delivery_id, with_for_update=True) if is_id(delivery_id) else None
    if row is None or row.endpoint_id != endpoint_id:
        raise NotFoundError("delivery_not_found", f"There is no delivery {delivery_id!r} to this webhook.")
    row.status, row.attempts, row.next_attempt_at_ms = DeliveryStatus.PENDING, 0, now_ms
    row.lease_token = row.lease_expires_at_ms = None
    add_audit(session, actor, "webhook.redelivered", endpoint_id, {"delivery": row.id}, now_ms, tenant)
    return _delivery(row)


def _endpoint(row: WebhookEndpointRow, with_secret: bool = False) -> WebhookEndpoint:
    return WebhookEndpoint(
        row.id,
        row.tenant_id,
        row.url,
        row.description,
        tuple(row.event_types),
        row.created_at_ms,
        row.disabled_at_ms,
        row.secret if with_secret else "",
    )


def _delivery(row: WebhookDeliveryRow) -> WebhookDelivery:
    return WebhookDelivery(
        row.id,
        row.endpoint_id,
        row.call_id,
        row.event_type,
        DeliveryStatus(row.status),
        row.attempts,
        row.created_at_ms,
        row.next_attempt_at_ms,
        row.delivered_at_ms,
        row.last_status_code,
        row.last_error,
    )
