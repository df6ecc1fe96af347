"""What goes in and out of the store: frozen standard-library dataclasses, so that they cross environments.

Times are integer milliseconds since the Unix epoch (``*_ms``), except the lengths of media, which are seconds.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from callytics.domain import CallOptions, Correction, Media, Recording, Role, StageRun
from callytics.domain import JobStatus as JobStatus  # the store's users take it from here


class Priority(StrEnum):
    """In what order the calls of one tenant are worked on; among tenants everybody has the same turn."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


FINISHED = frozenset({JobStatus.COMPLETED, JobStatus.PARTIAL, JobStatus.FAILED, JobStatus.CANCELLED})
"""A call in one of these is not worked on; only retry, reprocess or a correction queues it again."""

WITH_RESULT = frozenset({JobStatus.COMPLETED, JobStatus.PARTIAL})

DEFAULT_TENANT = "default"
"""Whose calls and keys are those that name no tenant."""

METADATA_FIELDS = ("external_id", "agent_id", "queue", "direction", "started_at")
"""Metadata that can be filtered by; everything else the caller knows goes under ``custom``."""

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


def new_call_id() -> str:
    """A ULID (https://github.com/ulid/spec) in lower case: 26 characters that sort by time, 80 random bits."""
    number = (int(time.time() * 1000) << 80) | secrets.randbits(80)
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


@dataclass(frozen=True)
class NewCall:
    """A recording that lies in the blob store and shall become a call.

    Attributes:
        idempotency_key: the caller's own name of this request, already made unique per API key.
        tenant: whose call it is.
        created_by: id of the API key, or of the user, that submitted it.
        deduplicate: a call of the same audio with the same options, unless it failed, is answered instead.
        traceparent: of the span that accepted it, where traces are on (callytics/telemetry/tracing.py).
    """

    id: str
    uri: str
    size_bytes: int
    media: Media
    filename: str = ""
    options: CallOptions = field(default_factory=CallOptions)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    idempotency_key: str | None = None
    deduplicate: bool = True
    tenant: str = DEFAULT_TENANT
    created_by: str = ""
    priority: Priority = Priority.NORMAL
    traceparent: str | None = None


@dataclass(frozen=True)
class CallFailure:
    stage: str
    code: str
    message: str


@dataclass(frozen=True)
class CallRecord:
    """One call as the store knows it; ``stages`` in the order in which they started.

    ``error`` of a call that is not finished is that of the attempt before; ``available_at_ms`` is when a QUEUED call
    may be worked on, later than its creation where an attempt failed. ``result_at_ms`` is when its result was stored,
    None where it has none: a call that is analysed again, whatever becomes of it, has the one of before.
    """

    id: str
    status: JobStatus
    created_at_ms: int
    updated_at_ms: int
    completed_at_ms: int | None
    uri: str
    size_bytes: int
    filename: str
    media: Media
    options: CallOptions
    metadata: Mapping[str, Any]
    language_code: str | None
    attempts: int
    error: CallFailure | None
    stages: tuple[StageRun, ...] = ()
    tenant: str = DEFAULT_TENANT
    created_by: str = ""
    priority: Priority = Priority.NORMAL
    available_at_ms: int = 0
    result_at_ms: int | None = None

    @property
    def recording(self) -> Recording:
        return Recording(self.id, self.uri, self.media.sha256)


@dataclass(frozen=True)
class Corrections:
    """What somebody corrects at once in the result of a call.

    Attributes:
        words: turn id and what was said in it.
        names: participant id and name; None takes a name away.
        roles: participant id and role.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str | None] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)


@dataclass(frozen=True)
class CorrectionRecord:
    """One correction in the history of a call. ``turn_id`` is the number that the turn had then ("" of a name)."""

    id: str
    call_id: str
    kind: str
    turn_id: str
    participant_id: str
    begin_offset_ms: int
    end_offset_ms: int
    before: str
    after: str | None
    actor: str
    created_at_ms: int
    undone_at_ms: int | None = None
    undone_by: str | None = None


@dataclass(frozen=True)
class Submission:
    """``created`` is False where an earlier call was answered: same audio, or same idempotency key."""

    call: CallRecord
    created: bool


class CallOrder(StrEnum):
    """``-``: the latest first. Calls without a time of their own come last in both orders by it."""

    CREATED = "created_at"
    CREATED_LAST = "-created_at"
    STARTED = "started_at"
    STARTED_LAST = "-started_at"


@dataclass(frozen=True)
class CallFilter:
    """All that is given must hold. ``text`` finds calls where every word (or "quoted phrase") was said."""

    statuses: tuple[JobStatus, ...] = ()
    language_code: str | None = None
    external_id: str | None = None
    agent_id: str | None = None
    queue: str | None = None
    direction: str | None = None
    created_from_ms: int | None = None
    created_before_ms: int | None = None
    started_from_ms: int | None = None
    started_before_ms: int | None = None
    text: str | None = None
    tenant: str | None = None
    created_by: str | None = None


@dataclass(frozen=True)
class TurnMatch:
    """A turn that a full-text search found."""

    turn_id: str
    participant_role: str
    begin_offset_ms: int
    content: str


@dataclass(frozen=True)
class CallPage:
    """``matches[call_id]`` are the first turns found, when there was a full-text search. ``total``: of all pages, where
    it was asked for."""

    calls: tuple[CallRecord, ...]
    next_cursor: str | None
    total: int | None = None
    matches: Mapping[str, tuple[TurnMatch, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Lease:
    """The right of one worker to one call until ``expires_at_ms``. Every write of the worker shows ``token``.

    ``corrections``: what people corrected in it, the oldest first; nobody adds to them while the call is at work.
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
class ApiKeyRecord:
    """``limits``: numbers by name, e.g. {"requests_per_minute": 600}, where they differ from the service's."""

    id: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at_ms: int
    revoked_at_ms: int | None
    last_used_at_ms: int | None
    tenant: str = DEFAULT_TENANT
    expires_at_ms: int | None = None
    limits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class IssuedApiKey:
    """``secret`` is shown once; the store keeps its SHA-256 only."""

    key: ApiKeyRecord
    secret: str = field(repr=False)


@dataclass(frozen=True)
class AuditRecord:
    """Who did what to what. ``actor`` is the id of an API key or user, "" for the command line."""

    number: int
    at_ms: int
    tenant: str
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class CallUsage:
    """What a call adds to the usage of its tenant."""

    calls: int = 0
    uploaded_bytes: int = 0
    uploaded_audio_ms: int = 0
    analyzed_audio_ms: int = 0


@dataclass(frozen=True)
class RequestTotals:
    """What one gateway has counted of a tenant on a day (ISO 8601, UTC) by now."""

    tenant: str
    day: str
    requests: int
    refused: int


@dataclass(frozen=True)
class UsageDay:
    """``refused``: of the requests, those that a limit turned away."""

    day: str
    requests: int
    refused: int
    calls: int
    uploaded_bytes: int
    uploaded_audio_ms: int
    analyzed_audio_ms: int


@dataclass(frozen=True)
class TenantUsage:
    """``stored_bytes``: of the recordings that are there now."""

    tenant: str
    stored_bytes: int
    days: tuple[UsageDay, ...]


@dataclass(frozen=True)
class StageStatistics:
    stage: str
    status: str
    runs: int
    duration_s: float


@dataclass(frozen=True)
class Statistics:
    """Counted at the moment of asking."""

    calls_by_status: Mapping[str, int]
    oldest_queued_at_ms: int | None
    audio_duration_s: float
    audio_bytes: int
    stages: tuple[StageStatistics, ...]
