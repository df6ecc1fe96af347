"""/v1/overview: what the calls of a period have in common."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from callytics.api.auth import Reader
from callytics.api.errors import problem_responses
from callytics.api.listening import view_mark
from callytics.api.overview_views import Links, Period, overview_view
from callytics.api.schemas.fields import Day, Language, ShortText
from callytics.api.schemas.overview import OverviewView
from callytics.api.services import ServicesDep
from callytics.api.strict import StrictRoute
from callytics.errors import InvalidRequestError
from callytics.store import CallFilter, CallStore

router = APIRouter(route_class=StrictRoute, prefix="/v1/overview", tags=["calls"])

MAX_DAYS = 366
DEFAULT_DAYS = 28  # whole weeks: the days of a week differ


class OverviewQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    first_day: Day | None = Field(default=None, description="Default: 28 days up to the last day")
    last_day: Day | None = Field(default=None, description="Inclusive; default: today")
    time_zone: ShortText = Field(
        default="UTC", description="Name in the IANA database, in which days begin", examples=["Asia/Seoul"]
    )
    agent: ShortText | None = Field(default=None, description="Only calls of this agent, as in the list")
    queue: ShortText | None = Field(default=None, description="Only calls of this queue")
    language: Language = None


@router.get(
    "",
    operation_id="get_overview",
    response_model=OverviewView,
    responses=problem_responses(400, 401, 403, 422),
)
async def get_overview(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[OverviewQuery, Query()]
) -> OverviewView:
    """Volume, lengths, moods, topics, and quality by agent and queue, for at most 366 days. Calls count on the day on
    which they took place, or were uploaded if that is not known. Every number of calls has the list of these calls.

        curl -H "Authorization: Bearer $KEY" "http://127.0.0.1:8000/v1/overview?time_zone=Asia/Seoul"
    """
    zone = _zone(query.time_zone)
    last = query.last_day or datetime.now(zone).date()
    first = query.first_day or last - timedelta(days=DEFAULT_DAYS - 1)
    num_days = (last - first).days + 1
    if (
        not 1 <= num_days <= MAX_DAYS
        or first < date(1, 1, 1) + timedelta(days=num_days + 1)
        or last.year > 9998
    ):
        raise InvalidRequestError(
            "range_invalid", f"Ask for 1 to {MAX_DAYS} days: {first} to {last} is not that."
        )
    now, before = (_period(day, num_days, zone) for day in (first, first - timedelta(days=num_days)))
    found = []
    for period in (now, before):
        wanted = CallFilter(
            tenant=principal.tenant,
            called_from_ms=_ms(period.starts[0]),
            called_before_ms=_ms(period.starts[-1]),
            agent=query.agent,
            queue=query.queue,
            language_code=query.language,
        )
        found.append(
            await services.store(CallStore.overview, wanted, [_ms(start) for start in period.starts[:-1]])
        )
    asked = {"view": view_mark(query.model_dump(mode="json")), "first_day": str(first), "last_day": str(last)}
    request.app.state.listening.note(principal, "overview.read", "", asked)
    own = {"agent": query.agent, "queue": query.queue, "language": query.language}
    return overview_view(found[0], found[1], Links(now, own), Links(before, own), query.time_zone)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # also a folder of the database
        raise InvalidRequestError(
            "time_zone_unknown",
            f"There is no time zone {name!r} on the server; name one of the IANA database, as Asia/Seoul or UTC.",
        ) from error


def _period(first: date, num_days: int, zone: ZoneInfo) -> Period:
    days = [first + timedelta(days=number) for number in range(num_days + 1)]
    starts = [datetime.combine(day, time(), zone).astimezone(UTC) for day in days]
    return Period(tuple(days[:-1]), tuple(starts))


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
