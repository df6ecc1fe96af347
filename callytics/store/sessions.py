"""Sessions of browsers, and links that sign a browser in once. Both stand for an API key, and end with it; or for a
person whom an issuer knows, whose rights count until ``renew_at_ms`` and are then asked for again (api/renewal.py).

As of keys, only the SHA-256 of a secret is kept (keys.py). A session lasts SESSION_S after its last use, and
MAX_SESSION_S in all (OWASP Session Management: idle and absolute timeout).
"""

from __future__ import annotations

import secrets
from dataclasses import replace

from sqlmodel import Session, col, delete, select

from callytics.store import keys
from callytics.store.keys import hash_secret, tenant_name
from callytics.store.leases import ensure_tenant
from callytics.store.records.access import ApiKeyRecord, Grant, IssuedSession, SignedIn
from callytics.store.rows import add_audit, api_key_record
from callytics.store.tables.access import ApiKeyRow, SessionRow

SESSION_PREFIX, LINK_PREFIX = "cls_", "cll_"
SESSION_S = 12 * 3600
MAX_SESSION_S = 7 * 24 * 3600
LINK_S = 600
_USE_PRECISION_S = 60  # avoids one write per request

CLAIM_S = 30
"""Longer than an issuer has to renew a session: after it, another replica may try."""

_BROWSER, _LINK, _FLOW = "browser", "link", "flow"


def begin(session: Session, key: ApiKeyRecord, now_ms: int) -> IssuedSession:
    """A session of a browser, for the owner of the key."""
    _remove_expired(session, now_ms)
    issued = _add(session, _of_key(key), _BROWSER, SESSION_PREFIX, now_ms, SESSION_S)
    add_audit(session, key.id, "session.begun", key.id, {}, now_ms, key.tenant)
    return issued


def begin_granted(session: Session, flow_sha256: str, grant: Grant, now_ms: int) -> IssuedSession:
    """A session for whom the issuer knows. The flow that led here is kept a while, so that it leads here once."""
    tenant_name(grant.tenant)
    _remove_expired(session, now_ms)
    ensure_tenant(session, grant.tenant, now_ms)
    session.add(
        SessionRow(
            sha256=flow_sha256,
            key_id="",
            kind=_FLOW,
            created_at_ms=now_ms,
            expires_at_ms=now_ms + LINK_S * 1000,
        )
    )
    session.flush()
    who = SignedIn(_actor(grant.subject), grant.tenant, grant.scopes, renew_at_ms=grant.renew_at_ms)
    issued = _add(session, who, _BROWSER, SESSION_PREFIX, now_ms, SESSION_S)
    row = session.get_one(SessionRow, hash_secret(issued.secret))
    row.subject = grant.subject
    _write_grant(row, grant)
    add_audit(session, who.id, "session.begun", who.id, {}, now_ms, grant.tenant)
    return replace(issued, expires_at_ms=row.expires_at_ms)


def claim(session: Session, sha256: str, now_ms: int) -> str | None:
    """What renews the rights of a session, for one caller within CLAIM_S."""
    row = session.get(SessionRow, sha256, with_for_update=True)
    is_over = row is None or row.expires_at_ms <= now_ms or not row.sealed
    if (
        row is None
        or is_over
        or row.renew_at_ms > now_ms + CLAIM_S * 1000
        or row.claimed_at_ms > now_ms - CLAIM_S * 1000
    ):
        return None
    row.claimed_at_ms = now_ms
    return row.sealed


def renew(session: Session, sha256: str, grant: Grant, now_ms: int) -> SignedIn | None:
    row = session.get(SessionRow, sha256, with_for_update=True)
    if row is None or row.expires_at_ms <= now_ms or row.subject != grant.subject:
        return None
    if (row.tenant_id, row.scopes) != (grant.tenant, sorted(grant.scopes)):
        detail = {"scopes": sorted(grant.scopes)}
        add_audit(
            session,
            _actor(row.subject),
            "session.rights_changed",
            _actor(row.subject),
            detail,
            now_ms,
            grant.tenant,
        )
    _write_grant(row, grant)
    return _signed_in(session, row, now_ms)


def release(session: Session, sha256: str) -> None:
    row = session.get(SessionRow, sha256, with_for_update=True)
    if row is not None:
        row.claimed_at_ms = 0


def _write_grant(row: SessionRow, grant: Grant) -> None:
    row.tenant_id, row.scopes = grant.tenant, sorted(grant.scopes)
    row.renew_at_ms, row.claimed_at_ms = grant.renew_at_ms, 0
    row.sealed = grant.sealed
    if not grant.sealed:  # no one can say later whether the rights are still there
        row.expires_at_ms = min(row.expires_at_ms, grant.renew_at_ms)


def create_link(session: Session, key: ApiKeyRecord, now_ms: int) -> IssuedSession:
    """The secret of a link that begins one session of the key's owner, within LINK_S."""
    return _add(session, _of_key(key), _LINK, LINK_PREFIX, now_ms, LINK_S)


def redeem_link(session: Session, sha256: str, now_ms: int) -> IssuedSession | None:
    """A session for the link, which is used up. None: it is unknown, was used, or has expired."""
    row = session.get(SessionRow, sha256, with_for_update=True)
    if row is None or row.kind != _LINK:
        return None
    key = _valid_key(session, row, now_ms)
    session.delete(row)
    return begin(session, key, now_ms) if key is not None else None


def find(session: Session, sha256: str, now_ms: int) -> tuple[SessionRow, SignedIn] | None:
    """A browser's session that lasts, and whom it stands for; a key is valid."""
    row = session.get(SessionRow, sha256)
    if row is None or row.kind != _BROWSER:
        return None
    who = _signed_in(session, row, now_ms)
    return None if who is None else (row, who)


def is_use_unrecorded(row: SessionRow, now_ms: int) -> bool:
    return _prolonged_ms(row, now_ms) - row.expires_at_ms >= _USE_PRECISION_S * 1000


def prolong(session: Session, sha256: str, now_ms: int) -> None:
    row = session.get(SessionRow, sha256, with_for_update=True)
    if row is not None:
        row.expires_at_ms = _prolonged_ms(row, now_ms)


def end(session: Session, sha256: str, now_ms: int) -> None:
    row = session.get(SessionRow, sha256)
    if row is None or row.kind != _BROWSER:
        return
    session.delete(row)
    key = session.get(ApiKeyRow, row.key_id) if row.key_id else None
    if key is not None or row.subject:
        actor, tenant = (_actor(row.subject), row.tenant_id) if key is None else (key.id, key.tenant_id)
        add_audit(session, actor, "session.ended", actor, {}, now_ms, tenant)


def _prolonged_ms(row: SessionRow, now_ms: int) -> int:
    if row.subject and not row.sealed:
        return row.expires_at_ms
    return min(now_ms + SESSION_S * 1000, row.created_at_ms + MAX_SESSION_S * 1000)


def _add(session: Session, who: SignedIn, kind: str, prefix: str, now_ms: int, lasts_s: int) -> IssuedSession:
    secret = prefix + secrets.token_urlsafe(32)
    expires_at_ms = now_ms + lasts_s * 1000
    session.add(
        SessionRow(
            sha256=hash_secret(secret),
            key_id=who.id if who.renew_at_ms is None else "",
            kind=kind,
            created_at_ms=now_ms,
            expires_at_ms=expires_at_ms,
        )
    )
    return IssuedSession(who, expires_at_ms, secret)


def _actor(subject: str) -> str:
    """As of a bearer token of the same person (api/auth.py)."""
    return f"oidc:{subject}"


def _of_key(key: ApiKeyRecord) -> SignedIn:
    return SignedIn(key.id, key.tenant, key.scopes, key.limits)


def _signed_in(session: Session, row: SessionRow, now_ms: int) -> SignedIn | None:
    if row.expires_at_ms <= now_ms:
        return None
    if row.subject:
        return SignedIn(_actor(row.subject), row.tenant_id, tuple(row.scopes), renew_at_ms=row.renew_at_ms)
    key = _valid_key(session, row, now_ms)
    return _of_key(key) if key is not None else None


def _valid_key(session: Session, row: SessionRow, now_ms: int) -> ApiKeyRecord | None:
    if row.expires_at_ms <= now_ms:
        return None
    key = session.exec(select(ApiKeyRow).where(col(ApiKeyRow.id) == row.key_id)).first()
    if key is None or not keys.is_valid(key, now_ms):
        return None
    return api_key_record(key)


def _remove_expired(session: Session, now_ms: int) -> None:
    session.exec(delete(SessionRow).where(col(SessionRow.expires_at_ms) <= now_ms))
