"""Who did and read what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from callytics.store import audit
from callytics.store.marks import not_repeatable
from callytics.store.records.audit import AuditFilter, AuditRecord, ReadRecord
from callytics.store.records.calls import DEFAULT_TENANT
from callytics.store.rows import add_audit
from callytics.store.transactions import Transactions


class AuditMethods(Transactions):
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
