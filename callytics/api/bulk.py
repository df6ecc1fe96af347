"""/v1/calls, many at once: delete by ids, export by filters."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from callytics.api.auth import Deleter, Reader
from callytics.api.errors import problem_responses
from callytics.api.schemas.calls import CallView
from callytics.api.schemas.lists import CallIds, DeletedCalls
from callytics.api.schemas.queries import ExportQuery
from callytics.api.services import Services, ServicesDep
from callytics.api.strict import StrictRoute
from callytics.api.views import call_view
from callytics.errors import InvalidRequestError, NotFoundError
from callytics.result.formats import spreadsheet_cell
from callytics.result.row import RESULT_COLUMNS, Row, result_row
from callytics.store import CallFilter, CallRecord, CallStore

router = APIRouter(route_class=StrictRoute, prefix="/v1/calls", tags=["calls"])

MAX_EXPORTED_CALLS = 10_000
PAGE_SIZE = 200
COLUMNS = (
    "call_id",
    "job_status",
    "filename",
    "created_at",
    "started_at",
    "external_id",
    "agent_id",
    "queue",
    "direction",
    "language_code",
    "duration_s",
    *RESULT_COLUMNS,
)


@router.post(
    "/delete",
    operation_id="delete_calls",
    response_model=DeletedCalls,
    responses=problem_responses(400, 401, 403, 422),
)
async def delete_calls(
    services: ServicesDep, principal: Deleter, body: Annotated[CallIds, Body()]
) -> DeletedCalls:
    """Remove many calls as DELETE /v1/calls/{call_id} removes one. Where the request is cut off, some are deleted: send
    it again, and those are `not_found`.

        curl -H "Authorization: Bearer $KEY" --json '{"call_ids": ["..."]}' http://127.0.0.1:8000/v1/calls/delete
    """
    deleted, not_found = [], []
    for call_id in dict.fromkeys(body.call_ids):
        try:
            await services.store(CallStore.delete_call, call_id, actor=principal.id, tenant=principal.tenant)
        except NotFoundError:
            not_found.append(call_id)
        else:
            deleted.append(call_id)
            await asyncio.to_thread(services.blobs.delete_call, call_id)
    return DeletedCalls(deleted=deleted, not_found=not_found)


@router.get(
    "/export",
    operation_id="export_calls",
    response_class=FileResponse,
    responses={
        200: {
            "description": "A file with all calls of the filters",
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        },
        **problem_responses(400, 401, 403, 422),
    },
)
async def export_calls(
    services: ServicesDep,
    principal: Reader,
    query: Annotated[ExportQuery, Query()],
) -> FileResponse:
    """All calls that the filters of the list let through, in its order: at most 10,000 (`export_too_large`).

    curl -OJ -H "Authorization: Bearer $KEY" "http://127.0.0.1:8000/v1/calls/export?started_from=2026-11-01T00:00:00Z"
    """
    wanted = query.wanted(principal.tenant)
    total = (await services.store(CallStore.list_calls, wanted, 1, None, query.sort, True)).total or 0
    if total > MAX_EXPORTED_CALLS:
        raise InvalidRequestError(
            "export_too_large",
            f"{total} calls; one export has at most {MAX_EXPORTED_CALLS}. Narrow started_from and started_before.",
        )
    # A whole file first: its length is announced, so that a download that is cut off cannot pass for a complete one.
    descriptor, name = tempfile.mkstemp(prefix="callytics-export-")
    os.close(descriptor)
    path = Path(name)
    try:
        num_calls = await _write(path, services, wanted, query)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    detail = {"format": query.format, "calls": num_calls}
    await services.store(CallStore.record_audit, principal.id, "calls.exported", "", detail, principal.tenant)
    media_type = "text/csv; charset=utf-8" if query.format == "csv" else "application/x-ndjson"
    remove = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(path, media_type=media_type, filename=f"calls.{query.format}", background=remove)


async def _write(path: Path, services: Services, wanted: CallFilter, query: ExportQuery) -> int:
    num_calls = 0
    # By the byte order mark Excel knows UTF-8.
    encoding = "utf-8-sig" if query.format == "csv" else "utf-8"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        if query.format == "csv":
            writer.writerow(COLUMNS)
        async for call, result in _calls(services, wanted, query):
            view = call_view(call, services.settings.public_url)
            if query.format == "jsonl":
                line = {"call": view.model_dump(mode="json"), "result": result}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
            else:
                row = {**_call_cells(view), **(result_row(result) if result else {})}
                writer.writerow([spreadsheet_cell(row.get(column)) for column in COLUMNS])
            num_calls += 1
    return num_calls


async def _calls(
    services: Services, wanted: CallFilter, query: ExportQuery
) -> AsyncIterator[tuple[CallRecord, dict[str, Any] | None]]:
    cursor = None
    while True:
        page = await services.store(CallStore.list_calls, wanted, PAGE_SIZE, cursor, query.sort)
        for call in page.calls:
            yield call, await _result(services, call)
        cursor = page.next_cursor
        if cursor is None:
            return


async def _result(services: Services, call: CallRecord) -> dict[str, Any] | None:
    if call.result_at_ms is None:
        return None
    with suppress(NotFoundError):  # deleted since the page was read
        result: dict[str, Any] = json.loads(await services.store(CallStore.get_report, call.id))
        return result
    return None


def _call_cells(call: CallView) -> Row:
    metadata = call.metadata
    return {
        "call_id": call.call_id,
        "job_status": call.job_status.value,
        "filename": call.filename,
        "created_at": call.created_at.isoformat(),
        "started_at": metadata.started_at,
        "external_id": metadata.external_id,
        "agent_id": metadata.agent_id,
        "queue": metadata.queue,
        "direction": metadata.direction,
        "language_code": call.language_code,
        "duration_s": round(call.media.duration_ms / 1000, 1),
    }
