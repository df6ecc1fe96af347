"""API keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from callytics.store import keys
from callytics.store.marks import not_repeatable
from callytics.store.records.access import ApiKeyRecord, IssuedApiKey
from callytics.store.records.calls import DEFAULT_TENANT
from callytics.store.transactions import Transactions


class KeyMethods(Transactions):
    @not_repeatable
    def create_api_key(
        self,
        name: str,
        scopes: Sequence[str],
        actor: str = "",
        tenant: str = DEFAULT_TENANT,
        expires_at_ms: int | None = None,
        limits: Mapping[str, int] | None = None,
    ) -> IssuedApiKey:
        """Scopes: calls:read, calls:write, calls:delete, admin."""
        now_ms = self._now_ms()
        with self._write() as session:
            return keys.create(session, name, scopes, actor, now_ms, tenant, expires_at_ms, limits)

    def list_api_keys(self, tenant: str | None = None) -> tuple[ApiKeyRecord, ...]:
        with self._read() as session:
            return keys.all_keys(session, tenant)

    def revoke_api_key(self, key_id: str, actor: str = "", tenant: str | None = None) -> ApiKeyRecord:
        with self._write() as session:
            return keys.revoke(session, key_id, actor, self._now_ms(), tenant)

    def authenticate(self, sha256: str) -> ApiKeyRecord | None:
        """The valid key whose secret has this SHA-256 (hex), or None."""
        now_ms = self._now_ms()
        with self._read() as session:
            key = keys.authenticate(session, sha256, now_ms)
        if key is not None and keys.is_use_unrecorded(key, now_ms):
            with self._write() as session:
                keys.record_use(session, key.id, now_ms)
        return key
