"""Webhooks: endpoints, and the messages to them. Parts of one transaction.

A message is written in the transaction that ends a call (an outbox): there is exactly one per end of a call and
endpoint, or none, regardless of crashes. store/webhook_queue.py delivers them.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import delete as delete_rows
from sqlmodel import Session, col, select

from callytics.errors import ConflictError, NotFoundError
from callytics.store.records.calls import new_call_id
from callytics.store.rows import add_audit, is_id
from callytics.store.tables.calls import CallRow
from callytics.store.tables.webhooks import WebhookDeliveryRow, WebhookEndpointRow

CALL_EVENTS = ("call.completed", "call.partial", "call.failed", "call.cancelled")
DISABLED_EVENT = "webhook.disabled"
FIRED_EVENT, RESOLVED_EVENT = ALERT_EVENTS = ("alert.fired", "alert.resolved")

MAX_ENDPOINTS = 20
_SECRET_BYTES = 32

PREVIOUS_SECRET_S = 86_400.0
"""Time in which a replaced secret also signs: one day to give the receiver the new one."""

KEPT_WITHOUT_CALL = 50
"""Messages without a call are not deleted with a call: this many of the newest are kept per endpoint."""

KEPT_ALERTS = 1000
"""The same of messages about alerts, apart: a storm of alerts leaves the others, and a test leaves the alerts."""


class DeliveryStatus(StrEnum):
    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class DisabledReason(StrEnum):
    REQUESTED = "requested"
    GONE = "gone"
    FAILING = "failing"


@dataclass(frozen=True)
class WebhookEndpoint:
    """``secret`` signs (whsec_...); it is shown on creation, and used for delivery."""

    id: str
    tenant: str
    url: str
    description: str
    event_types: tuple[str, ...]
    created_at_ms: int
    disabled_at_ms: int | None
    disabled_reason: DisabledReason | None
    failing_since_ms: int | None
    secret: str = field(repr=False, default="")


@dataclass(frozen=True)
class WebhookDelivery:
    id: str
    endpoint_id: str
    call_id: str | None
    event_type: str
    status: DeliveryStatus
    attempts: int
    created_at_ms: int
    next_attempt_at_ms: int
    delivered_at_ms: int | None
    last_status_code: int | None
    last_error: str


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
        secret=_new_secret(),
        description=description,
        event_types=sorted(set(event_types)),
        created_at_ms=now_ms,
    )
    session.add(row)
    add_audit(session, actor, "webhook.created", row.id, {"url": url}, now_ms, tenant)
    return _endpoint(row, with_secret=True)


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def rotate_secret(
    session: Session, endpoint_id: str, tenant: str, actor: str, now_ms: int
) -> WebhookEndpoint:
    """Set a new secret; the previous one also signs for PREVIOUS_SECRET_S. Another rotation ends the oldest secret."""
    row = fetch(session, endpoint_id, tenant)
    row.previous_secret, row.secret = row.secret, _new_secret()
    row.previous_secret_until_ms = now_ms + round(PREVIOUS_SECRET_S * 1000)
    add_audit(session, actor, "webhook.secret_rotated", row.id, {}, now_ms, tenant)
    return _endpoint(row, with_secret=True)


def signing_secrets(endpoint: WebhookEndpointRow, now_ms: int) -> tuple[str, ...]:
    """Newest first."""
    if endpoint.previous_secret and now_ms < (endpoint.previous_secret_until_ms or 0):
        return endpoint.secret, endpoint.previous_secret
    return (endpoint.secret,)


def endpoints(session: Session, tenant: str) -> tuple[WebhookEndpoint, ...]:
    return tuple(_endpoint(row) for row in _rows(session, tenant))


def _rows(session: Session, tenant: str) -> list[WebhookEndpointRow]:
    statement = select(WebhookEndpointRow).where(col(WebhookEndpointRow.tenant_id) == tenant)
    return list(session.exec(statement.order_by(col(WebhookEndpointRow.id))))


def change(
    session: Session, endpoint_id: str, tenant: str, changes: dict[str, Any], actor: str, now_ms: int
) -> WebhookEndpoint:
    """``changes``: url, description, event_types, disabled. While the endpoint is disabled, waiting messages are kept,
    and new events add no messages; after it is enabled again, the waiting messages are sent. Enabling it or changing
    its URL resets its failures."""
    row = fetch(session, endpoint_id, tenant)
    for name in ("url", "description", "event_types"):
        if name in changes:
            setattr(row, name, changes[name])
    if changes.get("disabled") and row.disabled_at_ms is None:
        row.disabled_at_ms, row.disabled_reason = now_ms, DisabledReason.REQUESTED
    elif changes.get("disabled") is False:
        row.disabled_at_ms, row.disabled_reason = None, ""
    if "url" in changes or changes.get("disabled") is False:
        row.failures, row.failing_since_ms, row.paused_until_ms = 0, None, 0
    add_audit(session, actor, "webhook.changed", row.id, {"fields": sorted(changes)}, now_ms, tenant)
    return _endpoint(row)


def disable(session: Session, row: WebhookEndpointRow, reason: DisabledReason, now_ms: int) -> None:
    """Disable an endpoint automatically, and notify the tenant's other endpoints."""
    row.disabled_at_ms, row.disabled_reason = now_ms, reason
    detail = {"reason": str(reason), "failures": row.failures}
    add_audit(session, "", DISABLED_EVENT, row.id, detail, now_ms, row.tenant_id)
    since_ms = row.failing_since_ms if row.failing_since_ms is not None else now_ms
    data = {"webhook_id": row.id, "reason": str(reason), "failing_since": iso_time(since_ms)}
    announce(session, row.tenant_id, DISABLED_EVENT, data, now_ms)


def iso_time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


def delete(session: Session, endpoint_id: str, tenant: str, actor: str, now_ms: int) -> None:
    """Delete an endpoint with its messages."""
    row = fetch(session, endpoint_id, tenant)
    session.delete(row)
    add_audit(session, actor, "webhook.deleted", endpoint_id, {"url": row.url}, now_ms, tenant)


def fetch(session: Session, endpoint_id: str, tenant: str) -> WebhookEndpointRow:
    locked = {"key_share": True}  # a call that ends at the same time may add its message
    row = session.get(WebhookEndpointRow, endpoint_id, with_for_update=locked) if is_id(endpoint_id) else None
    if row is None or row.tenant_id != tenant:
        raise NotFoundError("webhook_not_found", f"There is no webhook {endpoint_id!r}.")
    return row


def enqueue(session: Session, call: CallRow, event_number: int, event_type: str, now_ms: int) -> None:
    """Add a message for every endpoint of the tenant that has subscribed to this event. It names the call and the
    event, without any content of the call, which only a request with a key returns."""
    if event_type not in CALL_EVENTS:
        return
    data = {"call_id": call.id, "job_status": str(call.status), "external_id": call.external_id}
    for endpoint in _rows(session, call.tenant_id):
        if endpoint.disabled_at_ms is None and event_type in endpoint.event_types:
            row = _new_message(endpoint, event_type, data, now_ms)
            row.call_id, row.event_number = call.id, event_number
            row.traceparent = call.traceparent
            session.add(row)


def announce(session: Session, tenant: str, event_type: str, data: Mapping[str, Any], now_ms: int) -> None:
    """A message about no call to every endpoint of the tenant that wants this event."""
    for endpoint in _rows(session, tenant):
        if endpoint.disabled_at_ms is None and event_type in endpoint.event_types:
            add_message(session, endpoint, event_type, data, now_ms)


def add_message(
    session: Session, endpoint: WebhookEndpointRow, event_type: str, data: Mapping[str, Any], now_ms: int
) -> WebhookDeliveryRow:
    """Add a message without a call, and delete the oldest of this kind."""
    is_alert = col(WebhookDeliveryRow.event_type).in_(ALERT_EVENTS)
    of_alert = event_type in ALERT_EVENTS
    about_none = select(WebhookDeliveryRow.id).where(
        col(WebhookDeliveryRow.endpoint_id) == endpoint.id,
        col(WebhookDeliveryRow.call_id).is_(None),
        is_alert if of_alert else ~is_alert,
    )
    most = KEPT_ALERTS if of_alert else KEPT_WITHOUT_CALL
    kept = about_none.order_by(col(WebhookDeliveryRow.id).desc()).limit(most - 1)
    newest = session.exec(kept).all()
    old = [message_id for message_id in session.exec(about_none).all() if message_id not in newest]
    if old:
        session.execute(delete_rows(WebhookDeliveryRow).where(col(WebhookDeliveryRow.id).in_(old)))
    row = _new_message(endpoint, event_type, data, now_ms)
    session.add(row)
    return row


def _new_message(
    endpoint: WebhookEndpointRow, event_type: str, data: Mapping[str, Any], now_ms: int
) -> WebhookDeliveryRow:
    body = {"type": event_type, "timestamp": iso_time(now_ms), "data": data}
    return WebhookDeliveryRow(
        id=new_call_id(),
        endpoint_id=endpoint.id,
        event_type=event_type,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        status=DeliveryStatus.PENDING,
        created_at_ms=now_ms,
        next_attempt_at_ms=now_ms,
    )


def deliveries(session: Session, endpoint_id: str, tenant: str, limit: int) -> tuple[WebhookDelivery, ...]:
    """Newest first."""
    fetch(session, endpoint_id, tenant)
    statement = select(WebhookDeliveryRow).where(col(WebhookDeliveryRow.endpoint_id) == endpoint_id)
    statement = statement.order_by(col(WebhookDeliveryRow.id).desc()).limit(limit)
    return tuple(_delivery(row) for row in session.exec(statement))


def redeliver(
    session: Session, endpoint_id: str, delivery_id: str, tenant: str, actor: str, now_ms: int
) -> WebhookDelivery:
    """Send a message again with the same ``webhook-id``: at once, even if the endpoint is paused; if it is disabled,
    after it is enabled again."""
    endpoint = fetch(session, endpoint_id, tenant)
    row = session.get(WebhookDeliveryRow, delivery_id, with_for_update=True) if is_id(delivery_id) else None
    if row is None or row.endpoint_id != endpoint_id:
        raise NotFoundError("delivery_not_found", f"There is no delivery {delivery_id!r} to this webhook.")
    row.status, row.attempts, row.next_attempt_at_ms = DeliveryStatus.PENDING, 0, now_ms
    row.lease_token = row.lease_expires_at_ms = None
    endpoint.paused_until_ms = 0
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
        DisabledReason(row.disabled_reason) if row.disabled_reason else None,
        row.failing_since_ms,
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
