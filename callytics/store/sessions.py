"""Sessions of browsers, and links that sign a browser in once. Both stand for an API key, and end with it.

As of keys, only the SHA-256 of a secret is kept (keys.py). A session lasts SESSION_S after its last use, and
MAX_SESSION_S in all (OWASP Session Management: idle and absolute timeout).
"""

from __future__ import annotations

import secrets

from sqlmodel import Session, col, delete, select

from callytics.store import keys
from callytics.store.keys import hash_secret
from callytics.store.records import ApiKeyRecord, IssuedSession
from callytics.store.rows import add_audit, api_key_record
from callytics.store.tables import ApiKeyRow, SessionRow

SESSION_PREFIX, LINK_PREFIX = "cls_", "cll_"
SESSION_S = 12 * 3600
MAX_SESSION_S = 7 * 24 * 3600
LINK_S = 600
_USE_PRECISION_S = 60  # avoids one write per request

_BROWSER, _LINK = "browser", "link"


def begin(session: Session, key: ApiKeyRecord, now_ms: int) -> IssuedSession:
    """A session of a browser, for the owner of the key."""
    _remove_expired(session, now_ms)
    issued = _add(session, key, _BROWSER, SESSION_PREFIX, now_ms, SESSION_S)
    add_audit(session, key.id, "session.begun", key.id, {}, now_ms, key.tenant)
    return issued


def create_link(session: Session, key: ApiKeyRecord, now_ms: int) -> IssuedSession:
    """The secret of a link that begins one session of the key's owner, within LINK_S."""
    return _add(session, key, _LINK, LINK_PREFIX, now_ms, LINK_S)


def redeem_link(session: Session, sha256: str, now_ms: int) -> IssuedSession | None:
    """A session for the link, which is used up. None: it is unknown, was used, or has expired."""
    row = session.get(SessionRow, sha256, with_for_update=True)
    if row is None or row.kind != _LINK:
        return None
    key = _valid_key(session, row, now_ms)
    session.delete(row)
    return begin(session, key, now_ms) if key is not None else None


def find(session: Session, sha256: str, now_ms: int) -> tuple[SessionRow, ApiKeyRecord] | None:
    """A browser's session that lasts, with its key, which is valid."""
    row = session.get(SessionRow, sha256)
    if row is None or row.kind != _BROWSER:
        return None
    key = _valid_key(session, row, now_ms)
    return None if key is None else (row, key)


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
    key = session.get(ApiKeyRow, row.key_id)
    session.delete(row)
    if key is not None:
        add_audit(session, key.id, "session.ended", key.id, {}, now_ms, key.tenant_id)


def _prolonged_ms(row: SessionRow, now_ms: int) -> int:
    return min(now_ms + SESSION_S * 1000, row.created_at_ms + MAX_SESSION_S * 1000)


def _add(
    session: Session, key: ApiKeyRecord, kind: str, prefix: str, now_ms: int, lasts_s: int
) -> IssuedSession:
    secret = prefix + secrets.token_urlsafe(32)
    expires_at_ms = now_ms + lasts_s * 1000
    session.add(
        SessionRow(
            sha256=hash_secret(secret),
            key_id=key.id,
            kind=kind,
            created_at_ms=now_ms,
            expires_at_ms=expires_at_ms,
        )
    )
    return IssuedSession(key, expires_at_ms, secret)


def _valid_key(session: Session, row: SessionRow, now_ms: int) -> ApiKeyRecord | None:
    if row.expires_at_ms <= now_ms:
        return None
    key = session.exec(select(ApiKeyRow).where(col(ApiKeyRow.id) == row.key_id)).first()
    if key is None or not keys.is_valid(key, now_ms):
        return None
    return api_key_record(key)


def _remove_expired(session: Session, now_ms: int) -> None:
    session.exec(delete(SessionRow).where(col(SessionRow.expires_at_ms) <= now_ms))
