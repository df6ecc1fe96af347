"""Run by Alembic. The connection comes from callytics.store.database.migrate; there is no alembic.ini."""

from alembic import context
from sqlmodel import SQLModel

from callytics.store import tables  # noqa: F401 - importing it fills the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
