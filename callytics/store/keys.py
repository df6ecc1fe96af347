"""API keys: 32 random bytes, of which only the SHA-256 is kept.

A slow hash (argon2) protects passwords, which people choose and which can be guessed; 256 random bits cannot.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

from sqlmodel import Session, col, select

from callytics.errors import InvalidRequestError, NotFoundError
from callytics.store.records import ApiKeyRecord, IssuedApiKey, new_call_id
from callytics.store.rows import add_audit, api_key_record
from callytics.store.tables import ApiKeyRow

SCOPES = ("calls:read", "calls:write", "calls:delete", "admin")
"""``admin`` allows everything, the keys themselves included."""

_PREFIX = "cly_"
_LAST_USED_PRECISION_MS = 60_000  # so that reading does not become one write a request


def hash_secret(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def create(session: Session, name: str, scopes: Sequence[str], actor: str, now_ms: int) -> IssuedApiKey:
    """
    Raises:
        InvalidRequestError: an unknown scope, or none at all.
    """
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise InvalidRequestError(
            "scope_unknown", f"Unknown scope {', '.join(unknown) or '(none)'}; there are {', '.join(SCOPES)}."
        )
    secret = _PREFIX + secrets.token_urlsafe(32)
    row = ApiKeyRow(
        id=new_call_id(),
        name=name,
        prefix=secret[:10],
        sha256=hash_secret(secret),
        scopes=sorted(set(scopes)),
        created_at_ms=now_ms,
    )
    session.add(row)
    add_audit(session, actor, "api_key.created", row.id, {"name": name, "scopes": row.scopes}, now_ms)
    return IssuedApiKey(api_key_record(row), secret)


def authenticate(session: Session, sha256: str) -> ApiKeyRecord | None:
    """The key with this hash, unless it was revoked."""
    row = session.exec(select(ApiKeyRow).where(col(ApiKeyRow.sha256) == sha256)).first()
    if row is None or row.revoked_at_ms is not None:
        return None
    return api_key_record(row)


def is_use_unrecorded(key: ApiKeyRecord, now_ms: int) -> bool:
    return key.last_used_at_ms is None or now_ms - key.last_used_at_ms >= _LAST_USED_PRECISION_MS


def record_use(session: Session, key_id: str, now_ms: int) -> None:
    row = session.get(ApiKeyRow, key_id)
    if row is not None:
        row.last_used_at_ms = now_ms


def all_keys(session: Session) -> tuple[ApiKeyRecord, ...]:
    return tuple(api_key_record(row) for row in session.exec(select(ApiKeyRow).order_by(col(ApiKeyRow.id))))


def revoke(session: Session, key_id: str, actor: str, now_ms: int) -> ApiKeyRecord:
    """From now on the key opens nothing. Revoking twice is no error.

    Raises:
        NotFoundError: there is no such key.
    """
    row = session.get(ApiKeyRow, key_id)
    if row is None:
        raise NotFoundError("api_key_not_found", f"There is no API key {key_id!r}.")
    if row.revoked_at_ms is None:
        row.revoked_at_ms = now_ms
        add_audit(session, actor, "api_key.revoked", key_id, {"name": row.name}, now_ms)
    return api_key_record(row)
