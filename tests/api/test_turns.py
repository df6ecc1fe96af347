"""Turns at dear work: half of the places for one tenant, tenants in turn, waiting that ends."""

from __future__ import annotations

import asyncio

import pytest

from callytics.api.turns import FairTurns
from callytics.errors import TooManyRequestsError, UnavailableError


class Work:
    """Pieces of work that last until they are told to end, and the order in which they began."""

    def __init__(self, turns: FairTurns) -> None:
        self.turns = turns
        self.began: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def add(self, *names: str) -> None:
        """``a1`` is work of the tenant ``a``."""
        for name in names:
            self.ends[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._run(name))
        await self.settle()

    async def _run(self, name: str) -> None:
        async with self.turns.turn(name[0]):
            self.began.append(name)
            await self.ends[name].wait()

    async def end(self, *names: str) -> None:
        for name in names:
            self.ends[name].set()
            await self.settle()

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    async def end_all(self) -> None:
        for event in self.ends.values():
            event.set()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


@pytest.mark.anyio
async def test_one_tenant_has_half_of_the_places_and_another_finds_one_at_once() -> None:
    work = Work(FairTurns("uploads", places=4))
    await work.add("a1", "a2", "a3", "a4", "b1")
    assert work.began == ["a1", "a2", "b1"]
    await work.end("a1")
    assert work.began[-1] == "a3"
    await work.end_all()


@pytest.mark.anyio
async def test_tenants_that_wait_are_called_in_turn_not_in_order_of_arrival() -> None:
    work = Work(FairTurns("uploads", places=4))
    await work.add("a1", "a2", "b1", "b2", "a3", "a4", "b3", "b4", "c1", "c2")
    await work.end("a1", "b1", "a2", "b2", "c1", "a3")
    assert work.began[4:] == ["a3", "b3", "c1", "a4", "b4", "c2"]
    await work.end_all()
    assert sorted(work.began) == sorted(work.ends)


@pytest.mark.anyio
async def test_request_that_gives_up_takes_no_place() -> None:
    work = Work(FairTurns("uploads", places=1))
    await work.add("a1", "a2", "b1", "b2")
    work.tasks["a2"].cancel()
    work.ends["a1"].set()  # the place becomes free while the cancellation is on its way
    await work.settle()
    assert work.began == ["a1", "b1"]
    work.ends["b1"].set()
    await work.settle()
    work.tasks["b2"].cancel()
    await work.settle()
    await work.add("c1")
    assert work.began == ["a1", "b1", "b2", "c1"]
    await work.end_all()


@pytest.mark.anyio
async def test_waiting_is_bounded_in_number_for_each_tenant() -> None:
    work = Work(FairTurns("uploads", places=2, max_waiting=2))
    await work.add("a1", "a2", "a3")
    with pytest.raises(TooManyRequestsError) as caught:
        async with work.turns.turn("a"):
            pass
    assert (caught.value.code, caught.value.retry_after_s) == ("too_many_waiting", 5)
    await work.add("b1")
    assert work.began == ["a1", "b1"]
    await work.end_all()


@pytest.mark.anyio
async def test_waiting_is_bounded_in_time() -> None:
    work = Work(FairTurns("uploads", places=1, patience_s=0.02))
    await work.add("a1")
    with pytest.raises(UnavailableError, match="try again") as caught:
        async with work.turns.turn("b"):
            pass
    assert caught.value.code == "no_turn"
    await work.end("a1")
    await work.add("b1")
    assert work.began == ["a1", "b1"]
    await work.end_all()


@pytest.mark.anyio
async def test_work_that_fails_frees_its_place() -> None:
    turns = FairTurns("uploads", places=1)
    with pytest.raises(ZeroDivisionError):
        async with turns.turn("a"):
            raise ZeroDivisionError
    async with asyncio.timeout(1), turns.turn("b"):
        pass
