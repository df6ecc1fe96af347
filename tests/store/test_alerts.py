"""Alerts are stored once, however often they are reported; each change is told once."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session

from callytics.errors import InvalidRequestError
from callytics.store import AlertNotice, AlertStatus, BlobStore, CallStore
from callytics.store.alerts import KEPT_DAYS
from callytics.store.expiry import apply_retention
from callytics.store.tables.webhooks import WebhookDeliveryRow
from callytics.store.webhooks import KEPT_WITHOUT_CALL
from tests.support.clocks import Clock

DAY_S = 24 * 3600.0
EVENTS = ("alert.fired", "alert.resolved")


def notice(
    status: str = "firing", fingerprint: str = "f1", started_at_ms: int = 1_000, **labels: str
) -> AlertNotice:
    named: Mapping[str, str] = {"alertname": "CallyticsStageDown", "severity": "page", **labels}
    ended_at_ms = started_at_ms + 500 if status == "resolved" else None
    annotations = {"summary": "llm-analyzer is down"}
    return AlertNotice(fingerprint, AlertStatus(status), started_at_ms, ended_at_ms, named, annotations)


def messages(store: CallStore) -> list[dict[str, Any]]:
    with Session(store._engine) as session:
        rows = session.execute(select(WebhookDeliveryRow).order_by(WebhookDeliveryRow.id)).scalars()
        return [json.loads(row.body) for row in rows]


def test_repeated_notification_changes_nothing(store: CallStore) -> None:
    store.create_webhook("default", "https://ops.example.org/", EVENTS)
    assert store.record_alerts([notice()], "key") == 1
    assert store.record_alerts([notice()], "key") == 0
    (alert,) = store.list_alerts().alerts
    assert (alert.name, alert.severity, alert.status) == ("CallyticsStageDown", "page", AlertStatus.FIRING)
    assert [message["type"] for message in messages(store)] == ["alert.fired"]
    assert [event.action for event in store.audit_events("default")][:1] == ["alert.fired"]


def test_resolved_alert_is_the_same_alert_and_is_told(store: CallStore) -> None:
    store.create_webhook("default", "https://ops.example.org/", EVENTS)
    store.record_alerts([notice()])
    assert store.record_alerts([notice("resolved")]) == 1
    assert store.record_alerts([notice("resolved")]) == 0
    (alert,) = store.list_alerts().alerts
    assert (alert.status, alert.ended_at_ms) == (AlertStatus.RESOLVED, 1_500)
    fired, resolved = messages(store)
    assert (fired["type"], resolved["type"]) == EVENTS
    assert fired["data"]["alert_id"] == resolved["data"]["alert_id"] == alert.id
    assert fired["data"]["ended_at"] is None
    assert resolved["data"]["ended_at"] == "1970-01-01T00:00:01.500000+00:00"


def test_resolved_alert_that_is_reported_again_fires_again(store: CallStore) -> None:
    for status in ("firing", "resolved", "firing"):
        assert store.record_alerts([notice(status)]) == 1
    (alert,) = store.list_alerts().alerts
    assert (alert.status, alert.ended_at_ms) == (AlertStatus.FIRING, None)


def test_alert_that_starts_again_is_another_one(store: CallStore) -> None:
    store.record_alerts([notice(), notice(started_at_ms=2_000), notice(fingerprint="f2")])
    assert len(store.list_alerts().alerts) == 3


def test_one_notification_may_hold_both_ends_of_an_alert(store: CallStore) -> None:
    store.record_alerts([notice(), notice("resolved")])
    (alert,) = store.list_alerts().alerts
    assert alert.status is AlertStatus.RESOLVED


def test_only_endpoints_that_asked_are_told(store: CallStore) -> None:
    store.create_webhook("default", "https://a.example.org/", ["alert.resolved"])
    store.create_webhook("default", "https://b.example.org/", ["call.completed"])
    store.create_webhook("beta", "https://c.example.org/", EVENTS)
    disabled = store.create_webhook("default", "https://d.example.org/", EVENTS)
    store.change_webhook(disabled.id, "default", {"disabled": True})
    store.record_alerts([notice()])
    assert messages(store) == []
    store.record_alerts([notice("resolved")])
    assert [message["type"] for message in messages(store)] == ["alert.resolved"]


def test_messages_go_with_the_transaction_of_the_alert(
    store: CallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The audit is written last: without it neither the alert nor its message is there."""
    store.create_webhook("default", "https://ops.example.org/", EVENTS)

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("callytics.store.alerts.add_audit", fail)
    with pytest.raises(RuntimeError):
        store.record_alerts([notice()])
    assert store.list_alerts().alerts == ()
    assert messages(store) == []


def test_storm_of_alerts_keeps_every_message_and_those_about_the_endpoint(store: CallStore) -> None:
    endpoint = store.create_webhook("default", "https://ops.example.org/", EVENTS)
    store.start_webhook_test(endpoint.id, "default", 60)
    many = KEPT_WITHOUT_CALL + 10
    store.record_alerts([notice(fingerprint=f"f{number}") for number in range(many)])
    types = [message["type"] for message in messages(store)]
    assert types.count("alert.fired") == many
    assert types.count("webhook.test") == 1


def test_same_alert_reported_twice_at_once_is_stored_once(store: CallStore) -> None:
    changed: list[int] = []
    threads = [
        threading.Thread(target=lambda: changed.append(store.record_alerts([notice()]))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(changed) == [0, 0, 0, 1]
    assert len(store.list_alerts().alerts) == 1


def test_list_is_filtered_and_paged_newest_first(store: CallStore) -> None:
    for number in range(3):
        store.record_alerts([notice(fingerprint=f"f{number}")])
    store.record_alerts([notice("resolved", "f1"), notice(fingerprint="t", severity="ticket")])
    first = store.list_alerts(AlertStatus.FIRING, "page", limit=1)
    assert first.next_cursor
    second = store.list_alerts(AlertStatus.FIRING, "page", limit=1, cursor=first.next_cursor)
    assert second.next_cursor is None
    assert first.alerts[0].id > second.alerts[0].id
    assert [alert.severity for alert in store.list_alerts(severity="ticket").alerts] == ["ticket"]
    assert len(store.list_alerts(AlertStatus.RESOLVED).alerts) == 1
    with pytest.raises(InvalidRequestError):
        store.list_alerts(cursor="nonsense")


def test_old_alerts_go_with_the_retention_and_recent_ones_stay(
    store: CallStore, clock: Clock, tmp_path: Any
) -> None:
    store.record_alerts([notice(fingerprint="old"), notice(fingerprint="lasting")])
    clock.now_s += (KEPT_DAYS - 1) * DAY_S
    store.record_alerts([notice(fingerprint="lasting")])
    clock.now_s += 2 * DAY_S
    apply_retention(store, BlobStore(str(tmp_path / "blobs")), None)
    assert len(store.list_alerts().alerts) == 1
