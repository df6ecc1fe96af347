"""Sessions of browsers."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from callytics.store import keys, sessions
from callytics.store.marks import not_repeatable
from callytics.store.records.access import Grant, IssuedSession, SignedIn
from callytics.store.transactions import Transactions


class SessionMethods(Transactions):
    @not_repeatable
    def begin_session(self, api_key_sha256: str) -> IssuedSession | None:
        """A session for the owner of the API key; None: there is no such key."""
        now_ms = self._now_ms()
        with self._write() as session:
            key = keys.authenticate(session, api_key_sha256, now_ms)
            return sessions.begin(session, key, now_ms) if key is not None else None

    @not_repeatable
    def create_sign_in_link(self, key_id: str) -> IssuedSession:
        """The secret of a link that signs a browser in once.

        Raises:
            NotFoundError: there is no such key.
        """
        now_ms = self._now_ms()
        with self._write() as session:
            return sessions.create_link(session, keys.get(session, key_id, now_ms), now_ms)

    @not_repeatable
    def redeem_sign_in_link(self, sha256: str) -> IssuedSession | None:
        """A session for the link with this hash, which is used up; None: it opens nothing."""
        with self._write() as session:
            return sessions.redeem_link(session, sha256, self._now_ms())

    def authenticate_session(self, sha256: str) -> SignedIn | None:
        """Whom the session with this hash stands for; None: the session or its key is not valid."""
        now_ms = self._now_ms()
        with self._read() as session:
            found = sessions.find(session, sha256, now_ms)
            is_unrecorded = found is not None and sessions.is_use_unrecorded(found[0], now_ms)
        if is_unrecorded:
            with self._write() as session:
                sessions.prolong(session, sha256, now_ms)
        return found[1] if found is not None else None

    @not_repeatable
    def begin_issuer_session(self, flow_sha256: str, grant: Grant) -> IssuedSession | None:
        """A session for a person whom the issuer knows; None: this flow of signing in began one already."""
        try:
            with self._write() as session:
                return sessions.begin_granted(session, flow_sha256, grant, self._now_ms())
        except IntegrityError:
            return None

    def claim_renewal(self, sha256: str) -> str | None:
        """What renews the rights of the session, for the one caller that renews it now; None: another does, or there
        is nothing to renew."""
        with self._write() as session:
            return sessions.claim(session, sha256, self._now_ms())

    def renew_session(self, sha256: str, grant: Grant) -> SignedIn | None:
        """The session with the rights that the issuer grants now; None: it is over."""
        with self._write() as session:
            return sessions.renew(session, sha256, grant, self._now_ms())

    def release_renewal(self, sha256: str) -> None:
        """It did not succeed, for a reason that passes: the next request may try."""
        with self._write() as session:
            sessions.release(session, sha256)

    def end_session(self, sha256: str) -> None:
        with self._write() as session:
            sessions.end(session, sha256, self._now_ms())
