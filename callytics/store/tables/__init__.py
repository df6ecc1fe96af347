"""The tables. A change here needs a migration; tests/store/test_migrations.py compares the two.

Importing this package fills SQLModel's metadata: it imports every file of tables.
"""

from callytics.store.tables import access, calls, events, usage, views, webhooks

__all__ = ["access", "calls", "events", "usage", "views", "webhooks"]
