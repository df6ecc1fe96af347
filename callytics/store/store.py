"""The store of calls: every method is one transaction, safe from several threads and processes."""

from __future__ import annotations

from callytics.store.methods.alerts import AlertMethods
from callytics.store.methods.audit import AuditMethods
from callytics.store.methods.batches import BatchMethods
from callytics.store.methods.calls import CallMethods
from callytics.store.methods.corrections import CorrectionMethods
from callytics.store.methods.events import EventMethods
from callytics.store.methods.figures import FigureMethods
from callytics.store.methods.keys import KeyMethods
from callytics.store.methods.sessions import SessionMethods
from callytics.store.methods.upkeep import UpkeepMethods
from callytics.store.methods.versions import VersionMethods
from callytics.store.methods.views import ViewMethods
from callytics.store.methods.webhooks import WebhookMethods
from callytics.store.methods.work import WorkMethods


class CallStore(
    CallMethods,
    CorrectionMethods,
    WorkMethods,
    VersionMethods,
    EventMethods,
    FigureMethods,
    KeyMethods,
    SessionMethods,
    WebhookMethods,
    AlertMethods,
    AuditMethods,
    ViewMethods,
    BatchMethods,
    UpkeepMethods,
):
    """Jobs, stage results, results, metadata, search and API keys in one database. Its methods, by subject, are in
    callytics/store/methods/; transactions.py has the database, which all of them share.

    Arguments and results are standard-library types and can be pickled. Methods that name a call raise
    NotFoundError("call_not_found") if it does not exist or does not belong to the given ``tenant``; without a tenant,
    the calls of all tenants are accessible. All methods raise UnavailableError("database_unavailable") while the
    database is unavailable.

    Args:
        url: SQLAlchemy URL of an SQLite file or a PostgreSQL database; its schema is migrated to the newest.
        clock: seconds since the epoch.
        max_attempts: maximum number of leases of a call before it is FAILED.
        on_change: is told what became of calls, each time once, after it was committed.
    """
