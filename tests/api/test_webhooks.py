"""Webhooks from the end of a call to a server that receives them."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from callytics.api import Services, create_app
from callytics.api.outbound import Reach
from callytics.api.webhook_delivery import LEASE_S, PLACES, TENANT_PLACES, TOTAL_TIMEOUT_S, attempt
from callytics.api.webhook_events import EVENT_MODELS
from callytics.store import AsyncStore, CallStore
from callytics.store.webhook_queue import LeasedDelivery
from tests.api.conftest import submit
from tests.store.samples import finish, new_call
from tests.support.clocks import Clock
from tests.support.webhook_receiver import Receiver, hanging, receiving

pytestmark = pytest.mark.anyio

LOOPBACK = (ipaddress.ip_network("127.0.0.1/32"),)
REACH = Reach(trusted=LOOPBACK)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(database_url: str, clock: Clock) -> Iterator[CallStore]:
    """On SQLite and on PostgreSQL."""
    store = CallStore(database_url, clock)
    yield store
    store.close()


@pytest.fixture
async def admin(services: Services, store: CallStore) -> Any:
    settings = services.settings.model_copy(update={"trusted_networks": LOOPBACK})
    transport = httpx.ASGITransport(create_app(replace(services, settings=settings)))
    headers = {"Authorization": f"Bearer {store.create_api_key('root', ['admin']).secret}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield client


async def deliver_due(store: AsyncStore, reach: Reach) -> int:
    """One attempt for each endpoint that has something due. Returns how many."""
    due = await store(CallStore.lease_deliveries, PLACES, LEASE_S, TENANT_PLACES, {})
    for each in due:
        outcome = await attempt(reach, each, TOTAL_TIMEOUT_S)
        await store(
            CallStore.finish_delivery,
            each.endpoint_id,
            each.id,
            each.token,
            outcome.status_code,
            outcome.error,
        )
    return len(due)


def lease(store: CallStore) -> tuple[LeasedDelivery, ...]:
    return store.lease_deliveries(10, 60, 10, {})


async def made(admin: httpx.AsyncClient, url: str, **more: object) -> dict[str, Any]:
    response = await admin.post("/v1/webhooks", json={"url": url, **more})
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


async def log(admin: httpx.AsyncClient, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await admin.get(f"/v1/webhooks/{webhook['id']}/deliveries")).json()[
        "deliveries"
    ]
    return found


async def test_the_end_of_a_call_arrives_once_and_signed(
    admin: httpx.AsyncClient, services: Services, store: CallStore, receiver: Receiver
) -> None:
    webhook = await made(admin, receiver.url)
    call_id = (await submit(admin)).json()["call_id"]
    assert await deliver_due(services.store, REACH) == 0
    finish(store)
    assert await deliver_due(services.store, REACH) == 1
    assert await deliver_due(services.store, REACH) == 0
    ((headers, body),) = receiver.got
    signed = {name.lower(): value for name, value in headers.items()}
    message = Webhook(webhook["secret"]).verify(body, signed)
    assert (message["type"], message["data"]["call_id"]) == ("call.completed", call_id)
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook["secret"]).verify(body.replace(b"COMPLETED", b"CANCELLED"), signed)
    assert "환불" not in body.decode()  # nothing of what was said
    (delivery,) = await log(admin, webhook)
    assert (delivery["status"], delivery["attempts"], delivery["last_status_code"]) == ("DELIVERED", 1, 204)
    assert delivery["id"] == signed["webhook-id"]


async def test_undelivered_message_is_repeated_given_up_and_redelivered_by_hand(
    admin: httpx.AsyncClient, services: Services, store: CallStore, receiver: Receiver, clock: Clock
) -> None:
    webhook = await made(admin, receiver.url)
    store.create_call(new_call())
    finish(store)
    receiver.status = 500
    pauses_s = (5, 300, 1800, 7200, 18_000, 36_000, 36_000)  # of Standard Webhooks
    for pause_s in pauses_s:
        assert await deliver_due(services.store, REACH) == 1
        clock.now_s += pause_s - 1
        assert await deliver_due(services.store, REACH) == 0, pause_s
        clock.now_s += 1 + 0.2 * pause_s
    assert await deliver_due(services.store, REACH) == 1
    clock.now_s += 1e6
    assert await deliver_due(services.store, REACH) == 0
    (delivery,) = await log(admin, webhook)
    assert (delivery["status"], delivery["attempts"]) == ("FAILED", 8)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    receiver.status = 200
    path = f"/v1/webhooks/{webhook['id']}/deliveries/{delivery['id']}/redeliver"
    assert (await admin.post(path)).status_code == 202
    assert await deliver_due(services.store, REACH) == 1
    assert (await log(admin, webhook))[0]["status"] == "DELIVERED"


async def test_redirects_count_as_failures_and_gone_ends_it(
    admin: httpx.AsyncClient, services: Services, store: CallStore, receiver: Receiver, clock: Clock
) -> None:
    webhook = await made(admin, receiver.url)
    store.create_call(new_call())
    finish(store)
    receiver.status = 302
    await deliver_due(services.store, REACH)
    assert (await log(admin, webhook))[0]["last_error"] == "answered with 302"
    receiver.status = 410
    clock.now_s += 10
    await deliver_due(services.store, REACH)
    assert (await admin.get("/v1/webhooks")).json()["webhooks"][0]["disabled_at"]
    clock.now_s += 1e6
    assert await deliver_due(services.store, REACH) == 0


async def test_late_worker_changes_nothing(store: CallStore, clock: Clock) -> None:
    webhook = store.create_webhook("default", "https://1.1.1.1/", ["call.completed"])
    store.create_call(new_call())
    finish(store)
    (first,) = lease(store)
    assert lease(store) == ()
    clock.now_s += 61
    (second,) = lease(store)
    assert second.id == first.id
    store.finish_delivery(webhook.id, first.id, first.token, 200, "")
    assert store.list_deliveries(webhook.id, "default")[0].status == "PENDING"
    store.finish_delivery(webhook.id, second.id, second.token, 200, "")
    assert store.list_deliveries(webhook.id, "default")[0].status == "DELIVERED"


async def test_only_the_own_tenants_events_that_were_asked_for(store: CallStore) -> None:
    wants = store.create_webhook("default", "https://1.1.1.1/", ["call.completed"])
    other_event = store.create_webhook("default", "https://1.1.1.1/", ["call.failed"])
    other_tenant = store.create_webhook("beta", "https://1.1.1.1/", ["call.completed"])
    store.create_call(new_call())
    finish(store)
    assert len(store.list_deliveries(wants.id, "default")) == 1
    assert store.list_deliveries(other_event.id, "default") == ()
    assert store.list_deliveries(other_tenant.id, "beta") == ()


async def test_private_addresses_are_refused_when_made_and_when_sent(
    services: Services, store: CallStore, receiver: Receiver
) -> None:
    transport = httpx.ASGITransport(create_app(services))  # trusts no private network
    headers = {"Authorization": f"Bearer {store.create_api_key('root', ['admin']).secret}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        for url in (receiver.url, "http://169.254.169.254/latest", "http://[::1]/", "ftp://x.test/"):
            assert (await client.post("/v1/webhooks", json={"url": url})).status_code in (400, 422)
    webhook = store.create_webhook("default", receiver.url, ["call.completed"])
    store.create_call(new_call())
    finish(store)
    await deliver_due(services.store, Reach())
    assert receiver.got == []
    assert "private" in store.list_deliveries(webhook.id, "default")[0].last_error


async def test_the_secret_is_shown_once(admin: httpx.AsyncClient, receiver: Receiver) -> None:
    webhook = await made(admin, receiver.url)
    secret = webhook["secret"]
    patched = await admin.patch(f"/v1/webhooks/{webhook['id']}", json={"disabled": True})
    assert patched.json()["disabled_at"]
    listed = await admin.get("/v1/webhooks")
    audit = await admin.get("/v1/audit-events")
    assert "webhook.created" in audit.text
    assert secret not in patched.text + listed.text + audit.text


async def test_test_is_sent_now_signed_and_answered_with_how_it_went(
    admin: httpx.AsyncClient, services: Services, receiver: Receiver
) -> None:
    webhook = await made(admin, receiver.url)
    path = f"/v1/webhooks/{webhook['id']}"
    await admin.patch(path, json={"disabled": True})  # to try it before it is enabled
    answer = await admin.post(f"{path}/test")
    assert answer.status_code == 200, answer.text
    outcome = answer.json()
    assert 0 <= outcome.pop("duration_ms") < 5000
    ((headers, body),) = receiver.got
    message = Webhook(webhook["secret"]).verify(body, headers)
    assert (message["type"], message["data"]["webhook_id"]) == ("webhook.test", webhook["id"])
    assert outcome == {
        "delivery_id": headers["webhook-id"],
        "status": "DELIVERED",
        "status_code": 204,
        "error": "",
    }
    receiver.status = 503
    failed = (await admin.post(f"{path}/test")).json()
    assert (failed["status"], failed["status_code"], failed["error"]) == ("FAILED", 503, "answered with 503")
    assert [each["status"] for each in await log(admin, webhook)] == ["FAILED", "DELIVERED"]
    assert (await admin.patch(path, json={"disabled": False})).json()["disabled_reason"] is None
    assert await deliver_due(services.store, REACH) == 0  # a test is not sent again
    assert (await admin.post("/v1/webhooks/nope/test")).status_code == 404


async def test_test_of_an_endpoint_that_hangs_ends_and_only_one_is_under_way(
    admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callytics.api.webhooks.TEST_TIMEOUT_S", 0.5)
    with hanging() as url:
        webhook = await made(admin, url)
        path = f"/v1/webhooks/{webhook['id']}/test"
        first, second = await asyncio.gather(admin.post(path), admin.post(path))
    ended, refused = sorted((first, second), key=lambda answer: answer.status_code)
    assert (ended.status_code, ended.json()["status_code"]) == (200, None)
    assert ended.json()["error"] == "no answer: TimeoutError"
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook_test_under_way")


async def test_test_and_a_new_url_reach_nothing_inside(
    services: Services, store: CallStore, receiver: Receiver
) -> None:
    transport = httpx.ASGITransport(create_app(services))  # trusts no private network
    headers = {"Authorization": f"Bearer {store.create_api_key('root', ['admin']).secret}"}
    webhook = store.create_webhook("default", receiver.url, ["call.completed"])
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        outcome = (await client.post(f"/v1/webhooks/{webhook.id}/test")).json()
        patched = await client.patch(f"/v1/webhooks/{webhook.id}", json={"url": "http://10.0.0.1/"})
    assert (outcome["status"], receiver.got) == ("FAILED", [])
    assert "private" in outcome["error"]
    assert (patched.status_code, patched.json()["code"]) == (400, "url_not_allowed")


async def test_after_a_rotation_the_old_and_the_new_secret_verify(
    admin: httpx.AsyncClient, receiver: Receiver
) -> None:
    webhook = await made(admin, receiver.url)
    rotated = (await admin.post(f"/v1/webhooks/{webhook['id']}/rotate-secret")).json()
    assert rotated["secret"] != webhook["secret"]
    await admin.post(f"/v1/webhooks/{webhook['id']}/test")
    ((headers, body),) = receiver.got
    for secret in (webhook["secret"], rotated["secret"]):
        Webhook(secret).verify(body, headers)
    assert webhook["secret"] not in (await admin.get("/v1/audit-events")).text


async def test_bodies_are_as_the_document_says(
    admin: httpx.AsyncClient, services: Services, store: CallStore, receiver: Receiver
) -> None:
    webhook = await made(admin, receiver.url, event_types=["call.completed", "webhook.disabled"])
    with receiving() as gone:
        gone.status = 410
        await made(admin, gone.url)
        await submit(admin)
        finish(store)
        while await deliver_due(services.store, REACH):
            pass
    await admin.post(f"/v1/webhooks/{webhook['id']}/test")
    document = (await admin.get("/openapi.json")).json()
    seen = set()
    for _, body in receiver.got:
        kind = json.loads(body)["type"]
        EVENT_MODELS[kind].model_validate_json(body)
        content = document["webhooks"][kind]["post"]["requestBody"]["content"]["application/json"]
        assert content["schema"]["$ref"].rpartition("/")[2] in document["components"]["schemas"]
        seen.add(kind)
    assert seen == {"call.completed", "webhook.disabled", "webhook.test"}
    assert set(document["webhooks"]) == set(EVENT_MODELS)
