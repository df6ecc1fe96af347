"""Which version of the full-text tokens a turn was indexed by; older ones are made anew in the background.

Revision: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("turn_texts", sa.Column("index_version", sa.Integer(), nullable=False, server_default="1"))


def downgrade() -> None:
    op.drop_column("turn_texts", "index_version")
