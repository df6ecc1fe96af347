"""What replicas logged while they worked on a call.

Revision: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_lines",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("call_id", sa.String(length=26), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("stage", "application", "version", "replica")
        ),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("logger", "message", "traceback")),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_call_lines_call_number", "call_lines", ["call_id", "number"])
    op.create_index("ix_call_lines_tenant_number", "call_lines", ["tenant_id", "number"])


def downgrade() -> None:
    op.drop_table("call_lines")
