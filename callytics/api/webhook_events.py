"""The bodies of webhooks, as the OpenAPI document shows them. The store writes them (store/webhooks.py)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from fastapi import FastAPI, Header, Response
from pydantic import BaseModel, ConfigDict, Field

from callytics.store import JobStatus
from callytics.store.webhooks import DisabledReason


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CallEventData(_Event):
    call_id: str
    job_status: JobStatus
    external_id: str | None


class CallEvent(_Event):
    """A call ended. Nothing of what was said is in it: ask for the result with a key."""

    type: Literal["call.completed", "call.partial", "call.failed", "call.cancelled"]
    timestamp: datetime
    data: CallEventData


class WebhookDisabledData(_Event):
    webhook_id: str
    reason: DisabledReason
    failing_since: datetime


class WebhookDisabledEvent(_Event):
    """Another webhook of the tenant was disabled: it answered 410, or failed for 5 days."""

    type: Literal["webhook.disabled"]
    timestamp: datetime
    data: WebhookDisabledData


class WebhookTestData(_Event):
    webhook_id: str
    message: str = Field(description="For whoever reads it")


class WebhookTestEvent(_Event):
    """Requested by `POST /v1/webhooks/{webhook_id}/test`."""

    type: Literal["webhook.test"]
    timestamp: datetime
    data: WebhookTestData


class AlertEventData(_Event):
    alert_id: str = Field(description="`id` in GET /v1/alerts")
    name: str = Field(description="Label alertname")
    severity: str = Field(description="page: act now; ticket: act in the next days")
    summary: str = Field(description="What is wrong, in one line")
    description: str = Field(description="What is wrong, with figures")
    runbook_url: str = Field(description="What the alert means, what to look at, what to do")
    labels: dict[str, str] = Field(description="What identifies the alert")
    started_at: datetime = Field(description="When the alert started")
    ended_at: datetime | None = Field(description="null while the alert is firing")


class AlertEvent(_Event):
    """An alert of the graph fired or was resolved. Only the operator's webhooks get it."""

    type: Literal["alert.fired", "alert.resolved"]
    timestamp: datetime
    data: AlertEventData


EVENT_MODELS: dict[str, type[BaseModel]] = {
    "call.completed": CallEvent,
    "call.partial": CallEvent,
    "call.failed": CallEvent,
    "call.cancelled": CallEvent,
    "webhook.disabled": WebhookDisabledEvent,
    "webhook.test": WebhookTestEvent,
    "alert.fired": AlertEvent,
    "alert.resolved": AlertEvent,
}


def declare_webhooks(app: FastAPI) -> None:
    """Write them into the document of the application."""
    for event_type, model in EVENT_MODELS.items():
        app.webhooks.add_api_route(
            event_type,
            _receiver(model),
            methods=["POST"],
            status_code=204,
            response_class=Response,
            operation_id="webhook_" + event_type.replace(".", "_"),
            summary=event_type,
            description=f"{model.__doc__} Any 2xx within 20 seconds says that it arrived.",
            tags=["webhooks"],
        )


def _receiver(model: type[BaseModel]) -> Any:
    def receive(
        body: Any,
        webhook_id: str = Header(description="The same at every attempt: what came twice is known by it"),
        webhook_timestamp: int = Header(
            description="Seconds since the epoch; refuse what is older than minutes"
        ),
        webhook_signature: str = Header(
            description="One or more signatures, apart by spaces (standardwebhooks.com)"
        ),
    ) -> None:
        """Only its signature is of use: FastAPI reads it."""

    receive.__annotations__["body"] = model
    return receive
