"""POST and GET /v1/alerts: what Alertmanager sends is stored, listed, and sent on as signed webhooks."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from callytics.api import Services, create_app
from callytics.api.alerts import MAX_ALERTS
from callytics.api.webhook_events import EVENT_MODELS
from callytics.store import AlertNotice, CallStore

pytestmark = pytest.mark.anyio

FIRING: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "CallyticsStageDown", "severity": "page", "stage": "llm-analyzer"},
    "annotations": {"summary": "llm-analyzer is down", "runbook_url": "https://example.org/runbook"},
    "startsAt": "2026-11-28T12:00:00.123456789Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://127.0.0.1:9090/graph",
    "fingerprint": "1d8a0c4f6a2b3e57",
}
RESOLVED = FIRING | {"status": "resolved", "endsAt": "2026-11-28T12:05:00+00:00"}


def body(*alerts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """As docs of Alertmanager show it, with a field that no version has yet."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="CallyticsStageDown"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "gateway",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
        "fieldOfTomorrow": {"a": 1},
        "alerts": list(alerts),
        **fields,
    }


class Reporter:
    """Alertmanager and a reader, each with a key of its own."""

    def __init__(self, services: Services, store: CallStore, tenant: str = "default") -> None:
        self._transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
        scopes = {"write": "alerts:write", "read": "calls:read", "admin": "admin"}
        self._keys = {
            role: store.create_api_key(role, [scope], "", tenant).secret for role, scope in scopes.items()
        }

    async def report(self, document: Any, role: str = "write") -> httpx.Response:
        return await self._ask(role, "POST", "/v1/alerts", json=document)

    async def listed(self, query: str = "", role: str = "read") -> httpx.Response:
        return await self._ask(role, "GET", f"/v1/alerts{query}")

    async def subscribe(self, *event_types: str) -> httpx.Response:
        fields = {"url": "https://1.1.1.1/hook", "event_types": event_types}
        return await self._ask("admin", "POST", "/v1/webhooks", json=fields)

    async def _ask(self, role: str, method: str, path: str, **arguments: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._keys[role]}"}
        async with httpx.AsyncClient(
            transport=self._transport, base_url="http://test", headers=headers
        ) as client:
            return await client.request(method, path, **arguments)


@pytest.fixture
def operator(services: Services, store: CallStore) -> Reporter:
    return Reporter(services, store)


async def test_alert_is_listed_and_resolved(operator: Reporter) -> None:
    assert (await operator.report(body(FIRING))).status_code == 204
    assert (await operator.report(body(FIRING))).status_code == 204
    (alert,) = (await operator.listed("?status=firing&severity=page")).json()["alerts"]
    assert alert["name"] == "CallyticsStageDown"
    assert alert["summary"] == "llm-analyzer is down"
    assert alert["started_at"] == "2026-11-28T12:00:00.123000Z"
    assert alert["ended_at"] is None
    assert (await operator.report(body(RESOLVED))).status_code == 204
    assert (await operator.listed("?status=firing")).json() == {"alerts": [], "next_cursor": None}
    (alert,) = (await operator.listed()).json()["alerts"]
    assert (alert["status"], alert["ended_at"]) == ("resolved", "2026-11-28T12:05:00Z")


async def test_list_is_paged(operator: Reporter) -> None:
    await operator.report(body(*(FIRING | {"fingerprint": f"f{number}"} for number in range(3))))
    first = (await operator.listed("?limit=2")).json()
    second = (await operator.listed(f"?limit=2&cursor={first['next_cursor']}")).json()
    assert (len(first["alerts"]), len(second["alerts"]), second["next_cursor"]) == (2, 1, None)
    assert (await operator.listed("?cursor=x")).json()["code"] == "cursor_invalid"


@pytest.mark.parametrize(
    "document",
    [
        body(FIRING, version="5"),
        body(FIRING | {"status": "pending"}),
        body(FIRING | {"startsAt": "yesterday"}),
        body(FIRING | {"startsAt": "2026-11-28T12:00:00"}),
        body(FIRING | {"fingerprint": "a b"}),
        body(FIRING | {"labels": {"alertname": "x" * 5000}}),
        body(FIRING | {"labels": {f"l{n}": "x" for n in range(65)}}),
        body(*[FIRING] * (MAX_ALERTS + 1)),
        {"version": "4"},
        [],
    ],
    ids=lambda document: str(document)[:20],
)
async def test_report_that_is_not_right_is_refused_whole(operator: Reporter, document: Any) -> None:
    answer = await operator.report(document)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert (await operator.listed()).json()["alerts"] == []


async def test_times_that_no_calendar_holds_are_no_crash(operator: Reporter) -> None:
    extreme = RESOLVED | {"startsAt": "0001-01-01T00:00:00+14:00", "endsAt": "9999-12-31T23:59:59-14:00"}
    assert (await operator.report(body(extreme))).status_code == 204
    (alert,) = (await operator.listed()).json()["alerts"]
    assert alert["started_at"] == "1970-01-01T00:00:00Z"


async def test_largest_report_of_alertmanager_is_taken(operator: Reporter) -> None:
    """`max_alerts` alerts with more labels than ours have."""
    labels = {f"label{number}": "x" * 100 for number in range(15)}
    alerts = [FIRING | {"fingerprint": f"f{n}", "labels": labels} for n in range(MAX_ALERTS)]
    assert (await operator.report(body(*alerts))).status_code == 204


async def test_tenant_has_no_part_in_alerts(services: Services, store: CallStore) -> None:
    tenant = Reporter(services, store, "beta")
    for answer in (
        await tenant.report(body(FIRING)),
        await tenant.report(body(FIRING), "admin"),
        await tenant.listed(),
        await tenant.subscribe("alert.fired"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "operator_only")
    assert store.list_alerts().alerts == ()


async def test_key_of_alertmanager_reads_nothing(operator: Reporter) -> None:
    assert (await operator.listed(role="write")).status_code == 403
    assert (await operator.report(body(FIRING), "read")).status_code == 403


async def test_message_is_the_one_that_the_document_describes(operator: Reporter, store: CallStore) -> None:
    assert (await operator.subscribe("alert.fired", "alert.resolved")).status_code == 201
    await operator.report(body(FIRING))
    await operator.report(body(RESOLVED))
    sent = []
    while leased := store.lease_deliveries(10, 60, 10, {}):
        (message,) = leased
        sent.append(json.loads(message.body))
        EVENT_MODELS[sent[-1]["type"]].model_validate_json(message.body)
        store.finish_delivery(message.endpoint_id, message.id, message.token, 204, "")
    assert [message["type"] for message in sent] == ["alert.fired", "alert.resolved"]
    assert sent[0]["data"]["labels"]["stage"] == "llm-analyzer"


async def test_receiving_service_is_asked_where_there_is_one(services: Services, store: CallStore) -> None:
    class Monitoring:
        seen: list[AlertNotice]

        async def record_alerts(self, notices: Any, actor: str) -> None:
            self.seen = list(notices)

    monitoring = Monitoring()
    reporter = Reporter(replace(services, alerts=monitoring), store)
    await reporter.report(body(FIRING))
    assert [notice.fingerprint for notice in monitoring.seen] == [FIRING["fingerprint"]]
    assert store.list_alerts().alerts == ()
