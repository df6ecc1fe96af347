"""Alerts go through monitoring; where it does not answer, the gateway stores them itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from callytics.errors import InvalidRequestError, UnavailableError
from callytics.store import AlertNotice, AlertStatus, AsyncStore, CallStore
from deployments import api_gateway
from deployments.monitoring import Monitoring
from tests.store.samples import fresh_database

NOTICE = AlertNotice("f1", AlertStatus.FIRING, 1_000, None, {"alertname": "CallyticsStageDown"}, {})


@pytest.fixture
def store(tmp_path: Any) -> CallStore:
    return CallStore(fresh_database(tmp_path))


def report(store: CallStore, monkeypatch: pytest.MonkeyPatch, error: Exception | None) -> list[Any]:
    asked: list[Any] = []

    async def ask(*arguments: Any, **_: Any) -> None:
        asked.append(arguments)
        if error is not None:
            raise error

    monkeypatch.setattr(api_gateway, "_ask", ask)
    asyncio.run(api_gateway.HandleAlerts(AsyncStore.local(store)).record_alerts([NOTICE], "key"))
    return asked


def test_alerts_are_handed_to_monitoring(store: CallStore, monkeypatch: pytest.MonkeyPatch) -> None:
    assert report(store, monkeypatch, None) == [("monitoring", "record_alerts", [NOTICE], "key")]
    assert store.list_alerts().alerts == ()


def test_monitoring_stores_alerts(store: CallStore) -> None:
    kind = Monitoring.func_or_class  # type: ignore[attr-defined]
    monitoring = object.__new__(kind)  # without Ray, which its start needs
    monitoring._store = AsyncStore.local(store)
    asyncio.run(monitoring.record_alerts([NOTICE], "key"))
    assert [alert.name for alert in store.list_alerts().alerts] == ["CallyticsStageDown"]


def test_alert_that_monitoring_is_down_is_stored(store: CallStore, monkeypatch: pytest.MonkeyPatch) -> None:
    report(store, monkeypatch, UnavailableError("stage_unavailable", "monitoring does not answer"))
    assert [alert.name for alert in store.list_alerts().alerts] == ["CallyticsStageDown"]


def test_other_errors_are_not_hidden(store: CallStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidRequestError):
        report(store, monkeypatch, InvalidRequestError("x", "y"))
