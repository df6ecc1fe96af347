"""Batches, and what tenants use."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Text
from sqlmodel import Field, SQLModel

from callytics.store.records.calls import DEFAULT_TENANT
from callytics.store.tables.columns import tenant_column


class BatchRow(SQLModel, table=True):
    """A batch of `callytics backfill` (store/batches.py), as far as its job has told. ``by_status``: recordings that
    it is done with; ``error``: why the job itself ended before its end."""

    __tablename__ = "batches"
    __table_args__ = (Index("ix_batches_tenant_id_id", "tenant_id", "id"),)

    id: str = Field(sa_column=Column(String(26), primary_key=True))
    tenant_id: str = Field(default=DEFAULT_TENANT, sa_column=tenant_column())
    input: str = Field(sa_column=Column(Text, nullable=False))
    started_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    updated_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    ended_at_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    error: str = Field(default="", sa_column=Column(Text, nullable=False))
    calls: int = Field(sa_column=Column(Integer, nullable=False))
    by_status: dict[str, int] = Field(sa_column=Column(JSON, nullable=False))
    audio_s: float = 0.0


class UsageRow(SQLModel, table=True):
    """Usage of a tenant on one day (store/usage.py): sums over all ``source``s. Like the audit, it outlives the calls
    and references nothing."""

    __tablename__ = "usage"

    tenant_id: str = Field(sa_column=Column(String(64), primary_key=True))
    day: str = Field(sa_column=Column(String(10), primary_key=True))
    source: str = Field(sa_column=Column(String(32), primary_key=True))
    requests: int = Field(sa_column=Column(BigInteger, nullable=False))
    refused: int = Field(sa_column=Column(BigInteger, nullable=False))
    calls: int = Field(sa_column=Column(BigInteger, nullable=False))
    uploaded_bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    uploaded_audio_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    analyzed_audio_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
