"""Batches of `callytics backfill`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class BatchRecord:
    """A batch of `callytics backfill`, as its job last told. ``by_status`` counts the recordings that it is done
    with; ``error``: why the job itself ended early."""

    id: str
    tenant: str
    input: str
    started_at_ms: int
    updated_at_ms: int
    ended_at_ms: int | None
    error: str
    calls: int
    by_status: Mapping[str, int]
    audio_s: float
