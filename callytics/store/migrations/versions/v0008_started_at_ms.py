"""When a call took place, as a number that lists filter and sort by.

Revision: 0008
Revises: 0007
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("started_at_ms", sa.BigInteger(), nullable=True))
    op.create_index("ix_calls_tenant_id_started_at_ms", "calls", ["tenant_id", "started_at_ms"])
    calls = sa.table("calls", sa.column("id"), sa.column("started_at"), sa.column("started_at_ms"))
    connection = op.get_bind()
    dated = connection.execute(
        sa.select(calls.c.id, calls.c.started_at).where(calls.c.started_at.is_not(None))
    )
    values = [{"call": row.id, "ms": _time_ms(row.started_at)} for row in dated]
    if values:
        connection.execute(
            sa.update(calls)
            .where(calls.c.id == sa.bindparam("call"))
            .values(started_at_ms=sa.bindparam("ms", type_=sa.BigInteger())),
            values,
        )


def downgrade() -> None:
    op.drop_index("ix_calls_tenant_id_started_at_ms", table_name="calls")
    op.drop_column("calls", "started_at_ms")


def _time_ms(time: str) -> int | None:
    try:
        parsed = datetime.fromisoformat(time)
    except ValueError:  # a batch took any text
        return None
    return round((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp() * 1000)
