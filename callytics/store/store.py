"""The store of calls: every method is one transaction, safe from several threads and processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from callytics.domain import CallOptions, CorrectionKind, Role, StageRun
from callytics.errors import NotFoundError
from callytics.store import (
    alerts,
    audit,
    batches,
    call_lines,
    calls,
    changes,
    codec,
    corrections,
    events,
    findings,
    imports,
    jobs,
    keys,
    leases,
    lists,
    overview,
    retention,
    search,
    sessions,
    usage,
    versions,
    views,
    webhook_queue,
    webhooks,
)
from callytics.store.alerts import AlertNotice, AlertPage, AlertStatus
from callytics.store.call_lines import CallLine
from callytics.store.database import open_database, reading, remove_traces, unavailable_errors, writing
from callytics.store.leases import MAX_ATTEMPTS
from callytics.store.marks import not_repeatable, queues_call, removes
from callytics.store.overview import Overview
from callytics.store.records import (
    DEFAULT_TENANT,
    ApiKeyRecord,
    AuditFilter,
    AuditRecord,
    Backlog,
    BatchRecord,
    CallFilter,
    CallOrder,
    CallPage,
    CallRecord,
    CorrectionRecord,
    Corrections,
    EventRecord,
    Grant,
    IssuedApiKey,
    IssuedSession,
    JobStatus,
    Lease,
    NewCall,
    ReadRecord,
    RequestTotals,
    SignedIn,
    StageStatistics,
    Statistics,
    Submission,
    TenantUsage,
)
from callytics.store.rows import (
    add_audit,
    add_event,
    apply_metadata,
    call_record,
    event_record,
    fetch_call,
    is_id,
)
from callytics.store.tables import CallRow, EventRow, ReportRow, StageRow, TenantRow
from callytics.store.timeline import Timeline, timeline
from callytics.store.versions import ApplicationRuns, VersionRun
from callytics.store.views import ViewRecord
from callytics.store.webhook_queue import LeasedDelivery
from callytics.store.webhooks import DeliveryStatus, WebhookDelivery, WebhookEndpoint

MAX_NUMBER = (1 << 63) - 1
"""The number of an event; a caller may request the events after any number."""


class CallStore:
    """Jobs, stage results, results, metadata, search and API keys in one database.

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

    def __init__(
        self,
        url: str,
        clock: Callable[[], float] = time.time,
        max_attempts: int = MAX_ATTEMPTS,
        on_change: Callable[[changes.Change], None] | None = None,
    ) -> None:
        self._engine = open_database(url)
        self._writing_engine = writing(self._engine)
        self._reading_engine = reading(self._engine)
        self._clock = clock
        self._max_attempts = max_attempts
        self._on_change = on_change

    def close(self) -> None:
        self._engine.dispose()

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    @contextmanager
    def _read(self) -> Iterator[Session]:
        with unavailable_errors(), Session(self._reading_engine) as session:
            yield session

    @contextmanager
    def _write(self) -> Iterator[Session]:
        with unavailable_errors(), Session(self._writing_engine) as session:
            with session.begin():
                yield session
            noted = changes.noted(session)
        if self._on_change is not None:
            for change in noted:
                self._on_change(change)

    # ------------------------------------------------------------ calls

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

    def overview(self, wanted: CallFilter, day_starts_ms: Sequence[int]) -> Overview:
        """What the calls of a period have in common (overview.overview)."""
        with self._read() as session:
            return overview.overview(session, wanted, day_starts_ms)

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

    @queues_call
    def set_roles(
        self, call_id: str, roles: Mapping[str, Role], tenant: str | None = None, actor: str = ""
    ) -> CallRecord:
        """Correct the roles by hand and queue the call again (see calls.set_roles)."""
        with self._write() as session:
            row = calls.set_roles(session, call_id, roles, self._now_ms(), tenant)
            return self._changed(session, row, actor, "call.roles_corrected", {"roles": dict(roles)})

    @queues_call
    def correct_call(
        self, call_id: str, wanted: Corrections, tenant: str | None = None, actor: str = ""
    ) -> CallRecord:
        """Correct words, names, roles, turns, moods and the summary by hand and queue the call again (see
        corrections.correct). The audit names the corrected properties, not their text."""
        with self._write() as session:
            row, made = corrections.correct(session, call_id, wanted, actor, self._now_ms(), tenant)
            record = call_record(session, row)
            if made:
                detail = {
                    "corrections": [each.id for each in made],
                    "kinds": sorted({each.kind for each in made}),
                    "turns": sorted({each.turn_id for each in made if each.turn_id}),
                }
                record = self._changed(session, row, actor, "call.corrected", detail)
            if any(each.kind == CorrectionKind.ROLE for each in made):
                roles = {"roles": dict(wanted.roles)}
                record = self._changed(session, row, actor, "call.roles_corrected", roles)
            return record

    @queues_call
    def undo_correction(
        self, call_id: str, correction_id: str, tenant: str | None = None, actor: str = ""
    ) -> CallRecord:
        """Undo a correction and queue the call again (see corrections.undo)."""
        with self._write() as session:
            row = corrections.undo(session, call_id, correction_id, actor, self._now_ms(), tenant)
            return self._changed(
                session, row, actor, "call.correction_undone", {"corrections": [correction_id]}
            )

    def list_corrections(self, call_id: str, tenant: str | None = None) -> tuple[CorrectionRecord, ...]:
        """Every correction of a call, including undone ones, oldest first."""
        with self._read() as session:
            return corrections.history(session, call_id, tenant)

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

    def _changed(
        self, session: Session, row: CallRow, actor: str, action: str, detail: Mapping[str, Any] | None = None
    ) -> CallRecord:
        """The changed call, with an audit entry: both are written, or neither."""
        add_audit(session, actor, action, row.id, detail or {}, self._now_ms(), row.tenant_id)
        return call_record(session, row)

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

    # ------------------------------------------------------------ work

    def lease(self, worker: str, seconds: float, at_work: Sequence[str] = ()) -> Lease | None:
        """Lease the next call for ``seconds``; renew the lease before it expires. None: nothing to do.

        Args:
            at_work: calls that this worker already holds; they are not leased to it again.
        """
        with self._write() as session:
            return leases.lease(session, worker, seconds, self._now_ms(), self._max_attempts, at_work)

    def renew(self, call_id: str, token: str, seconds: float) -> bool:
        """False: the lease is lost, stop working on the call."""
        with self._write() as session:
            return leases.renew(session, call_id, token, seconds, self._now_ms())

    @queues_call
    def release(self, call_id: str, token: str, delay_s: float = 0.0) -> None:
        """Give a call back unfinished, e.g. at shutdown."""
        with self._write() as session:
            leases.release(session, call_id, token, delay_s, self._now_ms())

    def record_stage(
        self, call_id: str, token: str, run: StageRun, key: str = "", output: Any | None = None
    ) -> None:
        """Record the state of a stage; if COMPLETED, its output under a key of its inputs, engine and options.

        Raises:
            ConflictError: ``lease_lost``.
        """
        with self._write() as session:
            jobs.record_stage(session, call_id, token, run, key, output, self._now_ms())

    def load_stage_output(self, call_id: str, key: str) -> Any | None:
        """The output from record_stage under a key; None if the stage must run. Audio has no samples."""
        with self._read() as session:
            return jobs.load_stage_output(session, call_id, key)

    def complete(self, call_id: str, token: str, status: JobStatus, report_json: bytes) -> None:
        """Store the result (JSON of result.md) and end the job, all or nothing.

        Raises:
            ConflictError: ``lease_lost``.
        """
        with self._write() as session:
            jobs.complete(session, call_id, token, JobStatus(status), report_json, self._now_ms())

    def fail(
        self, call_id: str, token: str, stage: str, code: str, message: str, transient: bool = False
    ) -> JobStatus:
        """End the job without a new result; or, if the fault is ``transient`` and attempts remain, try again
        later.

        Returns:
            FAILED, or QUEUED for another attempt.

        Raises:
            ConflictError: ``lease_lost``.
        """
        error = (stage, code, message)
        with self._write() as session:
            return jobs.fail(session, call_id, token, error, transient, self._now_ms(), self._max_attempts)

    # ------------------------------------------------------------ versions of a stage

    def record_shadow(self, call_id: str, run: StageRun, output: Any | None = None) -> bool:
        """Store the shadow run of a version; False: the call was deleted meanwhile."""
        with self._write() as session:
            return versions.record_shadow(session, call_id, run, output, self._now_ms())

    def version_runs(self, applications: Sequence[str], since_ms: int = 0) -> tuple[VersionRun, ...]:
        """Every run of these applications that ended since then, serving or shadow, without outputs."""
        with self._read() as session:
            return versions.version_runs(session, applications, since_ms)

    def application_runs(self, since_ms: int) -> tuple[ApplicationRuns, ...]:
        """What every application of a stage did since then."""
        with self._read() as session:
            return versions.application_runs(session, since_ms)

    def version_output(self, call_id: str, application: str) -> Any | None:
        """The output of an application for a call, serving or shadow. Audio has no samples."""
        with self._read() as session:
            return versions.version_output(session, call_id, application)

    # ------------------------------------------------------------ events, numbers

    @not_repeatable
    def append_event(self, call_id: str, event_type: str, data: Mapping[str, Any]) -> None:
        with self._write() as session:
            fetch_call(session, call_id, lock=True)
            add_event(session, call_id, event_type, data, self._now_ms())

    def events_after(self, call_id: str, number: int = 0, limit: int = 100) -> tuple[EventRecord, ...]:
        """The events of a call after a number, in order; empty if the call does not exist."""
        if not is_id(call_id) or number >= MAX_NUMBER:
            return ()
        with self._read() as session:
            rows = session.exec(
                select(EventRow)
                .where(col(EventRow.call_id) == call_id, col(EventRow.number) > number)
                .order_by(col(EventRow.number))
                .limit(limit)
            )
            return tuple(event_record(row) for row in rows)

    def timeline(self, call_id: str, tenant: str | None = None) -> Timeline:
        """What happened to a call and when: waits, runs, attempts of stages, webhooks."""
        with self._read() as session:
            return timeline(session, call_id, tenant)

    @not_repeatable
    def append_call_lines(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Log lines of calls, as deployments/replica/call_lines.py makes them."""
        with self._write() as session:
            call_lines.append(session, lines)

    def lines_of_call(
        self, call_id: str, tenant: str | None = None, after: int = 0, stage: str | None = None
    ) -> tuple[CallLine, ...]:
        """What replicas logged while they worked on a call, by time; those that arrived after a number."""
        with self._read() as session:
            return call_lines.of_call(session, call_id, tenant, min(after, MAX_NUMBER), stage)

    def trim_call_lines(self, limit: int = call_lines.MAX_LINES_OF_A_TENANT) -> None:
        """The newest of each tenant are kept."""
        with self._write() as session:
            call_lines.trim(session, limit)

    def news(self, after: Mapping[str, int]) -> dict[str, tuple[JobStatus, tuple[EventRecord, ...]]]:
        """By call, its status and its events after a number, in one snapshot; calls that do not exist (any more) are
        omitted."""
        asked = {
            call_id: number for call_id, number in after.items() if is_id(call_id) and number < MAX_NUMBER
        }
        with self._read() as session:
            return events.news(session, asked)

    def queued_calls(self, tenant: str | None = None) -> int:
        """Number of waiting calls of one tenant, or of all."""
        waiting = select(func.count()).select_from(CallRow).where(col(CallRow.status) == JobStatus.QUEUED)
        if tenant is not None:
            waiting = waiting.where(col(CallRow.tenant_id) == tenant)
        with self._read() as session:
            return session.exec(waiting).one()

    def statistics(self) -> Statistics:
        with self._read() as session:
            by_status = session.exec(select(CallRow.status, func.count()).group_by(CallRow.status)).all()
            oldest = session.exec(
                select(func.min(CallRow.created_at_ms)).where(col(CallRow.status) == JobStatus.QUEUED)
            ).one()
            duration_s, size = session.exec(
                select(func.sum(CallRow.duration_s), func.sum(CallRow.size_bytes))
            ).one()
            stages = session.exec(
                select(StageRow.stage, StageRow.status, func.count(), func.sum(StageRow.duration_s)).group_by(
                    StageRow.stage, StageRow.status
                )
            ).all()
        counts = dict(by_status)
        return Statistics(
            calls_by_status={status.value: counts.get(status.value, 0) for status in JobStatus},
            oldest_queued_at_ms=oldest,
            audio_duration_s=float(duration_s or 0.0),
            audio_bytes=int(size or 0),
            stages=tuple(StageStatistics(stage, status, n, float(s)) for stage, status, n, s in stages),
        )

    def backlog(self) -> Backlog:
        """What waits; it costs as much as there is waiting, and not what is stored."""
        with self._read() as session:
            return events.backlog(session)

    # ------------------------------------------------------------ usage

    def record_requests(self, source: str, totals: Sequence[RequestTotals]) -> None:
        """Store the current counts of a gateway; ``source`` is the gateway's own name. Safe to repeat."""
        with self._write() as session:
            usage.record_requests(session, source, totals)

    def usage(self, tenant: str | None, first_day: str, last_day: str) -> tuple[TenantUsage, ...]:
        """Usage of one tenant or of all (None), between two days (ISO 8601, UTC), inclusive."""
        with self._read() as session:
            return usage.usage(session, tenant, first_day, last_day)

    # ------------------------------------------------------------ API keys

    @not_repeatable
    def create_api_key(
        self,
        name: str,
        scopes: Sequence[str],
        actor: str = "",
        tenant: str = DEFAULT_TENANT,
        expires_at_ms: int | None = None,
        limits: Mapping[str, int] | None = None,
    ) -> IssuedApiKey:
        """Scopes: calls:read, calls:write, calls:delete, admin."""
        now_ms = self._now_ms()
        with self._write() as session:
            return keys.create(session, name, scopes, actor, now_ms, tenant, expires_at_ms, limits)

    def list_api_keys(self, tenant: str | None = None) -> tuple[ApiKeyRecord, ...]:
        with self._read() as session:
            return keys.all_keys(session, tenant)

    def revoke_api_key(self, key_id: str, actor: str = "", tenant: str | None = None) -> ApiKeyRecord:
        with self._write() as session:
            return keys.revoke(session, key_id, actor, self._now_ms(), tenant)

    def authenticate(self, sha256: str) -> ApiKeyRecord | None:
        """The valid key whose secret has this SHA-256 (hex), or None."""
        now_ms = self._now_ms()
        with self._read() as session:
            key = keys.authenticate(session, sha256, now_ms)
        if key is not None and keys.is_use_unrecorded(key, now_ms):
            with self._write() as session:
                keys.record_use(session, key.id, now_ms)
        return key

    # ------------------------------------------------------------ sessions of browsers

    @not_repeatable
    def begin_session(self, api_key_sha256: str) -> IssuedSession | None:
        """A session for the owner of the API key; None: there is no such key."""
        now_ms = self._now_ms()
        with self._write() as session:
            key = keys.authenticate(session, api_key_sha256, now_ms)
            return sessions.begin(session, key, now_ms) if key is not None else None

    @not_repeatable
    def create_sign_in_link(self, key_id: str) -> IssuedSession:
        """The secret of a link that signs a browser in once.

        Raises:
            NotFoundError: there is no such key.
        """
        now_ms = self._now_ms()
        with self._write() as session:
            return sessions.create_link(session, keys.get(session, key_id, now_ms), now_ms)

    @not_repeatable
    def redeem_sign_in_link(self, sha256: str) -> IssuedSession | None:
        """A session for the link with this hash, which is used up; None: it opens nothing."""
        with self._write() as session:
            return sessions.redeem_link(session, sha256, self._now_ms())

    def authenticate_session(self, sha256: str) -> SignedIn | None:
        """Whom the session with this hash stands for; None: the session or its key is not valid."""
        now_ms = self._now_ms()
        with self._read() as session:
            found = sessions.find(session, sha256, now_ms)
            is_unrecorded = found is not None and sessions.is_use_unrecorded(found[0], now_ms)
        if is_unrecorded:
            with self._write() as session:
                sessions.prolong(session, sha256, now_ms)
        return found[1] if found is not None else None

    @not_repeatable
    def begin_issuer_session(self, flow_sha256: str, grant: Grant) -> IssuedSession | None:
        """A session for a person whom the issuer knows; None: this flow of signing in began one already."""
        try:
            with self._write() as session:
                return sessions.begin_granted(session, flow_sha256, grant, self._now_ms())
        except IntegrityError:
            return None

    def claim_renewal(self, sha256: str) -> str | None:
        """What renews the rights of the session, for the one caller that renews it now; None: another does, or there
        is nothing to renew."""
        with self._write() as session:
            return sessions.claim(session, sha256, self._now_ms())

    def renew_session(self, sha256: str, grant: Grant) -> SignedIn | None:
        """The session with the rights that the issuer grants now; None: it is over."""
        with self._write() as session:
            return sessions.renew(session, sha256, grant, self._now_ms())

    def release_renewal(self, sha256: str) -> None:
        """It did not succeed, for a reason that passes: the next request may try."""
        with self._write() as session:
            sessions.release(session, sha256)

    def end_session(self, sha256: str) -> None:
        with self._write() as session:
            sessions.end(session, sha256, self._now_ms())

    # ------------------------------------------------------------ webhooks

    @not_repeatable
    def create_webhook(
        self, tenant: str, url: str, event_types: Sequence[str], description: str = "", actor: str = ""
    ) -> WebhookEndpoint:
        """Create a webhook. Only this result contains the secret."""
        with self._write() as session:
            return webhooks.create(session, tenant, url, event_types, description, actor, self._now_ms())

    def list_webhooks(self, tenant: str) -> tuple[WebhookEndpoint, ...]:
        with self._read() as session:
            return webhooks.endpoints(session, tenant)

    def change_webhook(
        self, endpoint_id: str, tenant: str, changes: Mapping[str, Any], actor: str = ""
    ) -> WebhookEndpoint:
        """Change url, description, event_types or disabled."""
        with self._write() as session:
            return webhooks.change(session, endpoint_id, tenant, dict(changes), actor, self._now_ms())

    @removes
    def delete_webhook(self, endpoint_id: str, tenant: str, actor: str = "") -> None:
        with self._write() as session:
            webhooks.delete(session, endpoint_id, tenant, actor, self._now_ms())

    def list_deliveries(self, endpoint_id: str, tenant: str, limit: int = 50) -> tuple[WebhookDelivery, ...]:
        with self._write() as session:
            return webhooks.deliveries(session, endpoint_id, tenant, limit)

    def redeliver(self, endpoint_id: str, delivery_id: str, tenant: str, actor: str = "") -> WebhookDelivery:
        """Send a message again, now."""
        with self._write() as session:
            return webhooks.redeliver(session, endpoint_id, delivery_id, tenant, actor, self._now_ms())

    @not_repeatable
    def rotate_webhook_secret(self, endpoint_id: str, tenant: str, actor: str = "") -> WebhookEndpoint:
        """The webhook with a new secret; the previous one also signs for one day."""
        with self._write() as session:
            return webhooks.rotate_secret(session, endpoint_id, tenant, actor, self._now_ms())

    @not_repeatable
    def lease_deliveries(
        self, limit: int, seconds: float, share: int, at_work: Mapping[str, int]
    ) -> tuple[LeasedDelivery, ...]:
        """Lease due messages, to be sent within the given seconds (webhook_queue.lease)."""
        turn = (limit, share, at_work, self._now_ms())
        with self._read() as session:  # usually there is nothing to lease, and nothing to lock
            if not webhook_queue.in_turn(session, *turn):
                return ()
        with self._write() as session:
            return webhook_queue.lease(session, limit, seconds, share, at_work, self._now_ms())

    def finish_delivery(
        self, endpoint_id: str, delivery_id: str, token: str, status_code: int | None, error: str
    ) -> DeliveryStatus | None:
        """How the attempt went that was leased.

        Returns:
            What the message is now: PENDING where it will be tried again; None where the lease was over.
        """
        outcome = (endpoint_id, delivery_id, token, status_code, error)
        with self._write() as session:
            return webhook_queue.finish(session, *outcome, self._now_ms())

    @not_repeatable
    def start_webhook_test(
        self, endpoint_id: str, tenant: str, seconds: float, actor: str = ""
    ) -> LeasedDelivery:
        """A test message, which the caller sends within the given seconds."""
        with self._write() as session:
            return webhook_queue.start_test(session, endpoint_id, tenant, actor, seconds, self._now_ms())

    def finish_webhook_test(
        self, endpoint_id: str, delivery_id: str, token: str, status_code: int | None, error: str
    ) -> None:
        outcome = (endpoint_id, delivery_id, token, status_code, error)
        with self._write() as session:
            webhook_queue.finish_test(session, *outcome, self._now_ms())

    # ------------------------------------------------------------ alerts

    def record_alerts(self, notices: Sequence[AlertNotice], actor: str = "") -> int:
        """Store what Alertmanager reports, and send on what changed; returns how many did. Safe to repeat."""
        try:
            with self._write() as session:
                return alerts.record(session, notices, actor, self._now_ms())
        except IntegrityError:  # another Alertmanager reported the same alert at the same moment
            with self._write() as session:
                return alerts.record(session, notices, actor, self._now_ms())

    def list_alerts(
        self,
        status: AlertStatus | None = None,
        severity: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> AlertPage:
        """A page, newest first; ``cursor`` is the ``next_cursor`` of the page before."""
        with self._read() as session:
            return alerts.page(session, status, severity, limit, cursor)

    def delete_old_alerts(self) -> int:
        """Those that are kept no longer (alerts.KEPT_DAYS); returns how many."""
        with self._write() as session:
            return alerts.delete_old(session, self._now_ms())

    # ------------------------------------------------------------ upkeep

    def ping(self) -> None:
        """
        Raises:
            UnavailableError: the database does not answer.
        """
        with self._read() as session:
            session.exec(select(TenantRow.id).limit(1)).first()

    def expired_calls(self, days: float | None, limit: int = 500) -> tuple[str, ...]:
        """Finished calls past the retention period (store/retention.py)."""
        with self._read() as session:
            return retention.expired_calls(session, days, self._now_ms(), limit)

    def reindex_turns(self, limit: int = 200) -> int:
        """Update turns from an earlier index version. Returns the number of turns, 0 if none remain."""
        with self._write() as session:
            return search.reindex_turns(session, limit)

    def fill_findings(self, limit: int = 100) -> int:
        """Write the findings of results from before there were any. Returns the number of calls, 0 if none remain."""
        with self._write() as session:
            return findings.fill(session, limit)

    def remove_traces(self) -> None:
        """Remove traces of deleted calls from an SQLite file; the time grows with the search index."""
        with unavailable_errors():
            remove_traces(self._engine)

    # ------------------------------------------------------------ audit

    @not_repeatable
    def record_audit(
        self,
        actor: str,
        action: str,
        subject: str,
        detail: Mapping[str, Any] | None = None,
        tenant: str = DEFAULT_TENANT,
    ) -> None:
        """Add an audit entry. The store itself adds the entries for changes of calls and keys."""
        with self._write() as session:
            add_audit(session, actor, action, subject, detail or {}, self._now_ms(), tenant)

    def record_reads(self, reads: Sequence[ReadRecord]) -> None:
        """Note who listened or read, once per person, call and audit.READ_WINDOW_S. Safe to repeat."""
        with self._write() as session:
            audit.add_reads(session, reads)

    def audit_events(
        self,
        tenant: str | None = None,
        before: int | None = None,
        limit: int = 100,
        subject: str | None = None,
        wanted: AuditFilter | None = None,
    ) -> tuple[AuditRecord, ...]:
        """Audit entries with numbers below ``before``, newest first; ``wanted`` instead of tenant and subject."""
        wanted = wanted or AuditFilter(tenant=tenant, subject=subject)
        with self._read() as session:
            return audit.page(session, wanted, before, limit)

    # ------------------------------------------------------------ views

    def list_views(self, tenant: str, owner: str) -> tuple[ViewRecord, ...]:
        """Views of the list of calls: the owner's, and those that others of the tenant share."""
        with self._read() as session:
            return views.visible(session, tenant, owner)

    def save_view(
        self, tenant: str, owner: str, name: str, query: Mapping[str, str], is_shared: bool
    ) -> ViewRecord:
        """Make a view, or replace the owner's of this name (see views.save)."""

        def save() -> ViewRecord:
            with self._write() as session:
                return views.save(session, tenant, owner, name, query, is_shared, self._now_ms())

        try:
            return save()
        except IntegrityError:  # made by another request at the same moment
            return save()

    @removes
    def delete_view(self, tenant: str, view_id: str, actor: str, may_remove_shared: bool) -> None:
        """Delete a view (see views.remove)."""
        with self._write() as session:
            views.remove(session, tenant, view_id, actor, may_remove_shared, self._now_ms())

    # ------------------------------------------------------------ batches

    @not_repeatable
    def begin_batch(self, source: str, num_calls: int, tenant: str = DEFAULT_TENANT) -> str:
        """The id of a new batch of `callytics backfill`."""
        with self._write() as session:
            return batches.begin(session, tenant, source, num_calls, self._now_ms())

    def tell_batch(
        self,
        batch_id: str,
        by_status: Mapping[str, int],
        audio_s: float,
        has_ended: bool = False,
        error: str = "",
    ) -> None:
        """How far a batch is."""
        with self._write() as session:
            batches.tell(session, batch_id, by_status, audio_s, self._now_ms(), has_ended, error)

    def list_batches(self, tenant: str = DEFAULT_TENANT, limit: int = 20) -> tuple[BatchRecord, ...]:
        """The newest batches of a tenant."""
        with self._read() as session:
            return batches.newest(session, tenant, limit)
