"""How pipelines hear of work (WorkSignal), and what other processes may ask of the store."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from callytics.store import CallFilter, CallStore
from callytics.store.tables.calls import FindingRow
from deployments.database_service import DatabaseService, WorkSignal
from tests.store.samples import fresh_database
from tests.support.varied_calls import play_call, result_of

LONG_S = 30.0  # a test that waits this long has failed
AT_ONCE_S = 5.0


def test_waiting_pipeline_is_told_when_a_call_is_queued() -> None:
    async def run() -> None:
        signal = WorkSignal()
        waiting = [asyncio.create_task(signal.wait(LONG_S, None)) for _ in range(2)]
        await asyncio.sleep(0.05)
        signal.announce()
        assert len(set(await asyncio.wait_for(asyncio.gather(*waiting), AT_ONCE_S))) == 1

    asyncio.run(run())


def test_call_between_two_requests_is_not_missed() -> None:
    async def run() -> None:
        signal = WorkSignal()
        seen = await signal.wait(0.01, None)
        signal.announce()
        assert await asyncio.wait_for(signal.wait(LONG_S, seen), AT_ONCE_S) != seen

    asyncio.run(run())


def test_seen_work_is_not_told_again() -> None:
    async def run() -> None:
        signal = WorkSignal()
        signal.announce()
        seen = await signal.wait(0.01, None)
        start = time.monotonic()
        assert await signal.wait(0.2, seen) == seen
        assert time.monotonic() - start >= 0.15

    asyncio.run(run())


def test_the_count_of_another_replica_means_nothing_here() -> None:
    """Else a pipeline that asks two replicas in turn would never wait."""

    async def run() -> None:
        one, two = WorkSignal(), WorkSignal()
        two.announce()
        seen = await one.wait(0.01, None)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(two.wait(LONG_S, seen), 0.2)

    asyncio.run(run())


@pytest.mark.parametrize("method", ["close", "_now_ms", "__init__", "no_such_method"])
def test_anything_but_a_public_store_method_is_refused(method: str, tmp_path: Path) -> None:
    service = object.__new__(DatabaseService.func_or_class)
    service._store = CallStore(f"sqlite:///{tmp_path}/calls.db")
    with pytest.raises(AttributeError, match=method):
        asyncio.run(service.call(method, (), {}))


def test_start_fills_in_the_findings_of_results_from_before(tmp_path: Path) -> None:
    store = CallStore(fresh_database(tmp_path))
    call_id = play_call(store, result_of(random.Random(1))).call_id
    with store._write() as session:
        session.delete(session.get(FindingRow, call_id))
    service = object.__new__(DatabaseService.func_or_class)
    service._store = store
    assert store.list_calls(CallFilter()).findings == {}
    asyncio.run(service._reindex())
    assert set(store.list_calls(CallFilter()).findings) == {call_id}
    store.close()
