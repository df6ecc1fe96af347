"""What happened: events, log lines, audit, alerts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, String, Text
from sqlmodel import Field, SQLModel

from callytics.store.records.calls import DEFAULT_TENANT
from callytics.store.tables.columns import AUTOINCREMENT_ID, call_reference, tenant_column


class EventRow(SQLModel, table=True):
    """An event of a call, in order; the source of its event stream."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_call_number", "call_id", "number"), {"sqlite_autoincrement": True})

    number: int | None = Field(default=None, sa_column=Column(AUTOINCREMENT_ID, primary_key=True))
    call_id: str = Field(sa_column=call_reference())
    type: str
    data: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))


class CallLineRow(SQLModel, table=True):
    """A line that a replica logged while it worked on a call (store/call_lines.py)."""

    __tablename__ = "call_lines"
    __table_args__ = (
        Index("ix_call_lines_call_number", "call_id", "number"),
        Index("ix_call_lines_tenant_number", "tenant_id", "number"),
        {"sqlite_autoincrement": True},
    )

    number: int | None = Field(default=None, sa_column=Column(AUTOINCREMENT_ID, primary_key=True))
    call_id: str = Field(sa_column=call_reference())
    tenant_id: str = Field(sa_column=Column(String(64), nullable=False))
    at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    level: str = Field(sa_column=Column(String(16), nullable=False))
    stage: str = Field(sa_column=Column(Text, nullable=False))
    application: str = Field(sa_column=Column(Text, nullable=False))
    version: str = Field(sa_column=Column(Text, nullable=False))
    replica: str = Field(sa_column=Column(Text, nullable=False))
    logger: str = Field(sa_column=Column(Text, nullable=False))
    message: str = Field(sa_column=Column(Text, nullable=False))
    traceback: str = Field(sa_column=Column(Text, nullable=False))


class AuditRow(SQLModel, table=True):
    """An action on a call or key, with its actor. It outlives its object, so it references nothing."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_tenant_number", "tenant_id", "number"),
        Index("ix_audit_events_tenant_subject", "tenant_id", "subject", "number"),
        Index("ix_audit_events_tenant_actor", "tenant_id", "actor", "number"),
        Index("ix_audit_events_tenant_at_ms", "tenant_id", "at_ms"),
        {"sqlite_autoincrement": True},
    )

    number: int | None = Field(default=None, sa_column=Column(AUTOINCREMENT_ID, primary_key=True))
    at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    actor: str
    action: str
    subject: str
    detail: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    tenant_id: str = Field(default=DEFAULT_TENANT, sa_column=tenant_column())


class AlertRow(SQLModel, table=True):
    """An alert that Alertmanager reported (store/alerts.py). ``fingerprint`` is its hash of the labels; with the
    time of its start it is the identity of the alert."""

    __tablename__ = "alerts"
    __table_args__ = (Index("ux_alerts_identity", "fingerprint", "started_at_ms", unique=True),)

    id: str = Field(sa_column=Column(String(26), primary_key=True))
    fingerprint: str = Field(sa_column=Column(String(64), nullable=False))
    started_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    name: str = Field(default="", sa_column=Column(Text, nullable=False))
    severity: str = Field(default="", sa_column=Column(Text, nullable=False))
    status: str = Field(sa_column=Column(String(16), nullable=False))
    labels: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    annotations: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    ended_at_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    received_at_ms: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
