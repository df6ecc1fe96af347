"""Batches of backfill."""

from __future__ import annotations

from collections.abc import Mapping

from callytics.store import batches
from callytics.store.marks import not_repeatable
from callytics.store.records.batches import BatchRecord
from callytics.store.records.calls import DEFAULT_TENANT
from callytics.store.transactions import Transactions


class BatchMethods(Transactions):
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
