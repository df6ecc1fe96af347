"""/v1/views: views of the list of calls under a name, private to who made them or shared with the tenant."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, BaseModel, Field, field_validator

from callytics.api.auth import Principal, Reader, allowed
from callytics.api.errors import problem_responses
from callytics.api.patterns import READABLE
from callytics.api.schemas.fields import ShortText, StrictBody
from callytics.api.schemas.queries import CallFilters
from callytics.api.services import ServicesDep
from callytics.api.strict import StrictRoute
from callytics.api.views import time_of
from callytics.errors import ForbiddenError
from callytics.store import CallStore
from callytics.store.views import ViewRecord

router = APIRouter(route_class=StrictRoute, prefix="/v1/views", tags=["calls"])

WRITE = "calls:write"
ReaderOrWriter = Annotated[Principal, Depends(allowed("calls:read", WRITE))]
MAX_FILTERS = 40


def _one_line(name: str) -> str:
    """As people see it: two spellings of one name are one name."""
    if not (flat := " ".join(unicodedata.normalize("NFC", name).split())):
        raise ValueError("is empty")
    return flat


class ViewBody(StrictBody):
    name: Annotated[str, Field(max_length=60, pattern=READABLE), AfterValidator(_one_line)] = Field(
        description="Yours with this name is replaced", examples=["Angry, last week"]
    )
    query: dict[str, ShortText] = Field(
        max_length=MAX_FILTERS,
        description="Filters and `sort`, as `GET /v1/calls` takes them",
        examples=[{"mood": "NEGATIVE", "queue": "billing", "sort": "-called_at"}],
    )
    is_shared: bool = Field(
        default=False, description="Whether everyone of the tenant has it; needs `calls:write`"
    )

    @field_validator("query")
    @classmethod
    def _of_the_list(cls, query: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(set(query) - set(CallFilters.model_fields)):
            raise ValueError(f"GET /v1/calls has no {', '.join(unknown)}")
        return query


class ViewView(BaseModel):
    """A view of the list of calls."""

    id: str
    name: str
    query: dict[str, str] = Field(description="Filters and `sort` of `GET /v1/calls`")
    is_shared: bool = Field(description="Whether everyone of the tenant has it")
    is_own: bool = Field(description="Whether it is yours")
    owner: str = Field(description="Id of the API key or person who made it")
    updated_at: datetime


class ViewList(BaseModel):
    """Your views, and those that others share."""

    views: list[ViewView] = Field(description="By name")


@router.get("", response_model=ViewList, responses=problem_responses(401, 403))
async def list_views(services: ServicesDep, principal: Reader) -> ViewList:
    """Your named views of the list of calls, and those that others of the tenant share."""
    found = await services.store(CallStore.list_views, principal.tenant, principal.id)
    return ViewList(views=[_view(record, principal) for record in found])


@router.put("", response_model=ViewView, responses=problem_responses(401, 403, 409, 422))
async def save_view(body: ViewBody, services: ServicesDep, principal: Reader) -> ViewView:
    """Keep a view of the list under a name, or change yours of this name. At most 100 each."""
    if body.is_shared and not principal.may(WRITE):
        raise ForbiddenError("scope_missing", f"This API key lacks the scope {WRITE}: it shares no view.")
    record = await services.store(
        CallStore.save_view, principal.tenant, principal.id, body.name, body.query, body.is_shared
    )
    return _view(record, principal)


@router.delete("/{view_id}", status_code=204, responses=problem_responses(401, 403, 404))
async def delete_view(view_id: str, services: ServicesDep, principal: ReaderOrWriter) -> None:
    """Delete a view of yours; with `calls:write`, also one that another shares."""
    may_remove_shared = principal.may(WRITE)
    await services.store(CallStore.delete_view, principal.tenant, view_id, principal.id, may_remove_shared)


def _view(record: ViewRecord, principal: Principal) -> ViewView:
    return ViewView(
        id=record.id,
        name=record.name,
        query=dict(record.query),
        is_shared=record.is_shared,
        is_own=record.owner == principal.id,
        owner=record.owner,
        updated_at=time_of(record.updated_at_ms),
    )
