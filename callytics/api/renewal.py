"""Sessions of people whom an issuer knows: what it granted counts for a few minutes, then it is asked again.

So a right that is withdrawn at the issuer ends here within RENEW_AFTER_S, whether the browser is used or not. One
request renews, others of the session wait for it: an issuer that rotates refresh tokens takes each one once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace

from callytics.api.oidc_sign_in import Granted, IssuerClient, Seal
from callytics.errors import CallyticsError, UnauthorizedError, UnavailableError
from callytics.store import AsyncStore, CallStore, Grant, SignedIn, hash_secret

logger = logging.getLogger(__name__)

WAIT_FOR_OTHERS_S = 10.0
LOOK_AGAIN_S = 0.25


def sealed_grant(granted: Granted, cookie: str) -> Grant:
    """For the session with this cookie; without a refresh token, it ends when the rights must be asked for again."""
    sealed = Seal(cookie).close(granted.refresh_token) if granted.refresh_token else ""
    return replace(granted.grant, sealed=sealed)


class Renewals:
    def __init__(self, store: AsyncStore, issuer: IssuerClient) -> None:
        self._store = store
        self._issuer = issuer
        self._running: dict[str, asyncio.Task[SignedIn]] = {}

    async def current(self, who: SignedIn, cookie: str) -> SignedIn:
        """With rights that the issuer confirmed lately.

        Raises:
            UnauthorizedError: ``session_invalid``: the issuer does not grant them any more.
            UnavailableError: ``issuer_unavailable``, ``session_renewing``.
        """
        if who.renew_at_ms is None or who.renew_at_ms > time.time() * 1000:
            return who
        sha256 = hash_secret(cookie)
        task = self._running.get(sha256)
        if task is None:
            task = asyncio.create_task(self._renew(sha256, cookie, who))
            self._running[sha256] = task
            task.add_done_callback(lambda _: self._running.pop(sha256, None))
        return await asyncio.shield(task)  # one request that is given up does not end it for the others

    async def _renew(self, sha256: str, cookie: str, who: SignedIn) -> SignedIn:
        sealed = await self._store(CallStore.claim_renewal, sha256)
        if sealed is None:
            return await self._renewed_elsewhere(sha256)
        try:
            granted = await self._issuer.renew(Seal(cookie).open(sealed), who.id.removeprefix("oidc:"))
        except UnavailableError:
            await self._store(CallStore.release_renewal, sha256)
            raise
        except CallyticsError as error:
            logger.warning("the session of %s ended: %s", who.id, error.code)
            await self._store(CallStore.end_session, sha256)
            raise _ended() from None
        renewed = await self._store(CallStore.renew_session, sha256, sealed_grant(granted, cookie))
        if renewed is None:
            raise _ended()
        return renewed

    async def _renewed_elsewhere(self, sha256: str) -> SignedIn:
        """By another replica of the gateway."""
        deadline = time.monotonic() + WAIT_FOR_OTHERS_S
        while time.monotonic() < deadline:
            found = await self._store(CallStore.authenticate_session, sha256)
            if found is None:
                raise _ended()
            if found.renew_at_ms is None or found.renew_at_ms > time.time() * 1000:
                return found
            await asyncio.sleep(LOOK_AGAIN_S)
        raise UnavailableError(
            "session_renewing", "The rights of this session are being asked for; try again."
        )


def _ended() -> UnauthorizedError:
    return UnauthorizedError("session_invalid", "This session has ended. Sign in again.")
