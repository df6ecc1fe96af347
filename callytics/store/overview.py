"""What the calls of a period have in common, counted in one pass over a few columns: memory for the lengths and scores,
not for the calls. Part of one transaction."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from callytics.domain import JobStatus, MoodDirection
from callytics.store.lists import AGENT, QUEUE, conditions_of, joined, mood_of
from callytics.store.records.calls import WITH_RESULT
from callytics.store.records.findings import FindingsState
from callytics.store.records.lists import CallFilter, Mood, Resolved
from callytics.store.tables.calls import CallRow, FindingFlagRow, FindingRow

LENGTH_EDGES_S = (60, 180, 300, 600, 1200)
ISSUES_PER_TOPIC = 3

_COLUMNS: tuple[Any, ...] = (
    col(CallRow.id),
    col(CallRow.called_at_ms),
    col(CallRow.duration_s),
    col(CallRow.status),
    AGENT.label("agent"),
    QUEUE.label("queue"),
    col(FindingRow.call_id).label("has_findings"),
    col(FindingRow.topic),
    col(FindingRow.issue),
    col(FindingRow.resolved),
    col(FindingRow.mood_start),
    col(FindingRow.mood_end),
    col(FindingRow.mood_direction),
    col(FindingRow.quality),
)


@dataclass(frozen=True)
class Sample:
    """``n`` values; ``mean`` is None without any, ``deviation`` (of the sample, n - 1) with fewer than two."""

    n: int
    mean: float | None
    deviation: float | None


@dataclass(frozen=True)
class Issue:
    call_id: str
    issue: str


@dataclass(frozen=True)
class Group:
    """The calls with one topic, agent or queue; ``name`` is None for those without."""

    name: str | None
    calls: int
    quality: Sample
    ended: Mapping[Mood, int]
    resolved: Mapping[Resolved, int]
    issues: tuple[Issue, ...]


@dataclass(frozen=True)
class Lengths:
    """``buckets``: numbers of calls between LENGTH_EDGES_S, the first below the first edge. None without calls."""

    total_s: float
    mean_s: float | None
    median_s: float | None
    p90_s: float | None
    buckets: tuple[int, ...]


@dataclass(frozen=True)
class Overview:
    """``days``: numbers of calls by day. ``topics``: of calls with findings; ``agents`` and ``queues``: of all calls.
    The largest group comes first."""

    calls: int
    statuses: Mapping[JobStatus, int]
    states: Mapping[FindingsState, int]
    days: tuple[int, ...]
    lengths: Lengths
    ended: Mapping[Mood, int]
    directions: Mapping[MoodDirection, int]
    mood_start: Sample
    mood_end: Sample
    quality: Sample
    topics: tuple[Group, ...]
    agents: tuple[Group, ...]
    queues: tuple[Group, ...]
    flags: Mapping[str, int]


@dataclass
class _Tally:
    """A group while it is counted."""

    calls: int = 0
    quality: list[float] = field(default_factory=list)
    ended: Counter[Mood] = field(default_factory=Counter)
    resolved: Counter[Resolved] = field(default_factory=Counter)
    issues: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, call: Any) -> None:
        self.calls += 1
        if call.has_findings is None:
            return
        if call.quality is not None:
            self.quality.append(call.quality)
        if call.mood_end is not None:
            self.ended[mood_of(call.mood_end)] += 1
        self.resolved[_resolved(call.resolved)] += 1
        if call.issue:
            self.issues.append((call.called_at_ms, call.id, call.issue))
            if len(self.issues) > 10 * ISSUES_PER_TOPIC:
                self.issues = self._latest()

    def _latest(self) -> list[tuple[int, str, str]]:
        return sorted(self.issues, reverse=True)[:ISSUES_PER_TOPIC]

    def group(self, name: str | None) -> Group:
        issues = tuple(Issue(call_id, issue) for _, call_id, issue in self._latest())
        return Group(name, self.calls, sample(self.quality), dict(self.ended), dict(self.resolved), issues)


def _resolved(value: bool | None) -> Resolved:
    return Resolved.UNKNOWN if value is None else Resolved.YES if value else Resolved.NO


def overview(session: Session, wanted: CallFilter, day_starts_ms: Sequence[int]) -> Overview:
    """
    Args:
        wanted: with ``called_from_ms`` and ``called_before_ms``, and without ``text``.
        day_starts_ms: of the days of the period, the first at ``called_from_ms``.
    """
    conditions = conditions_of(wanted)
    everything, lengths_s = _Tally(), []
    topics, agents, queues = (defaultdict[str | None, _Tally](_Tally) for _ in range(3))
    statuses, states, days = Counter[JobStatus](), Counter[FindingsState](), Counter[int]()
    directions, starts, ends = Counter[MoodDirection](), list[float](), list[float]()
    rows: Iterable[Any] = session.execute(joined(select(*_COLUMNS)).where(*conditions))
    for call in rows:
        everything.add(call)
        lengths_s.append(call.duration_s)
        statuses[JobStatus(call.status)] += 1
        states[_state(call)] += 1
        days[bisect_right(day_starts_ms, call.called_at_ms) - 1] += 1
        agents[call.agent].add(call)
        queues[call.queue].add(call)
        if call.has_findings is None:
            continue
        topics[call.topic].add(call)
        if call.mood_direction is not None:
            directions[MoodDirection(call.mood_direction)] += 1
        if call.mood_start is not None:
            starts.append(call.mood_start)
        if call.mood_end is not None:
            ends.append(call.mood_end)
    return Overview(
        calls=everything.calls,
        statuses=dict(statuses),
        states=dict(states),
        days=tuple(days[day] for day in range(len(day_starts_ms))),
        lengths=_lengths(lengths_s),
        ended=dict(everything.ended),
        directions=dict(directions),
        mood_start=sample(starts),
        mood_end=sample(ends),
        quality=sample(everything.quality),
        topics=_groups(topics),
        agents=_groups(agents),
        queues=_groups(queues),
        flags=_flags(session, conditions),
    )


def _state(call: Any) -> FindingsState:
    if call.has_findings is None:
        return FindingsState.NONE
    return FindingsState.CURRENT if JobStatus(call.status) in WITH_RESULT else FindingsState.EARLIER


def _groups(tallies: Mapping[str | None, _Tally]) -> tuple[Group, ...]:
    groups = (tally.group(name) for name, tally in tallies.items())
    return tuple(sorted(groups, key=lambda group: (-group.calls, group.name is None, group.name or "")))


def _flags(session: Session, conditions: Iterable[Any]) -> dict[str, int]:
    statement = joined(select(col(FindingFlagRow.code), func.count()).select_from(CallRow))
    statement = statement.join(FindingFlagRow, col(FindingFlagRow.call_id) == col(CallRow.id))
    rows = session.execute(statement.where(*conditions).group_by(col(FindingFlagRow.code)))
    found: list[tuple[str, int]] = [(code, count) for code, count in rows]
    return dict(sorted(found, key=lambda pair: (-pair[1], pair[0])))


def sample(values: Sequence[float]) -> Sample:
    return Sample(len(values), fmean(values) if values else None, stdev(values) if len(values) > 1 else None)


def _lengths(lengths_s: list[float]) -> Lengths:
    ordered = sorted(lengths_s)
    buckets = Counter(bisect_right(LENGTH_EDGES_S, length_s) for length_s in ordered)
    return Lengths(
        total_s=sum(ordered),
        mean_s=fmean(ordered) if ordered else None,
        median_s=quantile(ordered, 0.5),
        p90_s=quantile(ordered, 0.9),
        buckets=tuple(buckets[number] for number in range(len(LENGTH_EDGES_S) + 1)),
    )


def quantile(ordered: Sequence[float], q: float) -> float | None:
    """Linear between the two nearest values, as numpy and pandas do (Hyndman and Fan, 1996, definition 7)."""
    if not ordered:
        return None
    place = (len(ordered) - 1) * q
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
