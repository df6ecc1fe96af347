"""Webhooks and the delivery of their messages."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Text
from sqlmodel import Field, SQLModel

from callytics.store.tables.columns import time_or_zero


class WebhookEndpointRow(SQLModel, table=True):
    """An address for a tenant's event messages. ``secret`` signs the messages (Standard Webhooks), so it is stored in
    plain text; ``previous_secret`` also signs for a while after a rotation.

    An endpoint is leased for one attempt at a time (store/webhook_queue.py). After consecutive ``failures``, the first
    at ``failing_since_ms``, it is paused until ``paused_until_ms``."""

    __tablename__ = "webhook_endpoints"

    id: str = Field(sa_column=Column(String(26), primary_key=True))
    tenant_id: str = Field(sa_column=Column(String(64), nullable=False, index=True))
    url: str = Field(sa_column=Column(Text, nullable=False))
    secret: str = Field(sa_column=Column(Text, nullable=False))
    description: str = Field(sa_column=Column(Text, nullable=False))
    event_types: list[str] = Field(sa_column=Column(JSON, nullable=False))
    created_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    disabled_at_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    disabled_reason: str = Field(default="", sa_column=Column(String(16), nullable=False, server_default=""))
    lease_token: str | None = Field(default=None, sa_column=Column(String(32)))
    lease_expires_at_ms: int = Field(default=0, sa_column=time_or_zero())
    last_leased_at_ms: int = Field(default=0, sa_column=time_or_zero())
    failures: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    failing_since_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    paused_until_ms: int = Field(default=0, sa_column=time_or_zero())
    previous_secret: str | None = Field(default=None, sa_column=Column(Text))
    previous_secret_until_ms: int | None = Field(default=None, sa_column=Column(BigInteger))


class WebhookDeliveryRow(SQLModel, table=True):
    """One message to one endpoint, written in the transaction of its event (an outbox). There is one message per event
    and endpoint, regardless of the number of attempts. It is deleted with its call; a message about an endpoint
    (``webhook.test``, ``webhook.disabled``) has neither call nor number."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ux_webhook_deliveries_event", "endpoint_id", "event_number", unique=True),
        Index("ix_webhook_deliveries_queue", "endpoint_id", "status", "next_attempt_at_ms", "id"),
    )

    id: str = Field(sa_column=Column(String(26), primary_key=True))
    endpoint_id: str = Field(
        sa_column=Column(String(26), ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), nullable=False)
    )
    call_id: str | None = Field(
        default=None,
        sa_column=Column(String(26), ForeignKey("calls.id", ondelete="CASCADE"), nullable=True, index=True),
    )
    event_number: int | None = Field(default=None, sa_column=Column(BigInteger))
    event_type: str = Field(sa_column=Column(String(64), nullable=False))
    body: str = Field(sa_column=Column(Text, nullable=False))
    status: str = Field(sa_column=Column(String(16), nullable=False))
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    created_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    next_attempt_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    lease_token: str | None = Field(default=None, sa_column=Column(String(32)))
    lease_expires_at_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    delivered_at_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    last_status_code: int | None = Field(default=None, sa_column=Column(Integer))
    last_error: str = Field(default="", sa_column=Column(Text, nullable=False))
    traceparent: str | None = Field(default=None, sa_column=Column(String(64)))
