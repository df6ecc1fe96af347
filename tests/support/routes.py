"""Every route of the API, and its required scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

OPEN = "open"
ANY = "any"
"""Every valid key, whatever its scopes."""
READ, WRITE, DELETE, ADMIN = "calls:read", "calls:write", "calls:delete", "admin"
METRICS, ALERTS = "metrics:read", "alerts:write"


@dataclass(frozen=True)
class Access:
    """``names``: what of a tenant the path names; ``lists``: the answer holds things of the tenant only; ``or_scope``
    opens it as well; ``operator``: only keys of the tenant default may use it."""

    scope: str
    names: str = ""
    lists: bool = False
    body: Any = None
    or_scope: str = ""
    operator: bool = False


CALL, KEY, WEBHOOK, VIEW = "call", "key", "webhook", "view"
HOOK = {"url": "https://1.1.1.1/hook"}
ALERT = {
    "status": "firing",
    "fingerprint": "1d8a0c4f6a2b3e57",
    "labels": {"alertname": "CallyticsStageDown", "severity": "page"},
    "startsAt": "2026-11-28T12:00:00Z",
}
ROUTES: dict[tuple[str, str], Access] = {
    ("GET", "/"): Access(OPEN),
    ("GET", "/console/{name:path}"): Access(OPEN),
    ("GET", "/healthz"): Access(OPEN),
    ("GET", "/readyz"): Access(OPEN),
    ("GET", "/openapi.json"): Access(OPEN),
    ("GET", "/docs"): Access(OPEN),
    ("GET", "/docs/oauth2-redirect"): Access(OPEN),
    ("GET", "/redoc"): Access(OPEN),
    ("GET", "/metrics"): Access(METRICS, or_scope=READ, operator=True),
    ("GET", "/v1/stages"): Access(READ),
    ("GET", "/v1/models"): Access(READ),
    ("GET", "/v1/models/{model_id:path}"): Access(READ),
    ("POST", "/v1/audio/transcriptions"): Access(WRITE),
    ("POST", "/v1/audio/translations"): Access(WRITE),
    ("POST", "/v1/calls"): Access(WRITE),
    ("GET", "/v1/calls"): Access(READ, lists=True),
    ("GET", "/v1/overview"): Access(READ),
    ("GET", "/v1/views"): Access(READ, lists=True),
    ("PUT", "/v1/views"): Access(READ, body={"name": "x", "query": {"queue": "x"}}),
    ("DELETE", "/v1/views/{view_id}"): Access(WRITE, VIEW),  # another's that is shared
    ("GET", "/v1/calls/export"): Access(READ, lists=True),
    ("POST", "/v1/calls/delete"): Access(DELETE, body={"call_ids": ["x"]}),
    ("GET", "/v1/calls/{call_id}"): Access(READ, CALL),
    ("PATCH", "/v1/calls/{call_id}"): Access(WRITE, CALL, body={"metadata": {"queue": "x"}}),
    ("DELETE", "/v1/calls/{call_id}"): Access(DELETE, CALL),
    ("GET", "/v1/calls/{call_id}/result"): Access(READ, CALL),
    ("GET", "/v1/calls/{call_id}/transcript"): Access(READ, CALL),
    ("GET", "/v1/calls/{call_id}/events"): Access(READ, CALL),
    ("GET", "/v1/calls/{call_id}/timeline"): Access(READ, CALL),
    ("GET", "/v1/calls/{call_id}/logs"): Access(READ, CALL),
    ("GET", "/v1/calls/{call_id}/audio"): Access(READ, CALL),
    ("HEAD", "/v1/calls/{call_id}/audio"): Access(READ, CALL),
    ("GET", "/v1/calls/{call_id}/turns/{turn_id}/audio"): Access(READ, CALL),
    ("GET", "/v1/calls/{call_id}/waveform"): Access(READ, CALL),
    ("GET", "/v1/calls/{call_id}/corrections"): Access(READ, CALL),
    ("POST", "/v1/calls/{call_id}/corrections/{correction_id}/undo"): Access(WRITE, CALL),
    ("POST", "/v1/calls/{call_id}/retry"): Access(WRITE, CALL),
    ("POST", "/v1/calls/{call_id}/reprocess"): Access(WRITE, CALL),
    ("POST", "/v1/calls/{call_id}/cancel"): Access(WRITE, CALL),
    ("GET", "/v1/api-keys"): Access(ADMIN, lists=True),
    ("POST", "/v1/api-keys"): Access(ADMIN, body={"name": "x", "scopes": [READ]}),
    ("DELETE", "/v1/api-keys/{key_id}"): Access(ADMIN, KEY),
    ("POST", "/v1/sessions"): Access(OPEN, body={"link": "cll_unknown"}),
    ("GET", "/v1/sessions"): Access(OPEN),
    ("GET", "/v1/sessions/oidc"): Access(OPEN),
    ("GET", "/v1/sessions/oidc/callback"): Access(OPEN),
    ("GET", "/v1/batches"): Access(READ, lists=True),
    ("GET", "/v1/comparisons"): Access(METRICS, operator=True),
    ("GET", "/v1/operations"): Access(READ, operator=True),
    ("GET", "/v1/sessions/current"): Access(ANY),
    ("DELETE", "/v1/sessions/current"): Access(ANY),
    ("POST", "/v1/sessions/links"): Access(ANY),
    ("GET", "/v1/alerts"): Access(READ, operator=True),
    ("POST", "/v1/alerts"): Access(ALERTS, body={"version": "4", "alerts": [ALERT]}, operator=True),
    ("GET", "/v1/audit-events"): Access(ADMIN, lists=True),
    ("GET", "/v1/usage"): Access(ADMIN),
    ("GET", "/v1/webhooks"): Access(ADMIN, lists=True),
    ("POST", "/v1/webhooks"): Access(ADMIN, body=HOOK),
    ("PATCH", "/v1/webhooks/{webhook_id}"): Access(ADMIN, WEBHOOK, body={"description": "x"}),
    ("DELETE", "/v1/webhooks/{webhook_id}"): Access(ADMIN, WEBHOOK),
    ("GET", "/v1/webhooks/{webhook_id}/deliveries"): Access(ADMIN, WEBHOOK),
    ("POST", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver"): Access(ADMIN, WEBHOOK),
    ("POST", "/v1/webhooks/{webhook_id}/rotate-secret"): Access(ADMIN, WEBHOOK),
    ("POST", "/v1/webhooks/{webhook_id}/test"): Access(ADMIN, WEBHOOK),
}
