"""Places are shared: a tenant that takes many leaves one for the next."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from callytics.api.places import Places
from callytics.errors import TooManyRequestsError, UnavailableError


def take_all(places: Places, tenant: str, held: ExitStack, most: int = 0) -> int:
    """How many it gets until it is refused."""
    count = 0
    while True:
        try:
            held.enter_context(places.place(tenant, most))
        except TooManyRequestsError:
            return count
        count += 1


def test_one_tenant_gets_half_and_the_next_finds_a_place() -> None:
    places = Places("requests", 100)
    with ExitStack() as held:
        assert take_all(places, "a", held) == 50
        assert take_all(places, "b", held) == 25
        assert take_all(places, "c", held) == 13
        with places.place("d"):
            pass
    with ExitStack() as held:  # all were given back
        assert take_all(places, "a", held) == 50


def test_those_who_come_together_get_the_same() -> None:
    places = Places("requests", 100)
    counts = dict.fromkeys("abc", 0)
    with ExitStack() as held:
        for _ in range(40):
            for tenant in counts:
                try:
                    held.enter_context(places.place(tenant))
                    counts[tenant] += 1
                except TooManyRequestsError:
                    pass
    assert sum(counts.values()) <= 76
    assert set(counts.values()) <= {24, 25, 26}


def test_tenant_may_have_less_than_its_share() -> None:
    places = Places("uploads", 100)
    with ExitStack() as held:
        assert take_all(places, "a", held, most=3) == 3
        assert take_all(places, "b", held) == 49


def test_when_all_are_taken_it_is_not_the_fault_of_who_has_none() -> None:
    places = Places("requests", 2)
    with places.place("a"), places.place("b"):
        with pytest.raises(UnavailableError) as raised, places.place("c"):
            pass
        assert raised.value.code == "gateway_busy"
        with pytest.raises(TooManyRequestsError) as refused, places.place("a"):
            pass
        assert refused.value.code == "too_many_of_tenant"
