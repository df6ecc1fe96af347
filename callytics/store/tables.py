"""The tables. A change here needs a migration; tests/store/test_migrations.py compares the two."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
)
from sqlmodel import Field, SQLModel

from callytics.store.records import DEFAULT_TENANT

_AUTOINCREMENT_ID = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers only an INTEGER key


def _call_reference(**options: Any) -> Column[str]:
    return Column(String(26), ForeignKey("calls.id", ondelete="CASCADE"), nullable=False, **options)


def _tenant() -> Column[str]:
    return Column(String(64), nullable=False, server_default=DEFAULT_TENANT)


def _time_or_zero() -> Column[int]:
    return Column(BigInteger, nullable=False, server_default="0")


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
    called_at_ms: int = Field(default=0, sa_column=_time_or_zero())  # started_at_ms, else created_at_ms
    language_code: str | None = Field(default=None, sa_column=Column(String(16), index=True))
    dedupe_key: str | None = Field(default=None, sa_column=Column(String(64), unique=True))
    idempotency_key: str | None = Field(default=None, sa_column=Column(Text, unique=True))
    request_hash: str = Field(sa_column=Column(String(64), nullable=False))
    tenant_id: str = Field(default=DEFAULT_TENANT, sa_column=_tenant())
    created_by: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    priority: int = Field(default=1, sa_column=Column(Integer, nullable=False, server_default="1"))
    attempts: int = 0
    traceparent: str | None = Field(default=None, sa_column=Column(String(64)))
    queued_at_ms: int = Field(default=0, sa_column=_time_or_zero())
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

    call_id: str = Field(sa_column=_call_reference(primary_key=True))
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


class ReportRow(SQLModel, table=True):
    """The result of a call, compressed JSON of result.md."""

    __tablename__ = "reports"

    call_id: str = Field(sa_column=_call_reference(primary_key=True))
    created_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class FindingRow(SQLModel, table=True):
    """What lists and the overview show of the result of a call (store/findings.py). It is written with the result and
    says no more than it. ``version`` is that of the way it was read from the result."""

    __tablename__ = "findings"
    __table_args__ = (Index("ix_findings_version", "version"),)

    call_id: str = Field(sa_column=_call_reference(primary_key=True))
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

    call_id: str = Field(sa_column=_call_reference(primary_key=True))
    code: str = Field(sa_column=Column(String(64), primary_key=True))


class CorrectionRow(SQLModel, table=True):
    """A correction of a call (store/corrections.py). Written once; an undo only adds its time and actor.

    ``kind`` is a word, not an enumeration of the database: later versions may add kinds. Channel and time name the
    place, because turns are renumbered when a call is recognised again.
    """

    __tablename__ = "corrections"

    id: str = Field(default="", sa_column=Column(String(26), primary_key=True))
    call_id: str = Field(default="", sa_column=_call_reference(index=True))
    tenant_id: str = Field(default=DEFAULT_TENANT, sa_column=_tenant())
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

    id: int | None = Field(default=None, sa_column=Column(_AUTOINCREMENT_ID, primary_key=True))
    call_id: str = Field(sa_column=_call_reference(index=True))
    turn_id: str
    participant_role: str
    begin_offset_ms: int
    content: str = Field(sa_column=Column(Text, nullable=False))
    index_version: int = Field(default=1, sa_column=Column(Integer, nullable=False, server_default="1"))


class EventRow(SQLModel, table=True):
    """An event of a call, in order; the source of its event stream."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_call_number", "call_id", "number"), {"sqlite_autoincrement": True})

    number: int | None = Field(default=None, sa_column=Column(_AUTOINCREMENT_ID, primary_key=True))
    call_id: str = Field(sa_column=_call_reference())
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

    number: int | None = Field(default=None, sa_column=Column(_AUTOINCREMENT_ID, primary_key=True))
    call_id: str = Field(sa_column=_call_reference())
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

    number: int | None = Field(default=None, sa_column=Column(_AUTOINCREMENT_ID, primary_key=True))
    at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    actor: str
    action: str
    subject: str
    detail: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    tenant_id: str = Field(default=DEFAULT_TENANT, sa_column=_tenant())


class ApiKeyRow(SQLModel, table=True):
    """An API key; only the SHA-256 of the secret is kept. ``limits``: the key's own limits, instead of those in the
    service's settings."""

    __tablename__ = "api_keys"

    id: str = Field(sa_column=Column(String(26), primary_key=True))
    name: str
    prefix: str
    sha256: str = Field(sa_column=Column(String(64), nullable=False, unique=True))
    scopes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    created_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    revoked_at_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    last_used_at_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    expires_at_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    tenant_id: str = Field(default=DEFAULT_TENANT, sa_column=_tenant())
    limits: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False, server_default="{}")
    )


class SessionRow(SQLModel, table=True):
    """A browser that is signed in, or a link that signs one in (store/sessions.py); only the SHA-256 of the secret is
    kept. It stands for the API key ``key_id``; or, with a ``subject``, for a person whom the issuer knows, with the
    rights that the issuer granted until ``renew_at_ms``. ``sealed``: the refresh token, readable with the cookie only.
    ``claimed_at_ms``: one replica renews it since then."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_expires_at_ms", "expires_at_ms"),)

    sha256: str = Field(sa_column=Column(String(64), primary_key=True))
    key_id: str = Field(sa_column=Column(String(26), nullable=False))
    kind: str = Field(sa_column=Column(String(8), nullable=False))
    created_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    expires_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    subject: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    tenant_id: str = Field(default="", sa_column=Column(String(64), nullable=False, server_default=""))
    scopes: list[str] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]")
    )
    renew_at_ms: int = Field(default=0, sa_column=_time_or_zero())
    claimed_at_ms: int = Field(default=0, sa_column=_time_or_zero())
    sealed: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))


class BatchRow(SQLModel, table=True):
    """A batch of `callytics backfill` (store/batches.py), as far as its job has told. ``by_status``: recordings that
    it is done with; ``error``: why the job itself ended before its end."""

    __tablename__ = "batches"
    __table_args__ = (Index("ix_batches_tenant_id_id", "tenant_id", "id"),)

    id: str = Field(sa_column=Column(String(26), primary_key=True))
    tenant_id: str = Field(default=DEFAULT_TENANT, sa_column=_tenant())
    input: str = Field(sa_column=Column(Text, nullable=False))
    started_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    updated_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    ended_at_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    error: str = Field(default="", sa_column=Column(Text, nullable=False))
    calls: int = Field(sa_column=Column(Integer, nullable=False))
    by_status: dict[str, int] = Field(sa_column=Column(JSON, nullable=False))
    audio_s: float = 0.0


class ViewRow(SQLModel, table=True):
    """A view of the list of calls under a name (store/views.py). ``owner``: the API key or person who made it;
    ``query``: the filters and the order, as GET /v1/calls takes them."""

    __tablename__ = "views"
    __table_args__ = (Index("ux_views_tenant_owner_name", "tenant_id", "owner", "name", unique=True),)

    id: str = Field(sa_column=Column(String(26), primary_key=True))
    tenant_id: str = Field(default=DEFAULT_TENANT, sa_column=_tenant())
    owner: str = Field(sa_column=Column(Text, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    query: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    is_shared: bool = Field(sa_column=Column(Boolean, nullable=False))
    created_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    updated_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))


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
    lease_expires_at_ms: int = Field(default=0, sa_column=_time_or_zero())
    last_leased_at_ms: int = Field(default=0, sa_column=_time_or_zero())
    failures: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    failing_since_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    paused_until_ms: int = Field(default=0, sa_column=_time_or_zero())
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
