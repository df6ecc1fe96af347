"""Arguments and results of the store: frozen standard-library dataclasses, which can cross environments.

Times are integer milliseconds since the Unix epoch (``*_ms``), except the lengths of media, which are seconds.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from callytics.domain import (
    CallOptions,
    Correction,
    Media,
    MoodDirection,
    Recording,
    Role,
    SentimentLabel,
    StageRun,
)
from callytics.domain import JobStatus as JobStatus  # for the store's users


class Priority(StrEnum):
    """The order of the calls of one tenant; it has no effect between tenants."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


FINISHED = frozenset({JobStatus.COMPLETED, JobStatus.PARTIAL, JobStatus.FAILED, JobStatus.CANCELLED})
"""A call in one of these states is not processed; only retry, reprocess or a correction queues it again."""

WITH_RESULT = frozenset({JobStatus.COMPLETED, JobStatus.PARTIAL})

DEFAULT_TENANT = "default"
"""The tenant of calls and keys without a tenant."""

METADATA_FIELDS = ("external_id", "agent_id", "queue", "direction", "started_at")
"""Metadata for filters; all other metadata are under ``custom``."""

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


def new_call_id() -> str:
    """A ULID (https://github.com/ulid/spec) in lower case: 26 characters that sort by time, 80 random bits."""
    number = (int(time.time() * 1000) << 80) | secrets.randbits(80)
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


@dataclass(frozen=True)
class NewCall:
    """A recording in the blob store that becomes a call.

    Attributes:
        idempotency_key: the caller's name for this request, already unique per API key.
        tenant: the owner of the call.
        created_by: id of the API key or user that submitted it.
        deduplicate: return an existing call of the same audio with the same options instead, unless it failed.
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
    """One call in the store; ``stages`` in the order of their start.

    ``error`` of an unfinished call is that of the previous attempt. ``available_at_ms`` is the earliest start of a
    QUEUED call; after a failed attempt it is later than the creation. ``result_at_ms`` is the time at which the result
    was stored, None without a result. A call that is analysed again keeps its earlier result until there is a new one.
    ``called_at_ms``: when it took place, or was uploaded if that is not known.
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
    called_at_ms: int = 0

    @property
    def recording(self) -> Recording:
        return Recording(self.id, self.uri, self.media.sha256)


@dataclass(frozen=True)
class Split:
    """Where a turn becomes two.

    Attributes:
        word: index of the first word of the second turn, from 1.
        speaker: who says the second; None: the same.
    """

    word: int
    speaker: str | None = None


@dataclass(frozen=True)
class Corrections:
    """The corrections of one request to the result of a call.

    Attributes:
        words: turn id and its corrected text.
        names: participant id and name; None removes the name.
        roles: participant id and role.
        speakers: turn id and the participant who said it.
        moods: turn id and its sentiment.
        splits: turn id and where its second turn begins.
        merges: turn id and that of the turn which it goes on in.
        summary: field of the summary and its value: text or None, a truth value, or tasks.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str | None] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    speakers: Mapping[str, str] = field(default_factory=dict)
    moods: Mapping[str, SentimentLabel] = field(default_factory=dict)
    splits: Mapping[str, Split] = field(default_factory=dict)
    merges: Mapping[str, str] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CorrectionRecord:
    """One correction in the history of a call. ``turn_id`` is the id of the turn at that time ("" for a name)."""

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
    detail: str = ""


@dataclass(frozen=True)
class Submission:
    """``created`` is False if an earlier call was returned: same audio, or same idempotency key."""

    call: CallRecord
    created: bool


class CallOrder(StrEnum):
    """``-``: the largest or latest first. Calls without a value come last in both directions."""

    CREATED = "created_at"
    CREATED_LAST = "-created_at"
    STARTED = "started_at"
    STARTED_LAST = "-started_at"
    CALLED = "called_at"
    CALLED_LAST = "-called_at"
    DURATION = "duration"
    DURATION_LAST = "-duration"
    AGENT = "agent"
    AGENT_LAST = "-agent"
    QUEUE = "queue"
    QUEUE_LAST = "-queue"
    TOPIC = "topic"
    TOPIC_LAST = "-topic"
    MOOD = "mood"
    MOOD_LAST = "-mood"
    QUALITY = "quality"
    QUALITY_LAST = "-quality"
    FLAGS = "flags"
    FLAGS_LAST = "-flags"


class Mood(StrEnum):
    """The mood of the customer in the last third of a call. ANY: it is known."""

    NEGATIVE = "NEGATIVE"
    NEUTRAL = "NEUTRAL"
    POSITIVE = "POSITIVE"
    ANY = "ANY"


class Resolved(StrEnum):
    """UNKNOWN: there is a result, and it does not show it."""

    YES = "YES"
    NO = "NO"
    UNKNOWN = "UNKNOWN"


class FindingsState(StrEnum):
    """CURRENT: of the last run. EARLIER: of the run before, while the call is analysed again, or after that failed or
    was cancelled. ANY: either. NONE: there is no result, or its findings are not filled in yet."""

    CURRENT = "CURRENT"
    EARLIER = "EARLIER"
    ANY = "ANY"
    NONE = "NONE"


class Missing(StrEnum):
    """What a call may lack."""

    AGENT = "agent"
    QUEUE = "queue"
    TOPIC = "topic"
    LANGUAGE = "language"


@dataclass(frozen=True)
class CallFilter:
    """All given conditions must hold. ``text`` finds calls that contain every word (or "quoted phrase").

    ``called_*`` is when the call took place, else when it was uploaded. ``agent`` is the agent of the metadata, else
    the name in the result. ``*_from`` is included, ``*_before`` is not. ``flags``: the call has all of them.
    """

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
    called_from_ms: int | None = None
    called_before_ms: int | None = None
    duration_from_s: float | None = None
    duration_before_s: float | None = None
    agent: str | None = None
    topic: str | None = None
    mood: Mood | None = None
    mood_direction: MoodDirection | None = None
    quality_from: float | None = None
    quality_before: float | None = None
    resolved: Resolved | None = None
    flags: tuple[str, ...] = ()
    findings: FindingsState | None = None
    without: tuple[Missing, ...] = ()


@dataclass(frozen=True)
class Findings:
    """What lists show of a result (store/findings.py). Moods are the customer's, from -5 to +5; ``mood_quarters`` those
    of the four quarters of the call, None where the customer says nothing."""

    state: FindingsState
    result_at_ms: int
    result_status: JobStatus
    language_code: str | None
    agent_name: str | None
    topic: str | None
    issue: str | None
    resolved: bool | None
    mood_overall: float | None
    mood_start: float | None
    mood_end: float | None
    mood_direction: MoodDirection | None
    mood_quarters: tuple[float | None, ...]
    quality: float | None
    quality_criteria: int
    flags: tuple[str, ...]
    duration_ms: int


@dataclass(frozen=True)
class TurnMatch:
    """A turn that a full-text search found."""

    turn_id: str
    participant_role: str
    begin_offset_ms: int
    content: str


@dataclass(frozen=True)
class CallPage:
    """``matches[call_id]`` are the first turns of a full-text search, ``findings[call_id]`` what its result says.
    ``total`` is the number of calls on all pages, if requested."""

    calls: tuple[CallRecord, ...]
    next_cursor: str | None
    total: int | None = None
    matches: Mapping[str, tuple[TurnMatch, ...]] = field(default_factory=dict)
    findings: Mapping[str, Findings] = field(default_factory=dict)


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
class ApiKeyRecord:
    """``limits``: the key's own limits by name, e.g. {"requests_per_minute": 600}, instead of the service's."""

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
    """``secret`` is shown once; the store keeps only its SHA-256."""

    key: ApiKeyRecord
    secret: str = field(repr=False)


@dataclass(frozen=True)
class IssuedSession:
    """A session of a browser, or a link that begins one, for ``who``; ``secret`` is shown once."""

    who: SignedIn
    expires_at_ms: int
    secret: str = field(repr=False)


@dataclass(frozen=True)
class AuditRecord:
    """An action, its actor and its object. ``actor`` is the id of an API key or user, "" for the command line."""

    number: int
    at_ms: int
    tenant: str
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class AuditFilter:
    """Which entries of the audit; None: all. ``until_ms`` itself is not included."""

    tenant: str | None = None
    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True)
class ReadRecord:
    """``actor`` listened to or read ``subject`` at that time."""

    at_ms: int
    tenant: str
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


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


@dataclass(frozen=True)
class SignedIn:
    """Whom a browser's session stands for. ``renew_at_ms``: until when the issuer's word on the rights counts; None
    where a key decides."""

    id: str
    tenant: str
    scopes: tuple[str, ...]
    limits: Mapping[str, int] = field(default_factory=dict)
    renew_at_ms: int | None = None


@dataclass(frozen=True)
class Grant:
    """What an issuer granted to a person: rights until ``renew_at_ms``. ``sealed``: what renews them, encrypted; empty
    where the issuer gave nothing, and the session ends then."""

    subject: str
    tenant: str
    scopes: tuple[str, ...]
    renew_at_ms: int
    sealed: str = field(default="", repr=False)


@dataclass(frozen=True)
class CallUsage:
    """The usage that a call adds to its tenant."""

    calls: int = 0
    uploaded_bytes: int = 0
    uploaded_audio_ms: int = 0
    analyzed_audio_ms: int = 0


@dataclass(frozen=True)
class RequestTotals:
    """The current counts of one gateway for a tenant and a day (ISO 8601, UTC)."""

    tenant: str
    day: str
    requests: int
    refused: int


@dataclass(frozen=True)
class UsageDay:
    """``refused``: number of requests that a limit rejected."""

    day: str
    requests: int
    refused: int
    calls: int
    uploaded_bytes: int
    uploaded_audio_ms: int
    analyzed_audio_ms: int


@dataclass(frozen=True)
class TenantUsage:
    """``stored_bytes``: current size of the recordings."""

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
    """Counts at the time of the request."""

    calls_by_status: Mapping[str, int]
    oldest_queued_at_ms: int | None
    audio_duration_s: float
    audio_bytes: int
    stages: tuple[StageStatistics, ...]
