"""EngineReplica without Serve: batches, and what happens to the calls of a batch that fails."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from typing import Any

import pytest

from callytics.engines import batch_listeners
from callytics.engines.batch_order import Kind
from callytics.engines.batch_queue import BatchQueue
from callytics.errors import ConfigError, InvalidRequestError
from callytics.telemetry import Sample, series
from deployments.handles import unwrapped
from deployments.replica import metrics
from deployments.stage import EngineReplica, StageOutput
from tests.support.replicas import replica
from tests.support.waiting import wait_until


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


def test_request_that_is_cancelled_leaves_the_queue_of_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its time was over, or the call was cancelled: nothing is computed for it, and its thread serves another call."""
    queued = replica("Queued", monkeypatch, concurrency=2)
    engine: Any = queued._engine

    async def ask() -> list[Any]:
        first = asyncio.create_task(unwrapped(queued(1)))
        await asyncio.to_thread(wait_until, lambda: engine.computed == [1], "the first is at work")
        unwanted = asyncio.create_task(unwrapped(queued(2)))
        await asyncio.to_thread(wait_until, lambda: len(engine.queue._order) == 1, "the second waits")
        unwanted.cancel()
        with pytest.raises(asyncio.CancelledError):
            await unwanted
        third = asyncio.create_task(unwrapped(queued(3)))  # both threads would be taken
        await asyncio.to_thread(
            wait_until, lambda: [piece.item for piece in waiting(engine)] == [3], "only the third waits"
        )
        engine.end.set()
        return [(await first).value, (await third).value]

    def waiting(engine: Any) -> list[Any]:
        with engine.queue._changed:
            return [piece for pieces in engine.queue._order._waiting.values() for piece in pieces]

    assert asyncio.run(ask()) == [1, 3]
    assert engine.computed == [1, 3]


def test_replica_that_is_stopped_closes_its_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Serve calls `__del__` after the last request."""
    queued = replica("Queued", monkeypatch)
    engine: Any = queued._engine
    queued.__del__()
    queued.__del__()
    assert engine.is_closed
    doubler = replica("Doubler", monkeypatch)
    doubler.__del__()  # an engine without a queue has nothing to close
    assert run(doubler, [1]) == [2]


def test_batches_of_the_engine_are_counted_until_the_replica_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded: list[Sample] = []
    monkeypatch.setattr(metrics, "record", recorded.extend)
    # A process has one stage; in this one, replicas of earlier tests may listen still.
    monkeypatch.setattr(batch_listeners, "_listeners", ())
    queued = replica("Queued", monkeypatch)
    queued._engine.end.set()
    run(queued, [1])
    labels = {"stage": "punctuation-restorer", "version": "doubler", "pieces": "batches"}
    assert recorded == [Sample(series.BATCH_PIECES, 1, labels), Sample(series.BATCH_FILL, 1.0, labels)]
    queued.__del__()
    other = BatchQueue[int, int](lambda items, _: items, kind=lambda item: Kind("all", 1))
    with other:
        other([1])
    assert len(recorded) == 2


def test_replica_of_a_stage_loads_no_store() -> None:
    """Its database packages would cost every replica of every stage a second of its start."""
    code = "import deployments.stage, sys; print(sorted({'alembic', 'callytics.store', 'sqlmodel'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"
