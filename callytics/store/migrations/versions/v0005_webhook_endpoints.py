"""Webhooks: turns, failing endpoints, rotated secrets, messages without a call.

Revision: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TIMES = ("last_leased_at_ms", "lease_expires_at_ms", "paused_until_ms")


def upgrade() -> None:
    for name in _TIMES:
        op.add_column(
            "webhook_endpoints", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
        )
    op.add_column("webhook_endpoints", sa.Column("lease_token", sa.String(length=32), nullable=True))
    op.add_column(
        "webhook_endpoints", sa.Column("failures", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("webhook_endpoints", sa.Column("failing_since_ms", sa.BigInteger(), nullable=True))
    op.add_column(
        "webhook_endpoints",
        sa.Column("disabled_reason", sa.String(length=16), nullable=False, server_default=""),
    )
    op.add_column("webhook_endpoints", sa.Column("previous_secret", sa.Text(), nullable=True))
    op.add_column("webhook_endpoints", sa.Column("previous_secret_until_ms", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("webhook_deliveries") as table:
        table.alter_column("call_id", existing_type=sa.String(length=26), nullable=True)
        table.alter_column("event_number", existing_type=sa.BigInteger(), nullable=True)
    op.drop_index("ix_webhook_deliveries_queue", table_name="webhook_deliveries")
    op.create_index(
        "ix_webhook_deliveries_queue",
        "webhook_deliveries",
        ["endpoint_id", "status", "next_attempt_at_ms", "id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_webhook_deliveries_queue", table_name="webhook_deliveries")
    op.create_index(
        "ix_webhook_deliveries_queue", "webhook_deliveries", ["status", "next_attempt_at_ms"], unique=False
    )
    op.execute("DELETE FROM webhook_deliveries WHERE call_id IS NULL")
    with op.batch_alter_table("webhook_deliveries") as table:
        table.alter_column("call_id", existing_type=sa.String(length=26), nullable=False)
        table.alter_column("event_number", existing_type=sa.BigInteger(), nullable=False)
    for name in (
        "previous_secret_until_ms",
        "previous_secret",
        "disabled_reason",
        "failing_since_ms",
        "failures",
        "lease_token",
        *_TIMES,
    ):
        op.drop_column("webhook_endpoints", name)
