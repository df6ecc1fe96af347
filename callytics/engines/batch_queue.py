"""One queue of batches for all calls at work in a replica.

A call of one minute has two to four windows, and a card wants 16 to 64 at a time. So the calls do not compute their
pieces (windows, turns, sentences) themselves: each puts them in, waits, and gets the results in its own order.

    call A  w1 w2 w3 ─┐                            ┌─ prepare, compute ─┐
    call B  w1 w2     ├─ batch_order.FairOrder ────┤                    ├─ results, each to its call
    call C  w1        ┘   fair, similar lengths    └─ prepare the next ─┘

- A free worker takes a batch at once, full or not. Only right after a batch it waits up to ``linger_s`` for the calls
  that have just got results and will put in more. So no piece waits for more than the batches in work and that.
- ``overlap``: one thread more takes a batch that is full while the others compute, and prepares it.
- A call that is cancelled (tickets.py) takes its pieces with it; its thread gets CancelledError.
- A batch that fails is computed again piece by piece: only the call whose piece it is gets the error.
- Out of memory: the batch is computed in halves, and the next ones are no larger; after many good ones they grow again.
- ``close``: what waits fails, the threads end after the batch in work. They are daemons: none holds a process.

The engine says what can share a batch (``kind``). Whether a piece is the same in company is the engine's affair:
docs/adr/0024-batches-across-calls.md.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from callytics.engines.batch_listeners import BatchDone, tell
from callytics.engines.batch_order import FairOrder, Kind, Piece
from callytics.engines.memory import is_out_of_memory, release_unused
from callytics.engines.tickets import Ticket, current_ticket
from callytics.errors import UnavailableError

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

GROW_AFTER = 64
"""Batches without an error, after which a batch that was halved may be twice as large again: a neighbour on the card
may have needed the memory for a moment only."""


@dataclass
class Fill:
    """How full the batches were."""

    batches: int = 0
    pieces: int = 0


class _Request:
    """What one thread waits for. Its fields belong to the lock of the queue."""

    def __init__(self, num_pieces: int) -> None:
        self.results: list[Any] = [None] * num_pieces
        self.error: BaseException | None = None
        self.done = threading.Event()
        self._left = num_pieces

    def answer(self, place: int, result: Any) -> None:
        self.results[place] = result
        self._left -= 1
        if not self._left:
            self.done.set()

    def fail(self, error: BaseException) -> None:
        if not self.done.is_set():
            self.error = error
            self.done.set()


class BatchQueue(Generic[Item, Result]):
    """``(items of one call) -> their results``, computed in batches with those of other calls. For several threads.

    Args:
        compute: ``(items, prepared)`` -> one result per item. Runs in ``num_workers`` threads at once.
        kind: what an item can share a batch with, and how many can share it.
        cost: work of an item, in any unit.
        prepare: ``items`` -> ``prepared``; None if there is nothing to prepare.
        num_workers: number of batches computed at the same time.
        overlap: prepare the next batch while one is computed.
        linger_s: how long a worker waits for a full batch right after one.
        name: of the threads, and of the queue for those who listen (batch_listeners.py).
    """

    def __init__(
        self,
        compute: Callable[[Sequence[Item], Any], Sequence[Result]],
        *,
        kind: Callable[[Item], Kind],
        cost: Callable[[Item], float] = lambda item: 1.0,
        prepare: Callable[[Sequence[Item]], Any] | None = None,
        num_workers: int = 1,
        overlap: bool = False,
        linger_s: float = 0.0,
        name: str = "batches",
    ) -> None:
        self._compute, self._prepare, self._kind, self._cost = compute, prepare, kind, cost
        self._num_workers, self._linger_s, self._name = num_workers, linger_s, name
        self._order = FairOrder(num_workers)
        self._changed = threading.Condition()
        self._computing = threading.Semaphore(num_workers)
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{n}", daemon=True)
            for n in range(num_workers + overlap)
        ]
        self._is_started = self._is_closed = False
        self._num_busy = 0
        self._ended_at = -math.inf
        self._at_most = math.inf
        self._good = 0
        self.fill = Fill()

    def __call__(self, items: Sequence[Item]) -> list[Result]:
        """Waits for the results of all items, in their order. Those first should be computed first.

        Raises:
            CancelledError: the ticket of the call was cancelled.
            UnavailableError: ``stage_stopping``: the queue was closed.
            Exception: that of ``compute`` for one of the items.
        """
        if not items:
            return []
        ticket, request = current_ticket() or Ticket(), _Request(len(items))
        pieces = [
            Piece(ticket, item, self._kind(item), self._cost(item), request, place)
            for place, item in enumerate(items)
        ]
        with self._changed:
            self._check_open()
            self._order.put(pieces)
            self._changed.notify_all()
        take_back = ticket.when_cancelled(lambda: self._cancel(ticket, request))
        request.done.wait()
        take_back()
        if request.error is not None:
            raise request.error
        return request.results

    def close(self) -> None:
        """What waits fails; the threads end after the batch in work. A second time changes nothing."""
        with self._changed:
            self._is_closed = True
            while len(self._order):
                for piece in self._order.take():
                    piece.answers.fail(_stopping())
            self._changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise _stopping()
        if not self._is_started:
            self._is_started = True
            for thread in self._threads:
                thread.start()

    def _cancel(self, ticket: Ticket, request: _Request) -> None:
        with self._changed:
            self._order.drop(ticket)
            request.fail(CancelledError())

    def _work(self) -> None:
        while batch := self._next():
            try:
                self._answer(batch)
            finally:
                with self._changed:
                    self._num_busy -= 1
                    self._ended_at = time.monotonic()
                    self._changed.notify_all()

    def _next(self) -> list[Piece]:
        """The next batch; none when the queue is closed."""
        with self._changed:
            while not self._is_closed:
                wait_s = self._wait_s()
                if wait_s is not None and wait_s <= 0:
                    num_free = max(1, self._num_workers - self._num_busy)
                    batch = self._order.take(num_free, self._at_most)
                    self._num_busy += 1
                    return batch
                self._changed.wait(wait_s)
            return []

    def _wait_s(self) -> float | None:
        """How long the next batch still waits for more pieces; None: until something changes."""
        if not len(self._order):
            return None
        if self._order.is_full(self._at_most):
            return 0.0
        if self._num_busy >= self._num_workers:
            return None
        return self._ended_at + self._linger_s - time.monotonic()

    def _answer(self, pieces: Sequence[Piece]) -> None:
        """Results or errors to the calls of a batch; again in smaller parts if it fails."""
        with self._changed:
            pieces = [piece for piece in pieces if not piece.answers.done.is_set()]
        if not pieces:
            return
        try:
            results = self._computed([piece.item for piece in pieces])
        except Exception as error:
            size = len(pieces)
            if size == 1:
                with self._changed:
                    pieces[0].answers.fail(error)
                return
            if ran_out := is_out_of_memory(error):
                logger.warning("a batch of %d is too large for the memory; in halves from now on", size)
            else:
                logger.warning("a batch of %d failed (%s); each by itself", size, type(error).__name__)
        else:
            tell(BatchDone(self._name, len(pieces), pieces[0].kind.batch_size))
            self._deliver(pieces, results)
            return
        # Outside of `except`: the error holds the frames, and so the memory, of what failed.
        if ran_out:
            self._halve(size)
        step = math.ceil(size / 2) if ran_out else 1
        for begin in range(0, size, step):
            self._answer(pieces[begin : begin + step])

    def _computed(self, items: Sequence[Item]) -> Sequence[Result]:
        prepared = self._prepare(items) if self._prepare else None
        with self._computing:
            results = self._compute(items, prepared)
        if len(results) != len(items):
            raise RuntimeError(f"{len(results)} results for {len(items)} items")
        return results

    def _deliver(self, pieces: Sequence[Piece], results: Sequence[Result]) -> None:
        with self._changed:
            self.fill.batches += 1
            self.fill.pieces += len(pieces)
            self._good += 1
            if self._good >= GROW_AFTER:
                self._good, self._at_most = 0, self._at_most * 2
            for piece, result in zip(pieces, results, strict=True):
                piece.answers.answer(piece.place, result)

    def _halve(self, size: int) -> None:
        with self._changed:
            self._good, self._at_most = 0, max(1, min(self._at_most, size // 2))
        release_unused()


def _stopping() -> UnavailableError:
    return UnavailableError("stage_stopping", "This replica of the stage is being stopped; try again.")
