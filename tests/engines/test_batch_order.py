"""The order of the pieces, with a virtual clock: no threads, no time."""

from __future__ import annotations

from callytics.engines.batch_order import FairOrder, Kind, Piece
from callytics.engines.tickets import Ticket

WINDOWS = Kind("windows", 16)


def pieces(call: Ticket, costs: list[float], kind: Kind = WINDOWS) -> list[Piece]:
    return [Piece(call, f"{number}", kind, cost) for number, cost in enumerate(costs)]


def costs_of(batch: list[Piece]) -> list[float]:
    return [piece.cost for piece in batch]


class Clock:
    """One worker. A batch takes as long as its longest piece and a hundredth of its work, as on a card."""

    def __init__(self, order: FairOrder) -> None:
        self.order = order
        self.now_s = 0.0
        self.left: dict[Ticket, int] = {}
        self.ended_s: dict[Ticket, float] = {}
        self.batches: list[list[Piece]] = []

    def put(self, waiting: list[Piece]) -> None:
        self.left[waiting[0].ticket] = len(waiting)
        self.order.put(waiting)

    def step(self) -> None:
        batch = self.order.take()
        self.batches.append(batch)
        self.now_s += max(costs_of(batch)) + sum(costs_of(batch)) / 100
        for piece in batch:
            self.left[piece.ticket] -= 1
            if not self.left[piece.ticket]:
                self.ended_s[piece.ticket] = self.now_s

    def run(self) -> None:
        while len(self.order):
            self.step()


def test_batch_is_filled_with_windows_of_several_calls() -> None:
    order = FairOrder()
    calls = [Ticket() for _ in range(5)]
    for call in calls:
        order.put(pieces(call, [30.0, 20.0, 10.0]))
    batch = order.take()
    assert len(batch) == 15
    assert {piece.ticket for piece in batch} == set(calls)


def test_windows_in_a_batch_are_of_similar_length() -> None:
    order = FairOrder()
    for _ in range(16):
        order.put(pieces(Ticket(), [30.0, 8.0]))
    assert [set(costs_of(order.take())) for _ in range(2)] == [{30.0}, {8.0}]


def test_kinds_that_cannot_share_a_batch_do_not() -> None:
    order = FairOrder()
    korean, english = Kind("ko", 16), Kind("en", 16)
    for kind in (korean, english, korean, english):
        order.put(pieces(Ticket(), [10.0], kind))
    batches = [order.take(), order.take()]
    assert [{piece.kind for piece in batch} for batch in batches] == [{korean}, {english}]
    assert [len(batch) for batch in batches] == [2, 2]
    assert len(order) == 0


def test_rare_kind_is_not_passed_over_for_ever() -> None:
    """A stream of calls in one language does not keep a call in another waiting."""
    order = FairOrder()
    rare = Ticket()
    order.put(pieces(Ticket(), [10.0] * 40))
    order.take()
    order.put(pieces(rare, [10.0], Kind("rare", 16)))
    batches = []
    for _ in range(2):
        order.put(pieces(Ticket(), [10.0] * 16))
        batches.append(order.take())
    assert any(piece.ticket is rare for batch in batches for piece in batch)


def test_batches_of_a_long_call_are_as_small_as_it_asks() -> None:
    order = FairOrder()
    order.put(pieces(Ticket(), [30.0] * 6, Kind("windows", 2)))
    assert len(order.take()) == 2


def test_dropped_call_takes_only_its_own_pieces() -> None:
    order = FairOrder()
    first, second = Ticket(), Ticket()
    order.put(pieces(first, [1.0] * 3))
    order.put(pieces(second, [1.0] * 2))
    assert len(order.drop(first)) == 3
    assert {piece.ticket for piece in order.take()} == {second}
    assert order.drop(first) == []


def short_and_long(with_long: bool) -> tuple[Clock, list[Ticket], Ticket]:
    clock = Clock(FairOrder())
    long, short = Ticket(), [Ticket() for _ in range(20)]
    if with_long:  # three hours of two channels, and it was here first
        clock.put(pieces(long, [30.0] * 500))
        clock.step()
    for call in short:  # a minute each
        clock.put(pieces(call, [28.0, 20.0, 9.0]))
    clock.run()
    return clock, short, long


def test_short_calls_are_not_convoyed_by_a_long_one() -> None:
    alone, calls_alone, _ = short_and_long(with_long=False)
    beside, calls_beside, long = short_and_long(with_long=True)
    together_s = max(alone.ended_s[call] for call in calls_alone)
    last_s = max(beside.ended_s[call] for call in calls_beside)
    assert last_s <= 3 * together_s, (last_s, together_s)
    assert last_s < beside.ended_s[long] / 5
    # Not at the price of the long one: it has its turns among those of the others, who have three each.
    during = [batch for batch in beside.batches[1:] if any(piece.ticket is not long for piece in batch)]
    assert sum(piece.ticket is long for batch in during for piece in batch) >= 2


def test_long_call_is_not_starved_by_short_ones_that_keep_coming() -> None:
    clock = Clock(FairOrder())
    long = Ticket()
    clock.put(pieces(long, [30.0] * 20))
    for _ in range(60):
        for _ in range(4):
            clock.put(pieces(Ticket(), [30.0] * 4))
        clock.step()
        if long in clock.ended_s:
            return
    raise AssertionError(f"{clock.left[long]} windows of the long call still wait")


def test_calls_with_equal_work_are_served_by_age() -> None:
    order = FairOrder()
    kind = Kind("alone", 1)
    calls = [Ticket() for _ in range(4)]
    for call in reversed(calls):
        order.put(pieces(call, [5.0, 5.0], kind))
    taken = [order.take()[0].ticket for _ in range(8)]
    assert taken == [*calls, *calls]


def test_old_call_that_comes_back_owes_nothing_and_has_no_credit() -> None:
    """The halves of what looked wrong: they come after the batch in which the call had its turn."""
    order = FairOrder()
    kind = Kind("alone", 1)
    old, idle = Ticket(), Ticket()
    order.put(pieces(old, [5.0] * 3, kind))
    for _ in range(3):
        order.take()
    order.put(pieces(idle, [5.0] * 3, kind))
    order.put(pieces(old, [5.0], kind))
    taken = [order.take()[0].ticket for _ in range(4)]
    assert taken.index(old) <= 2
