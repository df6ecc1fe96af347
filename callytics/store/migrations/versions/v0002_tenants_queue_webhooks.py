"""Tenants, priorities, expiring keys, webhooks; full-text search on PostgreSQL.

Columns are added in place. Alembic's batch mode would copy ``calls``, and dropping the old table deletes, by its
foreign keys, everything that belongs to the calls.

Revision: 0002
Revises: 0001
"""

import time

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _tenant() -> sa.Column[str]:
    return sa.Column("tenant_id", sa.String(length=64), server_default="default", nullable=False)


def upgrade() -> None:
    tenants = op.create_table(
        "tenants",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_served_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    default_tenant = {
        "id": "default",
        "created_at_ms": int(time.time() * 1000),
        "last_served_at_ms": 0,
        "settings": {},
    }
    op.bulk_insert(tenants, [default_tenant])
    op.add_column("calls", _tenant())
    op.add_column("calls", sa.Column("created_by", sa.Text(), server_default="", nullable=False))
    op.add_column("calls", sa.Column("priority", sa.Integer(), server_default="1", nullable=False))
    op.drop_index("ix_calls_queue_order", table_name="calls")
    op.create_index("ix_calls_tenant_queue", "calls", ["tenant_id", "status", "priority", "id"], unique=False)
    op.create_index("ix_calls_tenant_id_id", "calls", ["tenant_id", "id"], unique=False)
    op.create_index("ix_calls_status", "calls", ["status"], unique=False)
    op.create_index("ix_calls_completed_at_ms", "calls", ["completed_at_ms"], unique=False)
    op.add_column("audit_events", _tenant())
    op.create_index("ix_audit_events_tenant_number", "audit_events", ["tenant_id", "number"], unique=False)
    op.add_column("api_keys", sa.Column("expires_at_ms", sa.BigInteger(), nullable=True))
    op.add_column("api_keys", _tenant())
    op.add_column("api_keys", sa.Column("limits", sa.JSON(), server_default="{}", nullable=False))
    _create_webhooks()
    if op.get_bind().dialect.name == "postgresql":
        op.create_table(
            "turn_search",  # the columns that SQLite's virtual table has
            sa.Column(
                "rowid", sa.BigInteger(), sa.ForeignKey("turn_texts.id", ondelete="CASCADE"), primary_key=True
            ),
            sa.Column("tokens", sa.dialects.postgresql.TSVECTOR(), nullable=False),
        )
        op.create_index("ix_turn_search_tokens", "turn_search", ["tokens"], postgresql_using="gin")


def _create_webhooks() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("event_types", sa.JSON(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_webhook_endpoints_tenant_id"), "webhook_endpoints", ["tenant_id"], unique=False)
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("endpoint_id", sa.String(length=26), nullable=False),
        sa.Column("call_id", sa.String(length=26), nullable=False),
        sa.Column("event_number", sa.BigInteger(), nullable=False),
        sa.Column("event_type", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("next_attempt_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("lease_expires_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_status_code", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoints.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_webhook_deliveries_call_id"), "webhook_deliveries", ["call_id"], unique=False)
    op.create_index(
        "ux_webhook_deliveries_event", "webhook_deliveries", ["endpoint_id", "event_number"], unique=True
    )
    op.create_index(
        "ix_webhook_deliveries_queue", "webhook_deliveries", ["status", "next_attempt_at_ms"], unique=False
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_table("turn_search")
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_endpoints")
    for column in ("limits", "tenant_id", "expires_at_ms"):
        op.drop_column("api_keys", column)
    op.drop_index("ix_audit_events_tenant_number", table_name="audit_events")
    op.drop_column("audit_events", "tenant_id")
    for index in ("completed_at_ms", "status", "tenant_id_id", "tenant_queue"):
        op.drop_index(f"ix_calls_{index}", table_name="calls")
    op.create_index("ix_calls_queue_order", "calls", ["status", "available_at_ms", "id"], unique=False)
    for column in ("priority", "created_by", "tenant_id"):
        op.drop_column("calls", column)
    op.drop_table("tenants")
