"""SIMULATION of stages that share cards: discrete events (simpy), no GPU.

A card is shared like a GPU without partitions: every running job needs a part of the card's compute, and if the jobs
on a card need more than the whole, all of them slow down in proportion (egalitarian processor sharing). Not simulated:
memory (shares that add up to a card are assumed to fit), the transfer of a call between stages, the host.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any

import simpy

CALL_MINUTES = (1.0, 2.0, 3.0, 4.0, 5.0, 9.0)
"""Lengths of calls, four minutes on average; the next length is drawn at random."""

IGNORED = 0.1
"""Share of the calls at each end that do not count, because the graph fills and empties."""

EPSILON = 1e-9
Process = Generator[simpy.Event, Any, Any]


@dataclass(frozen=True)
class GpuStage:
    """A stage on a card.

    Attributes:
        share: share of a card's memory per replica: num_gpus.
        seconds_per_minute: seconds per minute of audio, alone on a card.
        demand: part of the card's compute that a running replica needs.
    """

    name: str
    share: float
    seconds_per_minute: float
    demand: float


@dataclass(frozen=True)
class Outcome:
    """Attributes:
    audio_per_second: seconds of audio per second, all cards together.
    utilisation: mean used share of the compute of every card.
    call_s: median time of a call in the stages, including waits.
    """

    audio_per_second: float
    utilisation: tuple[float, ...]
    call_s: float

    @property
    def per_card(self) -> float:
        return self.audio_per_second / len(self.utilisation)


@dataclass
class _Job:
    left_s: float
    demand: float
    done: simpy.Event


@dataclass
class Card:
    """One GPU. ``busy_s``: used seconds of its whole compute so far."""

    environment: simpy.Environment
    busy_s: float = 0.0
    _jobs: list[_Job] = field(default_factory=list)
    _since: float = 0.0
    _changes: int = 0

    def work(self, seconds: float, demand: float) -> simpy.Event:
        """Start a job that takes ``seconds`` alone on the card; returns the event of its end."""
        self._advance()
        job = _Job(seconds, demand, self.environment.event())
        self._jobs.append(job)
        self._plan()
        return job.done

    @property
    def _rate(self) -> float:
        """Speed of every job; 1 if it is alone."""
        asked = sum(job.demand for job in self._jobs)
        return min(1.0, 1.0 / asked) if asked else 1.0

    def _advance(self) -> None:
        elapsed = self.environment.now - self._since
        rate = self._rate
        self.busy_s += elapsed * rate * sum(job.demand for job in self._jobs)
        for job in self._jobs:
            job.left_s -= elapsed * rate
        self._since = self.environment.now

    def _plan(self) -> None:
        """Wake at the end of the first job to finish, if nothing changes until then."""
        self._changes += 1
        if self._jobs:
            first_s = max(0.0, min(job.left_s for job in self._jobs)) / self._rate
            self.environment.process(self._wake(first_s, self._changes))

    def _wake(self, after_s: float, changes: int) -> Process:
        yield self.environment.timeout(after_s)
        if changes != self._changes:
            return
        self._advance()
        for job in [job for job in self._jobs if job.left_s <= EPSILON]:
            self._jobs.remove(job)
            job.done.succeed()
        self._plan()


def simulate(
    replicas: Sequence[tuple[GpuStage, int]], num_cards: int, in_flight: int, num_calls: int, seed: int
) -> Outcome:
    """Run calls through the stages on cards, always ``in_flight`` at once.

    Args:
        replicas: every replica and its card. ``speaker-diarizer`` runs in parallel with ``speech-recognizer``; the
            other stages follow in the given order.
        in_flight: calls in the graph; the next one starts when one ends.
    """
    environment = simpy.Environment()
    cards = [Card(environment) for _ in range(num_cards)]
    waiting: dict[str, simpy.Store] = {}
    for stage, card in replicas:
        waiting.setdefault(stage.name, simpy.Store(environment)).put((stage, cards[card]))
    draws = random.Random(seed)
    lengths = [draws.choice(CALL_MINUTES) for _ in range(num_calls)]
    run = _Run(environment, waiting, lengths)
    for _ in range(in_flight):
        environment.process(run.caller())
    first, last = round(IGNORED * num_calls), round((1 - IGNORED) * num_calls)
    marks = []
    for count in (first, last):
        while len(run.ended) < count:
            environment.step()
        marks.append((environment.now, [card.busy_s for card in cards]))
    (start_s, busy_before), (end_s, busy_after) = marks
    counted = run.ended[first:last]
    return Outcome(
        audio_per_second=sum(minutes for minutes, _ in counted) * 60 / (end_s - start_s),
        utilisation=tuple(
            (after - before) / (end_s - start_s)
            for before, after in zip(busy_before, busy_after, strict=True)
        ),
        call_s=median(seconds for _, seconds in counted),
    )


@dataclass
class _Run:
    environment: simpy.Environment
    waiting: Mapping[str, simpy.Store]
    lengths: list[float]
    ended: list[tuple[float, float]] = field(default_factory=list)

    def caller(self) -> Process:
        """Process one call after the other until none remain."""
        while self.lengths:
            minutes = self.lengths.pop()
            start = self.environment.now
            beside = [name for name in ("speaker-diarizer", "speech-recognizer") if name in self.waiting]
            yield self.environment.all_of([self._stage(name, minutes) for name in beside])
            for name in self.waiting:
                if name not in beside:
                    yield self._stage(name, minutes)
            self.ended.append((minutes, self.environment.now - start))

    def _stage(self, name: str, minutes: float) -> simpy.Process:
        return self.environment.process(self._on_replica(name, minutes))

    def _on_replica(self, name: str, minutes: float) -> Process:
        stage, card = yield self.waiting[name].get()
        yield card.work(minutes * stage.seconds_per_minute, stage.demand)
        self.waiting[name].put((stage, card))


def mean_utilisation(outcome: Outcome) -> float:
    return fmean(outcome.utilisation)
