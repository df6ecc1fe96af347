"""GET /v1/usage: every tenant sees its own, the operator sees all, and what was used stays used."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from callytics.api import ApiSettings, Services, create_app
from callytics.api.usage_counter import UsageCounter
from callytics.errors import UnavailableError
from callytics.store import AsyncStore, CallStore, RequestTotals
from tests.api.conftest import wav_bytes
from tests.store.samples import DURATION_S, finish
from tests.support.problems import assert_problem

pytestmark = pytest.mark.anyio


def today() -> date:
    """A run may begin before midnight and end after it."""
    return datetime.now(UTC).date()


class Tenants:
    """An application, and a client for a key of any tenant."""

    def __init__(self, services: Services, store: CallStore) -> None:
        settings = ApiSettings(webhook_poll_s=0, event_poll_s=0.02, requests_per_minute=50)
        self.app = create_app(replace(services, settings=settings))
        self.store = store
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test")
        self._secrets = {
            t: store.create_api_key(t, ["admin"], "", t).secret for t in ("alpha", "beta", "default")
        }

    async def ask(self, tenant: str, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._secrets[tenant]}"}
        return await self.http.request(method, path, headers=headers, **options)

    async def usage(self, who: str, **query: str) -> Any:
        await self.app.state.usage.write()
        answer = await self.ask(who, "GET", "/v1/usage", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def tenants(services: Services, store: CallStore) -> AsyncIterator[Tenants]:
    tenants = Tenants(services, store)
    yield tenants
    await tenants.http.aclose()


async def test_usage_is_reported_and_stays(tenants: Tenants) -> None:
    audio = wav_bytes(2.0)
    call_id = (await tenants.ask("alpha", "POST", "/v1/calls", files={"file": audio})).json()["call_id"]
    finish(tenants.store)
    await tenants.ask("alpha", "DELETE", f"/v1/calls/{call_id}")
    for _ in range(60):
        await tenants.ask("beta", "GET", "/v1/calls")
    period = {
        "period": today().isoformat(),
        "requests": 2,
        "refused": 0,
        "calls": 1,
        "uploaded_bytes": len(audio),
        "uploaded_audio_s": 2.0,
        "analyzed_audio_s": DURATION_S,  # as decoded
    }
    used = await tenants.usage("alpha")
    assert used == {
        "from": today().replace(day=1).isoformat(),
        "to": today().isoformat(),
        "tenants": [{"tenant": "alpha", "stored_bytes": 0, "periods": [period]}],
    }
    by_tenant = {t["tenant"]: t["periods"] for t in (await tenants.usage("default", tenant="*"))["tenants"]}
    assert (by_tenant["beta"][0]["requests"], by_tenant["beta"][0]["refused"]) == (60, 10)
    assert by_tenant["alpha"] == [period | {"requests": 3}]  # the question of before


async def test_calls_of_the_openai_compatible_route_count(tenants: Tenants, worker: None) -> None:
    answer = await tenants.ask(
        "alpha",
        "POST",
        "/v1/audio/transcriptions",
        files={"file": wav_bytes(1.0)},
        data={"model": "whisper-1"},
    )
    assert answer.status_code == 200, answer.text
    (mine,) = (await tenants.usage("alpha"))["tenants"]
    (period,) = mine["periods"]
    assert (period["calls"], period["uploaded_audio_s"], period["analyzed_audio_s"]) == (1, 1.0, DURATION_S)
    assert mine["stored_bytes"] == 0


async def test_another_tenants_usage_is_the_operators_business(tenants: Tenants) -> None:
    await tenants.ask("alpha", "POST", "/v1/calls", files={"file": wav_bytes()})
    for asked in ("alpha", "default", "*", "nobody"):
        answer = await tenants.ask("beta", "GET", "/v1/usage", params={"tenant": asked})
        assert_problem(answer, 403, "operator_only")
    (own,) = (await tenants.usage("beta", tenant="beta"))["tenants"]
    assert (own["tenant"], own["periods"][0]["calls"]) == ("beta", 0)
    (seen,) = (await tenants.usage("default", tenant="alpha"))["tenants"]
    assert (seen["tenant"], seen["periods"][0]["calls"]) == ("alpha", 1)


async def test_months_are_sums_of_days(tenants: Tenants) -> None:
    days = ("2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01")
    tenants.store.record_requests("g", [RequestTotals("alpha", day, 10, n) for n, day in enumerate(days)])
    query = {"from": "2026-01-01", "to": "2026-02-28"}
    (mine,) = (await tenants.usage("alpha", **query, by="month"))["tenants"]
    found = [(period["period"], period["requests"], period["refused"]) for period in mine["periods"]]
    assert found == [("2026-01", 10, 0), ("2026-02", 20, 3)]
    (mine,) = (await tenants.usage("alpha", **query))["tenants"]
    assert [period["period"] for period in mine["periods"]] == list(days[:3])


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"from": "2026-02-01", "to": "2026-01-31"}, 400, "range_invalid"),
        ({"from": "2024-01-01", "to": "2026-01-01"}, 400, "range_invalid"),
        ({"from": (today() + timedelta(days=40)).isoformat()}, 400, "range_invalid"),
        ({"from": "yesterday"}, 422, "validation_failed"),
        ({"by": "year"}, 422, "validation_failed"),
    ],
)
async def test_question_that_makes_no_sense_is_refused(
    tenants: Tenants, query: dict[str, str], status: int, code: str
) -> None:
    assert_problem(await tenants.ask("alpha", "GET", "/v1/usage", params=query), status, code)


async def test_while_the_store_is_away_requests_are_counted_on() -> None:
    written: list[tuple[RequestTotals, ...]] = []
    is_away = True

    async def invoke(method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        assert method == "record_requests"
        if is_away:
            raise UnavailableError("database_unavailable", "away")
        written.append(tuple(args[1]))

    counter = UsageCounter(AsyncStore(invoke))
    counter.count("alpha")
    with pytest.raises(UnavailableError):
        await counter.write()
    counter.count("alpha", is_refused=True)
    is_away = False
    for _ in range(2):  # the second finds nothing new
        await counter.write()
    assert [(total.tenant, total.requests, total.refused) for (total,) in written] == [("alpha", 2, 1)]


async def test_it_is_written_by_itself_and_at_the_end(services: Services, store: CallStore, key: str) -> None:
    settings = services.settings.model_copy(update={"usage_flush_s": 3600.0, "webhook_poll_s": 0.0})
    app = create_app(replace(services, settings=settings))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        await client.get("/v1/calls", headers={"X-API-Key": key})
    (used,) = store.usage("default", today().isoformat(), today().isoformat())
    assert [day.requests for day in used.days] == [1]
