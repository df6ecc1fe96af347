"""The queue of batches with engines of a few lines. What waits is seen by its state, never by a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any

import pytest

from callytics.engines import batch_listeners
from callytics.engines.batch_listeners import BatchDone
from callytics.engines.batch_order import Kind
from callytics.engines.batch_queue import GROW_AFTER, BatchQueue
from callytics.engines.tickets import Ticket, current_ticket, working_for
from callytics.errors import InvalidRequestError, UnavailableError
from tests.support.waiting import wait_until

LIMIT_S = 60.0


class Engine:
    """Doubles numbers. A batch that holds ``GATE`` waits in it until the test opens it."""

    GATE = -1

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.is_inside = threading.Event()
        self.may_go = threading.Event()

    def __call__(self, items: Sequence[int], prepared: Any) -> list[int]:
        self.batches.append(list(items))
        if self.GATE in items:
            self.is_inside.set()
            assert self.may_go.wait(LIMIT_S)
        return [2 * item for item in items]


def queue_of(engine: Callable[..., list[int]], batch_size: int = 8, **options: Any) -> BatchQueue[int, int]:
    return BatchQueue(engine, kind=lambda item: Kind("all", batch_size), **options)


def waiting(queue: BatchQueue[int, int]) -> int:
    with queue._changed:
        return len(queue._order)


def for_ticket(ticket: Ticket, queue: BatchQueue[int, int], items: list[int]) -> list[int]:
    with working_for(ticket):
        return queue(items)


def test_calls_share_a_batch_and_get_their_own_results() -> None:
    engine = Engine()
    with queue_of(engine) as queue, ThreadPoolExecutor(4) as pool:
        first = pool.submit(queue, [Engine.GATE])
        assert engine.is_inside.wait(LIMIT_S)
        others = [pool.submit(queue, items) for items in ([1, 2], [3], [4, 5, 6])]
        wait_until(lambda: waiting(queue) == 6, "all of them wait")
        engine.may_go.set()
        assert [one.result(LIMIT_S) for one in others] == [[2, 4], [6], [8, 10, 12]]
        assert first.result(LIMIT_S) == [-2]
    assert [sorted(batch) for batch in engine.batches] == [[-1], [1, 2, 3, 4, 5, 6]]
    assert (queue.fill.batches, queue.fill.pieces) == (2, 7)


def test_idle_queue_computes_at_once() -> None:
    """However long it would wait for others after a batch."""
    with queue_of(Engine(), linger_s=3600.0) as queue, ThreadPoolExecutor(1) as pool:
        assert pool.submit(queue, [1]).result(LIMIT_S) == [2]


def test_nothing_to_compute_needs_no_thread() -> None:
    assert queue_of(Engine())([]) == []


def test_results_keep_the_order_of_many_threads() -> None:
    with queue_of(Engine(), num_workers=3) as queue, ThreadPoolExecutor(8) as pool:
        asked = [list(range(n, n + n % 7 + 1)) for n in range(100)]
        assert list(pool.map(queue, asked)) == [[2 * item for item in items] for items in asked]


def test_cancelled_call_leaves_before_it_is_computed() -> None:
    engine = Engine()
    with queue_of(engine) as queue, ThreadPoolExecutor(3) as pool:
        first = pool.submit(queue, [Engine.GATE])
        assert engine.is_inside.wait(LIMIT_S)
        unwanted = Ticket()
        cancelled = pool.submit(for_ticket, unwanted, queue, [13, 14])
        kept = pool.submit(queue, [5])
        wait_until(lambda: waiting(queue) == 3, "both wait")
        unwanted.cancel()
        unwanted.cancel()
        with pytest.raises(CancelledError):
            cancelled.result(LIMIT_S)
        engine.may_go.set()
        assert (first.result(LIMIT_S), kept.result(LIMIT_S)) == ([-2], [10])
    assert engine.batches == [[-1], [5]]


def test_call_that_was_cancelled_before_it_asked_is_not_computed() -> None:
    engine, ticket = Engine(), Ticket()
    ticket.cancel()
    blocked = Engine.GATE
    with queue_of(engine) as queue, ThreadPoolExecutor(2) as pool:
        first = pool.submit(queue, [blocked])
        assert engine.is_inside.wait(LIMIT_S)
        with pytest.raises(CancelledError):
            pool.submit(for_ticket, ticket, queue, [1]).result(LIMIT_S)
        engine.may_go.set()
        first.result(LIMIT_S)
    assert engine.batches == [[blocked]]


def test_poisoned_piece_fails_only_its_own_call() -> None:
    engine = Engine()

    def picky(items: Sequence[int], prepared: Any) -> list[int]:
        results = engine(items, prepared)
        if 13 in items:
            raise InvalidRequestError("unlucky", "not 13")
        return results

    with queue_of(picky) as queue, ThreadPoolExecutor(4) as pool:
        first = pool.submit(queue, [Engine.GATE])
        assert engine.is_inside.wait(LIMIT_S)
        good, bad, also_good = (pool.submit(queue, items) for items in ([1, 2], [12, 13], [3]))
        wait_until(lambda: waiting(queue) == 5, "all wait")
        engine.may_go.set()
        assert (good.result(LIMIT_S), also_good.result(LIMIT_S)) == ([2, 4], [6])
        with pytest.raises(InvalidRequestError, match="not 13"):
            bad.result(LIMIT_S)
        assert first.result(LIMIT_S) == [-2]
        assert queue([7]) == [14]


class OutOfMemoryError(RuntimeError):
    """Named as torch's, which this environment does not have."""


OUT_OF_MEMORY = [
    OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("CUDA failed with error out of memory"),  # CTranslate2
    MemoryError(),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
def test_batch_too_large_for_the_memory_is_halved(error: Exception) -> None:
    """The planted limit: five pieces. Nothing fails, and no batch that is too large is tried again soon."""
    sizes: list[int] = []

    def limited(items: Sequence[int], prepared: Any) -> list[int]:
        sizes.append(len(items))
        if len(items) > 5:
            raise error
        return [2 * item for item in items]

    with queue_of(limited, batch_size=16) as queue:
        assert queue(list(range(16))) == [2 * n for n in range(16)]
        assert sizes == [16, 8, 4, 4, 8, 4, 4]
        sizes.clear()
        assert queue(list(range(16))) == [2 * n for n in range(16)]
        assert max(sizes) <= 5


def test_batches_grow_again_when_the_memory_is_free() -> None:
    sizes: list[int] = []
    limit = 2

    def limited(items: Sequence[int], prepared: Any) -> list[int]:
        sizes.append(len(items))
        if len(items) > limit:
            raise RuntimeError("CUDA failed with error out of memory")
        return list(items)

    with queue_of(limited) as queue:
        queue(list(range(8)))
        limit = 8
        for _ in range(3 * GROW_AFTER):
            queue(list(range(8)))
        assert sizes[-1] == 8


def test_one_piece_that_is_too_large_fails_its_call_and_no_other() -> None:
    def limited(items: Sequence[int], prepared: Any) -> list[int]:
        if sum(items) > 100:
            raise RuntimeError("CUDA failed with error out of memory")
        return list(items)

    with queue_of(limited) as queue:
        with pytest.raises(RuntimeError, match="out of memory"):
            queue([1, 1000])
        assert queue([1, 2]) == [1, 2]


def test_the_next_batch_is_prepared_while_one_is_computed() -> None:
    engine = Engine()
    prepared_second = threading.Event()

    def prepare(items: Sequence[int]) -> str:
        if Engine.GATE not in items:
            prepared_second.set()
        return threading.current_thread().name

    with (
        queue_of(engine, batch_size=2, prepare=prepare, overlap=True) as queue,
        ThreadPoolExecutor(2) as pool,
    ):
        first = pool.submit(queue, [Engine.GATE])
        assert engine.is_inside.wait(LIMIT_S)
        second = pool.submit(queue, [1, 2])  # a full batch
        assert prepared_second.wait(LIMIT_S), "it waits for the end of the first"
        assert engine.batches == [[-1]]  # but one is computed at a time
        engine.may_go.set()
        assert (first.result(LIMIT_S), second.result(LIMIT_S)) == ([-2], [2, 4])


def test_batch_that_is_not_full_is_not_taken_ahead() -> None:
    """While one is computed others may come: what is taken ahead could not be joined by them."""
    engine = Engine()
    with (
        queue_of(engine, batch_size=3, prepare=list, overlap=True) as queue,
        ThreadPoolExecutor(3) as pool,
    ):
        first = pool.submit(queue, [Engine.GATE])
        assert engine.is_inside.wait(LIMIT_S)
        asked = [pool.submit(queue, [number]) for number in (1, 2)]
        wait_until(lambda: waiting(queue) == 2, "both wait")
        engine.may_go.set()
        assert [one.result(LIMIT_S) for one in (first, *asked)] == [[-2], [2], [4]]
    assert sorted(engine.batches[1]) == [1, 2]


def test_two_workers_compute_at_once() -> None:
    both = threading.Barrier(2)

    def compute(items: Sequence[int], prepared: Any) -> list[int]:
        both.wait(LIMIT_S)  # passes only when two batches are computed at once
        return list(items)

    with queue_of(compute, num_workers=2) as queue:
        assert queue([1, 2]) == [1, 2]


def test_close_fails_what_waits_and_ends_the_threads() -> None:
    engine = Engine()
    queue = queue_of(engine, num_workers=2, overlap=True, prepare=list)
    with ThreadPoolExecutor(3) as pool:
        first = [pool.submit(queue, [Engine.GATE]) for _ in range(2)]
        wait_until(lambda: len(engine.batches) == 2, "both workers are at work")
        waits = pool.submit(queue, [1])
        wait_until(lambda: waiting(queue) == 1, "one waits")
        queue.close()
        queue.close()
        with pytest.raises(UnavailableError, match="being stopped"):
            waits.result(LIMIT_S)
        engine.may_go.set()
        assert [one.result(LIMIT_S) for one in first] == [[-2], [-2]]  # the batches in work end
    for thread in queue._threads:
        assert thread.daemon
        thread.join(LIMIT_S)
        assert not thread.is_alive()
    with pytest.raises(UnavailableError):
        queue([1])


def test_batch_with_too_few_results_is_an_error_and_not_a_shift() -> None:
    with queue_of(lambda items, prepared: items[1:]) as queue, pytest.raises(RuntimeError, match="0 results"):
        queue([1])


def test_thread_works_for_one_call_at_a_time() -> None:
    outer, inner = Ticket(), Ticket()
    assert current_ticket() is None
    with working_for(outer):
        with working_for(inner):
            assert current_ticket() is inner
        assert current_ticket() is outer
    assert current_ticket() is None


def test_listener_is_told_how_full_every_batch_was(caplog: pytest.LogCaptureFixture) -> None:
    """Also of a batch that was computed again in parts, and though another listener fails."""
    told: list[BatchDone] = []

    def refuse(done: BatchDone) -> None:
        raise RuntimeError("told to fail")

    def engine(items: Sequence[int], prepared: Any) -> list[int]:
        if len(items) > 1 and 13 in items:
            raise ValueError("13 is computed by itself")
        return list(items)

    stops = [batch_listeners.listen(listener) for listener in (refuse, told.append)]
    try:
        with queue_of(engine, batch_size=4, name="numbers") as queue:
            assert queue([1, 2, 3, 4, 5, 6]) == [1, 2, 3, 4, 5, 6]
            assert told == [BatchDone("numbers", 4, 4), BatchDone("numbers", 2, 4)]
            told.clear()
            assert queue([13, 1]) == [13, 1]
            assert told == [BatchDone("numbers", 1, 4)] * 2
            told.clear()
            stops.pop()()
            queue([1])
            assert told == []
    finally:
        for stop in stops:
            stop()
    assert "a listener of batches failed" in caplog.text
