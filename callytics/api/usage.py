"""/v1/usage, for keys with the scope admin: what a tenant used, by day or by month."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from callytics.api.auth import Admin, Principal
from callytics.api.errors import problem_responses
from callytics.api.schemas.fields import Day, ShortText
from callytics.api.services import ServicesDep
from callytics.api.strict import StrictRoute
from callytics.errors import ForbiddenError, InvalidRequestError
from callytics.store import DEFAULT_TENANT, CallStore, TenantUsage, UsageDay

router = APIRouter(route_class=StrictRoute, prefix="/v1/usage", tags=["usage"])

MAX_DAYS = 366
EVERY_TENANT = "*"  # no name of a tenant


class UsagePeriod(BaseModel):
    """What a tenant used in one day or month."""

    period: str = Field(examples=["2026-11-28", "2026-11"], description="The day or the month, in UTC")
    requests: int = Field(description="With a valid key; those of the last seconds may be missing")
    refused: int = Field(
        description="Of the requests, those that a limit turned away (429, 503 gateway_busy)"
    )
    calls: int = Field(description="Accepted, those of the OpenAI-compatible routes included")
    uploaded_bytes: int = Field(description="Of the recordings that were accepted")
    uploaded_audio_s: float = Field(description="Their length, in seconds")
    analyzed_audio_s: float = Field(description="A call that is analysed again counts again")


class TenantUsageView(BaseModel):
    """What one tenant used."""

    tenant: str = Field(description="Its name")
    stored_bytes: int = Field(description="Of the recordings that are there now")
    periods: list[UsagePeriod] = Field(description="Those with any use")


class Usage(BaseModel):
    """What tenants used between two days."""

    from_: date = Field(serialization_alias="from", description="The first day, in UTC")
    to: date = Field(description="The last day, in UTC; it is included")
    tenants: list[TenantUsageView] = Field(description="The tenants that were asked for")


@router.get("", response_model=Usage, responses=problem_responses(400, 401, 403, 422))
async def get_usage(
    services: ServicesDep,
    principal: Admin,
    from_: Annotated[
        Day | None, Query(alias="from", description="UTC; default: the first of this month")
    ] = None,
    to: Annotated[Day | None, Query(description="UTC, included; default: today")] = None,
    by: Literal["day", "month"] = "day",
    tenant: Annotated[
        ShortText | None,
        Query(description="Only for keys of the operator (`default`): another tenant, or `*`: all"),
    ] = None,
) -> Usage:
    """What was used, by day or by month. Deleting calls lowers nothing here but `stored_bytes`."""
    last = to or datetime.now(UTC).date()
    first = from_ or last.replace(day=1)
    if not 0 <= (last - first).days < MAX_DAYS:
        raise InvalidRequestError(
            "range_invalid", f"Ask for 1 to {MAX_DAYS} days: {first} to {last} is not that."
        )
    found = await services.store(
        CallStore.usage, _whose(principal, tenant), first.isoformat(), last.isoformat()
    )
    return Usage(from_=first, to=last, tenants=[_view(used, by) for used in found])


def _whose(principal: Principal, tenant: str | None) -> str | None:
    """None: every tenant's."""
    if tenant is None or tenant == principal.tenant:
        return principal.tenant
    if principal.tenant != DEFAULT_TENANT:
        raise ForbiddenError("operator_only", "The usage of other tenants is only for their operator.")
    return None if tenant == EVERY_TENANT else tenant


def _view(used: TenantUsage, by: Literal["day", "month"]) -> TenantUsageView:
    name_length = len("2026-11-28" if by == "day" else "2026-11")
    periods = groupby(used.days, key=lambda day: day.day[:name_length])
    return TenantUsageView(
        tenant=used.tenant,
        stored_bytes=used.stored_bytes,
        periods=[_period(name, list(days)) for name, days in periods],
    )


def _period(name: str, days: Iterable[UsageDay]) -> UsagePeriod:
    days = list(days)
    return UsagePeriod(
        period=name,
        requests=sum(day.requests for day in days),
        refused=sum(day.refused for day in days),
        calls=sum(day.calls for day in days),
        uploaded_bytes=sum(day.uploaded_bytes for day in days),
        uploaded_audio_s=sum(day.uploaded_audio_ms for day in days) / 1000,
        analyzed_audio_s=sum(day.analyzed_audio_ms for day in days) / 1000,
    )
