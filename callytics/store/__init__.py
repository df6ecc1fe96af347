"""The call store: jobs, stage results, results, metadata, full-text search and API keys in a database; recordings
in a blob store.

    records/         arguments and results: frozen dataclasses, by subject
    store.py         CallStore: every method is one transaction
    methods/         its methods by subject
    transactions.py  a database, and how a transaction on it is made
    asynchronous.py  AsyncStore: CallStore's methods for asyncio, over a store anywhere
    changes.py       what becomes of calls, reported to its counters, after the commit
    marks.py         marks of a method: may it be repeated, does it queue a call
    leases.py jobs.py                                      the queue, and the writes of workers
    calls.py keys.py search.py rows.py codec.py            the other parts of the transactions
    findings.py      what lists show of a result, in columns
    lists.py         conditions, order and pages of lists of calls
    alerts.py        what Alertmanager reported
    corrections.py correction_rows.py   people's corrections and their history
    audit.py         who did and read what
    batches.py       batches of backfill, as far as they told
    events.py        events of many calls
    sessions.py      sessions of browsers
    retention.py     the retention period of calls
    usage.py         usage by tenant and day
    versions.py      runs of the versions of a stage, including shadow runs
    tables/ database.py migrations/                        SQLModel tables, connection, Alembic
    blobs.py         BlobStore: recordings through fsspec
"""

from callytics.domain import JobStatus
from callytics.store.alerts import AlertNotice, AlertPage, AlertRecord, AlertStatus
from callytics.store.asynchronous import METHODS, AsyncStore, Invoke, invoke_local
from callytics.store.blobs import BlobStore
from callytics.store.call_lines import CallLine
from callytics.store.keys import SCOPES, hash_secret, tenant_name
from callytics.store.records.access import ApiKeyRecord, Grant, IssuedApiKey, IssuedSession, SignedIn
from callytics.store.records.audit import AuditFilter, AuditRecord, ReadRecord
from callytics.store.records.batches import BatchRecord
from callytics.store.records.calls import (
    DEFAULT_TENANT,
    FINISHED,
    WITH_RESULT,
    CallRecord,
    NewCall,
    Priority,
    Submission,
    new_call_id,
)
from callytics.store.records.corrections import CorrectionRecord, Corrections, Split
from callytics.store.records.findings import Findings, FindingsState
from callytics.store.records.lists import CallFilter, CallOrder, CallPage, Missing, Mood, Resolved
from callytics.store.records.usage import RequestTotals, TenantUsage, UsageDay
from callytics.store.records.work import Backlog, CallBegun, CallEnded, EventRecord, Lease, Statistics
from callytics.store.store import CallStore
from callytics.store.versions import VersionRun

__all__ = [
    "DEFAULT_TENANT",
    "FINISHED",
    "METHODS",
    "SCOPES",
    "WITH_RESULT",
    "AlertNotice",
    "AlertPage",
    "AlertRecord",
    "AlertStatus",
    "ApiKeyRecord",
    "AsyncStore",
    "AuditFilter",
    "AuditRecord",
    "Backlog",
    "BatchRecord",
    "BlobStore",
    "CallBegun",
    "CallEnded",
    "CallFilter",
    "CallLine",
    "CallOrder",
    "CallPage",
    "CallRecord",
    "CallStore",
    "CorrectionRecord",
    "Corrections",
    "EventRecord",
    "Findings",
    "FindingsState",
    "Grant",
    "Invoke",
    "IssuedApiKey",
    "IssuedSession",
    "JobStatus",
    "Lease",
    "Missing",
    "Mood",
    "NewCall",
    "Priority",
    "ReadRecord",
    "RequestTotals",
    "Resolved",
    "SignedIn",
    "Split",
    "Statistics",
    "Submission",
    "TenantUsage",
    "UsageDay",
    "VersionRun",
    "hash_secret",
    "invoke_local",
    "new_call_id",
    "tenant_name",
]
