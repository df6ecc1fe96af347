"""Findings of calls, for the filters, the order and the overview of lists. Rows of existing results are written after
the migration, in chunks (CallStore.fill_findings): a result is read with the code of its time, not of the schema's.

Revision: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("called_at_ms", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE calls SET called_at_ms = COALESCE(started_at_ms, created_at_ms)")
    op.create_index("ix_calls_tenant_id_called_at_ms_id", "calls", ["tenant_id", "called_at_ms", "id"])
    op.create_table(
        "findings",
        sa.Column("call_id", sa.String(length=26), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("result_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("result_status", sa.String(length=16), nullable=False),
        sa.Column("language_code", sa.String(length=16), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("agent_name", "topic", "issue")),
        sa.Column("resolved", sa.Boolean(), nullable=True),
        *(
            sa.Column(name, sa.Float(), nullable=True)
            for name in ("mood_overall", "mood_start", "mood_end", "quality")
        ),
        sa.Column("mood_direction", sa.String(length=8), nullable=True),
        sa.Column("mood_quarters", sa.JSON(), nullable=False),
        sa.Column("quality_criteria", sa.Integer(), nullable=False),
        sa.Column("num_flags", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id"),
    )
    op.create_index("ix_findings_version", "findings", ["version"])
    op.create_table(
        "finding_flags",
        sa.Column("call_id", sa.String(length=26), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "code"),
    )
    op.create_index("ix_finding_flags_code", "finding_flags", ["code", "call_id"])


def downgrade() -> None:
    op.drop_table("finding_flags")
    op.drop_table("findings")
    op.drop_index("ix_calls_tenant_id_called_at_ms_id", table_name="calls")
    op.drop_column("calls", "called_at_ms")
