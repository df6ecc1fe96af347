"""API keys: 32 random bytes; only their SHA-256 is kept.

A slow hash (argon2) protects passwords, which people choose and which can be guessed. 256 random bits cannot.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence

from sqlmodel import Session, col, select

from callytics.errors import InvalidRequestError, NotFoundError
from callytics.store import views
from callytics.store.leases import ensure_tenant
from callytics.store.records.access import ApiKeyRecord, IssuedApiKey
from callytics.store.records.calls import DEFAULT_TENANT, new_call_id
from callytics.store.rows import add_audit, api_key_record, is_id
from callytics.store.tables.access import ApiKeyRow

SCOPES = ("calls:read", "calls:write", "calls:delete", "metrics:read", "alerts:write", "admin")
"""``admin`` allows everything, the keys themselves included; ``metrics:read`` is for a scraper: numbers, no call;
``alerts:write`` is for Alertmanager: it reports alerts and reads nothing."""

KEY_PREFIX = "cly_"
_LAST_USED_PRECISION_MS = 60_000  # avoids one write per read request


def hash_secret(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def tenant_name(tenant: str) -> str:
    """The name, if it is valid.

    Raises:
        InvalidRequestError: ``tenant_invalid``.
    """
    if not _TENANT.fullmatch(tenant):
        raise InvalidRequestError(
            "tenant_invalid",
            "A tenant is named by 1 to 64 of a-z, 0-9, '-' and '_', beginning with a letter or digit.",
        )
    return tenant


def create(
    session: Session,
    name: str,
    scopes: Sequence[str],
    actor: str,
    now_ms: int,
    tenant: str = DEFAULT_TENANT,
    expires_at_ms: int | None = None,
    limits: Mapping[str, int] | None = None,
) -> IssuedApiKey:
    """
    Raises:
        InvalidRequestError: no scope or an unknown one; an invalid tenant name; an expiry in the past.
    """
    tenant_name(tenant)
    if expires_at_ms is not None and expires_at_ms <= now_ms:
        raise InvalidRequestError("expiry_in_the_past", "The key would have expired already.")
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise InvalidRequestError(
            "scope_unknown", f"Unknown scope {', '.join(unknown) or '(none)'}; there are {', '.join(SCOPES)}."
        )
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    row = ApiKeyRow(
        id=new_call_id(),
        name=name,
        prefix=secret[:10],
        sha256=hash_secret(secret),
        scopes=sorted(set(scopes)),
        created_at_ms=now_ms,
        tenant_id=tenant,
        expires_at_ms=expires_at_ms,
        limits=dict(limits or {}),
    )
    session.add(row)
    ensure_tenant(session, tenant, now_ms)
    detail = {"name": name, "scopes": row.scopes, "tenant": tenant}
    add_audit(session, actor, "api_key.created", row.id, detail, now_ms, tenant)
    return IssuedApiKey(api_key_record(row), secret)


def authenticate(session: Session, sha256: str, now_ms: int) -> ApiKeyRecord | None:
    """The key with this hash, unless it was revoked or has expired."""
    row = session.exec(select(ApiKeyRow).where(col(ApiKeyRow.sha256) == sha256)).first()
    return api_key_record(row) if row is not None and is_valid(row, now_ms) else None


def is_valid(row: ApiKeyRow, now_ms: int) -> bool:
    """Neither revoked nor expired."""
    return row.revoked_at_ms is None and (row.expires_at_ms is None or row.expires_at_ms > now_ms)


def get(session: Session, key_id: str, now_ms: int) -> ApiKeyRecord:
    """The valid key with this id.

    Raises:
        NotFoundError: there is no such key.
    """
    row = session.get(ApiKeyRow, key_id) if is_id(key_id) else None
    if row is None or not is_valid(row, now_ms):
        raise NotFoundError("api_key_not_found", f"There is no API key {key_id!r}.")
    return api_key_record(row)


def is_use_unrecorded(key: ApiKeyRecord, now_ms: int) -> bool:
    return key.last_used_at_ms is None or now_ms - key.last_used_at_ms >= _LAST_USED_PRECISION_MS


def record_use(session: Session, key_id: str, now_ms: int) -> None:
    row = session.get(ApiKeyRow, key_id)
    if row is not None:
        row.last_used_at_ms = now_ms


def all_keys(session: Session, tenant: str | None) -> tuple[ApiKeyRecord, ...]:
    statement = select(ApiKeyRow).order_by(col(ApiKeyRow.id))
    if tenant is not None:
        statement = statement.where(col(ApiKeyRow.tenant_id) == tenant)
    return tuple(api_key_record(row) for row in session.exec(statement))


def revoke(session: Session, key_id: str, actor: str, now_ms: int, tenant: str | None) -> ApiKeyRecord:
    """Invalidate the key. Revoking twice is not an error.

    Raises:
        NotFoundError: there is no such key.
    """
    row = session.get(ApiKeyRow, key_id, with_for_update=True) if is_id(key_id) else None
    if row is None or (tenant is not None and row.tenant_id != tenant):
        raise NotFoundError("api_key_not_found", f"There is no API key {key_id!r}.")
    if row.revoked_at_ms is None:
        row.revoked_at_ms = now_ms
        views.forget(session, row.tenant_id, row.id)
        add_audit(session, actor, "api_key.revoked", key_id, {"name": row.name}, now_ms, row.tenant_id)
    return api_key_record(row)
