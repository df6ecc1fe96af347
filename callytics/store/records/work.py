"""The work on calls: leases, what became of calls, what waits, events, counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from callytics.domain import Correction, JobStatus
from callytics.store.records.calls import CallRecord, Priority


@dataclass(frozen=True)
class Lease:
    """The right of one worker to one call until ``expires_at_ms``. Every write of the worker includes ``token``.

    ``corrections``: people's corrections, oldest first; none can be added while the call is running.
    ``traceparent`` is that of NewCall. ``waiting_since_ms``: it was queued then, or the lease of a lost worker ended.
    """

    call: CallRecord
    token: str
    expires_at_ms: int
    corrections: tuple[Correction, ...] = ()
    traceparent: str | None = None
    waiting_since_ms: int = 0


@dataclass(frozen=True)
class CallBegun:
    """A call was given to a worker for the first time ever."""

    priority: Priority
    waited_s: float


@dataclass(frozen=True)
class CallEnded:
    """The job of a call is over. ``duration_s``: since its upload. ``is_first``: it had not ended before."""

    status: JobStatus
    tenant: str
    language_code: str | None
    priority: Priority
    audio_s: float
    duration_s: float
    is_first: bool


@dataclass(frozen=True)
class Backlog:
    """What waits at the moment of asking; times are None where nothing does."""

    queued: int
    in_progress: int
    oldest_queued_at_ms: int | None
    webhooks_pending: int
    oldest_webhook_at_ms: int | None


@dataclass(frozen=True)
class EventRecord:
    """``number`` grows with time over all calls and is never used again."""

    number: int
    call_id: str
    type: str
    data: Mapping[str, Any]
    at_ms: int


@dataclass(frozen=True)
class StageStatistics:
    stage: str
    status: str
    runs: int
    duration_s: float


@dataclass(frozen=True)
class Statistics:
    """Counts at the time of the request."""

    calls_by_status: Mapping[str, int]
    oldest_queued_at_ms: int | None
    audio_duration_s: float
    audio_bytes: int
    stages: tuple[StageStatistics, ...]
