"""Owners, calls, and what is kept of each call."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, String, Text
from sqlmodel import Field, SQLModel

from callytics.store.records.calls import DEFAULT_TENANT
from callytics.store.tables.columns import AUTOINCREMENT_ID, call_reference, tenant_column, time_or_zero


class TenantRow(SQLModel, table=True):
    """An owner of calls and keys. The row is created with the first call or key that names the tenant.

    ``last_served_at_ms`` is the time of the last lease of one of its calls, for the turns (store/leases.py).
    """

    __tablename__ = "tenants"

    id: str = Field(sa_column=Column(String(64), primary_key=True))
    created_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    last_served_at_ms: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    settings: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class CallRow(SQLModel, table=True):
    """A call and its job.

    ``dedupe_key`` is the hash of tenant, audio and options, ``lease_token`` fences out a worker whose lease ended.
    ``priority`` is smaller for what comes first; a call waits until ``available_at_ms``, with the error of the
    attempt before in ``error_*``. The metadata that lists filter by has columns of its own. ``traceparent`` is the
    span that accepted the call, where traces are on; ``queued_at_ms`` is since when a QUEUED call waits.
    ``dedupe_key`` is the hash of tenant, audio, options and metadata; ``lease_token`` fences out a worker whose lease
    has ended. A smaller ``priority`` comes first. A call waits until ``available_at_ms``, with the error of the
    previous attempt in ``error_*``. The metadata for list filters have their own columns.
    """

    __tablename__ = "calls"
    __table_args__ = (
        Index("ix_calls_tenant_queue", "tenant_id", "status", "priority", "id"),
        Index("ix_calls_tenant_id_id", "tenant_id", "id"),
        Index("ix_calls_status", "status"),
        Index("ix_calls_completed_at_ms", "completed_at_ms"),
        Index("ix_calls_tenant_id_started_at_ms", "tenant_id", "started_at_ms"),
        Index("ix_calls_tenant_id_called_at_ms_id", "tenant_id", "called_at_ms", "id"),
    )

    id: str = Field(sa_column=Column(String(26), primary_key=True))
    status: str = Field(sa_column=Column(String(16), nullable=False))
    created_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    updated_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    completed_at_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    uri: str = Field(sa_column=Column(Text, nullable=False))
    size_bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    filename: str = Field(sa_column=Column(Text, nullable=False))
    sha256: str = Field(sa_column=Column(String(64), nullable=False, index=True))
    duration_s: float
    media: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    options: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    custom: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    external_id: str | None = Field(default=None, sa_column=Column(Text, index=True))
    agent_id: str | None = Field(default=None, sa_column=Column(Text, index=True))
    queue: str | None = Field(default=None, sa_column=Column(Text, index=True))
    direction: str | None = Field(default=None, sa_column=Column(Text))
    started_at: str | None = Field(default=None, sa_column=Column(Text))
    started_at_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    called_at_ms: int = Field(default=0, sa_column=time_or_zero())  # started_at_ms, else created_at_ms
    language_code: str | None = Field(default=None, sa_column=Column(String(16), index=True))
    dedupe_key: str | None = Field(default=None, sa_column=Column(String(64), unique=True))
    idempotency_key: str | None = Field(default=None, sa_column=Column(Text, unique=True))
    request_hash: str = Field(sa_column=Column(String(64), nullable=False))
    tenant_id: str = Field(default=DEFAULT_TENANT, sa_column=tenant_column())
    created_by: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    priority: int = Field(default=1, sa_column=Column(Integer, nullable=False, server_default="1"))
    attempts: int = 0
    traceparent: str | None = Field(default=None, sa_column=Column(String(64)))
    queued_at_ms: int = Field(default=0, sa_column=time_or_zero())
    available_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    lease_owner: str | None = Field(default=None, sa_column=Column(Text))
    lease_token: str | None = Field(default=None, sa_column=Column(String(32)))
    lease_expires_at_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    error_stage: str | None = Field(default=None, sa_column=Column(Text))
    error_code: str | None = Field(default=None, sa_column=Column(Text))
    error_message: str | None = Field(default=None, sa_column=Column(Text))


class StageRow(SQLModel, table=True):
    """The last run of a stage on a call. ``result_key`` names its inputs, engine and options; ``output`` is
    compressed JSON (store/codec.py)."""

    __tablename__ = "stage_results"

    call_id: str = Field(sa_column=call_reference(primary_key=True))
    stage: str = Field(sa_column=Column(String(64), primary_key=True))
    status: str = Field(sa_column=Column(String(16), nullable=False))
    result_key: str = Field(sa_column=Column(Text, nullable=False))
    attempts: int = 0
    started_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    updated_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    duration_s: float = 0.0
    application: str = ""
    engine: str = ""
    model: str = ""
    model_revision: str = ""
    config_hash: str = ""
    error_code: str = ""
    error_message: str = Field(default="", sa_column=Column(Text, nullable=False))
    output: bytes | None = Field(default=None, sa_column=Column(LargeBinary))


class ShadowRow(SQLModel, table=True):
    """The last run of a version in the shadow of another on a call. ``output`` is compressed JSON (store/codec.py)."""

    __tablename__ = "shadow_results"

    call_id: str = Field(sa_column=call_reference(primary_key=True))
    application: str = Field(sa_column=Column(String(64), primary_key=True))
    stage: str = Field(sa_column=Column(String(64), nullable=False))
    status: str = Field(sa_column=Column(String(16), nullable=False))
    updated_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    duration_s: float
    engine: str
    model: str
    model_revision: str
    config_hash: str
    error_code: str
    error_message: str = Field(sa_column=Column(Text, nullable=False))
    output: bytes | None = Field(default=None, sa_column=Column(LargeBinary))


class ReportRow(SQLModel, table=True):
    """The result of a call, compressed JSON of result.md."""

    __tablename__ = "reports"

    call_id: str = Field(sa_column=call_reference(primary_key=True))
    created_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class FindingRow(SQLModel, table=True):
    """What lists and the overview show of the result of a call (store/findings.py). It is written with the result and
    says no more than it. ``version`` is that of the way it was read from the result."""

    __tablename__ = "findings"
    __table_args__ = (Index("ix_findings_version", "version"),)

    call_id: str = Field(sa_column=call_reference(primary_key=True))
    version: int = Field(sa_column=Column(Integer, nullable=False))
    result_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    result_status: str = Field(sa_column=Column(String(16), nullable=False))
    language_code: str | None = Field(default=None, sa_column=Column(String(16)))
    agent_name: str | None = Field(default=None, sa_column=Column(Text))
    topic: str | None = Field(default=None, sa_column=Column(Text))
    issue: str | None = Field(default=None, sa_column=Column(Text))
    resolved: bool | None = Field(default=None, sa_column=Column(Boolean))
    mood_overall: float | None = Field(default=None, sa_column=Column(Float))
    mood_start: float | None = Field(default=None, sa_column=Column(Float))
    mood_end: float | None = Field(default=None, sa_column=Column(Float))
    mood_direction: str | None = Field(default=None, sa_column=Column(String(8)))
    mood_quarters: list[float | None] = Field(sa_column=Column(JSON, nullable=False))
    quality: float | None = Field(default=None, sa_column=Column(Float))
    quality_criteria: int = Field(sa_column=Column(Integer, nullable=False))
    num_flags: int = Field(sa_column=Column(Integer, nullable=False))
    duration_ms: int = Field(sa_column=Column(BigInteger, nullable=False))


class FindingFlagRow(SQLModel, table=True):
    """A flag of the result of a call, for the filter of lists. It belongs to the row in ``findings``."""

    __tablename__ = "finding_flags"
    __table_args__ = (Index("ix_finding_flags_code", "code", "call_id"),)

    call_id: str = Field(sa_column=call_reference(primary_key=True))
    code: str = Field(sa_column=Column(String(64), primary_key=True))


class CorrectionRow(SQLModel, table=True):
    """A correction of a call (store/corrections.py). Written once; an undo only adds its time and actor.

    ``kind`` is a word, not an enumeration of the database: later versions may add kinds. Channel and time name the
    place, because turns are renumbered when a call is recognised again.
    """

    __tablename__ = "corrections"

    id: str = Field(default="", sa_column=Column(String(26), primary_key=True))
    call_id: str = Field(default="", sa_column=call_reference(index=True))
    tenant_id: str = Field(default=DEFAULT_TENANT, sa_column=tenant_column())
    kind: str = Field(sa_column=Column(String(32), nullable=False))
    number: int = Field(default=0, sa_column=Column(Integer, nullable=False))  # within one request
    turn_id: str = Field(sa_column=Column(Text, nullable=False))
    participant_id: str = Field(sa_column=Column(Text, nullable=False))
    channel_index: int | None = Field(default=None, sa_column=Column(Integer))
    begin_offset_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    end_offset_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    before: str = Field(sa_column=Column(Text, nullable=False))
    after: str | None = Field(default=None, sa_column=Column(Text))
    detail: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    actor: str = Field(default="", sa_column=Column(Text, nullable=False))
    created_at_ms: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    undone_at_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    undone_by: str | None = Field(default=None, sa_column=Column(Text))


class TurnTextRow(SQLModel, table=True):
    """The text of the call, one row per turn, for full-text search (store/search.py)."""

    __tablename__ = "turn_texts"

    id: int | None = Field(default=None, sa_column=Column(AUTOINCREMENT_ID, primary_key=True))
    call_id: str = Field(sa_column=call_reference(index=True))
    turn_id: str
    participant_role: str
    begin_offset_ms: int
    content: str = Field(sa_column=Column(Text, nullable=False))
    index_version: int = Field(default=1, sa_column=Column(Integer, nullable=False, server_default="1"))
