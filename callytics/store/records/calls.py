"""Calls: how one is added, and what the store knows of it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from callytics.domain import CallOptions, JobStatus, Media, Recording, StageRun


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
class Submission:
    """``created`` is False if an earlier call was returned: same audio, or same idempotency key."""

    call: CallRecord
    created: bool
