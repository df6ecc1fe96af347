"""Deletes the calls whose term is over (retention.py says which), recordings and all; and old alerts (alerts.py)."""

from __future__ import annotations

import logging

from callytics.errors import NotFoundError
from callytics.store.blobs import BlobStore
from callytics.store.store import CallStore

logger = logging.getLogger(__name__)

ACTOR = "retention"
"""The actor of these deletions in the audit."""

_BATCH = 500


def apply_retention(store: CallStore, blobs: BlobStore, days: float | None) -> int:
    """Delete expired calls and return their number. May run in several processes. After a crash, the next run deletes
    the rest, and the sweep of the blobs deletes recordings without a call."""
    store.delete_old_alerts()
    deleted = 0
    while batch := store.expired_calls(days, limit=_BATCH):
        for call_id in batch:
            try:
                store.delete_call(call_id, actor=ACTOR)
            except NotFoundError:  # another process was faster
                continue
            blobs.delete_call(call_id)
            deleted += 1
    if deleted:
        store.remove_traces()
        logger.info("retention: deleted %d calls", deleted)
    return deleted
