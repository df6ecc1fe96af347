"""Counts of the store as the body of GET /v1/overview: shares, intervals, and the list behind each number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from callytics.api import intervals
from callytics.api.schemas import overview as schemas
from callytics.domain import JobStatus, MoodDirection
from callytics.store import FindingsState, Mood, Resolved
from callytics.store.overview import LENGTH_EDGES_S, Group, Overview, Sample

JUDGED = {"quality_from": 0}
"""Calls with a score."""
WITH_MOOD = {"mood": Mood.ANY}


@dataclass(frozen=True)
class Period:
    """``starts``: of its days, and of the day after."""

    days: tuple[date, ...]
    starts: tuple[datetime, ...]


@dataclass(frozen=True)
class Links:
    """Makes the addresses of lists of calls of a period."""

    period: Period
    own: Mapping[str, Any]

    def __call__(self, conditions: Mapping[str, Any] | None = None) -> str:
        times: dict[str, Any] = {
            "called_from": self.period.starts[0].isoformat(),
            "called_before": self.period.starts[-1].isoformat(),
        }
        wanted = {**times, **self.own, **(conditions or {})}
        return "/v1/calls?" + urlencode({name: value for name, value in wanted.items() if value is not None})


def overview_view(
    now: Overview, before: Overview, links: Links, links_before: Links, time_zone: str
) -> schemas.OverviewView:
    return schemas.OverviewView(
        time_zone=time_zone,
        confidence=intervals.CONFIDENCE,
        small_below=intervals.SMALL_BELOW,
        period=_period(now, links),
        before=_period(before, links_before),
        statuses=[
            schemas.StatusCount(
                status=status, calls=now.statuses[status], calls_url=links({"status": status})
            )
            for status in JobStatus
            if status in now.statuses
        ],
        findings=[
            schemas.StateCount(
                state=state, calls=now.states.get(state, 0), calls_url=links({"findings": state})
            )
            for state in (FindingsState.CURRENT, FindingsState.EARLIER, FindingsState.NONE)
        ],
        days=_days(now, links),
        lengths=_lengths(now, links),
        moods=_moods(now, links),
        quality=_mean(now.quality, links(JUDGED)),
        quality_before=_mean(before.quality, links_before(JUDGED)),
        topics=_topics(now, before, links, links_before),
        agents=[_quality(group, "agent", links) for group in now.agents],
        queues=[_quality(group, "queue", links) for group in now.queues],
        flags=[
            schemas.FlagCount(flag=code, calls=count, calls_url=links({"flag": code}))
            for code, count in now.flags.items()
        ],
    )


def _period(found: Overview, links: Links) -> schemas.PeriodView:
    period = links.period
    return schemas.PeriodView(
        first_day=period.days[0],
        last_day=period.days[-1],
        called_from=period.starts[0],
        called_before=period.starts[-1],
        calls=found.calls,
        calls_url=links(),
    )


def _days(found: Overview, links: Links) -> list[schemas.DayCount]:
    days, starts = links.period.days, [start.isoformat() for start in links.period.starts]
    return [
        schemas.DayCount(
            day=day,
            calls=count,
            calls_url=links({"called_from": starts[number], "called_before": starts[number + 1]}),
        )
        for number, (day, count) in enumerate(zip(days, found.days, strict=True))
    ]


def _lengths(found: Overview, links: Links) -> schemas.LengthsView:
    lengths = found.lengths
    edges = (0, *LENGTH_EDGES_S)
    bounds = list(zip(edges, (*LENGTH_EDGES_S, None), strict=True))
    return schemas.LengthsView(
        calls=found.calls,
        calls_url=links({"sort": "-duration"}),
        total_s=lengths.total_s,
        mean_s=lengths.mean_s,
        median_s=lengths.median_s,
        p90_s=lengths.p90_s,
        buckets=[
            schemas.LengthBucket(
                from_s=least,
                before_s=beyond,
                calls=count,
                calls_url=links({"duration_from_s": least or None, "duration_before_s": beyond}),
            )
            for (least, beyond), count in zip(bounds, lengths.buckets, strict=True)
        ],
    )


def _moods(found: Overview, links: Links) -> schemas.MoodsView:
    known = sum(found.ended.values())
    turned = sum(found.directions.values())
    return schemas.MoodsView(
        ended=[
            schemas.MoodShare(mood=mood, **_share(found.ended.get(mood, 0), known, links({"mood": mood})))
            for mood in (Mood.NEGATIVE, Mood.NEUTRAL, Mood.POSITIVE)
        ],
        directions=[
            schemas.DirectionShare(
                direction=direction,
                **_share(found.directions.get(direction, 0), turned, links({"mood_direction": direction})),
            )
            for direction in MoodDirection
        ],
        start=_mean(found.mood_start, links(WITH_MOOD)),
        end=_mean(found.mood_end, links(WITH_MOOD)),
    )


def _topics(now: Overview, before: Overview, links: Links, links_before: Links) -> list[schemas.TopicView]:
    """Also topics of the period before that are not heard of any more."""
    counts, counts_before = ({group.name: group for group in found.topics} for found in (now, before))
    n, n_before = (sum(group.calls for group in found.topics) for found in (now, before))
    gone = [group.name for group in before.topics if group.name not in counts]
    views = []
    for name in [*counts, *gone]:
        group = counts.get(name)
        count = group.calls if group else 0
        count_before = counts_before[name].calls if name in counts_before else 0
        where = _named("topic", name)
        interval = intervals.of_difference(count, n, count_before, n_before)
        views.append(
            schemas.TopicView(
                topic=name,
                **_share(count, n, links(where)),
                before=schemas.CallShare(**_share(count_before, n_before, links_before(where))),
                change=count / n - count_before / n_before if n and n_before else None,
                change_low=interval.low if interval else None,
                change_high=interval.high if interval else None,
                resolved=_resolved(group, where, links),
                issues=[
                    schemas.IssueView(call_id=one.call_id, issue=one.issue)
                    for one in (group.issues if group else ())
                ],
            )
        )
    return views


def _resolved(group: Group | None, where: Mapping[str, Any], links: Links) -> list[schemas.ResolvedCount]:
    counts = group.resolved if group else {}
    return [
        schemas.ResolvedCount(
            resolved=answer, calls=counts.get(answer, 0), calls_url=links({**where, "resolved": answer})
        )
        for answer in Resolved
    ]


def _quality(group: Group, name: str, links: Links) -> schemas.QualityView:
    where = _named(name, group.name)
    known = sum(group.ended.values())
    negative = links({**where, "mood": Mood.NEGATIVE})
    return schemas.QualityView(
        name=group.name,
        calls=group.calls,
        calls_url=links(where),
        quality=_mean(group.quality, links({**where, **JUDGED})),
        ended_negative=schemas.CallShare(**_share(group.ended.get(Mood.NEGATIVE, 0), known, negative)),
    )


def _named(field: str, name: str | None) -> dict[str, Any]:
    """Conditions for the calls of a group; of those without a topic only the calls with findings are in one."""
    if name is not None:
        return {field: name}
    return {"without": field} | ({"findings": FindingsState.ANY} if field == "topic" else {})


def _share(count: int, n: int, url: str) -> dict[str, Any]:
    interval = intervals.of_share(count, n)
    return {
        "calls": count,
        "calls_url": url,
        "share": count / n if n else None,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "small": n < intervals.SMALL_BELOW,
    }


def _mean(sample: Sample, url: str) -> schemas.MeanOfCalls:
    interval = intervals.of_mean(sample.n, sample.mean, sample.deviation)
    return schemas.MeanOfCalls(
        calls=sample.n,
        calls_url=url,
        mean=sample.mean,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        small=sample.n < intervals.SMALL_BELOW,
    )
