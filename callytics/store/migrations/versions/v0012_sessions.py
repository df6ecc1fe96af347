"""Sessions of browsers, and the links that begin them.

Revision: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("sha256", sa.String(length=64), primary_key=True),
        sa.Column("key_id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_sessions_expires_at_ms", "sessions", ["expires_at_ms"])


def downgrade() -> None:
    op.drop_index("ix_sessions_expires_at_ms", "sessions")
    op.drop_table("sessions")
