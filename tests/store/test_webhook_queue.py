"""Whose message is sent next, and what becomes of endpoints that fail. On SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest
from sqlalchemy import text

from callytics.errors import ConflictError, NotFoundError
from callytics.store import CallStore
from callytics.store.webhook_queue import DISABLE_AFTER_S, PAUSE_CAP_S, LeasedDelivery
from callytics.store.webhooks import KEPT_WITHOUT_CALL, PREVIOUS_SECRET_S, WebhookEndpoint
from tests.store.samples import finish, new_call
from tests.support.clocks import Clock

FLOOD = 100_000
EVENTS = ["call.completed"]


def endpoint(store: CallStore, tenant: str = "default", events: list[str] = EVENTS) -> WebhookEndpoint:
    return store.create_webhook(tenant, "https://1.1.1.1/", events)


def end_a_call(store: CallStore, tenant: str = "default") -> str:
    store.create_call(new_call(tenant=tenant, deduplicate=False))
    return finish(store).call.id


def lease(
    store: CallStore, limit: int = 40, share: int = 10, at_work: dict[str, int] | None = None
) -> tuple[LeasedDelivery, ...]:
    return store.lease_deliveries(limit, 60.0, share, at_work or {})


def end(store: CallStore, delivery: LeasedDelivery, status_code: int | None) -> None:
    error = "" if status_code == 204 else "no answer"
    store.finish_delivery(delivery.endpoint_id, delivery.id, delivery.token, status_code, error)


def found(store: CallStore, wanted: WebhookEndpoint) -> WebhookEndpoint:
    return next(each for each in store.list_webhooks(wanted.tenant) if each.id == wanted.id)


def test_endpoint_gets_one_message_at_a_time_in_order(store: CallStore, clock: Clock) -> None:
    endpoint(store)
    calls = []
    for _ in range(3):
        calls.append(end_a_call(store))
        clock.now_s += 1
    told = []
    while leased := lease(store):
        (only,) = leased
        assert lease(store) == ()
        told.append(next(call_id for call_id in calls if call_id in only.body))
        end(store, only, 204)
    assert told == calls


def test_tenant_has_at_most_its_share_and_others_come_first(store: CallStore) -> None:
    for _ in range(12):
        endpoint(store, "many")
    for tenant in ("many", "one", "two"):
        endpoint(store, tenant)
        end_a_call(store, tenant)
    assert Counter(each.tenant for each in lease(store, limit=4, share=5)) == {"many": 2, "one": 1, "two": 1}
    assert len(lease(store, share=5, at_work={"many": 2})) == 3
    assert lease(store, share=5, at_work={"many": 5}) == ()


def test_tenants_take_turns_for_the_last_place(store: CallStore, clock: Clock) -> None:
    for tenant in ("a", "b", "a", "a"):
        endpoint(store, tenant)
    for tenant in ("a", "b") * 3:
        end_a_call(store, tenant)
    order = []
    for _ in range(6):
        (only,) = lease(store, limit=1)
        order.append(only.tenant)
        clock.now_s += 0.01
        end(store, only, 204)
    assert order in (["a", "b"] * 3, ["b", "a"] * 3)


@pytest.mark.alone
def test_messages_of_one_tenant_do_not_displace_those_of_others(store: CallStore) -> None:
    flooded, other = endpoint(store, "flood"), endpoint(store, "other")
    end_a_call(store, "flood")
    copy_many(store, flooded)
    end_a_call(store, "other")
    began = time.perf_counter()
    leased = lease(store, limit=2)
    took_s = time.perf_counter() - began
    print(f"a lease beside {FLOOD} messages that are due: {took_s * 1000:.1f} ms")
    assert {each.endpoint_id for each in leased} == {flooded.id, other.id}
    assert took_s < 0.5


def copy_many(store: CallStore, of: WebhookEndpoint) -> None:
    statement = """
        INSERT INTO webhook_deliveries (id, endpoint_id, call_id, event_number, event_type, body, status,
                                        attempts, created_at_ms, next_attempt_at_ms, last_error)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
        SELECT 'x' || CAST(1000000 + n.i AS VARCHAR(7)), endpoint_id, call_id, 1000000 + n.i, event_type, body,
               status, 0, created_at_ms, next_attempt_at_ms, '' FROM webhook_deliveries, n WHERE endpoint_id = :id
    """
    with store._writing_engine.begin() as connection:
        connection.execute(text(statement), {"count": FLOOD, "id": of.id})


def test_deliverers_that_lease_at_once_share_the_work(database_url: str) -> None:
    stores = [CallStore(database_url) for _ in range(4)]
    for tenant in ("a", "b", "c", "d"):
        for _ in range(5):
            endpoint(stores[0], tenant)
        end_a_call(stores[0], tenant)
    barrier, leased = threading.Barrier(len(stores)), []

    def take(store: CallStore) -> None:
        barrier.wait()
        for _ in range(10):
            leased.extend(lease(store, limit=3))

    threads = [threading.Thread(target=take, args=(each,)) for each in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(leased) == len({each.id for each in leased}) == 20
    for each in stores:
        each.close()


def test_messages_of_a_failing_endpoint_wait_without_attempts(store: CallStore, clock: Clock) -> None:
    failing = endpoint(store)
    for _ in range(30):
        end_a_call(store)
    attempts, began_s = 0, clock.now_s
    while clock.now_s < began_s + 3600:
        for each in lease(store):
            attempts += 1
            end(store, each, None)
        clock.now_s += 5
    assert 10 <= attempts <= 7 + 3600 / PAUSE_CAP_S
    waiting = store.list_deliveries(failing.id, "default")
    assert sum(each.attempts for each in waiting) == attempts
    assert {each.status for each in waiting} == {"PENDING"}
    clock.now_s += PAUSE_CAP_S
    sent = 0
    while leased := lease(store):  # it is well again: what is due goes at once
        end(store, leased[0], 204)
        sent += 1
    assert sent > 15
    assert found(store, failing).failing_since_ms is None


def fail_for_days(store: CallStore, clock: Clock, tenant: str = "default") -> None:
    began_s = clock.now_s
    while clock.now_s <= began_s + DISABLE_AFTER_S:
        end_a_call(store, tenant)
        for each in lease(store):
            end(store, each, None if each.endpoint_id == store.list_webhooks(tenant)[0].id else 204)
        clock.now_s += 6 * 3600


def test_endpoint_is_disabled_after_days_and_others_are_notified(store: CallStore, clock: Clock) -> None:
    failing = endpoint(store)
    told = endpoint(store, events=["webhook.disabled"])
    deaf, stranger = endpoint(store), endpoint(store, "beta", ["webhook.disabled"])
    fail_for_days(store, clock)
    now = found(store, failing)
    assert (now.disabled_reason, now.disabled_at_ms is not None) == ("failing", True)
    assert found(store, deaf).disabled_at_ms is None
    assert [e.action for e in store.audit_events(subject=failing.id)][:1] == ["webhook.disabled"]
    (message,) = store.list_deliveries(told.id, "default")
    assert (message.event_type, message.call_id) == ("webhook.disabled", None)
    assert store.list_deliveries(stranger.id, "beta") == ()

    waiting = [m for m in store.list_deliveries(failing.id, "default") if m.status == "PENDING"]
    assert waiting
    end_a_call(store)
    assert len([m for m in store.list_deliveries(failing.id, "default") if m.status == "PENDING"]) == len(
        waiting
    )
    clock.now_s += 86_400
    assert failing.id not in {each.endpoint_id for each in lease(store)}
    enabled = store.change_webhook(failing.id, "default", {"disabled": False})
    assert (enabled.disabled_reason, enabled.disabled_at_ms, enabled.failing_since_ms) == (None, None, None)
    sent = 0
    while mine := [each for each in lease(store) if each.endpoint_id == failing.id]:
        end(store, mine[0], 204)
        sent += 1
    assert sent == len(waiting)


def test_one_success_prevents_disabling(store: CallStore, clock: Clock) -> None:
    wobbling = endpoint(store)
    for _ in range(20):
        end_a_call(store)
        for each in lease(store):
            end(store, each, None)
        clock.now_s += 3 * 86_400
        for each in lease(store):
            end(store, each, 204)
    assert found(store, wobbling).disabled_at_ms is None


def test_gone_endpoint_is_reported(store: CallStore) -> None:
    gone, told = endpoint(store), endpoint(store, events=["webhook.disabled"])
    end_a_call(store)
    (only,) = lease(store)
    end(store, only, 410)
    assert found(store, gone).disabled_reason == "gone"
    assert '"reason":"gone"' in lease(store)[0].body
    assert len(store.list_deliveries(told.id, "default")) == 1


def test_new_url_resets_the_failures(store: CallStore) -> None:
    failing = endpoint(store)
    for _ in range(2):
        end_a_call(store)
    end(store, lease(store)[0], None)
    assert lease(store) == ()
    changed = store.change_webhook(failing.id, "default", {"url": "https://1.0.0.1/"})
    assert changed.failing_since_ms is None
    assert lease(store)[0].url == "https://1.0.0.1/"


@pytest.mark.parametrize("what", ["call", "endpoint", "redelivered"])
def test_change_during_an_attempt_releases_the_endpoint(store: CallStore, what: str) -> None:
    hook = endpoint(store)
    call_id = end_a_call(store)
    (only,) = lease(store)
    if what == "call":
        store.delete_call(call_id)
    elif what == "endpoint":
        store.delete_webhook(hook.id, "default")
    else:
        store.redeliver(hook.id, only.id, "default")
        assert lease(store) == ()  # not twice at once
    end(store, only, 204)
    if what == "endpoint":
        with pytest.raises(NotFoundError):
            store.redeliver(hook.id, only.id, "default")
    else:
        end_a_call(store)
        assert len(lease(store)) == 1


def test_test_message_is_outside_the_queue(store: CallStore, clock: Clock) -> None:
    hook = endpoint(store)
    test = store.start_webhook_test(hook.id, "default", 60.0)
    with pytest.raises(ConflictError, match="under way"):
        store.start_webhook_test(hook.id, "default", 60.0)
    assert lease(store) == ()
    store.finish_webhook_test(hook.id, test.id, test.token, 410, "answered with 410")
    assert (found(store, hook).disabled_at_ms, found(store, hook).failing_since_ms) == (None, None)
    for _ in range(KEPT_WITHOUT_CALL + 5):
        test = store.start_webhook_test(hook.id, "default", 60.0)
        clock.now_s += 61  # its gateway died
    kept = store.list_deliveries(hook.id, "default", 200)
    assert len(kept) == KEPT_WITHOUT_CALL
    assert {each.status for each in kept} == {"FAILED"}


def test_successful_test_message_ends_the_pause_only(store: CallStore) -> None:
    hook = endpoint(store)
    for _ in range(2):
        end_a_call(store)
    end(store, lease(store)[0], None)
    assert lease(store) == ()
    store.change_webhook(hook.id, "default", {"disabled": True})
    test = store.start_webhook_test(hook.id, "default", 60.0)
    store.finish_webhook_test(hook.id, test.id, test.token, 204, "")
    assert found(store, hook).disabled_reason == "requested"
    assert lease(store) == ()
    store.change_webhook(hook.id, "default", {"disabled": False})
    assert len(lease(store)) == 1


def test_two_secrets_sign_for_a_day(store: CallStore, clock: Clock) -> None:
    made = endpoint(store)
    rotated = store.rotate_webhook_secret(made.id, "default")
    end_a_call(store)
    (only,) = lease(store)
    assert only.secrets == (rotated.secret, made.secret)
    end(store, only, 204)
    clock.now_s += PREVIOUS_SECRET_S
    end_a_call(store)
    assert lease(store)[0].secrets == (rotated.secret,)
