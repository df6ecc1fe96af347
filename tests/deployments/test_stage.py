"""EngineReplica without Serve: batches, and what happens to the calls of a batch that fails."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from callytics.errors import ConfigError, InvalidRequestError
from deployments.handles import unwrapped
from deployments.stage import EngineReplica, StageOutput
from tests.support.replicas import replica


def run(of: EngineReplica, numbers: list[int]) -> list[Any]:
    async def all_at_once() -> list[Any]:
        calls = [unwrapped(of(StageOutput(n, of.describe(), 0.0))) for n in numbers]
        results = await asyncio.gather(*calls, return_exceptions=True)
        return [result.value if isinstance(result, StageOutput) else result for result in results]

    return asyncio.run(all_at_once())


def test_calls_that_wait_together_go_as_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    doubler = replica("Doubler", monkeypatch)
    doubler.reconfigure({"max_batch_size": 4, "batch_wait_timeout_s": 0.2})
    assert run(doubler, [1, 2, 3, 4, 5, 6]) == [2, 4, 6, 8, 10, 12]
    assert doubler._engine.batches == [4, 2]


def test_call_that_fails_does_not_take_its_batch_with_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    doubler = replica("Doubler", monkeypatch)
    doubler.reconfigure({"max_batch_size": 3, "batch_wait_timeout_s": 0.2})
    first, error, last = run(doubler, [1, 13, 3])
    assert (first, last) == (2, 6)
    assert isinstance(error, InvalidRequestError)
    assert error.code == "unlucky"
    assert not [
        record for record in caplog.records if record.levelno >= logging.WARNING
    ]  # no fault of the stage


def test_without_a_batch_size_every_call_runs_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    doubler = replica("Doubler", monkeypatch)
    assert run(doubler, [1, 2]) == [2, 4]
    assert doubler._engine.batches == []


def test_batches_are_not_asked_of_an_engine_that_takes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    single = replica("Single", monkeypatch)
    single.reconfigure({"max_batch_size": 1})
    with pytest.raises(ConfigError, match="takes no batches"):
        single.reconfigure({"max_batch_size": 8})


def test_replica_full_of_work_and_conversions_still_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event loop's default pool has six threads on two cores."""
    slow = replica("Slow", monkeypatch, concurrency=40)

    async def ask() -> Any:
        busy = [asyncio.create_task(slow(n)) for n in range(40)]
        busy += [asyncio.create_task(slow.call("convert")) for _ in range(40)]
        await asyncio.sleep(0)
        try:
            return await asyncio.wait_for(slow.call("probe"), 5)
        finally:
            slow._engine.end.set()
            await asyncio.gather(*busy)

    assert asyncio.run(ask()) == "probed"
