"""Which pieces the next batch holds: fair to the calls that wait, of one kind, of similar length. No threads, no clock.

Fair: the call for which least was computed is next, as in start-time fair queueing (Goyal, Vin and Cheng 1996). A call
of three hours and twenty of one minute take turns; none waits for all windows of another. A call that comes later
begins where those that wait are, so it neither overtakes them for ever nor pays for what was before it.

Similar: the first piece is that of the call whose turn it is; every further turn gives the piece nearest to it in cost.
A batch is decoded until its longest piece ends.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from callytics.engines.tickets import Ticket


@dataclass(frozen=True)
class Kind:
    """Pieces of one kind can share a batch.

    Attributes:
        key: what the engine needs to be the same in a batch: language, hotwords, parameters of a search.
        batch_size: maximum number of pieces.
    """

    key: Hashable
    batch_size: int


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """One window, turn or sentence of a call.

    Attributes:
        answers: the request that it belongs to, and ``place`` its place in it.
        cost: in any unit, e.g. seconds of speech.
    """

    ticket: Ticket
    item: Any
    kind: Kind
    cost: float
    answers: Any = None
    place: int = 0


class FairOrder:
    """The pieces that wait. Not safe to use from several threads: BatchQueue has the lock.

    Args:
        num_workers: number of batches computed at the same time.
    """

    def __init__(self, num_workers: int = 1) -> None:
        self._num_workers = num_workers
        self._waiting: dict[Ticket, list[Piece]] = {}
        self._computed: WeakKeyDictionary[Ticket, float] = WeakKeyDictionary()
        self._now = 0.0  # what was computed for the call whose turn was last, before that turn

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def put(self, pieces: Sequence[Piece]) -> None:
        """Pieces of one call, those first that should be computed first."""
        if pieces:
            ticket = pieces[0].ticket
            if ticket not in self._waiting:
                self._computed[ticket] = max(self._computed.get(ticket, 0.0), self._now)
            self._waiting.setdefault(ticket, []).extend(pieces)

    def drop(self, ticket: Ticket) -> list[Piece]:
        """The pieces of a call that is not wanted any more; they wait no longer."""
        return self._waiting.pop(ticket, [])

    def is_full(self, at_most: float = math.inf) -> bool:
        """Whether the next batch would have its whole size."""
        if not self._waiting:
            return False
        kind = self._first().kind
        return len(self._of(kind)) >= min(kind.batch_size, at_most)

    def take(self, num_free: int = 1, at_most: float = math.inf) -> list[Piece]:
        """The next batch. Several workers share equally what waits, if all of it can be computed at once.

        Args:
            num_free: number of workers that have no batch yet.
            at_most: pieces in a batch, if less than its kind allows.
        """
        first = self._first()
        same = self._of(first.kind)
        size = int(min(first.kind.batch_size, at_most))
        share = self._share(same, size, num_free)
        of_call: dict[Ticket, list[Piece]] = {}
        for piece in same:
            of_call.setdefault(piece.ticket, []).append(piece)
        turns = [(self._computed[ticket], ticket.number, ticket) for ticket in of_call]
        heapq.heapify(turns)
        batch: list[Piece] = []
        work = 0.0
        while turns and len(batch) < size:
            computed, number, ticket = heapq.heappop(turns)
            piece = min(of_call[ticket], key=lambda one: abs(one.cost - first.cost)) if batch else first
            if batch and work + piece.cost / 2 >= share:
                break
            self._now = max(self._now, computed)
            of_call[ticket].remove(piece)
            batch.append(piece)
            work += piece.cost
            self._computed[ticket] = computed + piece.cost
            if of_call[ticket]:
                heapq.heappush(turns, (self._computed[ticket], number, ticket))
        self._remove(batch)
        return batch

    def _first(self) -> Piece:
        ticket = min(self._waiting, key=lambda one: (self._computed[one], one.number))
        return self._waiting[ticket][0]

    def _of(self, kind: Kind) -> list[Piece]:
        return [piece for pieces in self._waiting.values() for piece in pieces if piece.kind == kind]

    def _share(self, same: Sequence[Piece], size: int, num_free: int) -> float:
        """Work of one batch of as many as keep all workers busy; those that are busy have theirs of this round."""
        if self._num_workers == 1:
            return math.inf
        rounds = math.ceil(len(same) / size / self._num_workers)
        num_batches = max(1, rounds * self._num_workers - (self._num_workers - num_free))
        return sum(piece.cost for piece in same) / num_batches

    def _remove(self, batch: Sequence[Piece]) -> None:
        taken = {id(piece) for piece in batch}
        for ticket in {piece.ticket for piece in batch}:
            left = [piece for piece in self._waiting[ticket] if id(piece) not in taken]
            if left:
                self._waiting[ticket] = left
            else:
                del self._waiting[ticket]
