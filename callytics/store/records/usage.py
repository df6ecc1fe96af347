"""What tenants use."""

from __future__ import annotations

from dataclasses import dataclass


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
