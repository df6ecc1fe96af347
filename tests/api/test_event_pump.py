"""However many streams there are, the store is asked once for all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from callytics.api.event_pump import EventPump
from callytics.errors import UnavailableError
from callytics.store import AsyncStore, EventRecord, JobStatus

pytestmark = pytest.mark.anyio


class Store:
    def __init__(self) -> None:
        self.questions: list[dict[str, int]] = []
        self.is_away = False

    async def invoke(self, method: str, args: tuple[Any, ...], kwargs: object) -> Any:
        assert method == "news"
        self.questions.append(args[0])
        if self.is_away:
            raise UnavailableError("database_unavailable", "away")
        events = tuple(EventRecord(number, "a", "stage.completed", {}, 0) for number in (3, 5))
        return {"a": (JobStatus.QUEUED, events)}


async def test_all_streams_are_one_question() -> None:
    store = Store()
    pump = EventPump(AsyncStore(store.invoke), 0.05)
    asked = [pump.ask("a", n % 4) for n in range(200)]
    answers = await asyncio.gather(*asked, pump.ask("gone", 0))
    assert store.questions == [{"a": 0, "gone": 0}]
    assert {status for status, _ in answers[:-1]} == {JobStatus.QUEUED}
    assert [[event.number for event in events] for _, events in answers[:4]] == [[3, 5], [3, 5], [3, 5], [5]]
    assert answers[-1] == (None, [])


async def test_it_asks_at_its_pace_and_not_when_nobody_waits() -> None:
    store = Store()
    pump = EventPump(AsyncStore(store.invoke), 0.1)
    for _ in range(3):
        await pump.ask("a", 0)
    assert len(store.questions) == 3
    await asyncio.sleep(0.35)
    assert len(store.questions) == 3


async def test_client_that_left_delays_no_other_and_failure_reaches_all() -> None:
    store = Store()
    pump = EventPump(AsyncStore(store.invoke), 0.02)
    await pump.ask("a", 0)
    left = asyncio.create_task(pump.ask("left", 0))
    await asyncio.sleep(0)
    left.cancel()
    await pump.ask("a", 0)
    assert store.questions[-1] == {"a": 0}
    store.is_away = True
    for answer in await asyncio.gather(pump.ask("a", 0), pump.ask("a", 1), return_exceptions=True):
        assert isinstance(answer, UnavailableError)
    store.is_away = False
    assert (await pump.ask("a", 0))[0] is JobStatus.QUEUED
