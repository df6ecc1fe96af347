"""Lists of calls: filters, orders, pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from callytics.domain import JobStatus, MoodDirection
from callytics.store.records.calls import CallRecord
from callytics.store.records.findings import Findings, FindingsState


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
