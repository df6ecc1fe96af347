"""/v1/webhooks, for keys with the scope admin: where to tell what happened to calls (webhook_delivery.py sends)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from callytics.api.auth import Admin, Principal
from callytics.api.errors import problem_responses
from callytics.api.outbound import Reach
from callytics.api.patterns import WEB
from callytics.api.schemas.fields import ShortText, StrictBody, WholeNumber
from callytics.api.services import Services, ServicesDep
from callytics.api.strict import StrictRoute
from callytics.api.views import time_of
from callytics.api.webhook_delivery import LEASE_S, TEST_TIMEOUT_S, attempt
from callytics.errors import ForbiddenError
from callytics.store import DEFAULT_TENANT, CallStore
from callytics.store.webhooks import (
    ALERT_EVENTS,
    DeliveryStatus,
    DisabledReason,
    WebhookDelivery,
    WebhookEndpoint,
)

router = APIRouter(route_class=StrictRoute, prefix="/v1/webhooks", tags=["webhooks"])

EventType = Literal[
    "call.completed",
    "call.partial",
    "call.failed",
    "call.cancelled",
    "webhook.disabled",
    "alert.fired",
    "alert.resolved",
]
Url = Annotated[str, Field(max_length=2000, pattern=WEB, examples=["https://crm.example.org/hooks"])]
EventTypes = Annotated[list[EventType], Field(min_length=1, max_length=7)]


class NewWebhook(StrictBody):
    url: Url
    event_types: EventTypes = Field(default=["call.completed", "call.partial", "call.failed"])
    description: ShortText = ""


class WebhookPatch(StrictBody):
    url: Url | None = None
    event_types: EventTypes | None = None
    description: ShortText | None = None
    disabled: bool | None = None


class WebhookView(BaseModel):
    id: str
    url: str
    description: str
    event_types: list[str]
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: DisabledReason | None = Field(
        description="requested: by PATCH; gone: it answered 410; failing: for 5 days, without one success"
    )
    failing_since: datetime | None = Field(
        description="The first of the failures that no success followed yet"
    )


class IssuedWebhookView(WebhookView):
    secret: str = Field(description="Verifies the signatures; shown this once", examples=["whsec_..."])


class WebhookList(BaseModel):
    webhooks: list[WebhookView]


class DeliveryView(BaseModel):
    id: str = Field(description="The header webhook-id, the same at every attempt")
    call_id: str | None = Field(description="null: the message is about the webhook or an alert")
    event_type: str
    status: DeliveryStatus
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    last_status_code: int | None
    last_error: str


class DeliveryList(BaseModel):
    deliveries: list[DeliveryView]


class TestView(BaseModel):
    delivery_id: str
    status: DeliveryStatus = Field(description="DELIVERED, or FAILED; a test is not sent again")
    status_code: int | None = Field(description="null: there was no answer")
    error: str
    duration_ms: int


@router.post(
    "",
    status_code=201,
    response_model=IssuedWebhookView,
    responses=problem_responses(400, 401, 403, 409, 422),
)
async def create_webhook(body: NewWebhook, services: ServicesDep, principal: Admin) -> IssuedWebhookView:
    """Tell a URL when calls end, and the operator when alerts fire. Messages are signed with the secret in this answer
    ([Standard Webhooks](https://www.standardwebhooks.com)) and repeated until they are answered with 2xx."""
    webhook_reach(services).check(body.url)
    _check_events(body.event_types, principal)
    made = await services.store(
        CallStore.create_webhook, principal.tenant, body.url, body.event_types, body.description, principal.id
    )
    return IssuedWebhookView(**_view(made).model_dump(), secret=made.secret)


@router.get("", response_model=WebhookList, responses=problem_responses(401, 403))
async def list_webhooks(services: ServicesDep, principal: Admin) -> WebhookList:
    """All webhooks of the tenant, without their secrets."""
    return WebhookList(
        webhooks=[_view(e) for e in await services.store(CallStore.list_webhooks, principal.tenant)]
    )


@router.patch(
    "/{webhook_id}", response_model=WebhookView, responses=problem_responses(400, 401, 403, 404, 422)
)
async def change_webhook(
    webhook_id: str, patch: WebhookPatch, services: ServicesDep, principal: Admin
) -> WebhookView:
    """Change, disable or enable a webhook. What waits to be sent to it is kept while it is disabled, and sent when
    it is enabled again; what happens meanwhile is not told to it."""
    changes = patch.model_dump(exclude_none=True)
    if patch.url is not None:
        webhook_reach(services).check(patch.url)
    _check_events(patch.event_types or [], principal)
    return _view(
        await services.store(CallStore.change_webhook, webhook_id, principal.tenant, changes, principal.id)
    )


@router.delete("/{webhook_id}", status_code=204, responses=problem_responses(401, 403, 404))
async def delete_webhook(webhook_id: str, services: ServicesDep, principal: Admin) -> None:
    """Remove a webhook and what waits to be sent to it."""
    await services.store(CallStore.delete_webhook, webhook_id, principal.tenant, principal.id)


@router.get(
    "/{webhook_id}/deliveries", response_model=DeliveryList, responses=problem_responses(401, 403, 404, 422)
)
async def list_deliveries(
    webhook_id: str,
    services: ServicesDep,
    principal: Admin,
    limit: Annotated[WholeNumber, Query(ge=1, le=200)] = 50,
) -> DeliveryList:
    """What was sent, newest first, and how it went. Messages go with their calls."""
    found = await services.store(CallStore.list_deliveries, webhook_id, principal.tenant, limit)
    return DeliveryList(deliveries=[_delivery_view(delivery) for delivery in found])


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/redeliver",
    status_code=202,
    response_model=DeliveryView,
    responses=problem_responses(401, 403, 404),
)
async def redeliver(
    webhook_id: str, delivery_id: str, services: ServicesDep, principal: Admin
) -> DeliveryView:
    """Send a message again, with the same `webhook-id`, by which its receiver knows it."""
    delivery = await services.store(
        CallStore.redeliver, webhook_id, delivery_id, principal.tenant, principal.id
    )
    return _delivery_view(delivery)


@router.post("/{webhook_id}/test", response_model=TestView, responses=problem_responses(401, 403, 404, 409))
async def test_webhook(webhook_id: str, services: ServicesDep, principal: Admin) -> TestView:
    """Send a signed `webhook.test` now, also to a webhook that is disabled, and tell how it went: within 10 seconds.
    It is not sent again. One that arrives ends the pause of an endpoint that failed; it enables none."""
    store = services.store
    test = await store(CallStore.start_webhook_test, webhook_id, principal.tenant, LEASE_S, principal.id)
    outcome = await attempt(webhook_reach(services), test, TEST_TIMEOUT_S)
    how = (webhook_id, test.id, test.token, outcome.status_code, outcome.error)
    await store(CallStore.finish_webhook_test, *how)
    return TestView(
        delivery_id=test.id,
        status=DeliveryStatus.FAILED if outcome.error else DeliveryStatus.DELIVERED,
        status_code=outcome.status_code,
        error=outcome.error,
        duration_ms=round(outcome.duration_s * 1000),
    )


@router.post(
    "/{webhook_id}/rotate-secret",
    response_model=IssuedWebhookView,
    responses=problem_responses(401, 403, 404),
)
async def rotate_secret(webhook_id: str, services: ServicesDep, principal: Admin) -> IssuedWebhookView:
    """A new secret. For a day messages are signed with the one before as well (`webhook-signature` holds both), so
    that a receiver can change over at any moment of it."""
    made = await services.store(CallStore.rotate_webhook_secret, webhook_id, principal.tenant, principal.id)
    return IssuedWebhookView(**_view(made).model_dump(), secret=made.secret)


def _check_events(event_types: Sequence[str], principal: Principal) -> None:
    if principal.tenant != DEFAULT_TENANT and any(event in ALERT_EVENTS for event in event_types):
        raise ForbiddenError(
            "operator_only", "Alerts are about the whole graph, and are sent to its operator's webhooks only."
        )


def webhook_reach(services: Services) -> Reach:
    settings = services.settings
    return Reach(settings.webhook_hosts, settings.trusted_networks)


def _view(endpoint: WebhookEndpoint) -> WebhookView:
    return WebhookView(
        id=endpoint.id,
        url=endpoint.url,
        description=endpoint.description,
        event_types=list(endpoint.event_types),
        created_at=time_of(endpoint.created_at_ms),
        disabled_at=_time_or_none(endpoint.disabled_at_ms),
        disabled_reason=endpoint.disabled_reason,
        failing_since=_time_or_none(endpoint.failing_since_ms),
    )


def _delivery_view(delivery: WebhookDelivery) -> DeliveryView:
    waits = delivery.status is DeliveryStatus.PENDING
    return DeliveryView(
        id=delivery.id,
        call_id=delivery.call_id,
        event_type=delivery.event_type,
        status=delivery.status,
        attempts=delivery.attempts,
        created_at=time_of(delivery.created_at_ms),
        next_attempt_at=time_of(delivery.next_attempt_at_ms) if waits else None,
        delivered_at=_time_or_none(delivery.delivered_at_ms),
        last_status_code=delivery.last_status_code,
        last_error=delivery.last_error,
    )


def _time_or_none(at_ms: int | None) -> datetime | None:
    return time_of(at_ms) if at_ms is not None else None
