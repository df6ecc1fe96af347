"""/v1/alerts: Alertmanager reports alerts of the graph, with a key of the scope alerts:write; readers list them. Both
only for the operator (tenant `default`): alerts are about the graph, not about one tenant's calls."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from callytics.api.auth import AlertReporter, Principal, Reader
from callytics.api.errors import problem_responses
from callytics.api.patterns import FINGERPRINT
from callytics.api.schemas.fields import WholeNumber
from callytics.api.services import ServicesDep
from callytics.api.strict import StrictRoute
from callytics.api.views import time_of
from callytics.errors import ForbiddenError
from callytics.store import DEFAULT_TENANT, AlertNotice, AlertRecord, AlertStatus, CallStore

router = APIRouter(route_class=StrictRoute, prefix="/v1/alerts", tags=["alerts"])

MAX_ALERTS = 100
"""Per notification: `max_alerts` in observability/alertmanager.yml. More would not fit the limit on JSON values."""

_LAST_MS = 253_402_300_799_000  # the year 9999, the last one that a datetime can hold

Name = Annotated[str, Field(min_length=1, max_length=256)]
Labels = Annotated[dict[Name, Annotated[str, Field(max_length=4096)]], Field(max_length=64)]


class _Notification(BaseModel):
    """Fields that a later Alertmanager adds are ignored; those that are read must be right."""

    model_config = ConfigDict(extra="ignore")


class NotifiedAlert(_Notification):
    status: Literal["firing", "resolved"]
    fingerprint: str = Field(
        pattern=FINGERPRINT,
        description="Hash of the labels; with startsAt the identity of the alert",
        examples=["1d8a0c4f6a2b3e57"],
    )
    labels: Labels = Field(
        description="What identifies the alert: alertname, severity, and where it fires",
        examples=[{"alertname": "CallyticsStageDown", "severity": "page", "stage": "llm-analyzer"}],
    )
    annotations: Labels = Field(default={}, description="summary, description and runbook_url")
    startsAt: AwareDatetime = Field(description="When the alert started")
    endsAt: AwareDatetime | None = Field(
        default=None, description="When the alert ended; without meaning while it is firing"
    )


class AlertNotification(_Notification):
    version: Literal["4"] = Field(description="Of the format of Alertmanager's webhooks")
    alerts: list[NotifiedAlert] = Field(max_length=MAX_ALERTS, description="The alerts of one group")


class AlertView(BaseModel):
    id: str = Field(description="The same in webhooks: alert_id")
    name: str = Field(description="Label alertname", examples=["CallyticsStageDown"])
    severity: str = Field(description="page: act now; ticket: act in the next days", examples=["page"])
    status: AlertStatus
    summary: str = Field(description="What is wrong, in one line")
    description: str = Field(description="What is wrong, with figures")
    runbook_url: str = Field(description="What the alert means, what to look at, what to do")
    labels: dict[str, str] = Field(description="What identifies the alert")
    started_at: datetime = Field(description="When the alert started")
    ended_at: datetime | None = Field(description="null while the alert is firing")
    received_at: datetime = Field(description="When Alertmanager reported the alert last")


class AlertList(BaseModel):
    alerts: list[AlertView] = Field(description="The newest first")
    next_cursor: str | None = Field(description="Cursor of the next page; null on the last one")


@router.post("", status_code=204, responses=problem_responses(400, 401, 403, 422))
async def report_alerts(body: AlertNotification, services: ServicesDep, principal: AlertReporter) -> None:
    """Report alerts in the format of Alertmanager's webhooks, version 4. Repeating a report changes nothing; each
    change (an alert fires, an alert is resolved) is sent to the webhooks that asked for `alert.fired` or
    `alert.resolved`."""
    _check_operator(principal)
    notices = [_notice(alert) for alert in body.alerts]
    if services.alerts is None:
        await services.store(CallStore.record_alerts, notices, principal.id)
    else:
        await services.alerts.record_alerts(notices, principal.id)


@router.get("", response_model=AlertList, responses=problem_responses(400, 401, 403, 422))
async def list_alerts(
    services: ServicesDep,
    principal: Reader,
    status: Annotated[AlertStatus | None, Query(description="Only alerts of this status")] = None,
    severity: Annotated[
        Literal["page", "ticket"] | None, Query(description="Only alerts of this severity")
    ] = None,
    limit: Annotated[WholeNumber, Query(ge=1, le=200)] = 50,
    cursor: Annotated[
        str | None, Query(max_length=200, description="next_cursor of the previous page")
    ] = None,
) -> AlertList:
    """Alerts of the last 90 days, newest first."""
    _check_operator(principal)
    page = await services.store(CallStore.list_alerts, status, severity, limit, cursor)
    return AlertList(alerts=[_view(alert) for alert in page.alerts], next_cursor=page.next_cursor)


def _check_operator(principal: Principal) -> None:
    if principal.tenant != DEFAULT_TENANT:
        raise ForbiddenError(
            "operator_only", "Alerts are about the whole graph, and only for its operator: use a key of the "
            f"tenant {DEFAULT_TENANT}."
        )  # fmt: skip


def _notice(alert: NotifiedAlert) -> AlertNotice:
    is_resolved = alert.status == "resolved"
    return AlertNotice(
        fingerprint=alert.fingerprint,
        status=AlertStatus(alert.status),
        started_at_ms=_milliseconds(alert.startsAt),
        # While an alert is firing Alertmanager sends the year 1.
        ended_at_ms=_milliseconds(alert.endsAt) if is_resolved and alert.endsAt is not None else None,
        labels=alert.labels,
        annotations=alert.annotations,
    )


def _milliseconds(moment: datetime) -> int:
    return min(max(int(moment.timestamp() * 1000), 0), _LAST_MS)


def _view(alert: AlertRecord) -> AlertView:
    return AlertView(
        id=alert.id,
        name=alert.name,
        severity=alert.severity,
        status=alert.status,
        summary=alert.annotations.get("summary", ""),
        description=alert.annotations.get("description", ""),
        runbook_url=alert.annotations.get("runbook_url", ""),
        labels=dict(alert.labels),
        started_at=time_of(alert.started_at_ms),
        ended_at=time_of(alert.ended_at_ms) if alert.ended_at_ms is not None else None,
        received_at=time_of(alert.received_at_ms),
    )
