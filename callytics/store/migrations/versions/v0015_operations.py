"""Sessions of people whom an issuer knows; batches; the audit by subject, actor and time.

Revision: 0015
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

AUDIT_INDEXES = (
    ("ix_audit_events_tenant_subject", ["tenant_id", "subject", "number"]),
    ("ix_audit_events_tenant_actor", ["tenant_id", "actor", "number"]),
    ("ix_audit_events_tenant_at_ms", ["tenant_id", "at_ms"]),
)


def upgrade() -> None:
    op.add_column("sessions", sa.Column("subject", sa.Text(), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("tenant_id", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("scopes", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("sessions", sa.Column("renew_at_ms", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("sessions", sa.Column("claimed_at_ms", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("sessions", sa.Column("sealed", sa.Text(), nullable=False, server_default=""))
    for name, columns in AUDIT_INDEXES:
        op.create_index(name, "audit_events", columns)
    op.create_table(
        "batches",
        sa.Column("id", sa.String(length=26), primary_key=True),
        sa.Column("tenant_id", sa.String(length=64), nullable=False, server_default="default"),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("started_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("by_status", sa.JSON(), nullable=False),
        sa.Column("audio_s", sa.Float(), nullable=False),
    )
    op.create_index("ix_batches_tenant_id_id", "batches", ["tenant_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_batches_tenant_id_id", "batches")
    op.drop_table("batches")
    for name, _ in AUDIT_INDEXES:
        op.drop_index(name, "audit_events")
    op.execute("DELETE FROM sessions WHERE subject <> ''")  # an earlier version would look for their keys
    for column in ("sealed", "claimed_at_ms", "renew_at_ms", "scopes", "tenant_id", "subject"):
        op.drop_column("sessions", column)
