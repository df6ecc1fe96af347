from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest

from callytics.api import Services, create_app
from callytics.api.limits import RequestLimits
from callytics.api.services import ApiSettings
from callytics.errors import TooManyRequestsError
from callytics.store import CallStore
from tests.api.test_app import assert_problem

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
    limits = RequestLimits(ApiSettings(concurrent_requests=1, requests_per_minute=2))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            async with limits.admit("k", {}):
                raise ZeroDivisionError
    for _ in range(2):  # refused ones do not keep a place either
        with pytest.raises(TooManyRequestsError, match="a minute"):
            async with limits.admit("k", {}):
                pass
