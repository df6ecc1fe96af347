"""The store for asyncio: the same methods, wherever the store is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from callytics.domain import CallOptions, Role, StageRun
from callytics.store.marks import marks_of
from callytics.store.records import (
    DEFAULT_TENANT,
    ApiKeyRecord,
    AuditRecord,
    CallFilter,
    CallPage,
    CallRecord,
    CorrectionRecord,
    Corrections,
    EventRecord,
    IssuedApiKey,
    JobStatus,
    Lease,
    NewCall,
    RequestTotals,
    Statistics,
    Submission,
    TenantUsage,
)
from callytics.store.store import CallStore
from callytics.store.versions import VersionRun
from callytics.store.webhook_queue import LeasedDelivery
from callytics.store.webhooks import WebhookDelivery, WebhookEndpoint

Invoke = Callable[[str, tuple[Any, ...], dict[str, Any]], Awaitable[Any]]
"""Calls a method of a CallStore: name, positional and keyword arguments."""

METHODS = frozenset(name for name in vars(CallStore) if not name.startswith("_") and name != "close")
"""What may be invoked from another process."""


def marked(mark: Callable[..., Any]) -> frozenset[str]:
    """The methods of CallStore that carry a mark (marks.py)."""
    return frozenset(name for name in METHODS if mark.__name__ in marks_of(getattr(CallStore, name)))


def invoke_local(store: CallStore) -> Invoke:
    """A store in this process; it works in threads, so the event loop never waits for the disk."""

    async def invoke(method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return await asyncio.to_thread(getattr(store, method), *args, **kwargs)

    return invoke


class AsyncStore:
    """CallStore's methods as coroutines (see there), over an ``invoke`` that reaches the store."""

    def __init__(self, invoke: Invoke) -> None:
        self._invoke = invoke

    @classmethod
    def local(cls, store: CallStore) -> AsyncStore:
        return cls(invoke_local(store))

    async def _call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return await self._invoke(method, args, kwargs)

    async def create_call(self, new: NewCall) -> Submission:
        result: Submission = await self._call("create_call", new)
        return result

    async def import_call(
        self, new: NewCall, runs: Sequence[StageRun], status: JobStatus, report_json: bytes
    ) -> Submission:
        result: Submission = await self._call("import_call", new, runs, status, report_json)
        return result

    async def finished_call(
        self,
        sha256: str,
        options: CallOptions,
        metadata: Mapping[str, Any] | None = None,
        tenant: str = DEFAULT_TENANT,
    ) -> str | None:
        result: str | None = await self._call("finished_call", sha256, options, metadata, tenant)
        return result

    async def get_call(self, call_id: str, tenant: str | None = None) -> CallRecord:
        result: CallRecord = await self._call("get_call", call_id, tenant)
        return result

    async def list_calls(self, wanted: CallFilter, limit: int = 50, cursor: str | None = None) -> CallPage:
        result: CallPage = await self._call("list_calls", wanted, limit, cursor)
        return result

    async def call_ids(self) -> frozenset[str]:
        result: frozenset[str] = await self._call("call_ids")
        return result

    async def patch_metadata(
        self, call_id: str, changes: Mapping[str, Any], tenant: str | None = None, actor: str = ""
    ) -> CallRecord:
        result: CallRecord = await self._call("patch_metadata", call_id, changes, tenant, actor)
        return result

    async def set_roles(
        self, call_id: str, roles: Mapping[str, Role], tenant: str | None = None, actor: str = ""
    ) -> CallRecord:
        result: CallRecord = await self._call("set_roles", call_id, roles, tenant, actor)
        return result

    async def correct_call(
        self, call_id: str, wanted: Corrections, tenant: str | None = None, actor: str = ""
    ) -> CallRecord:
        result: CallRecord = await self._call("correct_call", call_id, wanted, tenant, actor)
        return result

    async def undo_correction(
        self, call_id: str, correction_id: str, tenant: str | None = None, actor: str = ""
    ) -> CallRecord:
        result: CallRecord = await self._call("undo_correction", call_id, correction_id, tenant, actor)
        return result

    async def list_corrections(self, call_id: str, tenant: str | None = None) -> tuple[CorrectionRecord, ...]:
        result: tuple[CorrectionRecord, ...] = await self._call("list_corrections", call_id, tenant)
        return result

    async def retry_call(self, call_id: str, tenant: str | None = None, actor: str = "") -> CallRecord:
        result: CallRecord = await self._call("retry_call", call_id, tenant, actor)
        return result

    async def reprocess_call(
        self, call_id: str, stages: Sequence[str], tenant: str | None = None, actor: str = ""
    ) -> CallRecord:
        result: CallRecord = await self._call("reprocess_call", call_id, stages, tenant, actor)
        return result

    async def cancel_call(self, call_id: str, tenant: str | None = None, actor: str = "") -> CallRecord:
        result: CallRecord = await self._call("cancel_call", call_id, tenant, actor)
        return result

    async def delete_call(self, call_id: str, actor: str = "", tenant: str | None = None) -> None:
        await self._call("delete_call", call_id, actor, tenant)

    async def get_report(self, call_id: str, tenant: str | None = None) -> bytes:
        result: bytes = await self._call("get_report", call_id, tenant)
        return result

    async def lease(self, worker: str, seconds: float, at_work: Sequence[str] = ()) -> Lease | None:
        result: Lease | None = await self._call("lease", worker, seconds, at_work)
        return result

    async def renew(self, call_id: str, token: str, seconds: float) -> bool:
        result: bool = await self._call("renew", call_id, token, seconds)
        return result

    async def release(self, call_id: str, token: str, delay_s: float = 0.0) -> None:
        await self._call("release", call_id, token, delay_s)

    async def record_stage(
        self, call_id: str, token: str, run: StageRun, key: str = "", output: Any | None = None
    ) -> None:
        await self._call("record_stage", call_id, token, run, key, output)

    async def load_stage_output(self, call_id: str, key: str) -> Any | None:
        return await self._call("load_stage_output", call_id, key)

    async def complete(self, call_id: str, token: str, status: JobStatus, report_json: bytes) -> None:
        await self._call("complete", call_id, token, status, report_json)

    async def fail(
        self, call_id: str, token: str, stage: str, code: str, message: str, transient: bool = False
    ) -> JobStatus:
        result: JobStatus = await self._call("fail", call_id, token, stage, code, message, transient)
        return result

    async def record_shadow(self, call_id: str, run: StageRun, output: Any | None = None) -> bool:
        result: bool = await self._call("record_shadow", call_id, run, output)
        return result

    async def version_runs(self, applications: Sequence[str], since_ms: int = 0) -> tuple[VersionRun, ...]:
        result: tuple[VersionRun, ...] = await self._call("version_runs", applications, since_ms)
        return result

    async def version_output(self, call_id: str, application: str) -> Any | None:
        return await self._call("version_output", call_id, application)

    async def append_event(self, call_id: str, event_type: str, data: Mapping[str, Any]) -> None:
        await self._call("append_event", call_id, event_type, data)

    async def events_after(self, call_id: str, number: int = 0, limit: int = 100) -> tuple[EventRecord, ...]:
        result: tuple[EventRecord, ...] = await self._call("events_after", call_id, number, limit)
        return result

    async def news(self, after: Mapping[str, int]) -> dict[str, tuple[JobStatus, tuple[EventRecord, ...]]]:
        result: dict[str, tuple[JobStatus, tuple[EventRecord, ...]]] = await self._call("news", dict(after))
        return result

    async def queued_calls(self, tenant: str | None = None) -> int:
        result: int = await self._call("queued_calls", tenant)
        return result

    async def statistics(self) -> Statistics:
        result: Statistics = await self._call("statistics")
        return result

    async def record_requests(self, source: str, totals: Sequence[RequestTotals]) -> None:
        await self._call("record_requests", source, totals)

    async def usage(self, tenant: str | None, first_day: str, last_day: str) -> tuple[TenantUsage, ...]:
        result: tuple[TenantUsage, ...] = await self._call("usage", tenant, first_day, last_day)
        return result

    async def create_api_key(
        self,
        name: str,
        scopes: Sequence[str],
        actor: str = "",
        tenant: str = DEFAULT_TENANT,
        expires_at_ms: int | None = None,
        limits: Mapping[str, int] | None = None,
    ) -> IssuedApiKey:
        args = (name, scopes, actor, tenant, expires_at_ms, limits)
        result: IssuedApiKey = await self._call("create_api_key", *args)
        return result

    async def list_api_keys(self, tenant: str | None = None) -> tuple[ApiKeyRecord, ...]:
        result: tuple[ApiKeyRecord, ...] = await self._call("list_api_keys", tenant)
        return result

    async def revoke_api_key(self, key_id: str, actor: str = "", tenant: str | None = None) -> ApiKeyRecord:
        result: ApiKeyRecord = await self._call("revoke_api_key", key_id, actor, tenant)
        return result

    async def authenticate(self, sha256: str) -> ApiKeyRecord | None:
        result: ApiKeyRecord | None = await self._call("authenticate", sha256)
        return result

    async def record_audit(
        self,
        actor: str,
        action: str,
        subject: str,
        detail: Mapping[str, Any] | None = None,
        tenant: str = DEFAULT_TENANT,
    ) -> None:
        await self._call("record_audit", actor, action, subject, detail, tenant)

    async def audit_events(
        self,
        tenant: str | None = None,
        before: int | None = None,
        limit: int = 100,
        subject: str | None = None,
    ) -> tuple[AuditRecord, ...]:
        result: tuple[AuditRecord, ...] = await self._call("audit_events", tenant, before, limit, subject)
        return result

    async def create_webhook(
        self, tenant: str, url: str, event_types: Sequence[str], description: str = "", actor: str = ""
    ) -> WebhookEndpoint:
        args = (tenant, url, event_types, description, actor)
        result: WebhookEndpoint = await self._call("create_webhook", *args)
        return result

    async def list_webhooks(self, tenant: str) -> tuple[WebhookEndpoint, ...]:
        result: tuple[WebhookEndpoint, ...] = await self._call("list_webhooks", tenant)
        return result

    async def change_webhook(
        self, endpoint_id: str, tenant: str, changes: Mapping[str, Any], actor: str = ""
    ) -> WebhookEndpoint:
        result: WebhookEndpoint = await self._call("change_webhook", endpoint_id, tenant, changes, actor)
        return result

    async def delete_webhook(self, endpoint_id: str, tenant: str, actor: str = "") -> None:
        await self._call("delete_webhook", endpoint_id, tenant, actor)

    async def list_deliveries(
        self, endpoint_id: str, tenant: str, limit: int = 50
    ) -> tuple[WebhookDelivery, ...]:
        result: tuple[WebhookDelivery, ...] = await self._call("list_deliveries", endpoint_id, tenant, limit)
        return result

    async def redeliver(
        self, endpoint_id: str, delivery_id: str, tenant: str, actor: str = ""
    ) -> WebhookDelivery:
        result: WebhookDelivery = await self._call("redeliver", endpoint_id, delivery_id, tenant, actor)
        return result

    async def rotate_webhook_secret(self, endpoint_id: str, tenant: str, actor: str = "") -> WebhookEndpoint:
        result: WebhookEndpoint = await self._call("rotate_webhook_secret", endpoint_id, tenant, actor)
        return result

    async def lease_deliveries(
        self, limit: int, seconds: float, share: int, at_work: Mapping[str, int]
    ) -> tuple[LeasedDelivery, ...]:
        args = (limit, seconds, share, at_work)
        result: tuple[LeasedDelivery, ...] = await self._call("lease_deliveries", *args)
        return result

    async def finish_delivery(
        self, endpoint_id: str, delivery_id: str, token: str, status_code: int | None, error: str
    ) -> None:
        await self._call("finish_delivery", endpoint_id, delivery_id, token, status_code, error)

    async def start_webhook_test(
        self, endpoint_id: str, tenant: str, seconds: float, actor: str = ""
    ) -> LeasedDelivery:
        args = (endpoint_id, tenant, seconds, actor)
        result: LeasedDelivery = await self._call("start_webhook_test", *args)
        return result

    async def finish_webhook_test(
        self, endpoint_id: str, delivery_id: str, token: str, status_code: int | None, error: str
    ) -> None:
        await self._call("finish_webhook_test", endpoint_id, delivery_id, token, status_code, error)

    async def ping(self) -> None:
        await self._call("ping")

    async def expired_calls(self, days: float | None, limit: int = 500) -> tuple[str, ...]:
        result: tuple[str, ...] = await self._call("expired_calls", days, limit)
        return result

    async def reindex_turns(self, limit: int = 200) -> int:
        result: int = await self._call("reindex_turns", limit)
        return result

    async def remove_traces(self) -> None:
        await self._call("remove_traces")
