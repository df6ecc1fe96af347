"""Who may do what: API keys and sessions of browsers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from callytics.store.records.calls import DEFAULT_TENANT


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
