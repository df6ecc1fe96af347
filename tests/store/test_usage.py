"""What tenants used only grows, is counted once, and outlives the calls."""

from __future__ import annotations

import threading

import pytest

from callytics.errors import ConflictError
from callytics.store import CallStore, RequestTotals, TenantUsage, UsageDay
from tests.store.samples import DURATION_S, finish, new_call
from tests.support.clocks import Clock

DAY, NEXT_DAY = "2027-01-15", "2027-01-16"
AUDIO_MS = round(DURATION_S * 1000)


def of(store: CallStore, tenant: str) -> TenantUsage:
    (used,) = store.usage(tenant, "2027-01-01", "2027-12-31")
    return used


def test_calls_are_counted_when_they_are_accepted_and_analysed(store: CallStore, clock: Clock) -> None:
    call = store.create_call(new_call(tenant="alpha")).call
    assert of(store, "alpha") == TenantUsage("alpha", 1000, (UsageDay(DAY, 0, 0, 1, 1000, AUDIO_MS, 0),))
    again = store.create_call(new_call(tenant="alpha"))  # a duplicate is no call
    assert not again.created
    clock.now_s += 86400
    finish(store)
    store.reprocess_call(call.id, ["llm-analyzer"])
    finish(store)  # it is analysed again, and counts again
    days = (UsageDay(DAY, 0, 0, 1, 1000, AUDIO_MS, 0), UsageDay(NEXT_DAY, 0, 0, 0, 0, 0, 2 * AUDIO_MS))
    assert of(store, "alpha") == TenantUsage("alpha", 1000, days)
    store.delete_call(call.id)
    assert of(store, "alpha") == TenantUsage("alpha", 0, days)


def test_rejected_call_is_not_counted(store: CallStore) -> None:
    store.create_call(new_call(tenant="alpha", idempotency_key="k"))
    with pytest.raises(ConflictError):
        store.create_call(new_call("b" * 64, tenant="alpha", idempotency_key="k"))
    assert [day.calls for day in of(store, "alpha").days] == [1]


def test_tenants_and_days_are_separate(store: CallStore) -> None:
    for tenant in ("alpha", "alpha", "beta"):
        store.create_call(new_call(tenant=tenant, deduplicate=False))
    store.record_requests(
        "g", [RequestTotals("gamma", "2026-12-31", 1, 1), RequestTotals("gamma", DAY, 2, 0)]
    )
    found = store.usage(None, DAY, DAY)
    assert {used.tenant: [(d.calls, d.requests) for d in used.days] for used in found} == {
        "alpha": [(2, 0)],
        "beta": [(1, 0)],
        "gamma": [(0, 2)],
    }
    assert store.usage("nobody", DAY, DAY) == (TenantUsage("nobody", 0, ()),)
    assert [used.tenant for used in store.usage(None, NEXT_DAY, NEXT_DAY)] == ["alpha", "beta"]  # stored now


def test_totals_of_gateways_add_up_and_may_be_written_twice(store: CallStore) -> None:
    for total in (5, 7, 7):
        store.record_requests("one", [RequestTotals("alpha", DAY, total, 2)])
    store.record_requests("other", [RequestTotals("alpha", DAY, 10, 1)])
    store.create_call(new_call(tenant="alpha"))
    assert of(store, "alpha").days == (UsageDay(DAY, 17, 3, 1, 1000, AUDIO_MS, 0),)


def test_concurrent_counts_are_not_lost(store: CallStore, database_url: str) -> None:
    stores = [CallStore(database_url, store._clock) for _ in range(3)]
    errors: list[BaseException] = []

    def submit(own: CallStore) -> None:
        try:
            for n in range(10):
                own.create_call(new_call(tenant="alpha", deduplicate=False))
                both = [RequestTotals("alpha", DAY, n + 1, 0), RequestTotals("beta", DAY, n + 1, 0)]
                own.record_requests(str(id(own)), both if n % 2 else both[::-1])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=submit, args=(own,)) for own in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for own in stores:
        own.close()
    assert errors == []
    assert of(store, "alpha").days == (UsageDay(DAY, 30, 0, 30, 30_000, 30 * AUDIO_MS, 0),)
