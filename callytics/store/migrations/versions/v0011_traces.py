"""Traces: the trace of a call, with its job and its webhook messages; and since when it waits.

Revision: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("traceparent", sa.String(length=64), nullable=True))
    op.add_column("calls", sa.Column("queued_at_ms", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE calls SET queued_at_ms = available_at_ms")
    op.add_column("webhook_deliveries", sa.Column("traceparent", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column("webhook_deliveries", "traceparent")
    op.drop_column("calls", "queued_at_ms")
    op.drop_column("calls", "traceparent")
