"""Calls: one, lists of them, and what is done with one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from callytics.domain import CallOptions, JobStatus, StageRun
from callytics.errors import NotFoundError
from callytics.store import calls, codec, imports, lists
from callytics.store.marks import not_repeatable, queues_call, removes
from callytics.store.records.calls import DEFAULT_TENANT, CallRecord, NewCall, Submission
from callytics.store.records.lists import CallFilter, CallOrder, CallPage
from callytics.store.rows import apply_metadata, call_record, fetch_call, is_id
from callytics.store.tables.calls import CallRow, ReportRow
from callytics.store.transactions import Transactions


class CallMethods(Transactions):
    @not_repeatable
    @queues_call
    def create_call(self, new: NewCall) -> Submission:
        """Queue a call, or return an earlier call that it repeats (see NewCall)."""
        try:
            with self._write() as session:
                return calls.create(session, new, self._now_ms())
        except (
            IntegrityError
        ):  # another transaction wrote the same request at the same time: now it is visible
            with self._write() as session:
                return calls.create(session, new, self._now_ms())

    def import_call(
        self, new: NewCall, runs: Sequence[StageRun], status: JobStatus, report_json: bytes
    ) -> Submission:
        """Add a call that was analysed elsewhere, with its result; or return an existing one (see NewCall)."""
        try:
            with self._write() as session:
                return imports.import_call(session, new, runs, status, report_json, self._now_ms())
        except IntegrityError:  # another worker wrote the same call at the same time
            with self._write() as session:
                return imports.import_call(session, new, runs, status, report_json, self._now_ms())

    def finished_call(
        self,
        sha256: str,
        options: CallOptions,
        metadata: Mapping[str, Any] | None = None,
        tenant: str = DEFAULT_TENANT,
    ) -> str | None:
        """Id of a call with a result for this recording, these options and this metadata, or None."""
        with self._read() as session:
            return imports.finished_call(session, sha256, options, metadata or {}, tenant)

    def get_call(self, call_id: str, tenant: str | None = None) -> CallRecord:
        with self._read() as session:
            return call_record(session, fetch_call(session, call_id, tenant))

    def list_calls(
        self,
        wanted: CallFilter,
        limit: int = 50,
        cursor: str | None = None,
        order: CallOrder = CallOrder.CREATED_LAST,
        with_total: bool = False,
    ) -> CallPage:
        """A page; ``cursor`` is the ``next_cursor`` of the previous page, in the same order."""
        with self._read() as session:
            return lists.page(session, wanted, limit, cursor, order, with_total)

    def call_ids(self) -> frozenset[str]:
        with self._read() as session:
            return frozenset(session.exec(select(CallRow.id)))

    def patch_metadata(
        self, call_id: str, changes: Mapping[str, Any], tenant: str | None = None, actor: str = ""
    ) -> CallRecord:
        """Change the named fields; None clears a field."""
        with self._write() as session:
            row = fetch_call(session, call_id, tenant, lock=True)
            apply_metadata(row, changes)
            row.updated_at_ms = self._now_ms()
            return self._changed(session, row, actor, "call.metadata_changed", {"fields": sorted(changes)})

    @not_repeatable
    @queues_call
    def retry_call(self, call_id: str, tenant: str | None = None, actor: str = "") -> CallRecord:
        """Queue a FAILED, PARTIAL or CANCELLED call again; only unfinished stages run."""
        with self._write() as session:
            row = calls.retry(session, call_id, self._now_ms(), tenant)
            return self._changed(session, row, actor, "call.retried")

    @not_repeatable
    @queues_call
    def reprocess_call(
        self, call_id: str, stages: Sequence[str], tenant: str | None = None, actor: str = ""
    ) -> CallRecord:
        """Queue a finished call again and repeat these stages; the others keep their results if their engine and
        input are unchanged."""
        with self._write() as session:
            row = calls.reprocess(session, call_id, stages, self._now_ms(), tenant)
            return self._changed(session, row, actor, "call.reprocessed", {"stages": sorted(stages)})

    @not_repeatable
    @queues_call
    def cancel_call(self, call_id: str, tenant: str | None = None, actor: str = "") -> CallRecord:
        with self._write() as session:
            row = calls.cancel(session, call_id, self._now_ms(), tenant)
            return self._changed(session, row, actor, "call.cancelled")

    @removes
    def delete_call(self, call_id: str, actor: str = "", tenant: str | None = None) -> None:
        """Delete a call. The caller then removes the blobs; the sweep removes any that remain (store/blobs.py)."""
        with self._write() as session:
            calls.delete(session, call_id, actor, self._now_ms(), tenant)

    def get_report(self, call_id: str, tenant: str | None = None) -> bytes:
        """The result of a call as JSON.

        Raises:
            NotFoundError: ``result_not_found``: the call has no result (yet).
        """
        with self._read() as session:
            if tenant is not None:
                fetch_call(session, call_id, tenant)
            row = session.get(ReportRow, call_id) if is_id(call_id) else None
            if row is None:
                raise NotFoundError("result_not_found", f"Call {call_id!r} has no result.")
            return codec.unpack(row.body)
