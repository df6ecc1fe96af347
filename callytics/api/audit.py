"""/v1/audit-events, for keys with the scope admin: who did what, and who read what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from callytics.api.auth import Admin
from callytics.api.errors import problem_responses
from callytics.api.schemas.fields import ShortText, Time, WholeNumber
from callytics.api.services import ServicesDep
from callytics.api.strict import StrictRoute
from callytics.api.views import time_of
from callytics.store import AuditFilter, CallStore

router = APIRouter(route_class=StrictRoute, prefix="/v1/audit-events", tags=["audit"])


class AuditEventView(BaseModel):
    number: int
    at: datetime
    actor: str = Field(description="Id of an API key or user; cli, retention; empty: nobody asked for it")
    action: str = Field(examples=["call.deleted"])
    subject: str = Field(description="Id of the call, key or webhook")
    detail: dict[str, Any]


class AuditEventList(BaseModel):
    audit_events: list[AuditEventView]
    next_before: int | None = Field(description="`before` of the next page; null on the last")


@router.get("", response_model=AuditEventList, responses=problem_responses(401, 403, 422))
async def list_audit_events(
    services: ServicesDep,
    principal: Admin,
    subject: Annotated[ShortText | None, Query(description="Only about this call, key or webhook")] = None,
    actor: Annotated[ShortText | None, Query(description="Only what this key or person did")] = None,
    action: Annotated[
        ShortText | None, Query(description="Only this action, e.g. call.audio_read, call.deleted")
    ] = None,
    since: Annotated[Time | None, Query(description="From then on; ISO 8601 with an offset")] = None,
    until: Annotated[Time | None, Query(description="Before then")] = None,
    before: Annotated[WholeNumber | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[WholeNumber, Query(ge=1, le=500)] = 100,
) -> AuditEventList:
    """What was done and read in this tenant, newest first. It outlives the calls that it is about.

    Listening and reading are noted once per person, call and five minutes: `call.audio_read`, `call.transcript_read`,
    `call.result_read`; lists with texts as `calls.searched` and `calls.exported`."""
    wanted = AuditFilter(principal.tenant, actor, action, subject, _ms(since), _ms(until))
    events = await services.store(CallStore.audit_events, before=before, limit=limit, wanted=wanted)
    return AuditEventList(
        audit_events=[
            AuditEventView(
                number=event.number,
                at=time_of(event.at_ms),
                actor=event.actor,
                action=event.action,
                subject=event.subject,
                detail=dict(event.detail),
            )
            for event in events
        ],
        next_before=events[-1].number if len(events) == limit else None,
    )


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else min(max(int(moment.timestamp() * 1000), 0), 2**62)
