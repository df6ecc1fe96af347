"""What the services logged while they worked on a call."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from callytics.api.auth import Reader
from callytics.api.errors import problem_responses
from callytics.api.schemas.logs import CallLogs, LogLine
from callytics.api.services import ServicesDep
from callytics.api.strict import StrictRoute
from callytics.api.views import time_of
from callytics.store import CallLine, CallStore

router = APIRouter(route_class=StrictRoute, prefix="/v1/calls/{call_id}", tags=["results"])


@router.get("/logs", response_model=CallLogs, responses=problem_responses(401, 403, 404, 422))
async def get_call_logs(
    call_id: str,
    services: ServicesDep,
    principal: Reader,
    after: Annotated[
        int, Query(ge=0, le=2**63 - 1, description="Only lines after this one: `last` of an earlier answer")
    ] = 0,
    stage: Annotated[
        str | None, Query(max_length=64, description="Only lines of this stage, such as speech-recognizer")
    ] = None,
) -> CallLogs:
    """The log lines of a call from every stage, by time: the newest 500. They name ids, stages, times and error codes,
    never what was said, and are deleted with the call. A line appears within about two seconds."""
    lines = await services.store(CallStore.lines_of_call, call_id, principal.tenant, after, stage)
    last = max((line.number for line in lines), default=after)
    return CallLogs(call_id=call_id, lines=[_view(line) for line in lines], last=last)


def _view(line: CallLine) -> LogLine:
    return LogLine(
        time=time_of(line.at_ms),
        level=line.level,
        stage=line.stage,
        application=line.application,
        version=line.version,
        replica=line.replica,
        logger=line.logger,
        message=line.message,
        traceback=line.traceback or None,
    )
