"""Who did and read what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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
